"""The list pages, path by path, as a browser without JavaScript asks for them."""

from __future__ import annotations

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import UPLOAD_LIMIT
from app.db import Database
from app.people.accounts import add_person
from app.people.models import Person, Role, Workspace
from app.recipients import lists, people, uploads
from app.recipients.checking import NewRecipient
from app.recipients.importing import understand
from app.recipients.models import ListUpload, RecipientList
from app.recipients.reading import MAX_UPLOAD, read_table
from app.sends.models import Send, SendKind, SendState
from tests.conftest import PASSWORD

GOOD = "email,name,First name\nann@example.com,Ann Okafor,Ann\nbo@example.com,Bo,Bo\n"
MIXED = "email,name\nann@example.com,Ann\nbad address,Bo\nANN@example.com,Ann\n"
TWO_COLUMNS = "Email,Work e-mail,City\nann@example.com,ann@example.org,Leeds\nbo@example.com,bo@example.org,York\n"


def upload_file(
    client: FlaskClient, content: str | bytes, *, name: str = "Members", file_name: str = "members.csv"
) -> str:
    """Upload a file; gives the address of its check page."""
    raw = content.encode() if isinstance(content, str) else content
    answer = client.post("/lists/new", data={"name": name, "file": (io.BytesIO(raw), file_name)})
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def words(text: str) -> str:
    """The page as a reader sees it: no tags, single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def saved_lists(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {one.name: one.recipient_count for one in session.scalars(select(RecipientList))}


@pytest.fixture
def list_id(database: Database, actor: Person) -> int:
    rows = [NewRecipient(f"p{n:03}@example.com", f"Person {n}", {"city": "=Leeds"}) for n in range(60)]
    with database.writing() as session:
        return lists.make_list(session, actor, name="Members", columns=["city"], people=rows).id


def test_the_empty_page_says_what_to_do(client: FlaskClient) -> None:
    page = client.get("/lists")
    assert page.status_code == 200
    assert "No lists yet" in page.text
    assert "Make the first list" in page.text


def test_a_file_is_checked_then_saved(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, GOOD)
    page = words(client.get(check).text)
    assert "2 people can be saved" in page
    assert "First name {{ first_name }}" in page
    assert "UTF-8 text with commas between the cells" in page
    assert "Save 2 people" in page
    assert saved_lists(database) == {}
    answer = client.post(f"{check}/save", data={"name": "Members"}, follow_redirects=True)
    assert "Saved “Members” with 2 people." in words(answer.text)
    assert "bo@example.com" in answer.text
    assert saved_lists(database) == {"Members": 2}


def test_a_paste_from_a_spreadsheet_works_too(client: FlaskClient) -> None:
    pasted = "Name\tMail\r\nOkafor, Ann\tann@example.com\r\n"
    answer = client.post("/lists/new", data={"name": "Pasted", "pasted": pasted}, follow_redirects=True)
    assert "with tabs between the cells" in words(answer.text)
    assert "Save 1 person" in words(answer.text)


def test_bad_rows_are_shown_with_line_and_reason_and_can_be_left_out(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, MIXED)
    page = words(client.get(check).text)
    assert "2 rows with a problem" in page
    assert "Leave out 2 rows and save 1 person" in page
    assert "4 The same address as in line 2." in page
    assert "email ANN@example.com" in page
    download = client.get(f"{check}/rows-with-problems.csv")
    table = read_table(download.data)
    assert table.header.cells == ["line in the file", "what is wrong", "email", "name"]
    assert [(row.cells[0], row.cells[2]) for row in table.rows] == [("3", "bad address"), ("4", "ANN@example.com")]
    client.post(f"{check}/save", data={"name": "Members"})
    assert saved_lists(database) == {"Members": 1}


def test_of_two_email_columns_the_person_chooses(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, TWO_COLUMNS)
    page = words(client.get(check).text)
    assert "Several columns have e-mail addresses" in page
    assert "Work e-mail (for example ann@example.org, bo@example.org)" in page
    assert "Save the list" not in page
    early = client.post(f"{check}/save", data={"name": "Members"})
    assert early.status_code == 422
    assert saved_lists(database) == {}
    for wrong in ({}, {"email_column": "2"}, {"email_column": "x"}, {"email_column": "-1"}):
        answer = client.post(f"{check}/email-column", data=wrong)
        assert answer.status_code == 422
        assert "Choose the column with the addresses to write to." in answer.text
    answer = client.post(f"{check}/email-column", data={"email_column": "1"}, follow_redirects=True)
    assert "Save 2 people" in words(answer.text)
    answer = client.post(f"{check}/save", data={"name": "Members"}, follow_redirects=True)
    assert "ann@example.org" in answer.text
    assert "ann@example.com" in answer.text, "the other column stays as data"


def test_saving_twice_makes_one_list_and_shows_it(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, GOOD)
    first = client.post(f"{check}/save", data={"name": "Members"})
    second = client.post(f"{check}/save", data={"name": "Members"})
    assert first.location == second.location
    assert saved_lists(database) == {"Members": 2}
    assert client.get(check).status_code == 404


def test_an_upload_survives_until_it_is_cancelled(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, GOOD)
    assert "An upload waits for your answer" in client.get("/lists").text
    assert client.get(check).text == client.get(check).text
    answer = client.post(f"{check}/cancel", follow_redirects=True)
    assert "No list was made" in answer.text
    assert "waits for your answer" not in answer.text
    assert client.post(f"{check}/cancel", follow_redirects=True).status_code == 200
    assert saved_lists(database) == {}
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ListUpload)) == 0


def test_a_taken_or_missing_name_is_asked_for_and_the_upload_stays(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    check = upload_file(client, GOOD)
    assert "There is a list with this name already" in client.get(check).text
    for name in ("Members", "", "x" * 201):
        answer = client.post(f"{check}/save", data={"name": name})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert f'value="{name}"' in answer.text
    assert client.post(f"{check}/save", data={"name": "New members"}).status_code == 302
    assert saved_lists(database) == {"Members": 60, "New members": 2}


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"name": "A", "pasted": ""}, "Choose a CSV file, or paste rows below."),
        ({"name": "", "pasted": GOOD}, "Give the list a name."),
        ({"name": "A", "pasted": "name,city\nAnn,Leeds\n"}, "No column with e-mail addresses was found."),
        ({"name": "A", "pasted": "email,name\n"}, "nobody under it"),
        ({"name": "A", "pasted": "ann@example.com\nbo@example.com"}, "The first row seems to be a person already."),
        ({"name": "x" * 300, "pasted": GOOD}, "200 characters"),
        ({"name": "A", "pasted": 'email,name\nann@example.com,"Ann'}, "never closed"),
    ],
)
def test_a_bad_paste_is_answered_beside_its_field_and_kept(
    client: FlaskClient, data: dict[str, str], wrong: str
) -> None:
    answer = client.post("/lists/new", data=data)
    assert answer.status_code == 422
    assert wrong in answer.text
    assert f'value="{data["name"]}"' in answer.text
    shown = answer.text.replace("&#34;", '"')
    assert data["pasted"].strip() in shown


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "There is nothing in it"),
        (b"%PDF-1.7", "This is a PDF, not a CSV file."),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml" + b"xl/workbook.xml", "CSV UTF-8"),
        (b"email\nann@example.com\0\n", "NUL character"),
        (b"email\n" + b"x" * MAX_UPLOAD, "larger than 10 MiB"),
    ],
)
def test_a_bad_file_is_answered_beside_its_field(client: FlaskClient, content: bytes, wrong: str) -> None:
    answer = client.post("/lists/new", data={"name": "Kept name", "file": (io.BytesIO(content), "x.csv")})
    assert answer.status_code == 422
    assert wrong in answer.text
    assert "Kept name" in answer.text


def test_a_request_beyond_every_limit_is_refused_with_words(client: FlaskClient) -> None:
    answer = client.post("/lists/new", data={"name": "A", "file": (io.BytesIO(b"x" * (UPLOAD_LIMIT + 1)), "x.csv")})
    assert answer.status_code == 413
    assert "10 MiB" in answer.text


def test_a_file_and_a_paste_at_once_is_a_question(client: FlaskClient) -> None:
    data = {"name": "A", "file": (io.BytesIO(GOOD.encode()), "x.csv"), "pasted": MIXED}
    answer = client.post("/lists/new", data=data)
    assert answer.status_code == 422
    assert "There are a file and pasted rows." in answer.text
    assert "bad address,Bo" in answer.text


def test_lists_are_found_by_name_and_paged(client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        for number in range(30):
            lists.make_list(session, actor, name=f"List {number:02}", columns=[], people=[])
    first = client.get("/lists").text
    assert "List 29" in first
    assert "List 04" not in first
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    second = client.get(following[1].replace("&amp;", "&")).text
    assert "List 04" in second
    assert "List 29" not in second
    assert 'rel="next"' not in second
    found = words(client.get("/lists?q=LIST+07").text)
    assert "List 07" in found
    assert "List 08" not in found
    assert "No list found" in client.get("/lists?q=100%25").text


def test_people_are_searched_and_paged(client: FlaskClient, list_id: int) -> None:
    first = client.get(f"/lists/{list_id}").text
    assert "60 people" in first
    assert "p049@example.com" in first
    assert "p050@example.com" not in first
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    assert "p059@example.com" in client.get(following[1].replace("&amp;", "&")).text
    found = client.get(f"/lists/{list_id}?q=P007").text
    assert "p007@example.com" in found
    assert "p008@example.com" not in found
    assert "Nobody found" in client.get(f"/lists/{list_id}?q=zzz%00").text


def test_the_download_can_be_opened_in_a_spreadsheet_and_imported_again(client: FlaskClient, list_id: int) -> None:
    answer = client.get(f"/lists/{list_id}/download.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=Members.csv"
    assert answer.data.startswith(b"\xef\xbb\xbfemail,name,city\r\n")
    assert b"p000@example.com,Person 0,'=Leeds" in answer.data
    again = understand(read_table(answer.data))
    assert len(again.people) == 60
    assert again.people[0] == NewRecipient("p000@example.com", "Person 0", {"city": "=Leeds"})


def test_a_person_is_added_changed_and_removed(client: FlaskClient, database: Database, list_id: int) -> None:
    assert client.get(f"/lists/{list_id}/people/new").status_code == 200
    given = {"email": "new@example.com", "name": "New", "column-city": "Hull"}
    assert client.post(f"/lists/{list_id}/people/new", data=given).status_code == 302
    with database.reading() as session:
        found = people.recipients_page(session, _person(database), list_id, search="new@")[0]
    assert found.data == {"city": "Hull"}
    page = f"/lists/{list_id}/people/{found.id}"
    assert 'value="Hull"' in client.get(page).text
    assert client.post(page, data={**given, "column-city": "York"}).status_code == 302
    assert 'value="York"' in client.get(page).text
    assert client.post(f"{page}/remove").status_code == 302
    assert client.get(page).status_code == 404
    assert saved_lists(database) == {"Members": 60}


def test_line_breaks_in_a_cell_survive_editing(client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        rows = [NewRecipient("ann@example.com", "Ann", {"note": "one\ntwo"})]
        made = lists.make_list(session, actor, name="Notes", columns=["note"], people=rows)
        one = people.recipients_page(session, actor, made.id)[0]
    page = f"/lists/{made.id}/people/{one.id}"
    assert "<textarea" in client.get(page).text
    client.post(page, data={"email": "ann@example.com", "name": "Ann", "column-note": "one\r\ntwo\r\nthree"})
    with database.reading() as session:
        assert people.find_recipient(session, actor, made.id, one.id).data == {"note": "one\ntwo\nthree"}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"email": "no address"}, "is not an e-mail address"),
        ({"email": "P001@example.com"}, "Somebody with this address is in the list already."),
        ({"email": ""}, "Enter the person&#39;s e-mail address."),
        ({"column-city": "x" * 10_001}, "10,000 are the most"),
    ],
)
def test_a_bad_person_is_answered_beside_the_field_and_kept(
    client: FlaskClient, list_id: int, change: dict[str, str], wrong: str
) -> None:
    given = {"email": "new@example.com", "name": "Kept name", "column-city": "Kept city", **change}
    answer = client.post(f"/lists/{list_id}/people/new", data=given)
    assert answer.status_code == 422
    assert wrong in answer.text
    assert 'aria-invalid="true"' in answer.text
    for value in given.values():
        assert value in answer.text


def test_a_list_is_renamed_and_deleted_after_naming_its_people(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    answer = client.post(f"/lists/{list_id}/rename", data={"name": " "})
    assert answer.status_code == 422
    assert "Give the list a name." in answer.text
    assert client.post(f"/lists/{list_id}/rename", data={"name": "All members"}).status_code == 302
    page = words(client.get(f"/lists/{list_id}").text)
    assert "This deletes the list “All members” with its 60 people. It cannot be undone." in page
    answer = client.post(f"/lists/{list_id}/delete", follow_redirects=True)
    assert "The list “All members” is deleted." in answer.text
    assert saved_lists(database) == {}


@pytest.mark.parametrize("state", [SendState.DRAFT, SendState.SCHEDULED, SendState.SENDING, SendState.PAUSED])
def test_a_list_of_an_unfinished_send_is_not_deleted(
    client: FlaskClient, database: Database, actor: Person, list_id: int, state: SendState
) -> None:
    with database.writing() as session:
        send = Send(workspace_id=actor.workspace_id, kind=SendKind.LIST, state=state, list_id=list_id)
        session.add(send)
    answer = client.post(f"/lists/{list_id}/delete")
    assert answer.status_code == 409
    assert "An unfinished send uses this list." in answer.text
    assert saved_lists(database) == {"Members": 60}
    with database.writing() as session:
        session.merge(send).state = SendState.FINISHED
    assert client.post(f"/lists/{list_id}/delete").status_code == 302


def test_another_department_gets_404_everywhere(client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        other = Workspace(name="Another department")
        session.add(other)
        session.flush()
        zoe = add_person(
            session, other, email="zoe@example.org", name="Zoe", password=PASSWORD, role=Role.ADMINISTRATOR
        )
        theirs = lists.make_list(session, zoe, name="Theirs", columns=[], people=[NewRecipient("x@example.com")])
        one = people.recipients_page(session, zoe, theirs.id)[0]
        upload = uploads.keep_upload(session, zoe, list_name="Up", content=b"email\nann@example.com\n")
    page, waiting = f"/lists/{theirs.id}", f"/lists/uploads/{upload.id}"
    for address in (page, f"{page}/download.csv", f"{page}/people/new", f"{page}/people/{one.id}"):
        assert client.get(address).status_code == 404, address
    for address in (waiting, f"{waiting}/rows-with-problems.csv"):
        assert client.get(address).status_code == 404, address
    new = {"name": "Mine", "email": "y@example.com", "email_column": "0"}
    for address in ("rename", "delete", "people/new", f"people/{one.id}", f"people/{one.id}/remove"):
        assert client.post(f"{page}/{address}", data=new).status_code == 404, address
    for address in ("email-column", "save"):
        assert client.post(f"{waiting}/{address}", data=new).status_code == 404, address
    client.post(f"{waiting}/cancel")
    assert "Theirs" not in client.get("/lists").text
    assert saved_lists(database) == {"Theirs": 1}
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ListUpload)) == 1


def test_every_page_needs_a_sign_in(anonymous_client: FlaskClient, list_id: int) -> None:
    for address in ("/lists", "/lists/new", f"/lists/{list_id}", f"/lists/{list_id}/download.csv"):
        answer = anonymous_client.get(address)
        assert (answer.status_code, answer.location.split("?")[0]) == (302, "/sign-in"), address


def _person(database: Database) -> Person:
    with database.reading() as session:
        return session.scalars(select(Person).order_by(Person.id)).one()


@pytest.mark.parametrize("number", ["99999999999", "99999999999999999999999"])
def test_a_made_up_number_is_no_error(client: FlaskClient, list_id: int, number: str) -> None:
    for address in (f"/lists/{number}", f"/lists/uploads/{number}", f"/lists/{list_id}/people/{number}"):
        assert client.get(address).status_code == 404, address
    for address in (f"/lists?before={number}", "/lists?before=-1", "/lists?before=x", f"/activity?before={number}"):
        assert client.get(address).status_code == 200, address
