"""Test e-mails: to a few testers, through the same road as every send, with a chosen recipient's data.

In two steps, so that nobody waits for the database while e-mails are put together: `prepare` reads and renders,
`queue` only writes.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.emails.content import Content
from app.emails.languages import language_name
from app.emails.limits import LimitedRenderer
from app.emails.models import Template, TemplateVersion
from app.emails.publishing import CannotPublish, get_ready, version_from
from app.emails.rendering import RenderError
from app.emails.templates import find_template, newest_of
from app.people.models import SenderIdentity, Workspace
from app.people.senders import find_sender
from app.recipients.cells import cells_of
from app.recipients.people import recipient_near
from app.refusals import NotThere, Refused
from app.sends.compose import attachments_of, draft_of
from app.sends.composition import BY_REFERENCE, SPECIMEN_REFERENCE, MessagePlan, data_for, plan_of
from app.sends.hiding import take_over
from app.sends.models import Message, Outcome, Send, SendAttachment, SendKind, SendState
from app.sends.release import message_row, skip_outsiders, team_in_trial_mode
from app.sends.review import Person, review_chunk, variables_of_all
from app.sends.tallies import open_tallies
from app.sends.testers import MOST_TESTERS, Tester
from app.words import _, _n

SNAPSHOTS_LOOKED_AT = 10
"""Earlier snapshots of a draft that a new one is compared with."""


SECONDS = 5.0
"""Time that the e-mails of one test may take together."""


class What(enum.StrEnum):
    """What is tested."""

    DRAFT = "draft"
    """As it is saved now."""
    NEWEST = "newest"
    """The newest version."""
    SEND = "send"
    """A send that is being composed: its version with its own headers, values and files."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """Whose data a test shows."""

    who: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose for a test."""

    template_id: int
    sender_id: int
    testers: Sequence[Tester]
    specimen: Specimen | None = None
    """None: the template's examples."""
    what: What = What.DRAFT
    language: str = ""
    """Tag of the language to test; empty: the one that the data leads to."""
    values: Mapping[str, str] = field(default_factory=dict)
    """For what the data does not give."""
    send_id: int = 0
    """The draft send that is tested; only with `What.SEND`."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A test whose e-mails were put together and are right; nothing is written yet."""

    choice: Choice
    version: TemplateVersion
    """Without an id: the snapshot of a draft, not kept yet."""
    data: Mapping[str, Any]


class CannotTest(Refused):
    """The test cannot go out: `problems` says why, `asked_for` names the values that nothing gives."""

    def __init__(self, problems: Sequence[str], asked_for: Sequence[str] = ()) -> None:
        super().__init__(_("Nothing was sent."))
        self.problems, self.asked_for = list(problems), list(asked_for)


def send_test(session: Session, actor: Actor, renderer: LimitedRenderer, choice: Choice) -> Send:
    """Send a test to its testers at once; the caller wakes the engine after the commit.

    Raises CannotTest with every problem before anything is queued, and Refused.
    """
    return queue(session, actor, prepare(session, actor, renderer, choice))


def examples(content: Content) -> Specimen:
    """Give a template's examples as a specimen; address and name are each tester's own."""
    return Specimen(_("the examples"), {name: hint.example for name, hint in content.hints.items() if hint.example})


def recipient(session: Session, actor: Actor, list_id: int, *, find: str = "", recipient_id: int = 0) -> Specimen:
    """Give a recipient of a list as a specimen: found by `find`, or by number, else the first. Raises Refused."""
    try:
        found = recipient_near(session, actor, list_id, recipient_id, find=find)
    except NotThere as missing:
        raise Refused(_("Choose a list."), field="list") from missing
    if found is None:
        words = _("Nobody on this list has an address or a name that begins with “%(find)s”.", find=find.strip())
        raise Refused(words if find.strip() else _("Nobody is on this list."), field="find")
    return Specimen(found.email, {"email": found.email, "name": found.name, **cells_of(session, found)})


def asked_for(session: Session, actor: Actor, renderer: LimitedRenderer, choice: Choice) -> list[str]:
    """Give the values that a test needs and nothing gives, in order. Raises CannotTest when the draft has problems."""
    version, data = _version_and_data(session, actor, renderer, choice)
    return _asked_for(renderer, _plan(session, actor, choice, None, version, {}), data)


def prepare(session: Session, actor: Actor, renderer: LimitedRenderer, choice: Choice) -> Prepared:
    """Put every e-mail of a test together, under limits. Changes nothing. Raises CannotTest and Refused."""
    sender = _sender(session, actor, choice.sender_id)
    version, data = _version_and_data(session, actor, renderer, choice)
    asked = _asked_for(renderer, _plan(session, actor, choice, sender, version, {}), data)
    if missing := [name for name in asked if not choice.values.get(name)]:
        words = _n(
            "Type a value for %(names)s: the chosen data has none.",
            "Type values for %(names)s: the chosen data has none.",
            len(missing),
            names=", ".join(missing),
        )
        raise CannotTest([words], asked)
    values = {name: choice.values[name] for name in asked}
    plan = _plan(session, actor, choice, sender, version, values)
    people = [Person(None, email, name, dict(data)) for email, name in choice.testers[:MOST_TESTERS]]
    try:
        found = renderer.run(review_chunk, plan, people, seconds=SECONDS)
    except RenderError as error:
        raise CannotTest([str(one) for one in error.problems], asked) from error
    if found:
        raise CannotTest(list(dict.fromkeys(one.words for one in found)), asked)
    return Prepared(replace(choice, values=values), version, data)


def queue(session: Session, actor: Actor, made: Prepared) -> Send:
    """Make the send of a prepared test, and its messages. Raises Refused when the sender was removed meanwhile."""
    sender = _sender(session, actor, made.choice.sender_id)
    template = find_template(session, actor, made.choice.template_id)
    version = _kept(session, made.version)
    draft = _draft_send(session, actor, made.choice)
    send = _send(actor, sender, version, made.choice.values, draft)
    testers = made.choice.testers[:MOST_TESTERS]
    send.to = [list(tester) for tester in testers]
    at = now()
    send.state, send.start_at, send.released_at, send.released_by = SendState.SCHEDULED, at, at, actor.id
    send.total = len(testers)
    send.public_url, send.link_key = session.get_one(Workspace, send.workspace_id).public_url, BY_REFERENCE
    take_over(send, version)
    session.add(send)
    session.flush()
    if draft is not None:
        _copy_files(session, draft, send)
    team = team_in_trial_mode(session, send)
    rows = [message_row(send.id, None, email, name, dict(made.data)) for email, name in testers]
    for row in rows:
        skip_outsiders(row, [row["email"]], team)
    session.execute(insert(Message), rows)
    skipped = sum(1 for row in rows if row["state"] is Outcome.SKIPPED)
    open_tallies(session, send.id, pending=len(rows) - skipped, skipped=skipped)
    if skipped == len(rows):  # trial mode: there is nothing to wait for
        send.state, send.finished_at = SendState.FINISHED, at
    words = _(
        "Test e-mail of “%(name)s” sent to %(sent)s, %(skipped)s left out",
        name=template.name,
        sent=len(rows) - skipped,
        skipped=skipped,
    )
    note(session, actor, "send.tested", words, subject_id=send.id)
    return send


def _version_and_data(
    session: Session, actor: Actor, renderer: LimitedRenderer, choice: Choice
) -> tuple[TemplateVersion, dict[str, Any]]:
    """Give the version that is tested, in the chosen language, and the data it is rendered with."""
    template = find_template(session, actor, choice.template_id)
    draft = _draft_send(session, actor, choice)
    if draft is not None and draft.template_version is not None:
        version = draft.template_version
    elif choice.what is What.DRAFT:
        version = _snapshot(session, actor, renderer, template)
    else:
        version = _newest(session, template)
    content = version.content
    data = dict((choice.specimen or examples(content)).data)
    if not choice.language or (choice.language == content.language and not content.language_column):
        return version, data
    if choice.language not in content.variants:
        words = _(
            "There is no %(language)s text in what you test. Choose another language.",
            language=language_name(choice.language),
        )
        raise Refused(words, field="language")
    if content.language_column:
        return version, {**data, content.language_column: choice.language}
    own = replace(content, language=choice.language)
    copy = TemplateVersion(
        workspace_id=version.workspace_id,
        template_id=version.template_id,
        content=own,
        prepared=version.prepared,
        pins=version.pins,
        piece_images=version.piece_images,
        variables=version.variables,
        published_by=actor.id,
    )
    return copy, data


def _draft_send(session: Session, actor: Actor, choice: Choice) -> Send | None:
    """Give the draft send that is tested, if one is. Raises Refused when it is released already, or of another one."""
    if choice.what is not What.SEND:
        return None
    draft = draft_of(session, actor, choice.send_id)
    if draft.template_version is None or draft.template_version.template_id != choice.template_id:
        raise Refused(_("This send has another template by now. Go back to it, and test it from there."), field="what")
    return draft


def _copy_files(session: Session, draft: Send, send: Send) -> None:
    for one in attachments_of(session, draft.id):
        values = {name: getattr(one, name) for name in ("file_name", "media_type", "size", "sha256")}
        session.add(SendAttachment(send_id=send.id, **values))


def _snapshot(session: Session, actor: Actor, renderer: LimitedRenderer, template: Template) -> TemplateVersion:
    try:
        ready = get_ready(session, template.workspace_id, template.draft, renderer)
    except CannotPublish as refusal:
        raise CannotTest(refusal.problems) from refusal
    return version_from(actor, template, template.draft, ready)


def _newest(session: Session, template: Template) -> TemplateVersion:
    version = newest_of(session, [template.id]).get(template.id)
    if version is None:
        raise Refused(_("This template has no version yet. Test its draft."), field="what")
    return version


def _sender(session: Session, actor: Actor, sender_id: int) -> SenderIdentity:
    try:
        sender = find_sender(session, actor, sender_id)
    except NotThere as missing:
        raise Refused(_("Choose a sender."), field="sender") from missing
    if sender.is_retired:
        raise Refused(_("This sender was removed under Settings. Choose another one."), field="sender")
    return sender


def _plan(
    session: Session,
    actor: Actor,
    choice: Choice,
    sender: SenderIdentity | None,
    version: TemplateVersion,
    values: Mapping[str, str],
) -> MessagePlan:
    draft = _draft_send(session, actor, choice)
    plan = plan_of(session, _send(actor, sender, version, values, draft))
    return replace(plan, attachments=plan_of(session, draft).attachments) if draft is not None else plan


def _send(
    actor: Actor,
    sender: SenderIdentity | None,
    version: TemplateVersion,
    values: Mapping[str, str],
    draft: Send | None,
) -> Send:
    """Make the send, like `draft` if there is one; it is not added to the session."""
    headers = draft.headers if draft is not None else version.content.headers
    return Send(
        workspace_id=actor.workspace_id,
        kind=SendKind.TEST,
        template_version=version,
        sender_identity_id=sender.id if sender else None,
        from_address=sender.address if sender else "",
        from_name=sender.name if sender else "",
        reply_to=(draft.reply_to if draft else "") or (sender.reply_to if sender else ""),
        headers=[list(pair) for pair in headers],
        values={**(draft.values if draft is not None else {}), **values},
        to=[],
        cc=[],
        bcc=[],
        created_by=actor.id,
    )


def _asked_for(renderer: LimitedRenderer, plan: MessagePlan, data: Mapping[str, Any]) -> list[str]:
    try:
        needed = renderer.run(variables_of_all, plan)
    except RenderError as error:
        raise CannotTest([str(one) for one in error.problems]) from error
    given = data_for(plan, "", "", data, SPECIMEN_REFERENCE)
    return [name for name in needed if name not in given]


def _kept(session: Session, version: TemplateVersion) -> TemplateVersion:
    """Give the version as it is kept: one that is there already, an equal snapshot made before, or this one."""
    if version.id is not None:
        return session.get_one(TemplateVersion, version.id)
    earlier = session.scalars(
        select(TemplateVersion)
        .where(TemplateVersion.template_id == version.template_id, TemplateVersion.number.is_(None))
        .order_by(TemplateVersion.id.desc())
        .limit(SNAPSHOTS_LOOKED_AT)
    )
    for one in earlier:
        if (one.content, one.prepared, one.pins) == (version.content, version.prepared, version.pins):
            return one
    session.add(version)
    session.flush()
    return version
