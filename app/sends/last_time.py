"""What is different from the last send of the same template: for an approver, who need not look for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.emails import comparing, showing
from app.emails.models import TemplateVersion
from app.sends.audience_parts import parts_of, words_of
from app.sends.models import Send, SendAttachment, SendKind
from app.words import _, _p

MOST_OF_A_VALUE = 200
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was another one then."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LastTime:
    """The last send of the template, and what is different now."""

    send: Send
    differences: Sequence[Difference] = ()
    more: int = 0
    """So many people more than then; fewer when it is below 0."""
    version_before: TemplateVersion | None = None
    """The version of then, when it was another one."""
    changed_parts: Sequence[comparing.PartChange] = field(default_factory=tuple)
    """What changed in the template between the two versions."""


def last_time(session: Session, send: Send) -> LastTime | None:
    """Compare a send with the last one of its template that was released; None when it is the first."""
    before = _last_of(session, send)
    if before is None:
        return None
    old, new = before.template_version, send.template_version
    is_other = old is not None and new is not None and old.id != new.id
    return LastTime(
        before,
        tuple(_differences(session, before, send)),
        _people(send) - _people(before),
        old if is_other else None,
        tuple(_changed_parts(session, old, new)) if is_other and old and new else (),
    )


def _last_of(session: Session, send: Send) -> Send | None:
    if send.template_version is None:
        return None
    used = aliased(TemplateVersion)
    query = (
        select(Send)
        .join(used, used.id == Send.template_version_id)
        .where(
            Send.workspace_id == send.workspace_id,
            used.template_id == send.template_version.template_id,
            Send.kind != SendKind.TEST,
            Send.id != send.id,
            Send.released_at.is_not(None),
        )
    )
    return session.scalars(query.order_by(Send.released_at.desc(), Send.id.desc()).limit(1)).first()


def _people(send: Send) -> int:
    """Count the people of a send, those left out as well, as its review or its release counted them."""
    if send.kind is SendKind.DIRECT:
        return len(send.to) + len(send.cc) + len(send.bcc)
    return send.total or send.review_total


def _changed_parts(session: Session, old: TemplateVersion, new: TemplateVersion) -> list[comparing.PartChange]:
    before, after = (
        comparing.parts_of(one.content, showing.layout_words(session, one.content, one)) for one in (old, new)
    )
    return comparing.changed_parts(before, after)


def _differences(session: Session, before: Send, after: Send) -> Iterator[Difference]:
    pairs = (
        (_("People"), _whom(session, before), _whom(session, after)),
        (_("From"), _from(before), _from(after)),
        (_("Answers go to"), before.reply_to or _("the sender"), after.reply_to or _("the sender")),
        (_("Files"), _files(session, before), _files(session, after)),
    )
    for what, old, new in pairs:
        if old != new:
            yield Difference(what, old, new)
    for name, *pair in _of_names(dict(map(_pair, before.headers)), dict(map(_pair, after.headers))):
        yield Difference(_("Header %(name)s", name=name), *pair)
    if before.data_erased_at is None:  # else nobody knows what the values were
        for name, *pair in _of_names(before.values, after.values):
            yield Difference(_("Value %(name)s", name=name), *pair)


def _of_names(before: dict[str, str], after: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield name, _short(before.get(name)), _short(after.get(name))


def _pair(pair: Sequence[object]) -> tuple[str, str]:
    return str(pair[0]), str(pair[1])


def _short(value: object) -> str:
    if value is None:
        return _p("value", "none")
    text = str(value)
    return text if len(text) <= MOST_OF_A_VALUE else f"{text[:MOST_OF_A_VALUE]}…"


def _whom(session: Session, send: Send) -> str:
    if send.kind is SendKind.DIRECT:
        return _short(", ".join(str(one[0]) for one in (*send.to, *send.cc, *send.bcc)))
    return (send.list_name if send.released_at else words_of(parts_of(session, send))) or _("a list that is gone")


def _from(send: Send) -> str:
    return f"{send.from_name} <{send.from_address}>" if send.from_name else send.from_address


def _files(session: Session, send: Send) -> str:
    names = session.scalars(
        select(SendAttachment.file_name).where(SendAttachment.send_id == send.id).order_by(SendAttachment.id)
    )
    return ", ".join(names) or _p("value", "none")
