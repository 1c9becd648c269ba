"""The page of one person across the workspace, their data to take along and erasing them."""

from __future__ import annotations

import json

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.utils import secure_filename

from app.people.roles import Permission
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.refusals import NotThere, Refused
from app.sends import erasing, whole_person
from app.sends.views.blueprint import Page, blueprint
from app.sends.words import why_words
from app.web.looks import note_download
from app.web.numbers import row_number
from app.web.request import db, may, me, services
from app.words import _, _n, _p

PAGE = 50


@blueprint.get("/person")
@may(Permission.LOOK)
def person() -> Page:
    """Everything about one address: lists, e-mails, opt-out."""
    email = whole_person.clean(request.args.get("email", ""))
    found = whole_person.whole_person(db(), me(), email)
    page = whole_person.written_to(db(), me(), email, before=request.args.get("before", type=row_number), limit=PAGE)
    is_elsewhere = False
    if not (found.entries or page.written or page.before or found.suppressions or request.args.get("before")):
        is_elsewhere = bool(email) and erasing.is_kept_elsewhere(db(), me(), email)
        if not is_elsewhere:
            return render_template("sends/nobody.html", email=email), 404
    following = url_for("sends.person", email=email, before=page.before) if page.before else None
    return render_template(
        "sends/person.html",
        person=found,
        is_elsewhere=is_elsewhere,
        written=page.written,
        why_words=why_words,
        is_first=not request.args.get("before"),
        next_url=following,
    )


@blueprint.get("/person/data.<any(json, csv):form>")
@may(Permission.WRITE)
def person_data(form: str) -> Response:
    """All that is kept of a person, for them."""
    email = _address()
    everything = whole_person.everything(db(), me(), email)
    note_download("person_downloaded", _("Everything about one person downloaded"))
    if form == "json":
        answer = Response(json.dumps(everything, indent=2, ensure_ascii=False), mimetype="application/json")
    else:
        answer = Response(_as_csv(everything), mimetype="text/csv")
    name = f"{secure_filename(email) or 'person'}.{form}"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.route("/person/erase", methods=["GET", "POST"])
@may(Permission.ADMINISTER)
def erase_person() -> Page:
    """Ask, with the numbers, whether to erase a person; POST does it."""
    email = _address()
    if request.method == "GET":
        found = whole_person.whole_person(db(), me(), email)
        return render_template("sends/erase.html", person=found, to_erase=erasing.what_goes(db(), me(), email))
    try:
        gone = erasing.erase(db(), me(), email)
    except Refused as refusal:
        flash(refusal.words, "warn")
        return redirect(url_for("sends.erase_person", email=email))
    flash(
        _(
            "Erased: taken out of %(lists)s and %(messages)s. Counts and outcomes stay.",
            lists=_n("%(count)s list", "%(count)s lists", gone.lists),
            messages=_n("%(count)s e-mail", "%(count)s e-mails", gone.messages),
        )
    )
    if gone.uploads:
        flash(
            _n(
                "%(count)s upload that waited was forgotten: it held this person, or its file was not read whole.",
                "%(count)s uploads that waited were forgotten: they held this person, or their files were not read "
                "whole.",
                len(gone.uploads),
            )
        )
        db().commit()
        for upload_id in gone.uploads:
            services().queue.import_list(upload_id)
    return redirect(url_for("recipients.index"))


def _address() -> str:
    """Give the address that is asked about. Raises NotThere without one."""
    email = whole_person.clean(request.values.get("email", ""))
    if not email:
        raise NotThere("person")
    return email


_IN_CSV: dict[str, str] = {
    "what": _p("download", "what"),
    "where": _p("download", "where"),
    "field": _p("download", "field"),
    "value": _p("download", "value"),
    "held_back": _p("download", "must not be written to"),
    "gets_no": _p("download", "gets not everything"),
    "why": _p("download", "why"),
    "list": _p("download", "list"),
    "send": _p("download", "send"),
    "email": _p("download", "email"),
    "name": _p("download", "name"),
    "template": _p("download", "template"),
    "from": _p("download", "from"),
    "outcome": _p("download", "outcome"),
    "reason": _p("download", "reason"),
    "last_change": _p("download", "last_change"),
}
"""What the CSV calls its columns and the fields of the JSON."""


def _as_csv(everything: dict[str, object]) -> str:
    words = {name: str(word) for name, word in _IN_CSV.items()}  # a CSV writer takes what they were when they were made
    rows: list[list[object]] = [[words[name] for name in ("what", "where", "field", "value")]]
    for what, key in (("held_back", "must_not_be_written_to"), ("gets_no", "gets_not_everything")):
        rows += [[words[what], "", words["why"], reason] for reason in everything[key]]  # type: ignore[attr-defined]
    for kind, title in (("lists", "list"), ("emails", "send")):
        for one in everything[kind]:  # type: ignore[attr-defined]
            what, where = words[title], one[title]
            rows += [[what, where, words[name], value] for name, value in one.items() if name not in {title, "data"}]
            rows += [[what, where, name, value] for name, value in one["data"].items()]  # columns of people's own
    return BYTE_ORDER_MARK + csv_lines(rows)
