"""Settings about unsubscribing: kinds of notice, the look of the page, the mailbox, and people who wrote there."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.people.roles import Permission
from app.recipients.unsubscribing import answers, branding, opt_outs_by_hand, topics
from app.recipients.unsubscribing.models import Topic
from app.recipients.views.topic_forms import ByHandForm, LookForm, MailboxForm, TopicForm
from app.refusals import NotThere, Refused
from app.web.request import db, may, me
from app.words import _, _n, language_named

blueprint = Blueprint("topics", __name__, url_prefix="/settings/unsubscribing")
Page = str | Response | tuple[str, int]


@blueprint.get("/")
@may(Permission.LOOK)
def index() -> Page:
    """Show everything about unsubscribing."""
    return _index()


@blueprint.post("/look")
@may(Permission.ADMINISTER)
def save_look() -> Page:
    """Set the colour and the logo of the page."""
    form = LookForm()
    upload: FileStorage | None = form.logo.data if isinstance(form.logo.data, FileStorage) else None
    try:
        branding.change_look(
            db(),
            me(),
            colour=form.colour.data or "",
            logo_name=(upload.filename or "") if upload else "",
            logo=upload.read(branding.MAX_LOGO + 1) if upload and upload.filename else b"",
            no_logo=bool(form.no_logo.data),
        )
    except Refused as refusal:
        form.show(refusal)
        return _index(look_form=form), 422
    flash(_("The unsubscribe page has the new look."))
    return redirect(url_for("topics.index", _anchor="look"))


@blueprint.post("/mailbox")
@may(Permission.ADMINISTER)
def save_mailbox() -> Page:
    """Set the mailbox."""
    form = MailboxForm()
    try:
        mailbox = branding.change_mailbox(db(), me(), form.mailbox.data or "")
    except Refused as refusal:
        form.show(refusal)
        return _index(mailbox_form=form), 422
    flash(_("New unsubscribe headers name the mailbox too.") if mailbox else _("There is no mailbox any more."))
    return redirect(url_for("topics.index", _anchor="writing"))


@blueprint.route("/kinds/new", methods=["GET", "POST"])
@may(Permission.ADMINISTER)
def new_topic() -> Page:
    """Make a kind of notice."""
    form = TopicForm()
    if request.method == "POST":
        try:
            topic = topics.add_topic(db(), me(), form.words())
        except Refused as refusal:
            form.show(refusal)
            return render_template("recipients/topic.html", form=form, topic=None), 422
        flash(_("“%(name)s” can now be chosen for templates and sends.", name=topic.name))
        return redirect(url_for("topics.index"))
    return render_template("recipients/topic.html", form=form, topic=None)


@blueprint.route("/kinds/<int:topic_id>", methods=["GET", "POST"])
@may(Permission.ADMINISTER)
def topic(topic_id: int) -> Page:
    """Change the words of a kind of notice."""
    found = topics.find_topic(db(), me(), topic_id)
    form = TopicForm()
    if request.method == "GET":
        form.fill(found)
        return render_template("recipients/topic.html", form=form, topic=found)
    try:
        topics.change_topic(db(), me(), topic_id, form.words())
    except Refused as refusal:
        form.show(refusal)
        return render_template("recipients/topic.html", form=form, topic=found), 422
    flash(
        _(
            "“%(found_name)s” is saved. Everybody sees the new words, also behind links in older e-mails.",
            found_name=found.name,
        )
    )
    return redirect(url_for("topics.index"))


@blueprint.post("/kinds/<int:topic_id>/retire")
@may(Permission.ADMINISTER)
def retire_topic(topic_id: int) -> Page:
    """Offer a kind of notice no longer, or again."""
    found = topics.retire_topic(db(), me(), topic_id, retired=request.form.get("retired") != "no")
    flash(
        _("“%(name)s” is no longer offered.", name=found.name)
        if found.is_retired
        else _("“%(name)s” is offered again.", name=found.name)
    )
    return redirect(url_for("topics.index"))


@blueprint.route("/by-hand", methods=["GET", "POST"])
@may(Permission.WRITE)
def by_hand() -> Page:
    """Unsubscribe people who wrote to the mailbox."""
    form = ByHandForm()
    result = None
    if request.method == "POST":
        try:
            result = opt_outs_by_hand.unsubscribe_by_hand(
                db(), me(), form.addresses.data or "", _chosen(form.topic.data or 0)
            )
        except Refused as refusal:
            form.show(refusal)
            return _by_hand_page(form), 422
    return _by_hand_page(form, result)


@blueprint.post("/by-hand/undo")
@may(Permission.WRITE)
def undo_by_hand() -> Page:
    """Take back what was just done by hand."""
    count = opt_outs_by_hand.take_back(db(), me(), request.form.get("batch", "").replace("\0", ""))
    words = _n(
        "Taken back for %(count)s person: e-mail goes there again.",
        "Taken back for %(count)s people: e-mail goes there again.",
        count,
    )
    flash(words if count else _("Nothing is left of that to take away."))
    return redirect(url_for("topics.by_hand"))


def _chosen(topic_id: int) -> Topic | None:
    """Give the chosen kind of notice; None for all. Raises Refused."""
    try:
        return topics.find_topic(db(), me(), topic_id) if topic_id else None
    except NotThere as missing:
        raise Refused(_("Choose what they want no more."), field="topic") from missing


def _by_hand_page(form: ByHandForm, result: opt_outs_by_hand.ByHand | None = None) -> str:
    form.offer([(one.id, _("of “%(name)s”", name=one.name)) for one in topics.topics(db(), me().workspace_id)])
    return render_template(
        "recipients/by_hand.html",
        form=form,
        result=result,
        mailbox=branding.look_of(db(), me().workspace_id).mailbox,
        most=opt_outs_by_hand.MOST_ADDRESSES,
    )


def _index(*, look_form: LookForm | None = None, mailbox_form: MailboxForm | None = None) -> str:
    workspace_id = me().workspace_id
    look = branding.look_of(db(), workspace_id)
    return render_template(
        "recipients/unsubscribing.html",
        look=look,
        look_form=look_form or LookForm(formdata=None, colour=look.colour),
        mailbox_form=mailbox_form or MailboxForm(formdata=None, mailbox=look.mailbox),
        topics=topics.topics(db(), workspace_id),
        retired=topics.topics(db(), workspace_id, retired=True),
        answers=answers.counts(db(), workspace_id),
        language_named=language_named,
        latest=answers.latest_words(db(), workspace_id),
        max_logo=branding.MAX_LOGO // 1024,
    )
