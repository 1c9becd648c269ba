"""Pages of the work list of bad addresses, on the blueprint of suppressions."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for

from app.people.roles import Permission
from app.recipients.views.suppression_forms import MendForm
from app.recipients.views.suppressions import Page, blueprint
from app.refusals import Refused
from app.sends import bad_addresses
from app.sends.bad_address_models import BadAddress, BadAddressState
from app.sends.bad_addresses import KINDS, STATES
from app.sends.control import find_send
from app.sends.results import title_of
from app.sends.writing_again import write_again
from app.web.request import db, may, me, roll_back
from app.words import _

__all__ = ["blueprint"]
PAGE = 50


@blueprint.get("/bad-addresses")
@may(Permission.LOOK)
def bad() -> Page:
    """The work list: addresses that the last e-mail did not reach."""
    state = _state()
    search, after = request.args.get("q", "").strip(), request.args.get("after", "").replace("\0", "")
    found = bad_addresses.bad_addresses(db(), me(), state, search=search, after=after, limit=PAGE + 1)
    page, more = found[:PAGE], len(found) > PAGE
    state_asked = None if state is BadAddressState.OPEN else state
    return render_template(
        "suppressions/bad.html",
        rows=page,
        lists=bad_addresses.lists_with(db(), me().workspace_id, [one.email_key for one in page]),
        sends=bad_addresses.sends_of(db(), page),
        state=state,
        search=search,
        is_first=not after,
        next_url=url_for(".bad", q=search or None, state=state_asked, after=page[-1].email_key) if more else None,
        STATES=STATES,
        KINDS=KINDS,
    )


@blueprint.get("/bad-addresses/<int:bad_id>")
@may(Permission.LOOK)
def bad_one(bad_id: int) -> Page:
    """One bad address: what happened, where it is, what may be done."""
    return _page(bad_id)


@blueprint.post("/bad-addresses/<int:bad_id>/mend")
@may(Permission.WRITE)
def mend(bad_id: int) -> Page:
    """Put the right address in its place."""
    form = MendForm()
    if form.validate_on_submit():
        try:
            mended = bad_addresses.mend(
                db(), me(), bad_id, email=form.email.data or "", list_ids=_lists(), as_typed=form.as_typed.data
            )
        except Refused as refusal:
            roll_back()
            form.show(refusal)
        else:
            flash(_("%(mended_to)s stands in the lists now. Write again below.", mended_to=mended.mended_to))
            return redirect(url_for(".bad_one", bad_id=bad_id))
    return _page(bad_id, form=form), 422


@blueprint.post("/bad-addresses/<int:bad_id>/take-out")
@may(Permission.WRITE)
def take_out(bad_id: int) -> Page:
    """Take the address out of the lists chosen."""
    return _done(
        bad_id,
        lambda: bad_addresses.take_out(db(), me(), bad_id, list_ids=_lists()),
        _("%(email)s is taken out of the lists."),
    )


@blueprint.post("/bad-addresses/<int:bad_id>/aside")
@may(Permission.WRITE)
def put_aside(bad_id: int) -> Page:
    """Put the address aside."""
    return _done(
        bad_id, lambda: bad_addresses.put_aside(db(), me(), bad_id), _("%(email)s is put aside until it bounces again.")
    )


@blueprint.post("/bad-addresses/<int:bad_id>/open")
@may(Permission.WRITE)
def open_again(bad_id: int) -> Page:
    """Put the address back among those that wait."""
    return _done(bad_id, lambda: bad_addresses.open_again(db(), me(), bad_id), _("%(email)s is back in the work list."))


@blueprint.post("/bad-addresses/<int:bad_id>/write-again")
@may(Permission.SEND)
def write_to_mended(bad_id: int) -> Page:
    """Begin a draft of the same e-mail to the mended address."""
    try:
        draft = write_again(db(), me(), bad_id)
    except Refused as refusal:
        return _page(bad_id, problems=[refusal.words]), 409
    return redirect(url_for("sends.review", send_id=draft.id))


def _done(bad_id: int, act: Callable[[], BadAddress], words: str) -> Page:
    try:
        row = act()
    except Refused as refusal:
        roll_back()
        return _page(bad_id, problems=[refusal.words]), 409
    flash(_(words, email=row.email))
    return redirect(url_for(".bad"))


def _page(bad_id: int, *, form: MendForm | None = None, problems: list[str] | None = None) -> str:
    row = bad_addresses.find_bad(db(), me(), bad_id)
    lists = bad_addresses.lists_with(db(), me().workspace_id, [row.email_key]).get(row.email_key, [])
    chosen = _lists() if request.method == "POST" else [one.list_id for one in lists]
    send = find_send(db(), me(), row.send_id) if row.send_id is not None else None
    return render_template(
        "suppressions/bad_one.html",
        row=row,
        lists=lists,
        chosen=chosen,
        send=send,
        send_title=title_of(send) if send is not None else "",
        form=form or MendForm(formdata=None, data={"email": row.email}),
        problems=[*(problems or []), *(form.form_errors if form is not None else [])],
        STATES=STATES,
        KINDS=KINDS,
    )


def _state() -> BadAddressState:
    given = request.args.get("state", "")
    return BadAddressState(given) if given in set(BadAddressState) else BadAddressState.OPEN


def _lists() -> list[int]:
    return [int(one) for one in request.form.getlist("lists") if one.isascii() and one.isdigit() and len(one) < 11]
