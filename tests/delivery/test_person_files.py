"""Each person gets their own file and nobody else's, over real HTTP; afterwards it is proven (P4)."""

from __future__ import annotations

import base64
import email
import hashlib
import io
from email.message import EmailMessage
from email.policy import default

import pytest
import requests
from sqlalchemy import delete

from app.emails import templates
from app.emails.content import content_of
from app.emails.limits import LimitedRenderer
from app.emails.publishing import publish
from app.emails.template_files import add_template_file
from app.recipients.checking import NewRecipient
from app.sends.archives import check_archive
from app.sends.looking import look_after
from app.sends.models import Message, Outcome, PersonFile, Send, SendState
from app.sends.person_files import keep_person_files
from tests.delivery.ground import Ground
from tests.factories import a_draft_send, a_list, released
from tests.files import a_pdf, a_png, a_zip
from tests.simulator_process import RunningSimulator

PEOPLE = 50


@pytest.fixture
def send_id(ground: Ground, renderer: LimitedRenderer) -> int:
    """A released send with a picture in its text, to 50 people with a file each and one without."""
    people = [
        NewRecipient(f"person-{n}@example.net", f"Person {n}", {"invoice": f"INV-{n}.pdf"}) for n in range(PEOPLE)
    ]
    people.append(NewRecipient("without@example.net", "", {"invoice": "missing.pdf"}))
    with ground.database.writing() as session:
        template = templates.create_template(
            session, ground.actor, "Invoice", content_of("Your invoice", '<p><img src="cid:logo"></p>', "Hello")
        )
        add_template_file(session, ground.actor, template.id, "logo.png", a_png())
        version = publish(session, ground.actor, template.id)
        made = a_list(session, ground.actor, people=people, columns=("invoice",))
        draft = a_draft_send(session, ground.actor, version=version, people=made)
        file = io.BytesIO(a_zip({f"inv-{n}.pdf": a_pdf(f"of person {n}") for n in range(PEOPLE)}))
        keep_person_files(session, ground.actor, draft.id, file, check_archive(file), "invoice")
    return released(ground.database, renderer, ground.actor, draft.id).id


def as_received(simulator: RunningSimulator, mail_id: str) -> EmailMessage:
    text = requests.get(f"{simulator.url}/api/v1/message/{mail_id}/raw", timeout=10).text
    return email.message_from_string(text, policy=default)  # type: ignore[arg-type, return-value]


def test_each_person_gets_their_own_file(ground: Ground, simulator: RunningSimulator, send_id: int) -> None:
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: PEOPLE, Outcome.SKIPPED: 1}
    mails = simulator.messages()
    assert len(mails) == PEOPLE
    for mail in mails:
        number = mail["To"][0]["Address"].split("-")[1].split("@")[0]
        files = {part.get_filename(): part for part in as_received(simulator, mail["ID"]).walk() if part.get_filename()}
        assert set(files) == {"logo.png", f"inv-{number}.pdf"}
        assert files[f"inv-{number}.pdf"].get_payload(decode=True) == a_pdf(f"of person {number}")
        assert files["logo.png"]["Content-ID"] == "<logo>"
        assert files["logo.png"].get_content_disposition() == "inline"


def test_what_each_person_got_is_proven_with_their_file(
    ground: Ground, simulator: RunningSimulator, send_id: int, renderer: LimitedRenderer
) -> None:
    ground.deliver(send_id)
    message = ground.message("person-7@example.net")
    with ground.database.reading() as session:
        look = look_after(session, renderer, session.get_one(Send, send_id), session.get_one(Message, message.id))
    assert look.is_proven
    assert look.request is not None
    assert look.request.attachments[-1].content == a_pdf("of person 7")
    assert base64.b64encode(a_pdf("of person 7")) in look.request.body()
    assert hashlib.sha256(look.request.body()).hexdigest() == message.body_sha256


def test_nobody_is_written_to_without_the_file(ground: Ground, simulator: RunningSimulator, send_id: int) -> None:
    with ground.database.writing() as session:
        session.execute(delete(PersonFile).where(PersonFile.name_key == "inv-7.pdf"))
    ground.deliver(send_id)
    message = ground.message("person-7@example.net")
    assert (message.state, message.reason) == (Outcome.REJECTED, "missing_file")
    assert message.detail == "There is no file “INV-7.pdf” for this person."
    assert len(simulator.messages()) == PEOPLE - 1
