"""A released send before and while it goes out: undo, another time, another pace, on after a wave."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.db import now
from app.people.roles import Permission
from app.refusals import Refused
from app.sends import control, restored, results, scheduling, staleness, waves
from app.sends.models import Send, SendState
from app.sends.pace import change_pace, pace_of
from app.sends.pauses import RESTORED
from app.sends.views.blueprint import Page, blueprint
from app.sends.views.forms import PaceForm, TimeForm, WaveForm
from app.web.request import db, may, me, services
from app.words import _, _n


def controls(send: Send) -> dict[str, object]:
    """Give what the send's page needs for its time, its pace and its wave."""
    left = (send.start_at - now()).total_seconds() if send.start_at else 0
    return {
        "seconds_left": int(left) if send.state is SendState.SCHEDULED and left > 0 else 0,
        "poll_seconds": results.poll_seconds(send),
        "pace": pace_of(db(), send.id),
        "restored_waiting": restored.waiting_for_answer(db(), send) if send.pause_code == RESTORED else 0,
        "wave_form": WaveForm(formdata=None, wave_size=send.wave_size or waves.FIRST_WAVE),
    }


@blueprint.post("/<int:send_id>/undo")
@may(Permission.SEND)
def undo(send_id: int) -> Page:
    """Make a send that has not begun a draft again."""
    try:
        scheduling.undo(db(), me(), send_id)
    except Refused as refusal:
        flash(refusal.words, "warn")
        return redirect(url_for("sends.show", send_id=send_id))
    flash(_("Undone. Nothing went out, and this is a draft again."))
    return redirect(url_for("sends.review", send_id=send_id))


@blueprint.route("/<int:send_id>/time", methods=["GET", "POST"])
@may(Permission.SEND)
def time(send_id: int) -> Page:
    """Choose another time for a send that has not begun."""
    send = control.find_send(db(), me(), send_id)
    if request.method == "GET":
        if send.state is not SendState.SCHEDULED:
            return redirect(url_for("sends.show", send_id=send_id))
        form = TimeForm(formdata=None)
        if send.is_timed and send.start_at and me().timezone:
            here = send.start_at.astimezone(ZoneInfo(me().timezone))
            form.date.data, form.time.data = here.date(), here.time()
        return _time_page(send, form)
    form = TimeForm()
    start_at = form.start_at()
    if start_at is None:
        return _time_page(send, form), 422
    scheduling.reschedule(db(), me(), send_id, start_at)
    words = scheduling.moment_words(start_at, form.zone.data)
    return _woken(send_id, _("It begins on %(moment)s.", moment=words))


@blueprint.post("/<int:send_id>/now")
@may(Permission.SEND)
def send_now(send_id: int) -> Page:
    """Begin a scheduled send now."""
    scheduling.send_now(db(), me(), send_id, undo_seconds=services().settings.undo_seconds)
    return _woken(send_id)


@blueprint.route("/<int:send_id>/pace", methods=["GET", "POST"])
@may(Permission.SEND)
def pace(send_id: int) -> Page:
    """Change how fast a send goes."""
    send = control.find_send(db(), me(), send_id)
    if request.method == "GET":
        if send.state not in (SendState.SCHEDULED, SendState.SENDING, SendState.PAUSED):
            return redirect(url_for("sends.show", send_id=send_id))
        found = pace_of(db(), send_id)
        form = PaceForm(formdata=None)
        if found is not None:
            form.pace.data, form.pace_unit.data = found.count, str(found.seconds)
        return render_template("sends/pace.html", send=send, form=form)
    form = PaceForm()
    try:
        chosen = form.chosen_pace()
    except Refused as refusal:
        form.show(refusal)
        return render_template("sends/pace.html", send=send, form=form), 422
    change_pace(db(), me(), send_id, chosen)
    return _woken(
        send_id, _("Pace: %(pace)s.", pace=chosen.words) if chosen else _("Pace: as fast as the account allows.")
    )


@blueprint.route("/<int:send_id>/go-on", methods=["GET", "POST"])
@may(Permission.SEND)
def go_on(send_id: int) -> Page:
    """Go on after a wave, with the next few or with the rest."""
    send = control.find_send(db(), me(), send_id)
    if request.method == "GET":
        return redirect(url_for("sends.show", send_id=send_id))
    form = WaveForm()
    try:
        wave = form.chosen_wave() if request.form.get("how") == "next" else None
    except Refused as refusal:
        form.show(refusal)
        return render_template(
            "sends/go_on.html", send=send, progress=results.progress(db(), send), wave_form=form
        ), 422
    waves.go_on(db(), me(), send_id, wave)
    return _woken(send_id)


@blueprint.post("/<int:send_id>/as-released")
@may(Permission.SEND)
def send_as_released(send_id: int) -> Page:
    """Let a stale send go out as it was released."""
    staleness.send_as_released(db(), me(), send_id)
    return _woken(send_id)


@blueprint.post("/<int:send_id>/after-restore")
@may(Permission.SEND)
def after_restore(send_id: int) -> Page:
    """Send what waited in the backup that was restored, or leave it in doubt."""
    if request.form.get("how") != "send":
        restored.leave_after_restore(db(), me(), send_id)
        return _woken(send_id, _("Nothing was sent. What is in doubt stays listed, to be decided on."))
    seen = request.form.get("seen", type=int) or 0
    moved = restored.send_after_restore(db(), me(), send_id, seen=seen)
    return _woken(send_id, _n("%(count)s e-mail goes out.", "%(count)s e-mails go out.", moved))


def _time_page(send: Send, form: TimeForm) -> str:
    form.offer_zones(me().timezone)
    return render_template("sends/time.html", send=send, form=form)


def _woken(send_id: int, words: str = "") -> Response:
    """Commit, wake the engine, and go to the send's page."""
    db().commit()
    services().queue.wake(send_id)
    if words:
        flash(words)
    return redirect(url_for("sends.show", send_id=send_id))
