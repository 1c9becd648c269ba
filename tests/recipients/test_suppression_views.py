"""The pages of suppressions: looking, adding, changing, taking away; by role, and in two windows."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database, now
from app.people.models import Connection, Person, Workspace
from app.recipients.models import Conflict, Handing, Suppression, SuppressionReason
from app.recipients.suppressions.listing import Wanted, ago_words, entries
from app.recipients.suppressions.models import SuppressionRules, SuppressionSync
from app.recipients.unsubscribing.topics import add_topic, stop_topic, stopped_topics
from tests.conftest import signed_in
from tests.recipients.files.making import ods, xlsx
from tests.recipients.test_suppressions import ours, theirs
from tests.statements import statements


def all_of(database: Database) -> list[Suppression]:
    with database.reading() as session:
        return list(session.scalars(select(Suppression).order_by(Suppression.email_key)))


def refresh(session: Session, row: object) -> None:
    """Read a row anew, and hold nothing that a view must wait for."""
    session.refresh(row)
    session.commit()


def test_both_lists_stand_on_one_page_and_can_be_searched_and_filtered(
    client: FlaskClient, session: Session, actor: Person
) -> None:
    ours(session, actor.workspace_id, "anna@example.net", SuppressionReason.OPT_OUT)
    ours(session, actor.workspace_id, "ben@example.net", SuppressionReason.BOUNCE, note="550 no such user")
    theirs(session, actor.workspace_id, "ben@example.net", scope_type="sending_domain", scope_value="example.com")
    theirs(session, actor.workspace_id, "cleo@example.net", reason="policy", read_only=True)
    session.commit()
    page = client.get("/suppressions").text
    for words in ("anna@example.net", "550 no such user", "e-mail from example.com", "Cannot be changed", "for ever"):
        assert words in page
    only = client.get("/suppressions?reason=bounce").text
    assert only.count("ben@example.net</a>") == 2 and "anna@" not in only
    assert client.get("/suppressions?source=theirs&q=BEN").text.count("ben@example.net</a>") == 1
    assert "Nothing found" in client.get("/suppressions?q=nobody").text
    assert "No more addresses" in client.get("/suppressions?after=theirs:9:zz").text
    assert client.get("/suppressions?after=%00&reason=x&source=y").status_code == 200


def test_paging_by_key_shows_every_entry_once(session: Session, actor: Person) -> None:
    for number in range(25):
        ours(session, actor.workspace_id, f"p{number:02}@example.net", SuppressionReason.BY_HAND)
        theirs(session, actor.workspace_id, f"p{number:02}@example.net", vendor_id=f"a{number}")
        theirs(
            session,
            actor.workspace_id,
            f"p{number:02}@example.net",
            vendor_id=f"b{number}",
            scope_type="sending_domain",
            scope_value="example.com",
        )
    kinds = [add_topic(session, actor, {"en": (name, "")}) for name in ("Visits", "Parking")]
    for number in range(0, 25, 2):
        for kind in kinds:
            stop_topic(session, kind, f"P{number:02}@example.net")
    seen, after = [], ""
    while page := entries(session, actor, Wanted(), after=after, limit=7):
        seen += [(one.email_key, one.source, one.id) for one in page]
        after = page[-1].place
    assert len(seen) == len(set(seen)) == 75 + 2 * 13
    assert seen == sorted(seen)


def test_who_stopped_one_kind_of_notice_is_listed_with_its_scope(
    client: FlaskClient, staff_client: FlaskClient, session: Session, actor: Person
) -> None:
    hours = add_topic(session, actor, {"en": ("Opening hours", ""), "de": ("Öffnungszeiten", "")})
    stop_topic(session, hours, "Cy@example.net")
    ours(session, actor.workspace_id, "dan@example.net", SuppressionReason.OPT_OUT)
    theirs(session, actor.workspace_id, "eve@example.net")
    session.commit()
    for query in ("", "?q=cy", "?reason=of_kind", "?source=ours", "?q=CY&source=ours&reason=of_kind"):
        page = client.get(f"/suppressions{query}").text
        assert "Unsubscribed from “Opening hours”" in page, query
        assert "e-mails of the kind “Opening hours”" in page, query
    for query in ("?reason=opt_out", "?source=theirs", "?conflicts=1", "?q=d"):
        assert "Cy@example.net" not in client.get(f"/suppressions{query}").text, query
    only = client.get("/suppressions?reason=of_kind").text
    assert "dan@" not in only and "eve@" not in only
    rows = list(csv.reader(io.StringIO(client.get("/suppressions/download.csv?q=cy").text.removeprefix("\ufeff"))))
    assert rows[1][:4] == [
        *("Postroom", "Cy@example.net"),
        *("Unsubscribed from “Opening hours”", "e-mails of the kind “Opening hours”"),
    ]
    page = staff_client.get("/suppressions/address?email=cy@example.net").text
    assert "Unsubscribed from “Opening hours”" in page and "Nothing speaks against it" not in page
    assert "only an administrator takes this away" in page and "Take away" not in page


def test_an_administrator_lets_a_person_get_a_kind_of_notice_again(
    client: FlaskClient, staff_client: FlaskClient, session: Session, actor: Person
) -> None:
    kinds = [add_topic(session, actor, {"en": (name, "")}) for name in ("Visits", "Parking")]
    for kind in kinds:
        stop_topic(session, kind, "Cy@example.net")
    session.commit()
    page = client.get("/suppressions/address?email=CY@example.net").text
    first, second = dict.fromkeys(re.findall(r"/suppressions/stopped/\d+/remove", page))
    assert "Has the person asked for e-mail again?" in page and "1 person, Cy@example.net, gets this kind" in page
    assert staff_client.post(first).status_code == 403
    assert len(topics_stopped(session, actor)) == 2
    answer = client.post(first, follow_redirects=True)
    assert "Cy@example.net may be written to again. Gets no e-mails of the kind “Parking”." in answer.text
    answer = client.post(second, follow_redirects=True)
    assert "Cy@example.net may be written to again." in answer.text and "Nothing speaks against it" in answer.text
    assert topics_stopped(session, actor) == []
    assert client.post(second).status_code == 404, "another window was first"


def topics_stopped(session: Session, actor: Person) -> list[str]:
    """The kinds that Cy stopped; holds nothing that a view must wait for."""
    found = [one.name for one in stopped_topics(session, actor.workspace_id, "cy@example.net")]
    session.commit()
    return found


def test_the_list_asks_no_more_for_more_rows(client: FlaskClient, session: Session, actor: Person) -> None:
    kind = add_topic(session, actor, {"en": ("Visits", "")})

    def grow(numbers: range) -> int:
        for number in numbers:
            stop_topic(session, kind, f"p{number}@example.net")
            ours(session, actor.workspace_id, f"p{number}@example.net", SuppressionReason.OPT_OUT)
        session.commit()
        with statements() as seen:
            assert f"p{numbers[-1]}@example.net" in client.get("/suppressions").text
        return len(seen)

    assert grow(range(2)) == grow(range(2, 20))


def test_the_download_runs_no_formula_and_holds_what_was_filtered(
    client: FlaskClient, session: Session, actor: Person
) -> None:
    ours(session, actor.workspace_id, "anna@example.net", SuppressionReason.BY_HAND, note="=1+1")
    theirs(session, actor.workspace_id, "ben@example.net", note="@SUM(A1)")
    session.commit()
    rows = list(csv.reader(io.StringIO(client.get("/suppressions/download.csv").text.removeprefix("\ufeff"))))
    assert [row[:2] for row in rows] == [
        ["list", "email"],
        ["Postroom", "anna@example.net"],
        ["Cloudflare", "ben@example.net"],
    ]
    assert rows[1][6] == "'=1+1" and rows[2][6] == "'@SUM(A1)"
    assert "ben@" not in client.get("/suppressions/download.csv?source=ours").text


def test_adding_one_by_hand(client: FlaskClient, database: Database, actor: Person) -> None:
    answer = client.post(
        "/suppressions/add", data={"email": " Anna@example.net ", "note": "Moved away", "until": "2031-05-31"}
    )
    assert answer.status_code == 302
    (row,) = all_of(database)
    assert (row.email, row.note, row.reason, row.added_by) == ("Anna@example.net", "Moved away", "by_hand", actor.id)
    assert row.until is not None and f"{row.until:%Y-%m-%d}" == "2031-06-01", "the last day counts whole"
    again = client.post("/suppressions/add", data={"email": "anna@example.net", "note": "x"})
    assert again.status_code == 422 and "added by hand already" in again.text and 'value="x"' in again.text
    assert '<a href="/suppressions/address?email=Anna@example.net">' in again.text
    for data, words in (
        ({"email": "no address"}, "has an @ in it"),
        ({"email": ""}, "Enter the e-mail address."),
        ({"email": "b@example.net", "until": "2001-01-01"}, "This day is over."),
        ({"email": "b@example.net", "until": "tomorrow"}, "Not a valid date"),
        ({"email": "b@example.net", "note": "x" * 1001}, "1000"),
    ):
        wrong = client.post("/suppressions/add", data=data)
        assert wrong.status_code == 422 and words in wrong.text, (data, wrong.text)
    assert len(all_of(database)) == 1


def test_one_that_ended_may_be_added_anew(client: FlaskClient, session: Session, actor: Person) -> None:
    row = ours(session, actor.workspace_id, "a@example.net", SuppressionReason.BY_HAND, until=now() - timedelta(days=1))
    session.commit()
    assert client.post("/suppressions/add", data={"email": "A@example.net"}).status_code == 302
    refresh(session, row)
    assert row.until is None


@pytest.mark.parametrize(
    ("pasted", "added", "bad"),
    [
        ("anna@example.net", ["anna@example.net"], 0),
        ("anna@example.net\nben@example.net\n", ["anna@example.net", "ben@example.net"], 0),
        ("anna@example.net\nno address\nanna@example.net\n", ["anna@example.net"], 2),
        ("E-mail;Note\nanna@example.net;Moved\n", ["anna@example.net"], 0),
        ("anna@example.net;Anna\nben@example.net;Ben\n", ["anna@example.net", "ben@example.net"], 0),
    ],
)
def test_adding_many_from_a_paste(
    client: FlaskClient, database: Database, pasted: str, added: list[str], bad: int
) -> None:
    answer = client.post("/suppressions/add-many", data={"pasted": pasted, "note": "From the old system"})
    assert answer.status_code == 200, answer.text
    assert [row.email for row in all_of(database)] == added
    assert {row.reason for row in all_of(database)} == {SuppressionReason.IMPORTED}
    assert {row.note for row in all_of(database)} <= {"From the old system", "Moved"}
    assert ("not added" in answer.text) == bool(bad)
    assert f"{len(added)} address" in answer.text


BARE = [["anna@example.net"], ["ben@example.net"]]
NOTED = [["E-mail", "Note"], ["anna@example.net", "Moved"], ["ben@example.net", "Moved"]]
FILES: dict[str, tuple[str, bytes]] = {
    "workbook": ("no.xlsx", xlsx(*NOTED)()),
    "workbook without names": ("no.xlsx", xlsx(*BARE)()),
    "OpenDocument": ("no.ods", ods(("People", NOTED))()),
    "OpenDocument without names": ("no.ods", ods(("People", BARE))()),
    "Mac line ends": ("no.csv", b"E-mail,Note\ranna@example.net,Moved\rben@example.net,Moved\r"),
    "Mac line ends without names": ("no.csv", b"anna@example.net\rben@example.net\r"),
    "UTF-16": ("no.csv", "E-mail\tNote\r\nanna@example.net\tMoved\r\nben@example.net\tMoved\r\n".encode("utf-16")),
    "UTF-16 without names": ("no.csv", "anna@example.net\r\nben@example.net\r\n".encode("utf-16")),
    "semicolons": ("no.csv", b"E-mail;Note\r\nanna@example.net;Moved\r\nben@example.net;Moved\r\n"),
    "semicolons without names": ("no.csv", b"Anna;anna@example.net\r\nBen;ben@example.net\r\n"),
    "address cards": (
        "no.vcf",
        b"".join(
            b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:%b\r\nEMAIL:%b@example.net\r\nEND:VCARD\r\n" % (one, one)
            for one in (b"anna", b"ben")
        ),
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_adding_many_from_every_kind_of_file(client: FlaskClient, database: Database, kind: str) -> None:
    name, content = FILES[kind]
    page = client.get("/suppressions/add-many").text
    assert "Spreadsheet or CSV file" in page
    answer = client.post("/suppressions/add-many", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 200, answer.text
    assert "not added" not in answer.text
    assert [(row.email, row.note) for row in all_of(database)] == [
        (email, "Moved" if b"Moved" in content or kind in {"workbook", "OpenDocument", "UTF-16"} else "")
        for email in ("anna@example.net", "ben@example.net")
    ]


def test_a_bad_row_under_bare_addresses_is_named_by_its_own_line(client: FlaskClient, database: Database) -> None:
    answer = client.post("/suppressions/add-many", data={"pasted": "anna@example.net\nno address\n"})
    assert '<td class="numeric" data-label="Line">2</td>' in answer.text


def test_adding_many_counts_who_was_there_and_can_be_undone(
    client: FlaskClient, session: Session, database: Database, actor: Person
) -> None:
    ours(session, actor.workspace_id, "anna@example.net", SuppressionReason.IMPORTED)
    session.commit()
    file = (io.BytesIO(b"Email\nanna@example.net\nben@example.net\ncleo@example.net\n"), "old.csv")
    answer = client.post("/suppressions/add-many", data={"file": file}, content_type="multipart/form-data")
    assert "2 addresses added" in answer.text and "1 address was there already" in answer.text
    batch = answer.text.split('name="batch" value="')[1].split('"')[0]
    assert client.post("/suppressions/undo", data={"batch": batch}).status_code == 302
    assert [row.email for row in all_of(database)] == ["anna@example.net"]
    assert "Nothing is left" in client.post("/suppressions/undo", data={"batch": batch}, follow_redirects=True).text


def test_a_file_without_addresses_says_so(client: FlaskClient, database: Database) -> None:
    for data in ({"pasted": ""}, {"pasted": "Name\nAnna\n"}, {"pasted": "a\0b"}):
        answer = client.post("/suppressions/add-many", data=data)
        assert answer.status_code == 422 and "error" in answer.text
    assert all_of(database) == []


def test_changing_note_and_end(client: FlaskClient, session: Session, actor: Person) -> None:
    row = ours(session, actor.workspace_id, "a@example.net", SuppressionReason.BOUNCE, handed_at=now())
    out = ours(session, actor.workspace_id, "b@example.net", SuppressionReason.OPT_OUT)
    session.add(SuppressionSync(workspace_id=actor.workspace_id))
    session.commit()
    answer = client.post(f"/suppressions/ours/{row.id}/change", data={"note": "Full mailbox", "until": "2031-01-01"})
    assert answer.status_code == 302
    refresh(session, row)
    assert row.note == "Full mailbox" and row.until is not None
    assert row.handed_at is None, "the next sync tells Cloudflare"
    wrong = client.post(f"/suppressions/ours/{out.id}/change", data={"note": "", "until": "2031-01-01"})
    assert wrong.status_code == 422 and "Whoever unsubscribed decides alone" in wrong.text
    page = client.get("/suppressions/address?email=a@example.net").text
    assert 'value="2031-01-01"' in page, "the last day as it was typed"


def test_only_administrators_let_a_complaint_end(
    client: FlaskClient, staff_client: FlaskClient, session: Session, actor: Person
) -> None:
    row = ours(session, actor.workspace_id, "a@example.net", SuppressionReason.COMPLAINT)
    session.commit()
    url = f"/suppressions/ours/{row.id}/change"
    assert 'name="until"' not in staff_client.get("/suppressions/address?email=a@example.net").text
    refused = staff_client.post(url, data={"note": "By telephone", "until": "2031-01-01"})
    assert refused.status_code == 422 and "Only an administrator sets a last day" in refused.text
    refresh(session, row)
    assert row.until is None and row.note == ""
    assert client.post(url, data={"note": "", "until": "2031-01-01"}).status_code == 302
    assert staff_client.post(url, data={"note": "By telephone"}).status_code == 302
    refresh(session, row)
    assert row.until is not None and row.note == "By telephone", "a note changes no day"


@pytest.mark.parametrize(
    ("method", "address", "data"),
    [
        ("GET", "/suppressions?after=ours:999999999999999999:x", {}),
        ("GET", "/suppressions?after=theirs:2147483648:x&q=%00&reason=%00&source=%00", {}),
        ("GET", "/suppressions/address?email=%00", {}),
        ("GET", "/suppressions/bad-addresses?after=%00&q=%00&state=%00", {}),
        ("GET", "/settings/unsubscribing/", {}),
        ("GET", "/u/logo/%00", {}),
        ("POST", "/suppressions/undo", {"batch": "\0"}),
        ("POST", "/suppressions/add", {"email": "a\0@example.net", "note": "\0"}),
        ("POST", "/suppressions/add", {"email": "a@example.net", "until": "9999-12-31"}),
        ("POST", "/suppressions/add", {"email": "a@example.net", "until": "1999-12-31"}),
        ("POST", "/suppressions/add-many", {"pasted": "a\0@example.net\nb@example.net", "note": "\0"}),
        ("POST", "/suppressions/add-many", {"pasted": "email,note\na\0@example.net,x\nb@example.net,y\0z"}),
        ("POST", "/settings/unsubscribing/by-hand", {"addresses": "a\0@example.net", "topic": "999999999999"}),
        ("POST", "/settings/unsubscribing/by-hand/undo", {"batch": "\0"}),
        ("POST", "/settings/unsubscribing/mailbox", {"mailbox": "a\0@example.net"}),
        ("POST", "/settings/unsubscribing/look", {"colour": "\0", "no_logo": "\0"}),
        ("POST", "/settings/unsubscribing/kinds/new", {"name_en": "A\0", "sentence_en": "\0"}),
    ],
)
def test_odd_values_are_no_outage(client: FlaskClient, method: str, address: str, data: dict[str, str]) -> None:
    """A number beyond 32 bits, and the one sign that PostgreSQL takes in no text; a year that means nothing."""
    assert client.open(address, method=method, data=data).status_code < 500


def test_taking_away_asks_in_words_and_says_what_is_left(client: FlaskClient, session: Session, actor: Person) -> None:
    row = ours(session, actor.workspace_id, "a@example.net", SuppressionReason.BOUNCE)
    ours(session, actor.workspace_id, "a@example.net", SuppressionReason.BY_HAND)
    session.commit()
    assert (
        "1 person, a@example.net, may be written to again"
        in client.get("/suppressions/address?email=A@example.net").text
    )
    answer = client.post(f"/suppressions/ours/{row.id}/remove", follow_redirects=True)
    assert "a@example.net still gets no e-mail: added by hand." in answer.text
    assert client.post(f"/suppressions/ours/{row.id}/remove").status_code == 404, "another window was first"


@pytest.mark.parametrize("reason", [SuppressionReason.OPT_OUT, SuppressionReason.COMPLAINT])
def test_what_the_person_said_is_taken_away_by_an_administrator_only(
    client: FlaskClient, staff_client: FlaskClient, session: Session, actor: Person, reason: SuppressionReason
) -> None:
    row = ours(session, actor.workspace_id, "a@example.net", reason)
    session.commit()
    page = staff_client.get("/suppressions/address?email=a@example.net").text
    assert "only an administrator takes this away" in page and "Take away now" not in page
    answer = staff_client.post(f"/suppressions/ours/{row.id}/remove")
    assert answer.status_code == 409 and "Nothing was changed." in answer.text
    assert client.post(f"/suppressions/ours/{row.id}/remove").status_code == 302
    with_notes = session.scalars(
        select(AuditEntry.words).where(AuditEntry.action == "suppression.removed").order_by(AuditEntry.id)
    ).all()
    assert len(with_notes) == 1 and "a@example.net" not in with_notes[0]


def test_another_workspace_sees_and_changes_nothing(
    app: Flask, session: Session, actor: Person, client: FlaskClient
) -> None:
    other = Workspace(name="Other")
    session.add(other)
    session.flush()
    row = ours(session, other.id, "a@example.net", SuppressionReason.BY_HAND)
    their = theirs(session, other.id, "b@example.net")
    session.commit()
    assert "example.net" not in client.get("/suppressions").text
    assert "Nothing speaks against it" in client.get("/suppressions/address?email=a@example.net").text
    for path in (f"ours/{row.id}/remove", f"ours/{row.id}/change", f"theirs/{their.id}/remove"):
        assert client.post(f"/suppressions/{path}").status_code == 404


def test_a_conflict_is_settled_once(client: FlaskClient, session: Session, app: Flask, actor: Person) -> None:
    rows = {
        conflict: ours(
            session,
            actor.workspace_id,
            f"{conflict}@example.net",
            SuppressionReason.BY_HAND,
            conflict=conflict,
            handed_at=now(),
        )
        for conflict in Conflict
        if conflict
    }
    session.commit()
    page = client.get("/suppressions").text
    assert "Postroom and Cloudflare differ" in page and "gone_there@example.net" in page
    assert client.get("/suppressions?conflicts=1").text.count(">Differs<") == 3
    first, second = signed_in(app, actor), signed_in(app, actor)
    gone = rows[Conflict.GONE_THERE]
    assert "somebody took it away there" in client.get(f"/suppressions/address?email={gone.email}").text
    assert first.post(f"/suppressions/ours/{gone.id}/conflict", data={"choice": "again"}).status_code == 302
    late = second.post(f"/suppressions/ours/{gone.id}/conflict", data={"choice": "here_only"})
    assert late.status_code == 409 and "settled already" in late.text
    for conflict, choice, handing in (
        (Conflict.SCOPE_DIFFERS, "again", Handing.WHOLE_ACCOUNT),
        (Conflict.READ_ONLY_THERE, "here_only", Handing.HERE_ONLY),
    ):
        client.post(f"/suppressions/ours/{rows[conflict].id}/conflict", data={"choice": choice})
        refresh(session, rows[conflict])
        assert (rows[conflict].handing, rows[conflict].conflict) == (handing, Conflict.NONE)
    refresh(session, gone)
    assert (gone.handing, gone.handed_at, gone.conflict) == (Handing.WANTED, None, Conflict.NONE)


# The rules and the sync


def test_the_rules_are_changed_by_administrators_and_seen_by_all(
    client: FlaskClient, staff_client: FlaskClient, session: Session, actor: Person
) -> None:
    assert "Only an administrator can change the rules." in staff_client.get("/suppressions/rules").text
    data = {"adds_complaints": "y", "hands_over": ["opt_out", "imported"]}
    assert staff_client.post("/suppressions/rules", data=data).status_code == 403
    assert client.post("/suppressions/rules", data=data).status_code == 302
    rules = session.get_one(SuppressionRules, actor.workspace_id)
    session.commit()
    assert (rules.adds_bounces, rules.adds_complaints, rules.syncs) == (False, True, False)
    assert rules.hands_over == ["opt_out", "imported"]
    assert client.post("/suppressions/rules", data={"hands_over": "nonsense"}).status_code == 422


def test_without_a_connection_nothing_is_said_of_cloudflare(client: FlaskClient) -> None:
    page = client.get("/suppressions").text
    assert "Sync now" not in page and "Cloudflare's list" not in page.replace("&#39;", "'")
    answer = client.post("/suppressions/sync", follow_redirects=True)
    assert "not connected" in answer.text


def test_a_paused_sync_is_told_on_its_page_and_on_home_and_goes_on_when_asked(
    client: FlaskClient, session: Session, actor: Person, app: Flask
) -> None:
    from app.people.sealing import seal

    key = app.extensions["postroom"].settings.secret_key
    session.add(
        Connection(
            workspace_id=actor.workspace_id, account_id="a", token_sealed=seal("t", key), base_url="http://127.0.0.1:1"
        )
    )
    state = SuppressionSync(
        workspace_id=actor.workspace_id,
        account_id="a",
        is_paused=True,
        words="The token may not.",
        remedy="Give it more.",
        synced_at=now() - timedelta(minutes=12, seconds=5),
    )
    session.add(state)
    session.commit()
    for path in ("/suppressions", "/"):
        page = client.get(path).text
        assert "The token may not. Give it more." in page, path
    assert "Synced 12 minutes ago" in client.get("/suppressions").text
    assert client.post("/suppressions/sync").status_code == 302
    refresh(session, state)
    assert not state.is_paused and state.asked_at is not None
    part = client.get("/suppressions/sync", headers={"HX-Request": "true"}).text
    assert "Syncing" in part and 'hx-trigger="every 3s"' in part and "<html" not in part


def test_how_long_ago_in_words() -> None:
    at = now()
    assert ago_words(at) == "a moment ago"
    assert ago_words(at - timedelta(minutes=1, seconds=1)) == "1 minute ago"
    assert ago_words(at - timedelta(hours=3, minutes=59)) == "3 hours ago"
    assert ago_words(at - timedelta(days=1, hours=1)) == "1 day ago"
