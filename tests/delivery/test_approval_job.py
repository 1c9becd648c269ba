"""The job of approval: people hear of it by mail once, are reminded once, and what changed is cancelled early."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.db import now
from app.delivery.approval_job import ApprovalJob, due
from app.emails.approving import ask_for_piece
from app.emails.bundle import BundledPiece
from app.emails.content import Format
from app.emails.limits import LimitedRenderer
from app.emails.models import PieceKind, PieceVersion
from app.emails.piece_making import make_piece
from app.emails.piece_publishing import plan
from app.people import own_mail
from app.people.approval_models import ApprovalRequest, ApprovalScope, ApprovalState
from app.people.models import Connection, Person, Workspace
from app.people.own_mail_models import OwnMail
from app.people.sealing import seal
from app.recipients.people import add_recipient
from app.sends import approving
from app.sends.approval_home import for_person
from app.sends.approval_rule import change_rule
from app.sends.models import Send, SendState
from app.sends.release import Options
from app.settings import Settings
from tests.conftest import SECRET_KEY
from tests.sends.approval_ground import Office
from tests.statements import statements


@pytest.fixture
def job(office: Office, settings: Settings) -> ApprovalJob:
    """The job of a worker, in an office that has a sender for own e-mails."""
    with office.database.writing() as session:
        session.add(
            Connection(
                workspace_id=office.admin.workspace_id,
                account_id="one",
                token_sealed=seal("token", SECRET_KEY),
                base_url="http://127.0.0.1:1/",
            )
        )
        session.get_one(Workspace, office.admin.workspace_id).own_mail_sender_id = office.sender_id
    return ApprovalJob(settings, office.database, "worker", threading.Event())


def letters(office: Office, settings: Settings) -> list[tuple[str, str, str]]:
    """Every own e-mail: to whom, its subject, and all its words."""
    with office.database.reading() as session:
        found = session.query(OwnMail).order_by(OwnMail.id).all()
        said = [own_mail.letter_of(one, settings) for one in found]
    return [(one.email, one.subject, " ".join(words.words)) for one, words in zip(found, said, strict=True)]


def later(office: Office, request_id: int, hours: float) -> None:
    with office.database.writing() as session:
        session.get_one(ApprovalRequest, request_id).asked_at = now() - timedelta(hours=hours)


def test_approvers_are_told_once_and_reminded_once(office: Office, job: ApprovalJob, settings: Settings) -> None:
    request_id = office.ask(note="For the meeting.")
    job.look()
    job.look()
    told = letters(office, settings)
    assert sorted(email for email, _, _ in told) == ["ada@example.com", "april@example.com"], "not whoever asked"
    assert {subject for _, subject, _ in told} == {"To approve: Notice to Members"}
    assert "Sam Sender asks you" in told[0][2]
    assert "It goes to 5 people once approved." in told[0][2]
    assert "Note: For the meeting." in told[0][2]
    later(office, request_id, 3.9)
    job.look()
    assert len(letters(office, settings)) == 2
    later(office, request_id, 4.1)
    job.look()
    job.look()
    reminded = letters(office, settings)[2:]
    assert [subject for _, subject, _ in reminded] == ["Still to approve: Notice to Members"] * 2
    assert "It has waited for 4 hours." in reminded[0][2]


def test_each_is_told_in_the_language_of_their_account(office: Office, job: ApprovalJob, settings: Settings) -> None:
    with office.database.writing() as session:
        for person in (office.asker, office.approver):
            session.get_one(Person, person.id).account.language = "de"
    request_id = office.ask()
    job.look()
    told = {email: (subject, words) for email, subject, words in letters(office, settings)}
    assert told["ada@example.com"][0] == "To approve: Notice to Members"
    subject, words = told["april@example.com"]
    assert subject == "Freizugeben: Notice an Members"
    assert words == (
        "Sam Sender bittet Sie, einen Versand anzusehen: Notice an Members. Jeder Versand braucht hier eine Freigabe. "
        "Nach der Freigabe geht er an 5 Personen."
    )
    with office.database.writing() as session:
        add_recipient(session, office.admin, office.list_id, email="new@example.com", name="", data={})
    job.look()
    job.look()
    _email, subject, words = letters(office, settings)[-1]
    assert subject == "Freigabe abgebrochen: Notice an Members"
    assert "gab es Änderungen: die Liste hat sich geändert. Es ist nichts hinausgegangen." in words
    assert request_id


def test_the_link_leads_to_the_page_of_the_send(office: Office, job: ApprovalJob, settings: Settings) -> None:
    office.ask()
    job.look()
    with office.database.reading() as session:
        letter = own_mail.letter_of(session.query(OwnMail).first(), settings)  # type: ignore[arg-type]
    assert letter.link == ("Look at it, and decide", f"{settings.url}/sends/{office.send_id}")


def test_whoever_asked_is_told_of_each_end(office: Office, job: ApprovalJob, settings: Settings) -> None:
    first = office.ask()
    office.send_back(first, reason="The date is wrong.")
    job.look()
    assert letters(office, settings) == [
        (
            "sam@example.com",
            "Sent back: Notice to Members",
            "April Approver sent back a send that you put up: Notice to Members. Reason: The date is wrong.",
        )
    ], "nobody is asked to approve what is decided already"
    office.approve(office.ask())
    job.look()
    assert letters(office, settings)[-1][:2] == ("sam@example.com", "Approved: Notice to Members")


def test_taken_back_before_anybody_was_told_nobody_is(office: Office, job: ApprovalJob, settings: Settings) -> None:
    office.ask()
    office.take_back()
    job.look()
    assert letters(office, settings) == []


def test_taken_back_by_a_colleague_whoever_asked_is_told(office: Office, job: ApprovalJob, settings: Settings) -> None:
    office.ask()
    office.take_back(office.admin)
    job.look()
    ((email, subject, words),) = letters(office, settings)
    assert (email, subject) == ("sam@example.com", "Taken back: Notice to Members")
    assert words == "Ada Admin took back a send that you put up: Notice to Members."
    with office.database.reading() as session:
        (item,) = for_person(session, office.asker)
    assert item.words == "Ada Admin took it back"


def test_all_approvers_are_told_of_an_emergency(office: Office, job: ApprovalJob, settings: Settings) -> None:
    request_id = office.ask(person=office.admin)
    with office.database.writing() as session:
        approving.release_in_emergency(
            session, office.admin, request_id, reason="The dam breaks.", people=5, undo_seconds=10
        )
    job.look()
    ((email, subject, words),) = letters(office, settings)
    assert (email, subject) == ("april@example.com", "Released without approval: Notice to Members")
    assert "Ada Admin released a send in an emergency" in words
    assert "Reason: The dam breaks." in words


def add_somebody(session: Session, office: Office) -> None:
    add_recipient(session, office.admin, office.list_id, email="new@example.com", name="", data={"city": "Leeds"})


@pytest.mark.parametrize("is_approved", [False, True], ids=["waits", "approved for later"])
def test_what_changed_is_cancelled_and_whoever_asked_is_told(
    office: Office,
    job: ApprovalJob,
    settings: Settings,
    is_approved: bool,
) -> None:
    request_id = office.ask(options=Options(now() + timedelta(hours=2)))
    if is_approved:
        office.approve(request_id)
    job.look()
    with office.database.writing() as session:
        add_somebody(session, office)
    job.look()
    assert office.request(request_id).state is ApprovalState.CANCELLED
    assert office.send().state is SendState.DRAFT
    job.look()
    email, subject, words = letters(office, settings)[-1]
    assert (email, subject) == ("sam@example.com", "Approval cancelled: Notice to Members")
    assert "the list has changed" in words
    assert "Nothing went out." in words


def test_without_a_sender_for_own_e_mails_nothing_is_written_and_nothing_fails(
    office: Office,
    job: ApprovalJob,
    settings: Settings,
) -> None:
    with office.database.writing() as session:
        session.get_one(Workspace, office.admin.workspace_id).own_mail_sender_id = None
    request_id = office.ask()
    job.look()
    assert letters(office, settings) == []
    assert office.request(request_id).is_told


def test_of_two_workers_one_tells(office: Office, job: ApprovalJob, settings: Settings) -> None:
    office.ask()
    other = ApprovalJob(settings, office.database, "another", threading.Event())
    threads = [threading.Thread(target=one.look) for one in (job, other)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    job.look()
    assert len(letters(office, settings)) == 2


@pytest.mark.parametrize("kind", PieceKind)
def test_a_layout_or_a_snippet_is_named_and_cancelled_as_a_send_is(
    office: Office, job: ApprovalJob, settings: Settings, renderer: LimitedRenderer, kind: PieceKind
) -> None:
    bundled = BundledPiece(kind, "Frame", Format.HTML, '{{ content }}{% include "Hours" %}', "")
    hours = BundledPiece(PieceKind.SNIPPET, "Hours", Format.HTML, "9 to 5", "")
    with office.database.writing() as session:
        snippet_id = make_piece(session, office.admin, hours, publish=True).id
        piece_id = make_piece(session, office.asker, bundled, publish=False).id
        change_rule(session, office.admin, scope=ApprovalScope.NEVER, above=None, of_templates=True, remind_hours=4)
        made = plan(session, office.asker, renderer, piece_id, [], number=1)
        request_id = ask_for_piece(session, office.asker, made, "A new frame.").id
    title = f"{kind.title()} “Frame”"
    job.look()
    told = letters(office, settings)
    assert sorted(email for email, _, _ in told) == ["ada@example.com", "april@example.com"]
    assert told[0][1:] == (
        f"To approve: {title}",
        f"Sam Sender asks you to look at a draft: {title}. Publishing needs approval here. Note: A new frame.",
    )
    with office.database.reading() as session:
        letter = own_mail.letter_of(session.query(OwnMail).first(), settings)  # type: ignore[arg-type]
        assert letter.link == ("Look at it, and decide", f"{settings.url}/templates/pieces/{piece_id}/publish")
    later(office, request_id, 4.1)
    job.look()
    assert letters(office, settings)[-1][1] == f"Still to approve: {title}"
    with office.database.writing() as session:
        session.add(PieceVersion(piece_id=snippet_id, number=2, format=Format.HTML, body="10 to 6", text=""))
    job.look()
    assert office.request(request_id).state is ApprovalState.CANCELLED
    job.look()
    email, subject, words = letters(office, settings)[-1]
    assert (email, subject) == ("sam@example.com", f"Approval cancelled: {title}")
    assert "a snippet in it was published anew" in words


def test_at_rest_it_costs_four_questions_and_writes_nothing(office: Office, job: ApprovalJob) -> None:
    office.approve(office.ask())
    job.look()
    with office.database.writing() as session:
        session.get_one(Send, office.send_id).state = SendState.FINISHED
    with office.database.reading() as session, statements() as asked:
        assert not due(session)
    asked = [one for one in asked if not one.startswith("BEGIN")]
    assert len(asked) == 4
