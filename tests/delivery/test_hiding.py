"""Values hidden after sending: gone from the database as soon as an e-mail has its outcome, and nowhere shown again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.db import now
from app.emails.content import ALL_VALUES, Content
from app.emails.limits import LimitedRenderer
from app.refusals import Refused
from app.sends import control, deciding, hiding, results, retrying
from app.sends.deciding import Decision
from app.sends.looking import look_after
from app.sends.models import Message, Outcome, Send, SendKind, SendState
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator
from tests.statements import statements

HTML = "<p>Dear {{ name }} of {{ city }}, your code is {{ code }}.</p>"


def secret(number: int) -> dict[str, str]:
    return {"city": f"City {number}", "code": f"SECRET-{number}"}


def a_send(ground: Ground, emails: list[str], *, hides: list[str] | None = None, **fields: object) -> int:
    hides = ["code"] if hides is None else hides
    return ground.send(emails, html=HTML, data=secret, hides=hides, hide_at=now(), **fields)


def everywhere(ground: Ground) -> str:
    """All the rows of all tables, as text."""
    found = []
    with ground.database.engine.connect() as connection:
        for table in ("message", "send", "attempt", "audit_entry", "review_problem", "message_event"):
            found += [str(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
    return "\n".join(found)


def test_values_go_in_the_same_write_as_the_outcome(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = a_send(ground, [*people(5), "bounce-1@example.net", "queued-1@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    assert "SECRET" not in everywhere(ground)
    assert len(simulator.messages()) >= 5, "they did go out"
    for one in ground.messages(send_id):
        assert one.data == {"city": one.data["city"]}
        assert one.hidden_at is not None
        assert len(one.body_sha256) == 64


def test_all_values_may_be_hidden(ground: Ground) -> None:
    send_id = a_send(ground, people(2), hides=[ALL_VALUES], values={"closing": "SECRET too"})
    ground.deliver(send_id)
    hiding.hide_left(ground.database)
    assert "SECRET" not in everywhere(ground)
    assert all(one.data == {} for one in ground.messages(send_id))
    assert ground.the_send(send_id).hide_at is None, "nothing is left to look for"


def test_a_one_person_email_hides_the_values_of_its_send(ground: Ground) -> None:
    send_id = ground.send(
        ["anna@example.net"],
        html=HTML,
        data=lambda _: {},
        kind=SendKind.DIRECT,
        to=[["anna@example.net", "Anna"]],
        values={"code": "SECRET-1", "city": "Hull"},
        hides=["code"],
    )
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.the_send(send_id).values == {"city": "Hull"}


def test_a_send_that_hides_nothing_costs_no_statement_more_and_one_that_does_one(ground: Ground) -> None:
    counted = {}
    for hides in ([], ["code"]):
        send_id = a_send(ground, people(3, f"p{len(hides)}"), hides=hides)
        with statements() as said:
            ground.deliver(send_id)
        counted[len(hides)] = [one for one in said if "hidden_at=" in one.replace(" ", "")]
    assert counted[0] == []
    assert 1 <= len(counted[1]) <= 3, "one for each write of outcomes"


def test_what_failed_cannot_be_tried_again_and_says_so(ground: Ground, client: FlaskClient) -> None:
    email = "error-email.invalid@example.net"
    send_id = a_send(ground, [email])
    ground.deliver(send_id)
    message = ground.message(email)
    assert message.state is Outcome.REJECTED and "code" not in message.data
    with ground.database.writing() as session:
        upto = retrying.last_attempt(session)
        send = session.get_one(Send, send_id)
        assert retrying.reasons_of(session, send, Outcome.REJECTED) == []
        with pytest.raises(Refused):
            retrying.retry(
                session, ground.actor, send_id, Outcome.REJECTED, reasons=[message.reason], seen=1, upto=upto
            )
        session.rollback()
    assert "cannot be sent again" in client.get(f"/sends/{send_id}/messages/{message.id}").text
    assert "Begin a new send" in client.get(f"/sends/{send_id}/retry?group=rejected").text


def test_a_doubt_keeps_its_values_until_a_person_decides(ground: Ground) -> None:
    send_id = a_send(ground, ["drop-1@example.net"])
    ground.deliver(send_id)
    hiding.hide_left(ground.database)
    assert ground.message("drop-1@example.net").data["code"] == "SECRET-0", "it may have to be sent again"
    with ground.database.writing() as session:
        upto = retrying.last_attempt(session)
        deciding.decide(session, ground.actor, send_id, Decision.MARK_SENT, seen=1, upto=upto)
    hiding.hide_left(ground.database)
    assert "SECRET" not in everywhere(ground)


def test_a_doubt_sent_again_has_its_values_and_hides_them_then(ground: Ground) -> None:
    send_id = a_send(ground, ["anna@example.net"])
    with ground.database.writing() as session:
        session.execute(text("UPDATE message SET state = 'unknown'"))
        session.execute(text("UPDATE send_tally SET count = CASE WHEN outcome = 'unknown' THEN 1 ELSE 0 END"))
        session.execute(text("UPDATE send SET state = 'finished'"))
        upto = retrying.last_attempt(session)
    with ground.database.writing() as session:
        deciding.decide(session, ground.actor, send_id, Decision.SEND_AGAIN, seen=1, upto=upto)
    ground.deliver(send_id)
    assert ground.message("anna@example.net").state is Outcome.DELIVERED
    assert "SECRET" not in everywhere(ground)


def test_a_doubt_that_nobody_decides_loses_its_values_in_a_day(ground: Ground) -> None:
    send_id = a_send(ground, ["drop-1@example.net"])
    ground.deliver(send_id)
    with ground.database.writing() as session:
        session.get_one(Message, ground.message("drop-1@example.net").id).changed_at = now() - timedelta(hours=25)
        session.get_one(Send, send_id).hide_at = now()
    hiding.hide_left(ground.database)
    message = ground.message("drop-1@example.net")
    assert message.state is Outcome.UNKNOWN and message.hidden_at is not None
    with ground.database.writing() as session:
        upto = retrying.last_attempt(session)
        with pytest.raises(Refused):
            deciding.decide(session, ground.actor, send_id, Decision.SEND_AGAIN, seen=1, upto=upto)
        session.rollback()


def test_what_is_cancelled_or_left_out_hides_too(ground: Ground) -> None:
    send_id = a_send(ground, people(4), start_at=now() + timedelta(hours=1))
    with ground.database.writing() as session:
        control.cancel(session, ground.actor, send_id)
    hiding.hide_left(ground.database)
    assert "SECRET" not in everywhere(ground)
    assert ground.tally(send_id) == {Outcome.CANCELLED: 4}


def test_many_left_over_go_in_chunks(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hiding, "CHUNK", 3)
    send_id = a_send(ground, people(10), start_at=now() + timedelta(hours=1))
    with ground.database.writing() as session:
        control.cancel(session, ground.actor, send_id)
    hiding.hide_left(ground.database)
    assert all(one.hidden_at for one in ground.messages(send_id))


def test_pages_and_downloads_show_that_something_is_hidden(
    ground: Ground, client: FlaskClient, renderer: LimitedRenderer
) -> None:
    send_id = a_send(ground, ["anna@example.net"], columns=["city", "code"])
    ground.deliver(send_id)
    message = ground.message("anna@example.net")
    with ground.database.reading() as session:
        send = session.get_one(Send, send_id)
        look = look_after(session, renderer, send, message)
        assert look.request is not None and look.is_hidden and not look.is_proven
        assert "your code is [hidden]." in (look.request.html or "")
        rows = "".join(results.download(session, send))
    assert "City 0" in rows and "[hidden]" in rows and "SECRET" not in rows
    page = client.get(f"/sends/{send_id}/messages/{message.id}").text
    assert "[hidden]" in page and message.body_sha256 in page and "SECRET" not in page
    assert "The fingerprint differs" not in page
    everything = client.get("/sends/person/data.json?email=anna@example.net").json
    assert everything["emails"][0]["data"] == {"city": "City 0", "code": "[hidden]"}


def test_an_email_that_cannot_be_shown_with_marks_says_so_in_words(
    ground: Ground, renderer: LimitedRenderer, client: FlaskClient
) -> None:
    send_id = ground.send(
        ["anna@example.net"],
        html="<p>{% for one in codes %}{{ one.number }}{% endfor %}{{ day | date }}</p>",
        data=lambda _: {"codes": [{"number": "SECRET"}], "day": "2026-03-02"},
        hides=["codes", "day"],
    )
    ground.deliver(send_id)
    page = client.get(f"/sends/{send_id}/messages/{ground.message('anna@example.net').id}")
    assert page.status_code == 200 and "hidden after sending" in page.text and "SECRET" not in page.text


def test_content_keeps_its_mark_and_old_ones_have_none() -> None:
    marked = Content(hides=("code",))
    assert Content.from_json(marked.to_json()) == marked
    assert Content.from_json(Content().to_json()).hides == ()
