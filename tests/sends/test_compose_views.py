"""The steps of a new send: what is refused is said beside its field, and what was typed is kept."""

from __future__ import annotations

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.recipients.models import RecipientList
from app.sends.models import SendAttachment
from tests.factories import a_list, messages_of
from tests.sends.pages import begin, choose_sender, hidden, review, the_send, words


def test_a_draft_whose_list_is_gone_leads_back_to_the_lists(
    client: FlaskClient, database: Database, ground: dict[str, int]
) -> None:
    send_id = begin(client, ground)
    choose_sender(client, ground, send_id)
    with database.writing() as session:
        session.delete(session.get_one(RecipientList, ground["list"]))
    for step in ("what", "values", "review", "look"):
        assert client.get(f"/sends/{send_id}/{step}").status_code == 200
    answer = client.post(f"/sends/{send_id}/review")
    assert answer.location == f"/sends/{send_id}/what"
    assert "Choose a list first." in client.get(answer.location).text


def test_an_address_typed_twice_is_said(client: FlaskClient, ground: dict[str, int]) -> None:
    send_id = begin(client, ground, kind="direct", list="", to="anna@example.com, Anna@example.com")
    assert "written to only once" in client.get(f"/sends/{send_id}/sender").text


def test_a_value_nobody_gives_is_said_once_and_keeps_the_send_back(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id = begin(client, ground)
    choose_sender(client, ground, send_id)
    page = review(client, database, renderer, send_id)
    assert "This send cannot go out yet" in page
    assert "There is no value for due" in page
    assert "/release" not in page


def test_an_empty_list_is_refused_and_the_rest_of_the_form_kept(
    client: FlaskClient, database: Database, actor: Person, ground: dict[str, int]
) -> None:
    with database.writing() as session:
        empty = a_list(session, actor, people=[], name="Empty").id
    answer = client.post("/sends/new", data={"version": ground["version"], "kind": "list", "list": empty})
    assert answer.status_code == 422
    assert "Nobody is on the list “Empty”" in words(answer.text)
    assert f'selected value="{ground["version"]}"' in answer.text


@pytest.mark.parametrize("version", ["", "0", "999", "x", "99999999999999999999"])
def test_a_template_that_is_not_there_is_asked_for(client: FlaskClient, ground: dict[str, int], version: str) -> None:
    answer = client.post("/sends/new", data={"version": version, "kind": "list", "list": ground["list"]})
    assert answer.status_code == 422
    assert "Choose a template" in answer.text


@pytest.mark.parametrize("kind", ["", "everybody"])
def test_a_kind_that_is_none_is_asked_for(client: FlaskClient, ground: dict[str, int], kind: str) -> None:
    answer = client.post("/sends/new", data={"version": ground["version"], "kind": kind, "list": ground["list"]})
    assert answer.status_code == 422


def test_51_addresses_are_refused_and_kept(client: FlaskClient, ground: dict[str, int]) -> None:
    typed = "\n".join(f"p{n}@example.com" for n in range(51))
    answer = client.post("/sends/new", data={"version": ground["version"], "kind": "direct", "to": typed})
    assert answer.status_code == 422
    assert "51 addresses over To, Cc and Bcc; at most 50" in words(answer.text)
    assert "p50@example.com" in answer.text


def test_a_send_to_a_few_people_with_names(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    to = '"Smith, Anna" <anna@example.com>, bo@example.com'
    send_id = begin(client, ground, kind="direct", list="", to=to, cc="Cy <cy@example.com>", bcc="dee@example.com")
    assert the_send(database, send_id).to == [["anna@example.com", "Smith, Anna"], ["bo@example.com", ""]]
    page = client.get(f"/sends/{send_id}/what").text
    assert "&#34;Smith, Anna&#34; &lt;anna@example.com&gt;" in page
    choose_sender(client, ground, send_id)
    client.post(f"/sends/{send_id}/values", data={"value_due": "May"})
    page = review(client, database, renderer, send_id)
    assert "Send 1 e-mail" in words(page)
    client.post(f"/sends/{send_id}/release", data={"seen": hidden(page, "seen")})
    assert [one.email for one in messages_of(database, send_id)] == ["anna@example.com"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("List-Unsubscribe", "<http://example.com/u>", "must begin with https://"),
        ("X-Note", "one\r\nBcc: thief@example.net", "must be one line"),
        ("Sender", "boss@example.com", "does not take the header Sender"),
    ],
)
def test_a_header_that_would_be_refused_is_said_and_kept(
    client: FlaskClient, database: Database, ground: dict[str, int], name: str, value: str, said: str
) -> None:
    send_id = begin(client, ground)
    data = {"sender": ground["sender"], "reply_to": "", "header_name": name, "header_value": value}
    answer = client.post(f"/sends/{send_id}/sender", data=data)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert name in answer.text
    assert "example" in answer.text
    assert the_send(database, send_id).headers == []
    live = client.post(f"/sends/{send_id}/headers", data=data, headers={"HX-Request": "true"})
    assert live.status_code == 200
    assert said in words(live.text)
    assert "<html" not in live.text


def test_unsubscribe_headers_are_added_to_what_was_typed(
    client: FlaskClient, database: Database, ground: dict[str, int]
) -> None:
    send_id = begin(client, ground)
    data = {"sender": ground["sender"], "header_name": ["X-Note"], "header_value": ["mine"], "action": "unsubscribe"}
    page = client.post(f"/sends/{send_id}/sender", data=data).text
    for expected in ('value="X-Note"', 'value="mine"', "https://example.com/unsubscribe", "one-click"):
        assert expected in page
    assert the_send(database, send_id).headers == []


def test_a_sender_must_be_chosen(client: FlaskClient, ground: dict[str, int]) -> None:
    send_id = begin(client, ground)
    answer = client.post(f"/sends/{send_id}/sender", data={"sender": "", "reply_to": "help@example.com"})
    assert answer.status_code == 422
    assert "help@example.com" in answer.text


def attach(client: FlaskClient, send_id: int, name: str, content: bytes) -> tuple[int, str]:
    data = {"file": (io.BytesIO(content), name)}
    answer = client.post(f"/sends/{send_id}/files", data=data, follow_redirects=True)
    return answer.status_code, words(answer.text)


def test_files_are_kept_one_by_one_and_a_6_mib_file_is_refused_without_losing_them(
    client: FlaskClient, database: Database, ground: dict[str, int]
) -> None:
    send_id = begin(client, ground)
    client.post(f"/sends/{send_id}/values", data={"value_due": "1 May"})
    status, page = attach(client, send_id, "agenda.txt", b"x" * 1_000_000)
    assert status == 200
    assert "agenda.txt" in page
    assert "of 5.00 MiB as sent" in page
    status, page = attach(client, send_id, "film.mp4", b"x" * (6 * 1024 * 1024))
    assert status == 422
    assert "“film.mp4” does not fit" in page
    assert "agenda.txt" in page
    assert 'value="1 May"' in client.get(f"/sends/{send_id}/values").text
    with database.reading() as session:
        (file,) = session.scalars(select(SendAttachment)).all()
    client.post(f"/sends/{send_id}/files/{file.id}/remove")
    assert "agenda.txt" not in client.get(f"/sends/{send_id}/review").text


@pytest.mark.parametrize(("name", "content"), [("empty.txt", b""), ("", b"")])
def test_no_file_and_an_empty_file_are_said(
    client: FlaskClient, ground: dict[str, int], name: str, content: bytes
) -> None:
    status, page = attach(client, begin(client, ground), name, content)
    assert status == 422
    assert "is empty" in page or "Choose a file first" in page


def test_one_persons_e_mail_is_shown_in_a_frame_that_can_do_nothing(
    client: FlaskClient, ground: dict[str, int], database: Database
) -> None:
    send_id = begin(client, ground)
    choose_sender(client, ground, send_id, header_name="X-City", header_value="{{ city }}")
    client.post(f"/sends/{send_id}/values", data={"value_due": "<b>May</b>"})
    page = client.get(f"/sends/{send_id}/look").text
    assert "To Person 0" in page
    assert "City 0" in page
    assert "Next person" in page
    frame = re.search(r'<iframe[^>]*sandbox[^>]*src="([^"]+)"', page)
    assert frame
    shown = client.get(frame[1].replace("&amp;", "&"))
    assert shown.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "Person 0 &lt;b&gt;May&lt;/b&gt;" in shown.text


def test_a_draft_is_deleted_on_demand(client: FlaskClient, database: Database, ground: dict[str, int]) -> None:
    send_id = begin(client, ground)
    page = client.post(f"/sends/{send_id}/delete", follow_redirects=True).text
    assert "Nothing was sent" in page
    assert client.get(f"/sends/{send_id}").status_code == 404
