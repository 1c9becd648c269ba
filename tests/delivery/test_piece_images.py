"""Images of a layout and a snippet, from the upload to the bytes that the mail service got; afterwards proven (P4)."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace

import pytest

from app.emails.content import TemplateFile, content_of
from app.emails.limits import LimitedRenderer
from app.emails.models import Piece, PieceKind
from app.emails.template_files import add_template_file
from app.sends import unused_files
from app.sends.looking import look_after
from app.sends.models import Message, Outcome, Send, SendState
from tests.delivery.ground import Ground
from tests.delivery.test_person_files import as_received
from tests.emails.test_piece_images import Office
from tests.factories import a_draft_send, a_list, released, some_people
from tests.files import a_pdf, a_png
from tests.sends.test_unused_files import days_later
from tests.simulator_process import RunningSimulator

COUNCIL, SEAL, PHOTO, LATER = (a_png(shade) for shade in (1, 2, 3, 4))
FRAME = '<html><body><img src="cid:logo" alt="Council">{{ content }}{% include "Sign" %}</body></html>'
SIGN = '<p><img src="cid:logo" alt="Seal"><img src="cid:again" alt="Council"></p>'
OWN = '<p><img src="cid:logo" alt="Photo">Hello {{ name }}</p>'
SHOWN = (
    '<html lang="en" dir="ltr"><body><img src="cid:logo-2" alt="Council"><p><img src="cid:logo" alt="Photo">'
    'Hello Person 0</p><p><img src="cid:logo-3" alt="Seal"><img src="cid:logo-2" alt="Council"></p></body></html>'
)
"""Three images called logo, each under a `cid:` of its own; the council's, which is in two places, under one."""
CARRIED = [
    ("logo.png", "logo", PHOTO),
    ("terms.pdf", None, a_pdf()),
    ("logo.png", "logo-2", COUNCIL),
    ("logo.png", "logo-3", SEAL),
]


@pytest.fixture
def layout_id(ground: Ground, renderer: LimitedRenderer) -> int:
    with ground.database.writing() as session:
        office = Office(session, ground.actor, renderer)
        office.piece(PieceKind.SNIPPET, "Sign", SIGN, logo=SEAL, again=COUNCIL)
        return office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=COUNCIL).id


@pytest.fixture
def send_id(ground: Ground, renderer: LimitedRenderer, layout_id: int) -> int:
    """A released send of a template with an image and a file of its own, in the layout."""
    with ground.database.writing() as session:
        office = Office(session, ground.actor, renderer)
        template = office.template("Notice", replace(content_of("News", OWN, "Hello"), layout_id=layout_id))
        for name, content in (("logo.png", PHOTO), ("terms.pdf", a_pdf())):
            add_template_file(session, ground.actor, template.id, name, content)
        version = office.version(template)
        people = a_list(session, ground.actor, people=some_people(1))
        send_id = a_draft_send(session, ground.actor, version=version, people=people).id
    return released(ground.database, renderer, ground.actor, send_id).id


def look(ground: Ground, renderer: LimitedRenderer, send_id: int) -> tuple[bool, bytes, str]:
    """Give whether what was posted is proven, its bytes made again, and the digest that was kept of it."""
    (message,) = ground.messages(send_id)
    with ground.database.reading() as session:
        made = look_after(session, renderer, session.get_one(Send, send_id), session.get_one(Message, message.id))
    assert made.request is not None
    return made.is_proven, made.request.body(), message.body_sha256 or ""


def test_the_whole_message_is_what_the_mail_service_got(
    ground: Ground, simulator: RunningSimulator, send_id: int, renderer: LimitedRenderer
) -> None:
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 1}
    is_proven, body, sha256 = look(ground, renderer, send_id)
    assert is_proven and hashlib.sha256(body).hexdigest() == sha256
    posted = json.loads(body)
    assert posted["html"] == SHOWN.replace("Person 0", posted["to"][0]["name"])
    told = [(one["filename"], one.get("content_id"), base64.b64decode(one["content"])) for one in posted["attachments"]]
    assert told == CARRIED
    (mail,) = simulator.messages()
    parts = [part for part in as_received(simulator, mail["ID"]).walk() if part.get_filename()]
    received = {
        (part.get_filename(), part["Content-ID"], part.get_content_disposition(), part.get_payload(decode=True))
        for part in parts
    }
    assert received == {
        (name, f"<{content_id}>" if content_id else None, "inline" if content_id else "attachment", content)
        for name, content_id, content in CARRIED
    }


def test_a_release_keeps_its_images_whatever_becomes_of_the_layout(
    ground: Ground,
    simulator: RunningSimulator,
    send_id: int,
    layout_id: int,
    renderer: LimitedRenderer,
) -> None:
    with ground.database.writing() as session:
        office = Office(session, ground.actor, renderer)
        layout = session.get_one(Piece, layout_id)
        office.remove(layout, COUNCIL)
        office.add(layout, "logo.png", LATER)
        office.publish(layout)
    for _ in range(2):
        unused_files.collect(ground.database)
        days_later(ground.database)
    ground.deliver(send_id)
    is_proven, body, _sha256 = look(ground, renderer, send_id)
    assert is_proven
    contents = [base64.b64decode(one["content"]) for one in json.loads(body)["attachments"]]
    assert contents == [content for _name, _content_id, content in CARRIED]


def test_the_file_is_a_templates_own_or_a_pieces(send_id: int, ground: Ground) -> None:
    with ground.database.reading() as session:
        version = session.get_one(Send, send_id).template_version
        assert version is not None
        assert [one.name for one in version.content.files] == ["logo.png", "terms.pdf"]
        assert all(isinstance(one, TemplateFile) and one.content_id for one in version.piece_images)
