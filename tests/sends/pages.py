"""What the tests of the send pages do again and again, as a person would."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.sends.models import Send
from app.sends.review import run_review


def words(text: str) -> str:
    """The page as a reader sees it: no tags, single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def hidden(text: str, name: str) -> str:
    """A form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, f"the page has no hidden field {name}"
    return found[1]


def begin(client: FlaskClient, ground: dict[str, int], **fields: object) -> int:
    """Take the first step; gives the send's number."""
    data = {"version": ground["version"], "kind": "list", "list": ground["list"], **fields}
    answer = client.post("/sends/new", data=data)
    assert answer.status_code == 302, words(answer.text)
    found = re.search(r"/sends/(\d+)/sender", answer.location)
    assert found
    return int(found[1])


def choose_sender(client: FlaskClient, ground: dict[str, int], send_id: int, **fields: object) -> None:
    answer = client.post(f"/sends/{send_id}/sender", data={"sender": ground["sender"], "reply_to": "", **fields})
    assert answer.status_code == 302, words(answer.text)


def review(client: FlaskClient, database: Database, renderer: LimitedRenderer, send_id: int) -> str:
    """Press “Start the review” and let a worker do it; gives the page that comes then."""
    assert client.post(f"/sends/{send_id}/review").status_code == 302
    run_review(database, renderer, send_id)
    return client.get(f"/sends/{send_id}/review").text


def a_reviewed_draft(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> tuple[int, str]:
    """All steps up to the review; gives the send's number and the fingerprint on its page."""
    send_id = begin(client, ground)
    choose_sender(client, ground, send_id)
    client.post(f"/sends/{send_id}/values", data={"value_due": "May"})
    return send_id, hidden(review(client, database, renderer, send_id), "seen")


def the_send(database: Database, send_id: int) -> Send:
    with database.reading() as session:
        return session.get_one(Send, send_id)
