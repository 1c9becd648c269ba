"""RFC 8058 by real HTTP: a served Postroom, and `requests` as the mail program, the link scanner and the stranger."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import delete, select
from werkzeug.serving import make_server

from app import create_app
from app.audit.models import AuditEntry
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person, Workspace
from app.recipients.models import Suppression
from app.recipients.unsubscribing.links import LinkSealer, link_keys
from app.recipients.unsubscribing.models import OptOutAnswer, Topic, TopicOptOut
from app.recipients.unsubscribing.topics import add_topic
from app.recipients.views import unsubscribe as unsubscribe_views
from app.sends.models import Message, Send
from app.settings import Settings
from tests.conftest import SECRET_KEY
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, some_people
from tests.web.web_process import RunningWeb

EARLIER_KEY = "a secret key of years ago, long enough for its check"
LOST_KEY = "a secret key that was thrown away, long enough too"
FORM = "application/x-www-form-urlencoded"
ONE_CLICK = "List-Unsubscribe=One-Click"
PATIENCE = 20


@dataclass
class Post:
    """A served Postroom, and the links of the three messages of a released send, one of them of each kind."""

    base: str
    database: Database
    workspace_id: int
    topic: Topic
    messages: list[Message]

    def url(self, number: int, *, key: str = SECRET_KEY, topic: bool = True) -> str:
        sealer = LinkSealer(link_keys([key]).current, self.workspace_id, self.topic.key if topic else "")
        message = self.messages[number]
        token = sealer.seal(message.reference, message.email, "en", is_own_language=False)
        return f"{self.base}/u/{token}"

    def old_url(self, number: int) -> str:
        """As links were made before: the message's reference."""
        return f"{self.base}/u/{self.messages[number].reference}"

    def out_of_all(self) -> list[str]:
        with self.database.reading() as session:
            return list(session.scalars(select(Suppression.email).order_by(Suppression.id)))

    def out_of_kind(self) -> list[str]:
        with self.database.reading() as session:
            return list(session.scalars(select(TopicOptOut.email).order_by(TopicOptOut.id)))

    def nothing_happened(self) -> bool:
        return self.out_of_all() == [] and self.out_of_kind() == []


def with_earlier_key(settings: Settings) -> Settings:
    return settings.model_copy(update={"earlier_secret_keys": SecretStr(EARLIER_KEY)})


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Serve Postroom on a port of its own; gives its address."""
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def post(settings: Settings, database: Database, actor: Person, renderer: LimitedRenderer) -> Iterator[Post]:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).public_url = "https://mail.example.org"
        topic = add_topic(session, actor, {"en": ("Appointments", "Reminders of yours."), "fr": ("Rendez-vous", "")})
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(4))
        send_id = a_draft_send(session, actor, version=version, people=people, topic_id=topic.id).id
    released(database, renderer, actor, send_id)
    unsubscribe_views.UNKNOWN_LINKS.forget_all()
    with served(with_earlier_key(settings)) as url:
        yield Post(url, database, actor.workspace_id, topic, messages_of(database, send_id))


def one_click(url: str, **more: object) -> requests.Response:
    return requests.post(
        url,
        data=ONE_CLICK,
        headers={"Content-Type": FORM},
        allow_redirects=False,
        timeout=PATIENCE,
        **more,  # type: ignore[arg-type]
    )


def test_scanners_that_only_look_unsubscribe_nobody(post: Post) -> None:
    for url in (post.url(0), post.url(1, topic=False), post.old_url(2)):
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            answer = requests.request(method, url, timeout=PATIENCE, allow_redirects=False)
            assert answer.status_code == 200, (method, answer.status_code)
            assert "Set-Cookie" not in answer.headers
        assert requests.head(url, timeout=PATIENCE).content == b""
        assert set(requests.options(url, timeout=PATIENCE).headers["Allow"].split(", ")) == {
            "GET",
            "HEAD",
            "OPTIONS",
            "POST",
        }
    for more in ("?do=stop-all", "?List-Unsubscribe=One-Click", "?language=fr&do=stop-kind"):
        assert requests.get(post.url(0) + more, timeout=PATIENCE).ok
        assert requests.post(post.url(0) + more, timeout=PATIENCE, allow_redirects=False).status_code == 303
    assert post.nothing_happened()


def test_other_methods_are_refused_and_change_nothing(post: Post) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        answer = requests.request(
            method,
            post.url(0),
            data=ONE_CLICK,
            headers={"Content-Type": FORM},
            timeout=PATIENCE,
            allow_redirects=False,
        )
        assert answer.status_code in {302, 405}, method  # to sign in, as from every address that strangers may not see
        assert "Set-Cookie" not in answer.headers
    assert post.nothing_happened()


def test_one_click_as_a_form_stops_the_kind_at_once_and_twice_is_once(post: Post) -> None:
    for _ in range(3):
        answer = one_click(post.url(0))
        assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert not {"Set-Cookie", "Location"} & set(answer.headers)
    assert (post.out_of_kind(), post.out_of_all()) == (["p0@example.com"], [])
    with post.database.reading() as session:
        words = session.scalars(
            select(AuditEntry.words).where(AuditEntry.action.startswith("recipient.")).order_by(AuditEntry.id)
        ).all()
    assert len(words) == 1
    assert "example.com" not in words[0], "the trail names no address"


def test_one_click_as_multipart(post: Post) -> None:
    answer = requests.post(
        post.url(1), files={"List-Unsubscribe": (None, "One-Click")}, timeout=PATIENCE, allow_redirects=False
    )
    assert answer.request.headers["Content-Type"].startswith("multipart/form-data")
    assert (answer.status_code, post.out_of_kind()) == (200, ["p1@example.com"])


def test_one_click_without_a_kind_stops_all(post: Post) -> None:
    assert one_click(post.url(0, topic=False)).status_code == 200
    assert (post.out_of_kind(), post.out_of_all()) == ([], ["p0@example.com"])


def test_a_kind_that_a_restored_backup_does_not_know_means_all(post: Post) -> None:
    sealer = LinkSealer(link_keys([SECRET_KEY]).current, post.workspace_id, "ffffffff")
    token = sealer.seal(post.messages[0].reference, "p0@example.com", "en", is_own_language=False)
    assert one_click(f"{post.base}/u/{token}").status_code == 200
    assert post.out_of_all() == ["p0@example.com"]


def test_neither_a_cookie_nor_a_foreign_page_changes_what_one_click_does(post: Post) -> None:
    answer = one_click(post.url(0), cookies={"postroom": "forged", "remember_token": "1|x"})
    assert answer.status_code == 200
    foreign = {"Content-Type": FORM, "Origin": "https://mail.example.net", "Referer": "https://mail.example.net/"}
    assert requests.post(post.url(1), data=ONE_CLICK, headers=foreign, timeout=PATIENCE).status_code == 200
    assert post.out_of_kind() == ["p0@example.com", "p1@example.com"]


@pytest.mark.parametrize(
    "body",
    ["", "List-Unsubscribe=one-click", "List-Unsubscribe=", "list-unsubscribe=One-Click", "do=everything", "%00=%ff"],
)
def test_a_post_that_does_not_ask_changes_nothing(post: Post, body: str) -> None:
    answer = requests.post(
        post.url(0), data=body, headers={"Content-Type": FORM}, timeout=PATIENCE, allow_redirects=False
    )
    assert answer.status_code == 303
    assert post.nothing_happened()


def test_an_odd_body_is_answered_and_changes_nothing(post: Post) -> None:
    odd = {
        "application/json": b'{"List-Unsubscribe": "One-Click"}',
        "multipart/form-data": b"no boundary",
        "multipart/form-data; boundary=x": b"--x\r\nbroken",
        "": b"\x00\xff" * 100,
    }
    for kind, body in odd.items():
        answer = requests.post(
            post.url(0), data=body, headers={"Content-Type": kind}, timeout=PATIENCE, allow_redirects=False
        )
        assert answer.status_code in {303, 400}, (kind, answer.status_code)
    large = requests.post(post.url(0), data={"do": "stop-all", "words": "x" * 100_000}, timeout=PATIENCE)
    assert large.status_code == 413
    assert "That is too long" in large.text
    assert post.nothing_happened()


def test_a_link_that_was_changed_or_made_up_is_a_friendly_page(post: Post) -> None:
    token = post.url(0).rpartition("/")[2]
    flipped = token[:60] + ("A" if token[60] != "A" else "B") + token[61:]
    for wrong in (
        flipped,
        token[:-3],
        "nobody",
        "11111111-1111-4111-8111-111111111111",
        "A" * 120,
        "a%00b",
        "x" * 3000,
    ):
        for answer in (
            requests.get(f"{post.base}/u/{wrong}", timeout=PATIENCE),
            one_click(f"{post.base}/u/{wrong}"),
        ):
            assert answer.status_code == 404, wrong
            assert "This link does not work" in answer.text
            assert "Nothing was changed." in answer.text
            assert "Set-Cookie" not in answer.headers
    assert post.nothing_happened()


def test_guessing_is_slowed_down_and_good_links_never_are(post: Post) -> None:
    statuses = [requests.get(f"{post.base}/u/guess{number}", timeout=PATIENCE).status_code for number in range(140)]
    assert set(statuses) == {404, 429}
    answer = next(
        one
        for one in (requests.get(f"{post.base}/u/again{number}", timeout=PATIENCE) for number in range(20))
        if one.status_code == 429
    )
    assert int(answer.headers["Retry-After"]) > 0
    assert "Please wait a little" in answer.text
    assert one_click(post.url(0)).status_code == 200
    assert requests.get(post.url(1), timeout=PATIENCE).status_code == 200


def test_links_of_an_earlier_key_work_and_links_of_a_lost_key_as_long_as_the_message_is_there(post: Post) -> None:
    assert one_click(post.url(0, key=EARLIER_KEY)).status_code == 200
    assert one_click(post.url(1, key=LOST_KEY)).status_code == 200
    assert post.out_of_kind() == ["p0@example.com", "p1@example.com"]
    with post.database.writing() as session:
        session.execute(delete(Message))
    assert one_click(post.url(2, key=EARLIER_KEY)).status_code == 200
    assert one_click(post.url(3, key=LOST_KEY)).status_code == 404
    assert post.out_of_kind() == ["p0@example.com", "p1@example.com", "p2@example.com"]


def test_links_of_before_work(post: Post) -> None:
    assert "Appointments" in requests.get(post.old_url(0), timeout=PATIENCE).text
    assert one_click(post.old_url(0)).status_code == 200
    assert post.out_of_kind() == ["p0@example.com"]


def test_a_link_works_after_the_data_of_its_message_was_erased_or_its_send_is_gone(post: Post) -> None:
    with post.database.writing() as session:
        message = session.get_one(Message, post.messages[0].id)
        message.email = message.email_key = f"erased-{message.id}"
        message.name, message.data = "", {}
    page = requests.get(post.url(0), timeout=PATIENCE).text
    assert "p0@example.com" in page
    assert "Appointments" in page
    assert one_click(post.url(0)).status_code == 200
    assert requests.get(post.old_url(0), timeout=PATIENCE).status_code == 404, "by reference nobody is found any more"
    with post.database.writing() as session:
        session.execute(delete(Message))
        session.execute(delete(Send))
    assert one_click(post.url(1)).status_code == 200
    assert post.out_of_kind() == ["p0@example.com", "p1@example.com"]


def test_a_link_works_at_another_address(post: Post) -> None:
    """One that an earlier send went out with, before the workspace's address was changed."""
    with post.database.writing() as session:
        session.get_one(Send, post.messages[0].send_id).public_url = "https://elsewhere.example.net"
    elsewhere = {"Content-Type": FORM, "Host": "elsewhere.example.net"}
    answer = requests.post(post.url(0), data=ONE_CLICK, headers=elsewhere, timeout=PATIENCE)
    assert answer.status_code == 200
    assert post.out_of_kind() == ["p0@example.com"]


def press(url: str, **data: str) -> str:
    """Press a button and follow, as a browser does; gives the page."""
    answer = requests.post(url, data=data, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    assert answer.history[0].status_code == 303
    assert "Set-Cookie" not in answer.history[0].headers
    return answer.text


def test_a_person_stops_the_kind_then_all_and_takes_each_back(post: Post) -> None:
    url = post.url(0)
    page = requests.get(url, timeout=PATIENCE).text
    assert "Stop this kind of notice" in page
    assert "Stop all e-mail from us" in page
    assert "Stopped." in press(url, do="stop-kind")
    assert (post.out_of_kind(), post.out_of_all()) == (["p0@example.com"], [])
    assert press(url, do="stop-all").count("Stopped.") == 2
    assert (post.out_of_kind(), post.out_of_all()) == (["p0@example.com"], ["p0@example.com"])
    assert "Undone. You get e-mail from Harbour Council again." in press(url, do="undo-all")
    assert (post.out_of_kind(), post.out_of_all()) == (["p0@example.com"], [])
    assert "Undone. You get that kind of notice again." in press(url, do="undo-kind", kind=str(post.topic.id))
    assert post.nothing_happened()
    press(url, do="stop-kind")
    later = requests.get(f"{url}?undone={post.topic.id}", timeout=PATIENCE).text
    assert "Undone." not in later, "an address that was opened before says nothing that is not true"


def test_what_was_stopped_by_another_link_is_shown_and_can_be_undone(post: Post) -> None:
    one_click(post.url(0))
    url = post.url(0, topic=False)
    page = requests.get(url, timeout=PATIENCE).text
    assert "Other notices that you stopped" in page
    assert "Appointments" in page
    press(url, do="undo-kind", kind=str(post.topic.id))
    assert post.nothing_happened()
    press(url, do="undo-kind", kind="999999")
    press(url, do="undo-kind", kind="x")
    assert post.nothing_happened()


@pytest.mark.parametrize(
    ("accepted", "asked", "language", "words"),
    [
        ("", "", "en", "Stop this kind of notice"),
        ("de-AT,de;q=0.9,en;q=0.5", "", "de", "Diese Art von Mitteilung abbestellen"),
        ("fr", "", "fr", "Arrêter ce type de message"),
        ("es-MX", "", "es", "Cancelar este tipo de aviso"),
        ("ja", "", "en", "Stop this kind of notice"),
        ("de", "?language=es", "es", "Cancelar este tipo de aviso"),
        ("de", "?language=xx", "de", "Diese Art von Mitteilung abbestellen"),
    ],
)
def test_the_page_speaks_the_readers_language(post: Post, accepted: str, asked: str, language: str, words: str) -> None:
    answer = requests.get(post.url(0) + asked, headers={"Accept-Language": accepted}, timeout=PATIENCE)
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["Content-Language"] == language
    assert words in answer.text
    assert ("Rendez-vous" in answer.text) == (language == "fr")


def test_the_language_chosen_for_the_reader_goes_before_the_browsers(post: Post) -> None:
    sealer = LinkSealer(link_keys([SECRET_KEY]).current, post.workspace_id)
    for is_own, language in ((True, "fr"), (False, "de")):
        token = sealer.seal(post.messages[0].reference, "p0@example.com", "fr-CA", is_own_language=is_own)
        answer = requests.get(f"{post.base}/u/{token}", headers={"Accept-Language": "de"}, timeout=PATIENCE)
        assert answer.headers["Content-Language"] == language


def test_after_unsubscribing_people_may_say_why_and_nobody_learns_who(post: Post) -> None:
    url = post.url(0)
    press(url, do="answer", reason="too_many", words="early")
    with post.database.reading() as session:
        assert session.scalars(select(OptOutAnswer)).all() == [], "only those who unsubscribed are asked"
    assert "Why, if you like to say" in press(url, do="stop-kind")
    missing = requests.post(url, data={"do": "answer", "words": "kept"}, timeout=PATIENCE)
    assert missing.status_code == 422
    assert "Choose one of the answers first." in missing.text
    assert "kept</textarea>" in missing.text
    for words in ("first", "  a second\nthought " + "x" * 700):
        assert "Thank you." in press(url, do="answer", reason="other", words=words)
    with post.database.reading() as session:
        answer = session.scalars(select(OptOutAnswer)).one()
    assert answer.words.startswith("a second thought xxx")
    assert len(answer.words) == 500
    assert answer.topic_id == post.topic.id
    assert "p0@example.com" not in repr(vars(answer))


def test_a_page_holds_no_address_back_for_others_to_see(post: Post) -> None:
    for answer in (requests.get(post.url(0), timeout=PATIENCE), one_click(post.url(0))):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    page = requests.get(post.url(0), timeout=PATIENCE).text
    assert "<script" not in page
    assert not re.search(r"\sstyle=|https?://", page), "nothing is loaded from elsewhere"


def test_the_log_of_the_real_server_holds_no_key_and_no_address(post: Post, settings: Settings) -> None:
    with RunningWeb(settings) as web:
        url = post.url(0).replace(post.base, web.url)
        assert requests.get(url, timeout=PATIENCE).ok
        assert one_click(url).status_code == 200
    assert post.out_of_kind() == ["p0@example.com"]
    assert url.rpartition("/")[2] not in web.words
    assert "p0@example.com" not in web.words


def test_a_half_sent_request_holds_nobody_up(post: Post) -> None:
    with socket.create_connection(("127.0.0.1", int(post.base.rpartition(":")[2])), timeout=5) as slow:
        path = post.url(0).removeprefix(post.base)
        slow.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 26\r\n\r\nList-".encode()
        )
        assert one_click(post.url(1)).status_code == 200
    assert post.out_of_kind() == ["p1@example.com"]
