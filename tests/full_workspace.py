"""A workspace with at least one of everything that has an id in some address, made by the rules that people use."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app.db import Database, now
from app.emails import importing, piece_drafts, piece_images, template_files
from app.emails.bundle import BundledPiece
from app.emails.limits import LimitedRenderer
from app.emails.models import Format, PieceKind, PieceVersion, TemplateVersion
from app.emails.piece_making import make_piece
from app.emails.publishing import publish
from app.people import invitations
from app.people.accounts import add_person
from app.people.approval_models import ApprovalRequest
from app.people.factor_models import Passkey
from app.people.models import Connection, Person
from app.people.roles import Role
from app.recipients.changes import running as changes
from app.recipients.changes.models import ChangeKind
from app.recipients.checking import NewRecipient
from app.recipients.finding import segments
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.models import Conflict, Recipient, RecipientList
from app.recipients.suppressions import adding as suppression_adding
from app.recipients.suppressions.models import SuppressionSync, TheirSuppression
from app.recipients.unsubscribing import topics
from app.recipients.unsubscribing.models import TopicOptOut
from app.recipients.unsubscribing.opt_outs_by_hand import unsubscribe_by_hand
from app.sends import testers
from app.sends.archives import check_archive
from app.sends.audience_models import AudiencePart
from app.sends.bad_address_models import BadAddress, BadAddressKind, BadAddressState
from app.sends.compose import add_attachment
from app.sends.models import Outcome, Send, SendKind, SendState
from app.sends.pauses import STALE, WAVE
from app.sends.person_files import keep_person_files
from tests.conftest import PASSWORD
from tests.factories import (
    a_draft_send,
    a_list,
    a_sender,
    a_template_version,
    messages_of,
    released,
    reviewed,
)
from tests.files import a_pdf, a_png, a_zip
from tests.recipients.imports import uploaded
from tests.sends.outcomes import settle

Arguments = dict[str, object]


@dataclass
class FullWorkspace:
    """What was made: for each set of names in an address the values it can have."""

    mark: str
    """A word that stands in every name and address of this workspace, and in no other."""
    person: Person
    values: dict[frozenset[str], list[Arguments]] = field(default_factory=dict)
    of_endpoint: dict[str, list[Arguments]] = field(default_factory=dict)
    """For endpoints whose names mean something else than elsewhere."""

    def add(self, **arguments: object) -> None:
        """One more value for addresses with these names."""
        self.values.setdefault(frozenset(arguments), []).append(arguments)

    def arguments_of(self, rule: Rule) -> list[Arguments]:
        """Give what can stand in an address; raises AssertionError for a rule nobody thought of."""
        if not rule.arguments:
            return [{}]
        found = self.of_endpoint.get(rule.endpoint) or self.values.get(frozenset(rule.arguments))
        assert found, f"{rule.endpoint} ({rule.rule}): make one of these in tests/full_workspace.py"
        return found


def fill(database: Database, renderer: LimitedRenderer, person: Person, mark: str) -> FullWorkspace:
    """Make one of everything in the person's workspace."""
    made = FullWorkspace(mark, person)
    made.add(section="layouts")
    made.add(section="snippets")
    made.add(form="json")
    made.add(form="csv")
    made.add(name="Letter")
    made.add(token="unknown")
    made.add(position=1)
    made.add(workspace_id=person.workspace_id)
    with database.writing() as session:
        session.add(Connection(workspace_id=person.workspace_id, account_id=mark, base_url="http://127.0.0.1:9"))
        _people(session, made)
        version_id = _template(session, made)
        _pieces(session, made)
        list_id = _list(session, made)
        _suppressions(session, made)
        sender = a_sender(session, person, f"{mark}-office@example.com")
        made.add(sender_id=sender.id)
        group = testers.save_group(session, person, f"{mark} testers", f"{mark}-tester@example.com")
        made.add(group_id=group.id)
        topic = topics.add_topic(session, person, {"en": (f"{mark} news", f"{mark} sentence")})
        made.add(topic_id=topic.id)
        made.add(by_hand_batch=unsubscribe_by_hand(session, person, f"{mark}-wrote@example.com", topic).batch)
        assert topics.stop_topic(session, topic, f"{mark}-stopped@example.com")
        stopped = select(TopicOptOut.id).where(TopicOptOut.email_key == f"{mark}-stopped@example.com")
        made.add(opt_out_id=session.scalars(stopped).one())
        waiting = importing.keep_import(session, person, f"{mark}.html", b"<p>Hello</p>", keep_braces=False)
        made.add(import_id=waiting.id)
    rows = f"email,name\n{mark}-new@example.com,New\nnot an address,{mark} wrong\n"
    upload_id = uploaded(database, person, rows, name=f"{mark} upload")
    made.add(upload_id=upload_id)
    made.add(upload_id=upload_id, line=3)
    _sends(database, renderer, made, version_id, list_id, sender.id)
    return made


def _people(session: Session, made: FullWorkspace) -> None:
    where = session.merge(made.person.workspace)
    email = f"{made.mark}-colleague@example.com"
    colleague = add_person(
        session, where, email=email, name=f"{made.mark} colleague", password=PASSWORD, role=Role.EDITOR
    )
    made.add(person_id=colleague.id)
    email = f"{made.mark}-invited@example.com"
    passkey = Passkey(
        account_id=colleague.account_id, name=f"{made.mark} phone", credential_id=made.mark, public_key=b"key"
    )
    session.add(passkey)
    session.flush()
    made.add(passkey_id=passkey.id)
    invitation, _ = invitations.invite(session, made.person, email=email, name=f"{made.mark} guest", role=Role.VIEWER)
    made.add(invitation_id=invitation.id)


def _template(session: Session, made: FullWorkspace) -> int:
    mark, person = made.mark, made.person
    version = a_template_version(session, person, name=f"{mark} notice", text="", html="<p>{{ name }} {{ city }}</p>")
    template_id = version.template_id
    picture = template_files.add_template_file(session, person, template_id, f"{mark}.png", a_png(len(mark)))
    newest = publish(session, person, template_id)
    made.add(template_id=template_id)
    made.add(template_id=template_id, content_id=picture.content_id)
    made.add(template_id=template_id, sha256=picture.sha256)
    made.add(version_id=version.id)
    made.add(version_id=newest.id)
    made.add(version_id=newest.id, content_id=picture.content_id)
    return newest.id


def _pieces(session: Session, made: FullWorkspace) -> None:
    template_id = made.values[frozenset({"template_id"})][0]["template_id"]
    for kind, body in ((PieceKind.LAYOUT, "<div>{{ content }}</div>"), (PieceKind.SNIPPET, f"<b>{made.mark}</b>")):
        bundled = BundledPiece(kind=kind, name=f"{made.mark} {kind}", format=Format.HTML, body=body, text="")
        piece = make_piece(session, made.person, bundled, publish=True)
        made.add(piece_id=piece.id)
        made.add(piece_id=piece.id, template_id=template_id, side="new")
        version = session.scalars(select(PieceVersion).where(PieceVersion.piece_id == piece.id)).one()
        for endpoint in ("emails.piece_version", "emails.piece_version_page", "emails.restore_piece"):
            made.of_endpoint.setdefault(endpoint, []).append({"version_id": version.id})
    draft = piece_drafts.create_piece(session, made.person, PieceKind.LAYOUT, f"{made.mark} draft")
    image = piece_images.add_piece_image(session, made.person, draft.id, f"{made.mark}.png", a_png(len(made.mark)))
    made.add(piece_id=draft.id)
    made.add(piece_id=draft.id, content_id=image.content_id)
    made.add(piece_id=draft.id, sha256=image.sha256)


def _list(session: Session, made: FullWorkspace) -> int:
    mark, person = made.mark, made.person
    people = [NewRecipient(f"{mark}-{n}@example.com", f"{mark} {n}", {"city": f"{mark} city"}) for n in range(12)]
    members = a_list(session, person, name=f"{mark} members", people=people)
    first = session.scalars(select(Recipient).where(Recipient.list_id == members.id).order_by(Recipient.id)).first()
    assert first is not None
    wanted = Filter((Condition("city", Operator.IS_FILLED, ""),))
    segment = segments.make_segment(session, person, members.id, name=f"{mark} segment", wanted=wanted)
    change = changes.begin(session, person, members.id, ChangeKind.SET, act={"column": "city", "value": f"{mark} town"})
    made.add(list_id=members.id)
    made.add(list_id=members.id, recipient_id=first.id)
    made.add(list_id=members.id, column="city")
    made.add(list_id=members.id, segment_id=segment.id)
    made.add(list_id=members.id, change_id=change.id)
    a_list(session, person, name=f"{mark} empty", people=[])
    return members.id


def _suppressions(session: Session, made: FullWorkspace) -> None:
    mark, person = made.mark, made.person
    session.add(SuppressionSync(workspace_id=person.workspace_id, account_id=mark, synced_at=now()))
    for n, conflict in enumerate(("", Conflict.GONE_THERE)):
        email = f"{mark}-suppressed{n}@example.com"
        ours = suppression_adding.add_one(
            session, person, email=email, words=f"{mark} note", until=None, at_cloudflare=False
        )
        ours.conflict = Conflict(conflict)
        made.add(suppression_id=ours.id)
    email = f"{mark}-theirs@example.com"
    theirs = TheirSuppression(
        workspace_id=person.workspace_id,
        vendor_id=f"{mark}-1",
        email=email,
        email_key=email,
        reason="hard_bounce",
        scope_type="account",
    )
    session.add(theirs)
    session.flush()
    made.add(entry_id=theirs.id)


def _sends(
    database: Database, renderer: LimitedRenderer, made: FullWorkspace, version_id: int, list_id: int, sender_id: int
) -> None:
    """One send in every state that shows something of its own."""

    def draft(**fields: object) -> int:
        with database.writing() as session:
            version = session.get_one(TemplateVersion, version_id)
            people = None if "to" in fields else session.get_one(RecipientList, list_id)
            fields = {"sender_identity_id": sender_id, "from_address": f"{made.mark}-office@example.com", **fields}
            return a_draft_send(session, made.person, version=version, people=people, **fields).id

    bare = draft()
    with database.writing() as session:
        attachment = add_attachment(session, made.person, bare, f"{made.mark}.pdf", a_pdf(made.mark))
        made.add(send_id=bare, attachment_id=attachment.id)
        file = io.BytesIO(a_zip({f"{made.mark}.pdf": a_pdf(f"for {made.mark}")}))
        keep_person_files(session, made.person, bare, file, check_archive(file), "city")
        session.add(AudiencePart(send_id=bare, position=1, list_id=list_id, words=f"{made.mark} part"))
    ready = draft()
    reviewed(database, renderer, made.person, ready)
    direct = draft(to=[[f"{made.mark}-one@example.com", made.mark]], values={"name": made.mark, "city": made.mark})
    finished = _finished(database, renderer, made, draft())
    scheduled, wave, stale, paused, cancelled = (
        released(database, renderer, made.person, draft()).id for _ in range(5)
    )
    with database.writing() as session:
        for send_id, state, code in (
            (scheduled, SendState.SCHEDULED, ""),
            (wave, SendState.PAUSED, WAVE),
            (stale, SendState.PAUSED, STALE),
            (paused, SendState.PAUSED, ""),
            (cancelled, SendState.CANCELLED, ""),
        ):
            send = session.get_one(Send, send_id)
            send.state, send.pause_code, send.pause_reason = state, code, f"{made.mark} reason" if code else ""
            if state is SendState.SCHEDULED:
                send.start_at, send.is_timed = now().replace(year=now().year + 1, day=1), True
        session.get_one(Send, wave).wave_left = 0
        test = a_draft_send(
            session, made.person, version=session.get_one(Send, ready).template_version, state=SendState.FINISHED
        )
        test.kind = SendKind.TEST
        session.flush()
        sends = (bare, ready, direct, finished, scheduled, wave, stale, paused, cancelled, test.id)
    waiting = draft(state=SendState.AWAITING_APPROVAL)
    drafts = (made.values[frozenset({name})][0] for name in ("template_id", "piece_id"))
    with database.writing() as session:
        for subject in ({"send_id": waiting}, *drafts):
            asked = ApprovalRequest(
                workspace_id=made.person.workspace_id,
                asked_by=made.person.id,
                note=f"{made.mark} asks",
                fingerprint="what was put up",
                **subject,
            )
            session.add(asked)
            session.flush()
            made.add(request_id=asked.id, **{name: number for name, number in subject.items() if name == "send_id"})
    for send_id in (*sends, waiting):
        made.add(send_id=send_id)


def _finished(database: Database, renderer: LimitedRenderer, made: FullWorkspace, draft_id: int) -> int:
    """A send that is over, with messages of every outcome, and the bad addresses that came of it."""
    send_id = released(database, renderer, made.person, draft_id).id
    messages = messages_of(database, send_id)
    over = [one for one in Outcome if one not in (Outcome.PENDING, Outcome.SENDING)]
    for number, message in enumerate(messages):
        outcome = over[number % len(over)]
        settle(database, send_id, [message.email], outcome, detail=f"{made.mark} detail")
        if outcome in (Outcome.BOUNCED, Outcome.REJECTED, Outcome.UNKNOWN, Outcome.DELIVERED):
            made.add(send_id=send_id, message_id=message.id)
    with database.writing() as session:
        for message, state in zip(messages, (BadAddressState.OPEN, BadAddressState.MENDED), strict=False):
            bad = BadAddress(
                workspace_id=made.person.workspace_id,
                email=message.email,
                email_key=message.email_key,
                kind=BadAddressKind.BOUNCED,
                words=f"{made.mark} words",
                send_id=send_id,
                message_id=message.id,
                state=state,
                mended_to="" if state is BadAddressState.OPEN else f"{made.mark}-right@example.com",
            )
            session.add(bad)
            session.flush()
            made.add(bad_id=bad.id)
    return send_id
