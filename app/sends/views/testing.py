"""Test e-mails: one page to send them, one for the groups they go to."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for

from app.emails import templates
from app.emails.languages import language_name
from app.emails.models import Template
from app.people.roles import Permission
from app.people.senders import senders
from app.recipients.lists import all_lists
from app.refusals import NotThere, Refused
from app.sends import testers, testing
from app.sends.models import TestGroup
from app.sends.testing import CannotTest, Choice, Specimen, What
from app.sends.views.blueprint import Page, blueprint
from app.sends.views.forms import list_choices
from app.sends.views.testing_forms import EXAMPLES, NO_GROUP, RECIPIENT, WHOSE, GroupForm, ToTestersForm
from app.web.numbers import LARGEST, row_number
from app.web.request import db, may, me, services
from app.words import _

MOST_CHOICES = 500
"""Templates that are offered when none is named."""


@blueprint.route("/test", endpoint="test", methods=["GET", "POST"])
@may(Permission.WRITE)
def send_a_test() -> Page:
    """Show what a test can be; POST sends it."""
    template_id = request.args.get("template", type=row_number)
    if template_id is None:
        offered = templates.templates(db(), me(), limit=MOST_CHOICES)
        return render_template("sends/test_choose.html", templates=offered)
    template = templates.find_template(db(), me(), template_id)
    if request.method == "GET":
        return _page(template, _first_form(template))
    form = ToTestersForm()
    problems: list[str] = []
    asked: Sequence[str] = ()
    if form.validate():
        try:
            choice = _choice(form, template)
            db().commit()  # e-mails are put together first; nobody waits for our write lock meanwhile
            with services().database.reading() as session:
                made = testing.prepare(session, me(), services().renderer, choice)
            if form.group_name.data:
                testers.save_group(db(), me(), form.group_name.data, form.addresses.data or "")
            send = testing.queue(db(), me(), made)
            db().commit()
        except CannotTest as refusal:
            problems, asked = refusal.problems, refusal.asked_for
        except Refused as refusal:
            form.show(refusal)
        else:
            services().queue.wake(send.id)
            return redirect(url_for("sends.show", send_id=send.id))
    db().rollback()  # a group is kept only with its test
    return _page(template, form, problems, asked), 422


@blueprint.post("/test/values")
@may(Permission.WRITE)
def test_values() -> Page:
    """Answer with the part that says whose data is shown, and asks for what it lacks."""
    template = templates.find_template(db(), me(), request.args.get("template", 0, type=row_number))
    return render_template("sends/_test_values.html", **_values(template, ToTestersForm()))


@blueprint.get("/test/groups")
@may(Permission.WRITE)
def test_groups() -> Page:
    """Show the groups that tests go to."""
    return _groups_page()


@blueprint.post("/test/groups/<int:group_id>")
@may(Permission.SEND)
def change_test_group(group_id: int) -> Page:
    """Rename a group or change its addresses."""
    form = GroupForm(prefix=f"group-{group_id}")
    if form.validate():
        try:
            testers.change_group(db(), me(), group_id, form.group_name.data or "", form.addresses.data or "")
        except Refused as refusal:
            db().rollback()
            form.show(refusal)
        else:
            flash(_("The group is saved."))
            return redirect(url_for("sends.test_groups"))
    return _groups_page(form, group_id), 422


@blueprint.post("/test/groups/<int:group_id>/remove")
@may(Permission.SEND)
def remove_test_group(group_id: int) -> Page:
    """Remove a group."""
    flash(_("The group “%(name)s” is removed.", name=testers.remove_group(db(), me(), group_id)))
    return redirect(url_for("sends.test_groups"))


def _first_form(template: Template) -> ToTestersForm:
    """Give the form as it is shown first: to myself, with the data that the address of the page names."""
    list_id = request.args.get("list", 0, type=row_number)
    language = request.args.get("variant", "")
    return ToTestersForm(
        formdata=None,
        what=request.args.get("what", str(What.SEND if _send_id() else What.DRAFT)),
        language=language if language in template.draft.variants else "",
        whose=RECIPIENT if list_id else EXAMPLES,
        list=list_id,
        person=request.args.get("person", 0, type=row_number),
        sender=request.args.get("sender", 0, type=row_number),
    )


def _send_id() -> int:
    """Give the draft send that the page was reached from; 0 for none."""
    return request.args.get("send", 0, type=row_number)


def _what(form: ToTestersForm) -> What:
    return What(form.what.data) if form.what.data in list(What) else What.DRAFT


def _choice(form: ToTestersForm, template: Template) -> Choice:
    """Read what was chosen. Raises Refused with the field that is wrong."""
    try:
        found = testers.testers(
            db(),
            me(),
            myself=bool(form.myself.data),
            typed=form.addresses.data or "",
            group_id=form.group.data or NO_GROUP,
        )
    except NotThere as missing:
        raise Refused(_("This group was removed. Choose another one."), field="group") from missing
    return Choice(
        template.id,
        form.sender.data or 0,
        found,
        specimen=_specimen(form),
        what=_what(form),
        language=form.language.data or "",
        values=_typed_values(),
        send_id=_send_id(),
    )


def _typed_values() -> dict[str, str]:
    typed = ((name, value.strip()) for name, value in request.form.items())
    return {name.removeprefix("value_"): value for name, value in typed if name.startswith("value_")}


def _specimen(form: ToTestersForm) -> Specimen | None:
    """Give the recipient whose data is shown; None: the examples. Raises Refused."""
    if form.whose.data != RECIPIENT:
        return None
    person = min(max(form.person.data or 0, 0), LARGEST)
    return testing.recipient(db(), me(), form.list.data or 0, find=form.find.data or "", recipient_id=person)


def _values(
    template: Template, form: ToTestersForm, problems: Sequence[str] = (), asked: Sequence[str] = ()
) -> dict[str, object]:
    """Give whose data is shown and which values it lacks; what is wrong with the draft is said at once."""
    who, draft_problems = _("the examples"), []
    try:
        specimen = _specimen(form)
        who = specimen.who if specimen else who
        if not problems and not asked:
            choice = Choice(template.id, 0, (), specimen, _what(form), form.language.data or "", send_id=_send_id())
            db().commit()
            with services().database.reading() as session:
                asked = testing.asked_for(session, me(), services().renderer, choice)
    except CannotTest as refusal:
        draft_problems = refusal.problems
    except Refused as refusal:
        draft_problems = [refusal.words] if not form.errors else []
    examples = testing.examples(template.draft).data
    return {"who": who, "asked": asked, "examples": examples, "draft_problems": draft_problems}


def _page(template: Template, form: ToTestersForm, problems: Sequence[str] = (), asked: Sequence[str] = ()) -> str:
    newest = templates.newest_of(db(), [template.id]).get(template.id)
    form.what.choices = [(str(What.DRAFT), _("The draft, as it is saved now"))]
    if newest is not None:
        form.what.choices.append((str(What.NEWEST), _("Version %(number)s", number=str(newest.number))))
    if _send_id():
        form.what.choices.insert(0, (str(What.SEND), _("The send, with its headers, values and files")))
    form.language.choices = [
        ("", _("As the data says")),
        *((tag, language_name(tag)) for tag in template.draft.variants),
    ]
    form.group.choices = [
        (NO_GROUP, _("None")),
        *((one.id, f"{one.name} ({len(one.addresses)})") for one in testers.groups(db(), me())),
    ]
    offered = senders(db(), me().workspace_id)
    form.sender.choices = [(one.id, one.title) for one in offered]
    lists = all_lists(db(), me())
    form.list.choices = list_choices(lists)
    if not lists:
        form.whose.choices = WHOSE[:1]
    return render_template(
        "sends/test.html",
        template=template,
        send_id=_send_id() or None,
        form=form,
        problems=problems,
        has_senders=bool(offered),
        has_lists=bool(lists),
        has_groups=len(form.group.choices) > 1,
        **_values(template, form, problems, asked),
    )


def _groups_page(wrong: GroupForm | None = None, wrong_id: int = 0) -> str:
    def form(group: TestGroup) -> GroupForm:
        if wrong is not None and group.id == wrong_id:
            return wrong
        typed = "\n".join(group.addresses)
        return GroupForm(formdata=None, prefix=f"group-{group.id}", group_name=group.name, addresses=typed)

    rows = [(group, form(group)) for group in testers.groups(db(), me())]
    return render_template("sends/test_groups.html", rows=rows)
