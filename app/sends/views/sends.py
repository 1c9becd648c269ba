"""Sends: the list, review and release, results."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import Response, flash, redirect, render_template, request, url_for

from app.cloudflare.inline_images import html_of_request
from app.db import Database
from app.delivery import finishing
from app.people.approval import approvers_of
from app.people.roles import Permission
from app.people.zones import change_timezone
from app.recipients.unsubscribing.links import LinkKeys, link_keys
from app.refusals import NotThere, Refused
from app.sends import approving, compose, control, events, looking, release, results, tallies
from app.sends.approval_rule import needs_approval
from app.sends.models import AT_WORK, UNRELEASED, Outcome, ReviewState, Send, SendState
from app.sends.pauses import ASKING
from app.sends.review import request_review
from app.sends.views import during
from app.sends.views.blueprint import STEPS, Page, blueprint
from app.sends.views.forms import WHEN_APPROVED, ReleaseForm
from app.sends.words import (
    EVENTS,
    OUTCOMES,
    REVIEWS,
    SEND_STATES_INSIDE,
    looked_for_words,
    reason_words,
    send_wording,
)
from app.web.frames import foreign_html
from app.web.looks import note_download, note_opened
from app.web.numbers import row_number
from app.web.request import db, is_htmx, may, me, services
from app.words import _, _n

PAGE = 50


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {
        "OUTCOMES": OUTCOMES,
        "EVENTS": EVENTS,
        "looked_for_words": looked_for_words,
        "SEND_STATES_INSIDE": SEND_STATES_INSIDE,
        "send_wording": send_wording,
        "ASKING": ASKING,
        "reason_words": reason_words,
        "send_title": results.title_of,
        "done_of": lambda sends: results.done_of(db(), sends),
    }


@blueprint.get("/")
@may(Permission.LOOK)
def index() -> Page:
    """Sends, newest first."""
    waits = SendState.AWAITING_APPROVAL
    only = waits if request.args.get("state") == waits else None
    before = request.args.get("before", type=row_number)
    found = results.latest_sends(db(), me(), before=before, state=only, limit=PAGE + 1)
    next_url = url_for("sends.index", before=found[PAGE - 1].id, state=only) if len(found) > PAGE else None
    waiting = len(found) if only else len(results.latest_sends(db(), me(), state=waits, limit=PAGE + 1))
    return render_template(
        "sends/index.html", latest=found[:PAGE], next_url=next_url, only=only, waiting=waiting, most_waiting=PAGE
    )


@blueprint.route("/<int:send_id>/review", methods=["GET", "POST"])
@may(Permission.LOOK, to_change=Permission.SEND)
def review(send_id: int) -> Page:
    """Show the review; POST starts it."""
    send = control.find_send(db(), me(), send_id)
    if send.state is not SendState.DRAFT:
        return redirect(url_for("sends.show", send_id=send_id))
    if request.method == "POST":
        try:
            request_review(db(), me(), send_id)
        except Refused as refusal:
            flash(refusal.words, "warn")
            step = "sends.sender" if refusal.field == "sender" else "sends.what"
            return redirect(url_for(step, send_id=send_id))
        db().commit()
        services().queue.review(send_id)
        return redirect(url_for("sends.review", send_id=send_id))
    return _review_page(send)


@blueprint.get("/<int:send_id>/look")
@may(Permission.LOOK)
def look(send_id: int) -> Page:
    """Show one person's e-mail before release."""
    send = compose.draft_of(db(), me(), send_id)
    if send.template_version is None or not send.from_address:
        flash(_("Choose a template and a sender first."), "warn")
        return redirect(url_for("sends.sender", send_id=send_id))
    recipient_id = request.args.get("person", type=row_number)
    found = looking.look_before(db(), services().renderer, send, recipient_id)
    return render_template("sends/look.html", send=send, look=found, recipient_id=recipient_id)


@blueprint.get("/<int:send_id>/look/page")
@may(Permission.LOOK)
def look_page(send_id: int) -> Response:
    """Give the HTML of one person's e-mail before release, for the sandboxed frame."""
    send = compose.draft_of(db(), me(), send_id)
    found = looking.look_before(db(), services().renderer, send, request.args.get("person", type=row_number))
    return foreign_html(html_of_request(found.request) if found.request else "", images="images" in request.args)


@blueprint.post("/<int:send_id>/release")
@may(Permission.SEND)
def release_send(send_id: int) -> Page:
    """Release a reviewed send: now or at a time, at a pace, in waves."""

    def act(form: ReleaseForm, options: release.Options, again: bool) -> None:
        release.release(
            db(),
            me(),
            send_id,
            seen=request.form.get("seen", ""),
            again_confirmed=again,
            undo_seconds=services().settings.undo_seconds,
            options=options,
        )

    answer = _go_out(send_id, act)
    if isinstance(answer, Response):
        db().commit()
        services().queue.wake(send_id)
    return answer


@blueprint.post("/<int:send_id>/ask")
@may(Permission.SEND)
def ask_for_approval(send_id: int) -> Page:
    """Put a reviewed send up for approval, with the chosen time, pace and wave."""

    def act(form: ReleaseForm, options: release.Options, again: bool) -> None:
        seen = request.form.get("seen", "")
        note = form.note.data or ""
        approving.ask(db(), me(), send_id, seen=seen, again_confirmed=again, options=options, note_text=note)

    return _go_out(send_id, act)


def _go_out(send_id: int, act: Callable[[ReleaseForm, release.Options, bool], None]) -> Page:
    """Read how a send is to go out, and do it; gives the send's page, or the review with what was refused."""
    send = control.find_send(db(), me(), send_id)
    form = ReleaseForm()
    options = form.options()
    if options is None and send.state is SendState.DRAFT:
        return _review_page(send, problem=_("Look at what is marked below."), form=form), 422
    try:
        act(form, options or release.Options(), request.form.get("again") == "yes")
    except release.SentBefore as question:
        carried = [(name, value) for name, value in request.form.items() if name in form and name != "csrf_token"]
        count = release.would_go_out(db(), send)
        return render_template(
            "sends/again.html", send=send, words=question.words, count=count, carried=carried, endpoint=request.endpoint
        )
    except Refused as refusal:
        return _review_page(send, problem=refusal.words, form=form), 422
    if options is not None and options.start_at is not None and not me().timezone:
        change_timezone(db(), me(), form.zone.data)  # so that the send's page shows the time as it was typed
    return redirect(url_for("sends.show", send_id=send_id))


@blueprint.get("/<int:send_id>")
@may(Permission.LOOK)
def show(send_id: int) -> Page:
    """Show a send: progress, groups, people."""
    send = control.find_send(db(), me(), send_id)
    if send.state is SendState.DRAFT:
        return redirect(url_for("sends.review" if send.from_address else "sends.sender", send_id=send_id))
    if send.state is SendState.AWAITING_APPROVAL:
        return redirect(url_for("sends.approval", send_id=send_id))
    note_opened("send", _("Results of send %(send_id)s opened", send_id=str(send_id)), send_id)
    outcome = _group()
    search, after = request.args.get("q", ""), request.args.get("after", 0, type=row_number)
    people = results.people_of_group(db(), send, outcome, search=search, after=after, limit=PAGE + 1)
    next_url = None
    if len(people) > PAGE:
        last = people[PAGE - 1].id
        next_url = url_for("sends.show", send_id=send_id, after=last, group=outcome, q=search or None)
    seen = results.progress(db(), send)
    return render_template(
        "sends/show.html",
        send=send,
        progress=seen,
        later=events.later_counts(db(), send),
        **_ahead(send, seen),
        is_followed=results.is_followed(send, seen),
        people=people[:PAGE],
        outcome=outcome,
        search=search,
        next_url=next_url,
        **during.controls(send),
    )


@blueprint.get("/<int:send_id>/progress")
@may(Permission.LOOK)
def progress(send_id: int) -> Page:
    """Give the part of the send's page that changes while it is under way."""
    send = control.find_send(db(), me(), send_id)
    if not is_htmx():
        return redirect(url_for("sends.show", send_id=send_id))
    seen = results.progress(db(), send)
    moved_on = request.args.get("state", send.state) != send.state
    if moved_on or not results.is_followed(send, seen):  # the buttons and the people are others now, too
        return Response(headers={"HX-Refresh": "true"})
    return render_template(
        "sends/_progress.html",
        send=send,
        progress=seen,
        later=events.later_counts(db(), send),
        outcome=_group(),
        is_followed=True,
        poll_seconds=results.poll_seconds(send),
        **_ahead(send, seen),
    )


@blueprint.post("/<int:send_id>/pause")
@may(Permission.SEND)
def pause(send_id: int) -> Page:
    """Pause a send."""
    control.pause(db(), me(), send_id)
    return redirect(url_for("sends.show", send_id=send_id))


@blueprint.post("/<int:send_id>/resume")
@may(Permission.SEND)
def resume(send_id: int) -> Page:
    """Go on with a paused send."""
    control.resume(db(), me(), send_id)
    db().commit()
    services().queue.wake(send_id)
    return redirect(url_for("sends.show", send_id=send_id))


@blueprint.post("/<int:send_id>/cancel")
@may(Permission.SEND)
def cancel(send_id: int) -> Page:
    """Cancel a send."""
    stopped = control.cancel(db(), me(), send_id)
    flash(
        _n(
            "Cancelled. %(count)s e-mail was stopped before it went out.",
            "Cancelled. %(count)s e-mails were stopped before they went out.",
            stopped,
        )
    )
    return redirect(url_for("sends.show", send_id=send_id))


@blueprint.get("/<int:send_id>/download")
@may(Permission.WRITE)
def download(send_id: int) -> Response:
    """Download the results joined with the list's own columns."""
    send = control.find_send(db(), me(), send_id)
    if send.state in UNRELEASED:
        raise NotThere("results")
    note_download("send_downloaded", _("Results of send %(send_id)s downloaded", send_id=str(send_id)), send_id)
    return Response(
        _download_lines(services().database, send_id),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="send-{send_id}.csv"'},
    )


def _download_lines(database: Database, send_id: int) -> Iterator[str]:
    """Read with a session of its own: the request's is closed before the first line is written."""
    with database.reading() as session:
        yield from results.download(session, session.get_one(Send, send_id))


@blueprint.get("/<int:send_id>/messages/<int:message_id>")
@may(Permission.LOOK)
def message(send_id: int, message_id: int) -> Page:
    """Show one message's life."""
    send, found = results.find_message(db(), me(), send_id, message_id)
    seen = looking.look_after(db(), services().renderer, send, found, _keys())
    return render_template(
        "sends/message.html",
        send=send,
        message=found,
        look=seen,
        attempts=results.attempts_of(db(), found),
        events=events.events_of(db(), found),
        looked_for=events.looked_for(db(), send, found),
        request_json=looking.readable_request(seen.request) if seen.request else None,
    )


@blueprint.get("/<int:send_id>/messages/<int:message_id>/page")
@may(Permission.LOOK)
def message_page(send_id: int, message_id: int) -> Response:
    """Give the HTML of a message as it was sent, for the sandboxed frame."""
    send, found = results.find_message(db(), me(), send_id, message_id)
    seen = looking.look_after(db(), services().renderer, send, found, _keys())
    return foreign_html(html_of_request(seen.request) if seen.request else "", images="images" in request.args)


def _ahead(send: Send, seen: results.Progress) -> dict[str, object]:
    """What is still to come: e-mails that wait for a retry, and when the send is finished."""
    at_work = send.state in AT_WORK
    return {
        "retrying": tallies.retrying(db(), send.id),
        "estimate": finishing.estimate_of(db(), services().settings, send, seen.total - seen.done) if at_work else None,
    }


def _review_page(send: Send, problem: str = "", form: ReleaseForm | None = None) -> str:
    form = form or ReleaseForm(formdata=None)
    form.offer_zones(me().timezone)
    after = request.args.get("after", 0, type=row_number)
    problems = looking.problems_of(db(), send, after=after, limit=PAGE + 1)
    next_url = url_for("sends.review", send_id=send.id, after=problems[PAGE - 1].id) if len(problems) > PAGE else None
    count = release.would_go_out(db(), send)
    reasons = needs_approval(db(), send) if send.review_state is ReviewState.DONE else []
    if reasons:
        form.when.choices = WHEN_APPROVED
    template = "sends/_review.html" if is_htmx() else "sends/review.html"
    return render_template(
        template,
        send=send,
        steps=STEPS,
        problem=problem,
        form=form,
        undo_seconds=int(services().settings.undo_seconds),
        problems=problems[:PAGE],
        general=release.problem_for_all(db(), send.id),
        next_url=next_url,
        count=count,
        approval_reasons=reasons,
        approvers=approvers_of(db(), send.workspace_id, besides=(me().id, send.changed_by or send.created_by))
        if reasons
        else [],
        estimate=finishing.estimate_of(db(), services().settings, send, count) if count else None,
        is_running=send.review_state in {ReviewState.WAITING, ReviewState.RUNNING},
        wording=REVIEWS[send.review_state],
    )


def _group() -> Outcome | None:
    name = request.args.get("group", "")
    return Outcome(name) if name in set(Outcome) else None


def _keys() -> LinkKeys:
    return link_keys(services().settings.secret_keys)
