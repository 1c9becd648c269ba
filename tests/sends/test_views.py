"""The send pages, path by path, as a browser without JavaScript asks for them."""

from __future__ import annotations

import csv
import io
import re
import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.models import Person, Role, Workspace
from app.people.senders import retire_sender
from app.recipients.checking import NewRecipient
from app.recipients.lists import rename_list
from app.recipients.models import RecipientList
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK
from app.sends import results
from app.sends.models import Outcome, ReviewState, Send, SendAttachment, SendState
from app.sends.review import run_review
from app.sends.tallies import move
from tests.conftest import PASSWORD, signed_in
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, messages_of, released, some_people


def words(text: str) -> str:
    """The page as a reader sees it: no tags, single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def hidden(text: str, name: str) -> str:
    """A form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, f"the page has no hidden field {name}"
    return found[1]


@pytest.fixture
def ground(database: Database, actor: Person) -> dict[str, int]:
    """A template, a list of seven (one without a city) and a sender; gives their ids."""
    with database.writing() as session:
        people = some_people(7)
        people[3] = NewRecipient("p3@example.com", "Two\nlines", {"city": "Leeds"})
        version = a_template_version(
            session,
            actor,
            name="Reminder",
            html="<p>{{ name }} {{ due }}</p>",
            text="{{ name }}",
            subject="To {{ name }}",
        )
        return {
            "version": version.id,
            "list": a_list(session, actor, people=people, name="Members").id,
            "sender": a_sender(session, actor).id,
        }


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


def test_the_empty_page_says_what_to_do(client: FlaskClient) -> None:
    page = words(client.get("/sends/").text)
    assert "No sends yet" in page
    assert "Begin the first send" in page


def test_without_a_published_template_the_first_step_says_so(client: FlaskClient) -> None:
    page = words(client.get("/sends/new").text)
    assert "No template is published yet" in page
    assert "transactional e-mail only" in page


def test_the_whole_road_from_the_first_step_to_the_sends_page(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    assert "Reminder, version 1" in client.get("/sends/new").text
    send_id = begin(client, ground)
    assert "Office &lt;office@example.com&gt;" in client.get(f"/sends/{send_id}/sender").text
    choose_sender(
        client, ground, send_id, reply_to="help@example.com", header_name=["X-Case", ""], header_value=["7", ""]
    )
    page = client.get(f"/sends/{send_id}/values").text
    assert 'for="value_due"' in page
    assert client.post(f"/sends/{send_id}/values", data={"value_due": "1 May"}).location == f"/sends/{send_id}/review"
    assert "Start the review" in client.get(f"/sends/{send_id}/review").text

    page = review(client, database, renderer, send_id)
    assert "Ready, but for 1 person" in words(page)
    assert "Send 6 e-mails" in words(page)
    assert "p3@example.com" in page
    assert "this must be one line" in page

    released_at = client.post(f"/sends/{send_id}/release", data={"seen": hidden(page, "seen")})
    assert released_at.location == f"/sends/{send_id}"
    page = words(client.get(f"/sends/{send_id}").text)
    assert "Reminder to Members" in page
    assert "6 Waiting" in page
    assert "1 Left out" in page
    send = the_send(database, send_id)
    assert (send.state, send.total, send.reply_to) == (SendState.SCHEDULED, 7, "help@example.com")
    assert send.values == {"due": "1 May"}
    assert send.headers == [["X-Case", "7"]]


def test_while_the_review_runs_the_page_follows_it(
    client: FlaskClient, ground: dict[str, int], database: Database
) -> None:
    send_id = begin(client, ground)
    choose_sender(client, ground, send_id)
    client.post(f"/sends/{send_id}/review")
    page = client.get(f"/sends/{send_id}/review").text
    assert "The review is running" in page
    assert 'hx-trigger="every 1s"' in page
    part = client.get(f"/sends/{send_id}/review", headers={"HX-Request": "true"}).text
    assert "The review is running" in part
    assert "<html" not in part


def test_a_second_release_leads_to_the_send_and_makes_nothing(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    for _ in range(2):
        answer = client.post(f"/sends/{send_id}/release", data={"seen": seen})
        assert (answer.status_code, answer.location) == (302, f"/sends/{send_id}")
    assert len(messages_of(database, send_id)) == 7


def test_a_double_click_makes_one_send(
    app: Flask, actor: Person, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    clients = [signed_in(app, actor) for _ in range(4)]
    send_id, seen = a_reviewed_draft(clients[0], database, renderer, ground)
    answers: list[int] = []

    def press(client: FlaskClient) -> None:
        answers.append(client.post(f"/sends/{send_id}/release", data={"seen": seen}).status_code)

    presses = [threading.Thread(target=press, args=(one,)) for one in clients]
    for one in presses:
        one.start()
    for one in presses:
        one.join(30)
    assert answers == [302] * 4
    assert len(messages_of(database, send_id)) == 7
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Send)) == 1


def test_what_changed_since_the_review_must_be_reviewed_again(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int], actor: Person
) -> None:
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    with database.writing() as session:
        rename_list(session, actor, ground["list"], "Renamed")
    answer = client.post(f"/sends/{send_id}/release", data={"seen": seen})
    assert answer.status_code == 422
    assert "Nothing was released" in words(answer.text)
    assert "Something changed since the review" in words(answer.text)
    assert messages_of(database, send_id) == []


def test_a_change_of_the_draft_takes_the_send_button_away(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id, _ = a_reviewed_draft(client, database, renderer, ground)
    client.post(f"/sends/{send_id}/values", data={"value_due": "June"})
    page = client.get(f"/sends/{send_id}/review").text
    assert "Start the review" in page
    assert "/release" not in page
    assert "p3@example.com" not in page, "problems of an old review"


def test_the_same_list_and_version_within_a_day_asks_first(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    first, seen = a_reviewed_draft(client, database, renderer, ground)
    client.post(f"/sends/{first}/release", data={"seen": seen})
    second, seen = a_reviewed_draft(client, database, renderer, ground)
    page = client.post(f"/sends/{second}/release", data={"seen": seen})
    assert "Send it a second time?" in words(page.text)
    assert "Send 6 e-mails again" in words(page.text)
    assert messages_of(database, second) == []
    client.post(
        f"/sends/{second}/release", data={"seen": hidden(page.text, "seen"), "again": hidden(page.text, "again")}
    )
    assert len(messages_of(database, second)) == 7


def test_in_trial_mode_the_button_names_only_the_teams_e_mails(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int], actor: Person
) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).is_live = False
        people = [*some_people(4), NewRecipient("Ada@example.com", "Ada", {"city": "Leeds"})]
        ground["list"] = a_list(session, actor, people=people).id
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    page = words(client.get(f"/sends/{send_id}/review").text)
    assert "Send 1 e-mail" in page
    assert "Trial mode:" in page
    client.post(f"/sends/{send_id}/release", data={"seen": seen})
    page = words(client.get(f"/sends/{send_id}").text)
    assert "4 Left out" in page
    assert "Trial mode: only the team&#39;s own addresses" in page


def test_a_sender_removed_since_the_review_is_not_sent_from(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int], actor: Person
) -> None:
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    with database.writing() as session:
        retire_sender(session, actor, ground["sender"])
        a_sender(session, actor, "other@example.com")
    answer = client.post(f"/sends/{send_id}/release", data={"seen": seen})
    assert "Something changed since the review" in words(answer.text)
    again = client.post(f"/sends/{send_id}/review", follow_redirects=True)
    assert "This sender was removed under Settings" in words(again.text)
    kept = client.post(f"/sends/{send_id}/sender", data={"sender": ground["sender"], "reply_to": ""})
    assert kept.status_code == 422
    assert "This sender was removed under Settings" in words(kept.text)


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


def test_unsubscribe_headers_are_added_to_what_was_typed(client: FlaskClient, ground: dict[str, int]) -> None:
    send_id = begin(client, ground)
    data = {"sender": ground["sender"], "header_name": ["X-Note"], "header_value": ["mine"], "action": "unsubscribe"}
    page = client.post(f"/sends/{send_id}/sender", data=data).text
    for expected in ("X-Note", "mine", "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"):
        assert expected in page


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
    status, page = attach(client, send_id, "agenda.pdf", b"x" * 1_000_000)
    assert status == 200
    assert "agenda.pdf" in page
    assert "of 5.00 MiB as sent" in page
    status, page = attach(client, send_id, "film.mp4", b"x" * (6 * 1024 * 1024))
    assert status == 422
    assert "“film.mp4” does not fit" in page
    assert "agenda.pdf" in page
    assert 'value="1 May"' in client.get(f"/sends/{send_id}/values").text
    with database.reading() as session:
        (file,) = session.scalars(select(SendAttachment)).all()
    client.post(f"/sends/{send_id}/files/{file.id}/remove")
    assert "agenda.pdf" not in client.get(f"/sends/{send_id}/review").text


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


@pytest.fixture
def sent(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A released send to 60 people of whom some are settled."""
    with database.writing() as session:
        version = a_template_version(session, actor, name="Notice")
        people = a_list(session, actor, people=some_people(60), name="Friends")
        draft_id = a_draft_send(session, actor, version=version, people=people).id
    send_id = released(database, renderer, actor, draft_id).id
    messages = messages_of(database, send_id)
    with database.writing() as session:
        for message, outcome in zip(messages, [Outcome.DELIVERED] * 52 + [Outcome.BOUNCED] * 2, strict=False):
            session.merge(message).state = outcome
            move(session, send_id, {(Outcome.PENDING, outcome): 1})
        session.get_one(Send, send_id).state = SendState.SENDING
    return send_id


def test_a_group_shows_its_people_page_by_page(client: FlaskClient, sent: int) -> None:
    page = client.get(f"/sends/{sent}?group=bounced").text
    assert set(re.findall(r"p\d+@example\.com", page)) == {"p52@example.com", "p53@example.com"}
    page = client.get(f"/sends/{sent}?group=delivered").text
    first = set(re.findall(r">(p\d+@example\.com)<", page))
    following = re.search(r'href="([^"]*after=\d+[^"]*)"', page)
    assert following
    second = set(re.findall(r">(p\d+@example\.com)<", client.get(following[1].replace("&amp;", "&")).text))
    assert (len(first), len(second)) == (50, 2)
    assert first | second == {f"p{n}@example.com" for n in range(52)}


def test_people_are_searched_within_a_group(client: FlaskClient, sent: int) -> None:
    page = client.get(f"/sends/{sent}?group=bounced&q=P53").text
    assert "p53@example.com" in page
    assert "p52@example.com" not in page
    assert "Nobody&#39;s address begins so" in client.get(f"/sends/{sent}?q=nobody").text


@pytest.mark.parametrize("query", ["group=nonsense", "after=x", "after=99999999999999999999", "q=%00", "after=-1"])
def test_odd_addresses_of_the_page_are_no_error(client: FlaskClient, sent: int, query: str) -> None:
    assert client.get(f"/sends/{sent}?{query}").status_code == 200
    assert client.get(f"/sends/?{query.replace('after', 'before')}").status_code == 200


def test_progress_is_followed_while_it_is_under_way_and_not_afterwards(
    client: FlaskClient, database: Database, sent: int
) -> None:
    part = client.get(f"/sends/{sent}/progress", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert 'hx-trigger="every 2s"' in part
    assert "52 Delivered" in words(part)
    assert "Cancel" not in part, "an open question must not be replaced"
    assert "Cancel now" in words(client.get(f"/sends/{sent}").text)
    assert "54 of 60" in words(client.get("/sends/").text)
    with database.writing() as session:
        session.get_one(Send, sent).state = SendState.FINISHED
    over = client.get(f"/sends/{sent}/progress", headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"
    assert "hx-trigger" not in client.get(f"/sends/{sent}").text
    assert client.get(f"/sends/{sent}/progress").location == f"/sends/{sent}"


def test_pause_resume_and_cancel(client: FlaskClient, database: Database, sent: int) -> None:
    assert "Paused" in words(client.post(f"/sends/{sent}/pause", follow_redirects=True).text)
    assert the_send(database, sent).state is SendState.PAUSED
    client.post(f"/sends/{sent}/resume")
    assert the_send(database, sent).state is SendState.SENDING
    page = words(client.post(f"/sends/{sent}/cancel", follow_redirects=True).text)
    assert "6 e-mails were stopped" in page
    assert "6 Cancelled" in page
    too_late = client.post(f"/sends/{sent}/cancel")
    assert too_late.status_code == 409
    assert "nothing to cancel" in words(too_late.text)


def test_a_pause_by_the_program_shows_its_reason_and_remedy(client: FlaskClient, database: Database, sent: int) -> None:
    with database.writing() as session:
        send = session.get_one(Send, sent)
        send.state, send.pause_reason = SendState.PAUSED, "The access key is not valid. Put in a new one, then resume."
    assert "Put in a new one, then resume." in client.get(f"/sends/{sent}").text
    assert "Put in a new one, then resume." in client.get("/").text


def test_the_download_holds_everybody_with_the_lists_columns(client: FlaskClient, sent: int) -> None:
    answer = client.get(f"/sends/{sent}/download")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix(BYTE_ORDER_MARK))))
    assert [row["email"] for row in rows] == [f"p{n}@example.com" for n in range(60)]
    assert (rows[53]["city"], rows[53]["outcome"]) == ("City 53", "Permanently bounced")


def test_a_download_in_many_parts_or_broken_off_leaves_no_connection_behind(
    app: Flask, client: FlaskClient, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "CHUNK", 7)
    pool = app.extensions["postroom"].database.engine.pool
    whole = client.get(f"/sends/{sent}/download")
    assert whole.text.count("@example.com") == 60
    assert pool.checkedout() == 0
    broken_off = client.get(f"/sends/{sent}/download", buffered=False)
    next(broken_off.iter_encoded())
    broken_off.close()
    assert pool.checkedout() == 0


def test_a_message_never_handed_over_says_so(client: FlaskClient, database: Database, sent: int) -> None:
    message = messages_of(database, sent)[59]
    page = words(client.get(f"/sends/{sent}/messages/{message.id}").text)
    assert "this e-mail was never handed to the mail service" in page
    assert "Waiting" in page
    assert "Hello Person 59" in page
    assert (
        client.get(f"/sends/{sent}/messages/{message.id}/page").headers["Content-Security-Policy"].startswith("sandbox")
    )


def test_a_draft_is_deleted_on_demand(client: FlaskClient, database: Database, ground: dict[str, int]) -> None:
    send_id = begin(client, ground)
    page = client.post(f"/sends/{send_id}/delete", follow_redirects=True).text
    assert "Nothing was sent" in page
    assert client.get(f"/sends/{send_id}").status_code == 404


def test_a_released_send_cannot_be_composed_any_more(client: FlaskClient, sent: int) -> None:
    assert client.get(f"/sends/{sent}/review").location == f"/sends/{sent}"
    for step in ("what", "sender", "values"):
        answer = client.get(f"/sends/{sent}/{step}")
        assert answer.status_code == 409
        assert "released already" in words(answer.text)


PATHS = (
    "/sends/{send}",
    "/sends/{send}/download",
    "/sends/{send}/progress",
    "/sends/{send}/messages/{message}",
    "/sends/{send}/messages/{message}/page",
    "/sends/{draft}/what",
    "/sends/{draft}/sender",
    "/sends/{draft}/values",
    "/sends/{draft}/review",
    "/sends/{draft}/look",
    "/sends/{draft}/look/page",
)
POSTS = (
    "/sends/{send}/pause",
    "/sends/{send}/resume",
    "/sends/{send}/cancel",
    "/sends/{draft}/release",
    "/sends/{draft}/review",
    "/sends/{draft}/delete",
    "/sends/{draft}/files",
    "/sends/{draft}/headers",
)


def test_another_department_finds_nothing(
    app: Flask, client: FlaskClient, database: Database, ground: dict[str, int], sent: int
) -> None:
    draft = begin(client, ground)
    names = {"send": sent, "draft": draft, "message": messages_of(database, sent)[0].id}
    with database.writing() as session:
        other = Workspace(name="Other")
        session.add(other)
        session.flush()
        stranger = add_person(
            session, other, email="eve@example.com", name="Eve", password=PASSWORD, role=Role.ADMINISTRATOR
        )
    theirs = signed_in(app, stranger)
    for path in PATHS:
        assert client.get(path.format(**names)).status_code in {200, 302}, path
        assert theirs.get(path.format(**names)).status_code == 404, path
    for path in POSTS:
        assert theirs.post(path.format(**names)).status_code == 404, path
    assert "No sends yet" in theirs.get("/sends/").text
    assert the_send(database, sent).state is SendState.SENDING
    assert the_send(database, draft).review_state is ReviewState.NONE


def test_nobody_gets_in_without_signing_in(anonymous_client: FlaskClient, sent: int) -> None:
    for path in (f"/sends/{sent}", f"/sends/{sent}/download", "/sends/", "/sends/new"):
        assert "/sign-in" in anonymous_client.get(path).location
