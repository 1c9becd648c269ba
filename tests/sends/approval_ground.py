"""People, a rule and a send that waits: what the tests of approval begin with."""

from __future__ import annotations

from dataclasses import dataclass

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.approval_models import ApprovalRequest, ApprovalScope
from app.people.models import Person
from app.people.roles import Role
from app.sends import approving
from app.sends.approval_rule import change_rule
from app.sends.models import Send
from app.sends.release import Options
from tests.conftest import PASSWORD
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, reviewed, some_people


@dataclass(frozen=True)
class Office:
    """An office in which every send needs approval, and a reviewed draft to five people."""

    database: Database
    renderer: LimitedRenderer
    admin: Person
    asker: Person
    approver: Person
    send_id: int
    seen: str
    list_id: int
    sender_id: int
    version_id: int

    def ask(self, *, options: Options = Options(), note: str = "", person: Person | None = None) -> int:  # noqa: B008
        """Put the send up; gives the request's number."""
        with self.database.writing() as session:
            asked = approving.ask(
                session,
                person or self.asker,
                self.send_id,
                seen=self.seen,
                again_confirmed=True,
                options=options,
                note_text=note,
            )
            session.flush()
            return asked.id

    def approve(self, request_id: int, person: Person | None = None, **fields: object) -> ApprovalRequest:
        with self.database.writing() as session:
            chosen = {"people": 5, "undo_seconds": 10.0, **fields}
            return approving.approve(session, person or self.approver, request_id, **chosen)  # type: ignore[arg-type]

    def send_back(self, request_id: int, person: Person | None = None, reason: str = "Mend the date.") -> None:
        with self.database.writing() as session:
            approving.send_back(session, person or self.approver, request_id, reason)

    def take_back(self, person: Person | None = None) -> None:
        with self.database.writing() as session:
            approving.take_back(session, person or self.asker, self.send_id)

    def send(self) -> Send:
        with self.database.reading() as session:
            return session.get_one(Send, self.send_id)

    def request(self, request_id: int) -> ApprovalRequest:
        with self.database.reading() as session:
            return session.get_one(ApprovalRequest, request_id)

    def rule(self, scope: ApprovalScope, **fields: object) -> None:
        """Set the rule as an administrator does."""
        chosen = {"above": None, "of_templates": False, "remind_hours": 4, **fields}
        with self.database.writing() as session:
            change_rule(session, self.admin, scope=scope, **chosen)  # type: ignore[arg-type]


def a_person(database: Database, actor: Person, name: str, role: Role) -> Person:
    with database.writing() as session:
        return add_person(
            session,
            session.merge(actor.workspace),
            email=f"{name.split(maxsplit=1)[0].lower()}@example.com",
            name=name,
            password=PASSWORD,
            role=role,
        )


def an_office(database: Database, renderer: LimitedRenderer, admin: Person) -> Office:
    asker = a_person(database, admin, "Sam Sender", Role.SENDER)
    approver = a_person(database, admin, "April Approver", Role.APPROVER)
    with database.writing() as session:
        version = a_template_version(session, admin, name="Notice")
        people = a_list(session, admin, people=some_people(5), name="Members")
        sender = a_sender(session, admin)
        send = a_draft_send(session, asker, version=version, people=people, sender_identity_id=sender.id)
        ids = (send.id, people.id, sender.id, version.id)
    seen = reviewed(database, renderer, asker, ids[0]).review_fingerprint
    office = Office(database, renderer, admin, asker, approver, ids[0], seen, *ids[1:])
    office.rule(ApprovalScope.ALWAYS)
    return office
