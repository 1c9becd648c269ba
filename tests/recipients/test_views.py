"""The list pages, path by path, as a browser without JavaScript asks for them."""

from __future__ import annotations

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.db import Database
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients import lists, people
from app.recipients.checking import NewRecipient
from app.recipients.files.reading import MAX_UPLOAD
from app.recipients.imports import uploads
from app.recipients.imports.job import open_imports, run_import
from app.recipients.models import ListUpload, Recipient, RecipientList, SuppressionReason
from app.recipients.suppressions.who import suppress
from app.recipients.unsubscribing.topics import add_topic, stop_topic
from app.sends.models import Send, SendKind, SendState
from tests.conftest import PASSWORD
from tests.factories import a_template_version
from tests.recipients.imports import read_table, understand

GOOD = "email,name,First name\nann@example.com,Ann Okafor,Ann\nbo@example.com,Bo,Bo\n"
MIXED = "email,name\nann@example.com,Ann\nbad address,Bo\nANN@example.com,Ann\n"
TWO_COLUMNS = "Email,Work e-mail,City\nann@example.com,ann@example.org,Leeds\nbo@example.com,bo@example.org,York\n"


def upload_file(
    client: FlaskClient,
    content: str | bytes,
    *,
    database: Database,
    name: str = "Members",
    file_name: str = "members.csv",
    to: str = "/lists/new",
) -> str:
    """Upload a file and let it be read; gives the address of its check page."""
    raw = content.encode() if isinstance(content, str) else content
    answer = client.post(to, data={"name": name, "file": (io.BytesIO(raw), file_name)})
    assert answer.status_code == 302, answer.text
    work(database)
    return str(answer.location)


def work(database: Database) -> None:
    """Do what a worker does with uploads, until nothing is left to do."""
    with database.reading() as session:
        waiting = open_imports(session)
    for upload_id, _, _ in waiting:
        run_import(database, upload_id)


def post(client: FlaskClient, database: Database, url: str, **data: str) -> str:
    """Press a button of an upload's page, let the worker work, and give what the page says then."""
    answer = client.post(url, data=data)
    assert answer.status_code == 302, answer.text
    work(database)
    return words(client.get(answer.location).text)


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
    check = upload_file(client, GOOD, database=database)
    page = client.get(check).text
    assert 'value="first_name"' in page
    page = words(page)
    assert "2 people can be saved" in page
    assert "UTF-8 text with commas between the cells" in page
    assert "Save 2 people" in page
    assert saved_lists(database) == {}
    page = post(client, database, f"{check}/save", name="Members")
    assert "Saved “Members” The list has 2 people." in page
    assert saved_lists(database) == {"Members": 2}


def test_a_paste_from_a_spreadsheet_works_too(client: FlaskClient, database: Database) -> None:
    pasted = "Name\tMail\r\nOkafor, Ann\tann@example.com\r\n"
    page = post(client, database, "/lists/new", name="Pasted", pasted=pasted)
    assert "with tabs between the cells" in page
    assert "Save 1 person" in page


def test_bad_rows_are_shown_with_line_and_reason_and_can_be_left_out(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, MIXED, database=database)
    page = words(client.get(check).text)
    assert "2 rows with a problem" in page
    assert "Leave out 2 rows and save 1 person" in page
    assert "4 The same address as in line 2." in page
    assert "email ANN@example.com" in page
    download = client.get(f"{check}/rows-with-problems.csv")
    table = read_table(download.data, header_line=1)
    assert table.header.cells == ["line in the file", "what is wrong", "email", "name"]
    assert [(row.cells[0], row.cells[2]) for row in table.rows] == [("3", "bad address"), ("4", "ANN@example.com")]
    post(client, database, f"{check}/save", name="Members")
    assert saved_lists(database) == {"Members": 1}


def test_each_reader_gets_the_reasons_in_their_own_language(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, MIXED + "lee@gmial.com,\n", database=database)
    german = client.get(f"{check}/rows-with-problems.csv", headers={"Accept-Language": "de"})
    table = read_table(german.data, header_line=1)
    assert table.header.cells == ["Zeile in der Datei", "Was nicht stimmt", "email", "name"]
    assert table.rows[1].cells[1].startswith("Dieselbe Adresse wie in Zeile 2.")
    assert (
        "sieht nach einem Tippfehler für „gmail.com“ aus" in client.get(check, headers={"Accept-Language": "de"}).text
    )
    assert "looks like a slip for “gmail.com”" in client.get(check).text


def test_what_a_change_did_is_said_in_the_language_of_whoever_reads(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    post(client, database, f"/lists/{list_id}/bulk", all="yes", do="set", column="city", value="Hull")
    german = client.get(f"/lists/{list_id}/history", headers={"Accept-Language": "de"}).text
    assert "Spalte „city“ bei 60 Personen in „Members“ gesetzt" in german
    assert "Setzen der Spalte „city“" in german
    assert "Column “city” set for 60 people in “Members”" in client.get(f"/lists/{list_id}/history").text


def test_bad_rows_are_filtered_mended_and_kept(client: FlaskClient, database: Database) -> None:
    rows = "email,name\nann@gmial.com,Ann\nbo@gmial.com,Bo\nno address,Cy\n"
    check = upload_file(client, rows, database=database)
    only = client.get(f"{check}?kind=slip").text
    assert 'id="row-2"' in only
    assert 'id="row-4"' not in only
    form = client.get(f"{check}/rows/4").text
    assert 'value="no address"' in form
    assert "Line 4 is still bad" in post(client, database, f"{check}/rows/4", **{"cell-0": "still none"})
    assert "Line 4 is good now." in post(client, database, f"{check}/rows/4", **{"cell-0": "cy@example.com"})
    assert "Line 2 is good now." in post(client, database, f"{check}/rows/2", **{"cell-0": "ann@gmail.com"})
    assert "Line 3 is good now." in post(client, database, f"{check}/rows/3", keep="1")
    assert "Line 3 is good already." in post(client, database, f"{check}/rows/3", keep="1")
    page = post(client, database, f"{check}/save", name="Members")
    assert "The list has 3 people." in page


def test_htmx_mends_a_row_in_its_place(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, MIXED, database=database)
    asked = {"HX-Request": "true"}
    form = client.get(f"{check}/rows/3", headers=asked).text
    assert form.lstrip().startswith('<tr id="row-3">')
    answer = client.post(f"{check}/rows/3", data={"cell-0": "bo@example.com"}, headers=asked)
    assert "<html" not in answer.text
    assert "Line 3 is good now." in answer.text
    assert "1 row with a problem" in words(answer.text)


def test_every_suggestion_is_used_with_one_press(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, "email\nann@gmial.com\nbo @example.com\nnone\n", database=database)
    assert "Use every suggestion" in client.get(check).text
    page = post(client, database, f"{check}/suggestions", kind="")
    assert "Leave out 1 row and save 2 people" in page


def test_of_two_email_columns_the_person_chooses(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, TWO_COLUMNS, database=database)
    page = words(client.get(check).text)
    assert "Several columns have e-mail addresses" in page
    assert "ann@example.org · bo@example.org" in page
    assert "Save the list" not in page
    early = client.post(f"{check}/save", data={"name": "Members"})
    assert early.status_code == 422
    assert saved_lists(database) == {}
    for wrong in ({}, {"role-1": "x"}, {"role-9": "email"}):
        answer = client.post(check, data=wrong)
        assert answer.status_code == 422
        assert "Choose the column with the addresses to write to." in answer.text
    both = client.post(check, data={"role-0": "email", "role-1": "email"})
    assert both.status_code == 422
    assert "are both the e-mail address" in both.text
    page = post(client, database, check, **{"role-1": "email", "variable-0": "Private mail"})
    assert "Save 2 people" in page
    post(client, database, f"{check}/save", name="Members")
    with database.reading() as session:
        made = session.scalars(select(RecipientList)).one()
        assert made.columns == ["private_mail", "city"]


def test_columns_are_left_out_renamed_and_given_a_kind(client: FlaskClient, database: Database) -> None:
    check = upload_file(
        client, "email,Since,Secret\nann@example.com,1 May 2026,x\nbo@example.com,soon,y\n", database=database
    )
    page = post(
        client,
        database,
        check,
        **{"role-2": "out", "variable-1": "Member since", "kind-1": "date"},
    )
    assert "“soon” is not what the column holds (date)." in page
    post(client, database, f"{check}/save", name="Members")
    with database.reading() as session:
        made = session.scalars(select(RecipientList)).one()
        assert (made.columns, made.column_kinds, made.recipient_count) == (
            ["member_since"],
            {"member_since": "date"},
            1,
        )


def test_how_a_file_is_read_can_be_corrected(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, "email;city\nann@example.com;Köln\n".encode("cp1252"), database=database)
    assert "Köln" in client.get(check).text
    assert "Kцln" in post(client, database, check, read="1", encoding="cp1251", header_line="1")
    page = post(client, database, check, read="1", encoding="", delimiter=";", header_line="1")
    assert "Western European (Windows-1252) text with semicolons" in page
    broken = client.post(check, data={"read": "1", "encoding": "utf-8"})
    assert broken.status_code == 422
    assert "cannot be read" in broken.text


def test_the_effect_on_a_list_is_counted_before_it_is_done_and_undone_after(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    rows = "EMAIL;City \np000@example.com;York\np001@example.com;\nnew@example.com;Hull\n"
    check = upload_file(client, rows, database=database, to=f"/lists/{list_id}/import")
    assert "This import adds 1, changes 0, leaves 60, removes 0." in words(client.get(check).text)
    page = post(client, database, check, way="update", list=str(list_id))
    assert "This import adds 1, changes 1, leaves 59, removes 0." in page
    page = post(client, database, check, way="replace", list=str(list_id))
    assert "This import adds 1, changes 2, leaves 0, removes 58." in page
    assert "Import and remove 58 people" in page
    assert saved_lists(database) == {"Members": 60}
    page = post(client, database, f"{check}/save")
    assert "The import added 1, changed 2, left 0, removed 58." in page
    assert saved_lists(database) == {"Members": 3}
    page = post(client, database, f"{check}/undo")
    assert "1 person is taken out. 2 people are as before. 58 people are back." in page
    assert saved_lists(database) == {"Members": 60}


def test_a_list_that_is_to_be_changed_must_be_chosen(client: FlaskClient, database: Database, list_id: int) -> None:
    check = upload_file(client, GOOD, database=database, name="Others")
    for wrong in ({"way": "add"}, {"way": "replace", "list": ""}, {"way": "update", "list": "x"}):
        answer = client.post(check, data=wrong)
        assert answer.status_code == 422
        assert "Choose the list that is changed." in answer.text


def test_saving_twice_makes_one_list_and_shows_it(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, GOOD, database=database)
    first = client.post(f"{check}/save", data={"name": "Members"})
    second = client.post(f"{check}/save", data={"name": "Members"})
    assert first.location == second.location
    work(database)
    assert saved_lists(database) == {"Members": 2}
    assert "Saved “Members”" in client.get(check).text


def test_reading_can_be_stopped_and_begun_again(client: FlaskClient, database: Database) -> None:
    answer = client.post("/lists/new", data={"name": "Members", "pasted": GOOD})
    check = str(answer.location)
    page = client.get(check).text
    assert "The rows are being checked" in page
    assert 'hx-trigger="every 1s"' in page
    page = post(client, database, f"{check}/stop")
    assert "Say how it is read" in page
    assert "The check was stopped, so the rows are not counted. Nothing was changed." in page
    assert "Save 2 people" in post(client, database, check)


def test_what_was_chosen_but_not_counted_is_counted_before_it_is_imported(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    check = upload_file(client, "email,Since\np000@example.com,1 May 2026\nbo@example.com,soon\n", database=database)
    chosen = {"kind-1": "date", "way": "replace", "list": str(list_id)}
    page = post(client, database, f"{check}/save", name="Others", **chosen)
    assert "Nothing is imported yet: what you chose had not been counted." in page
    assert "This import adds 0, changes 1, leaves 0, removes 59." in page
    assert "“soon” is not what the column holds (date)." in page
    assert saved_lists(database) == {"Members": 60}
    page = post(client, database, f"{check}/save", **chosen)
    assert "The import added 0, changed 1, left 0, removed 59." in page
    assert saved_lists(database) == {"Members": 1}


def test_every_button_takes_over_all_that_was_chosen(client: FlaskClient, database: Database) -> None:
    rows = "email,Since\nann@gmial.com,1 May 2026\nbo@gmial.com,soon\n"
    for button in ("/rows/2", "/suggestions", "?", "/save"):
        check = upload_file(client, rows, database=database)
        typed = {"name": "Another name", "kind-1": "date", "way": "new", "use": "1", "show": "1"}
        post(client, database, f"{check}{button}", **typed)
        page = client.get(check).text
        assert 'value="Another name"' in page, button
        assert '<option value="date" selected>' in page, button


def test_another_reading_is_not_taken_over_by_another_button(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, "email;city\nann@example.com;Köln\n".encode("cp1252"), database=database)
    answer = client.post(f"{check}/save", data={"name": "Typed", "encoding": "cp1251", "kind-1": "date"})
    assert answer.status_code == 422
    assert "It is not read in the way you chose yet." in answer.text
    assert '<option value="cp1251" selected>' in answer.text
    assert '<option value="date" selected>' in answer.text
    assert 'value="Typed"' in answer.text
    page = post(client, database, check, read="1", encoding="cp1251", **{"variable-1": "Town"})
    assert "Kцln" in page
    assert 'value="town"' in client.get(check).text


def test_a_refused_form_keeps_what_was_chosen_and_its_address_opens_the_page(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    check = upload_file(client, GOOD, database=database, name="Others")
    answer = client.post(check, data={"way": "replace", "list": "", "kind-2": "date", "name": "Typed"})
    assert answer.status_code == 422
    assert 'value="replace" form="choices" aria-describedby="way-replace-help" checked' in answer.text
    assert '<option value="date" selected>' in answer.text
    for address in (check, f"{check}/save", f"{check}/undo", f"{check}/suggestions"):
        page = client.get(address, follow_redirects=True)
        assert (page.status_code, page.request.path) == (200, check), address


def test_mended_rows_stay_mended_when_columns_are_chosen_anew(client: FlaskClient, database: Database) -> None:
    rows = "email,Since\nbad,May\nann@gmial.com,1 May 2026\nbo@gmial.com,soon\n"
    check = upload_file(client, rows, database=database)
    post(client, database, f"{check}/rows/2", **{"cell-0": "cy@example.com", "cell-1": "2 May 2026"})
    post(client, database, f"{check}/rows/4", keep="1")
    assert "the 2 rows that were mended here stay mended" in words(client.get(check).text)
    assert "the 2 rows that were mended here are then to be mended again" in words(client.get(check).text).lower()
    page = post(client, database, check, **{"kind-1": "date"})
    assert "2 rows with a problem" in page
    assert "“soon” is not what the column holds (date)." in page, "only the slip of this row was said to be right"
    assert "Use “bo@gmail.com”" not in page
    page = post(client, database, f"{check}/suggestions?kind=slip")
    page = post(client, database, check, **{"variable-1": "Joined"})
    assert "1 row with a problem" in page
    page = post(client, database, check, read="1", delimiter=",")
    assert "3 rows with a problem" in page


def test_what_to_do_with_the_rows_stands_above_the_problems(client: FlaskClient, database: Database) -> None:
    page = words(client.get(upload_file(client, MIXED, database=database)).text)
    places = [page.index(one) for one in ("What to do with the rows", "Save the list", "Kind of problem", "Columns ")]
    assert places == sorted(places)


def test_an_example_file_has_the_columns_of_a_template(client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, name="Letter", html="<p>{{ first_name }} {{ balance }}</p>")
    page = client.get("/lists/new").text
    assert "Letter, version 1" in page
    answer = client.get(f"/lists/example.csv?version={version.id}")
    header = read_table(answer.data).header.cells
    assert header[:2] == ["email", "name"]
    assert {"first_name", "balance", "city"} == set(header[2:])


def test_an_upload_survives_until_it_is_cancelled(client: FlaskClient, database: Database) -> None:
    check = upload_file(client, GOOD, database=database)
    assert "Uploads that wait for you Members Look it over, then import" in words(client.get("/lists").text)
    assert client.get(check).text == client.get(check).text
    answer = client.post(f"{check}/cancel", follow_redirects=True)
    assert "No list was changed" in answer.text
    assert "Uploads that wait" not in answer.text
    assert client.post(f"{check}/cancel", follow_redirects=True).status_code == 200
    work(database)
    assert saved_lists(database) == {}
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ListUpload)) == 0


def test_a_taken_or_missing_name_is_asked_for_and_the_upload_stays(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    check = upload_file(client, GOOD, database=database)
    assert "There is a list with this name already" in client.get(check).text
    for name in ("Members", "", "x" * 201):
        answer = client.post(f"{check}/save", data={"name": name})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert f'value="{name}"' in answer.text
    post(client, database, f"{check}/save", name="New members")
    assert saved_lists(database) == {"Members": 60, "New members": 2}


def test_a_paste_keeps_the_empty_corner_of_its_table(client: FlaskClient, database: Database) -> None:
    pasted = "\tFirst name\tEmail\n1\tAnn\tann@example.com\n2\tBo\tbo@example.com\n"
    check = client.post("/lists/new", data={"name": "Pasted", "pasted": pasted}).location
    with database.reading() as session:
        upload_id = session.scalars(select(ListUpload.id)).one()
    run_import(database, upload_id)
    assert "2 people can be saved" in words(client.get(check).text)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"name": "A", "pasted": ""}, "Choose a file, or paste rows below."),
        ({"name": "", "pasted": GOOD}, "Give the list a name."),
        ({"name": "A", "pasted": "name,city\nAnn,Leeds\n"}, "No column with e-mail addresses was found."),
        ({"name": "A", "pasted": "email,name\n"}, "nobody under it"),
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
        (b"%PDF-1.7", "This is a PDF, which cannot be read here."),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml" + b"xl/workbook.xml", "damaged file"),
        (b"email\nann@example.com\0\n", "NUL character"),
    ],
)
def test_a_bad_file_is_answered_beside_its_field(client: FlaskClient, content: bytes, wrong: str) -> None:
    answer = client.post("/lists/new", data={"name": "Kept name", "file": (io.BytesIO(content), "x.csv")})
    assert answer.status_code == 422
    assert wrong in answer.text
    assert "Kept name" in answer.text


def test_a_request_beyond_every_limit_is_refused_with_words(client: FlaskClient) -> None:
    environment = {"CONTENT_LENGTH": str(MAX_UPLOAD * 2), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    answer = client.post("/lists/new", environ_overrides=environment)
    assert answer.status_code == 413
    assert "256 MiB for a list" in answer.text


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


SLIP = "“gmial.com” looks like a slip for “gmail.com”. Did you mean “new@gmail.com”?"


def test_an_address_that_looks_mistyped_is_doubted_and_may_be_kept(client: FlaskClient, list_id: int) -> None:
    url = f"/lists/{list_id}/people/new"
    given = {"email": "new@gmial.com", "name": "Kept name", "column-city": "Hull"}
    assert "It is right as typed" not in client.get(url).text
    doubted = client.post(url, data=given)
    assert doubted.status_code == 422 and SLIP in doubted.text and "It is right as typed" in doubted.text
    assert 'value="new@gmial.com"' in doubted.text and 'value="Kept name"' in doubted.text
    wrong = client.post(url, data={**given, "as_typed": "y", "column-city": "x" * 10_001})
    assert wrong.status_code == 422 and "It is right as typed" in wrong.text, "an answer that was given stays"
    assert client.post(url, data={**given, "as_typed": "y"}).status_code == 302


def test_changing_a_person_doubts_only_an_address_that_is_new(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    with database.writing() as session:
        one = people.recipients_page(session, _person(database), list_id)[0]
        session.get_one(Recipient, one.id).email = "P000@gmial.com"
        session.get_one(Recipient, one.id).email_key = "p000@gmial.com"
    url = f"/lists/{list_id}/people/{one.id}"
    assert client.post(url, data={"email": "p000@gmial.com", "name": "Other name"}).status_code == 302
    doubted = client.post(url, data={"email": "new@gmial.com", "name": "Other name"})
    assert doubted.status_code == 422 and SLIP in doubted.text
    assert client.post(url, data={"email": "new@gmial.com", "name": "", "as_typed": "y"}).status_code == 302


def test_whoever_types_a_suppressed_address_is_told_why_it_gets_nothing(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    actor = _person(database)
    with database.writing() as session:
        suppress(session, actor.workspace_id, "no@example.com", SuppressionReason.OPT_OUT)
        stop_topic(session, add_topic(session, actor, {"en": ("Visits", "")}), "part@example.com")
    url = f"/lists/{list_id}/people/new"
    told = client.post(url, data={"email": "No@example.com"}, follow_redirects=True).text
    assert "No@example.com is in the list now." in told
    assert "Postroom does not write to this address: No@example.com unsubscribed on" in told
    told = client.post(url, data={"email": "part@example.com"}, follow_redirects=True).text
    assert "part@example.com: Gets no e-mails of the kind “Visits”." in told
    assert "does not write to" not in client.post(url, data={"email": "yes@example.com"}, follow_redirects=True).text
    with database.reading() as session:
        one = people.recipients_page(session, actor, list_id, search="yes@")[0]
        session.expunge(one)
    with database.writing() as session:
        suppress(session, actor.workspace_id, "other@example.com", SuppressionReason.BOUNCE)
    url = f"/lists/{list_id}/people/{one.id}"
    told = client.post(url, data={"email": "other@example.com"}, follow_redirects=True).text
    assert "other@example.com permanently bounced on" in told
    told = client.post(url, data={"email": "other@example.com", "name": "O"}, follow_redirects=True).text
    assert "permanently bounced on" not in told, "the address is the one that stood there"


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
    upload_id = uploads.keep_upload(database, zoe, list_name="Up", file=io.BytesIO(b"email\nann@example.com\n"))
    page, waiting = f"/lists/{theirs.id}", f"/lists/uploads/{upload_id}"
    for address in (page, f"{page}/download.csv", f"{page}/people/new", f"{page}/people/{one.id}"):
        assert client.get(address).status_code == 404, address
    for address in (waiting, f"{waiting}/rows-with-problems.csv", f"{waiting}/rows/2"):
        assert client.get(address).status_code == 404, address
    new = {"name": "Mine", "email": "y@example.com", "pasted": GOOD}
    for address in ("rename", "delete", "import", "people/new", f"people/{one.id}", f"people/{one.id}/remove"):
        assert client.post(f"{page}/{address}", data=new).status_code == 404, address
    for address in ("", "/stop", "/save", "/undo", "/suggestions", "/rows/2"):
        assert client.post(f"{waiting}{address}", data=new).status_code == 404, address
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
