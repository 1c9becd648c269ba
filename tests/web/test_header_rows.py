"""The header composer, in the editor and on a send: with htmx and without, every button keeps what is typed."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.cloudflare.contract import HEADER_RULES, MAX_HEADER_VALUE, MAX_HEADERS, ONE_CLICK
from app.db import Database
from app.emails.models import Template
from app.people.models import Person, Workspace
from app.web.header_rows import UNSUBSCRIBE_EXAMPLE
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, some_people
from tests.sends.pages import the_send, words

Fields = list[tuple[str, str]]
HTMX = {"HX-Request": "true", "HX-Target": "header-composer"}
LINK = "<https://example.com/u>"


@pytest.fixture
def send(database: Database, actor: Person) -> int:
    """A draft whose template has two default headers."""
    with database.writing() as session:
        version = a_template_version(session, actor, headers=(("Importance", "high"), ("X-Office", "Hull")))
        people = a_list(session, actor, people=some_people(2))
        sender = a_sender(session, actor)
        headers = [["Importance", "high"], ["X-Office", "Hull"]]
        return a_draft_send(
            session, actor, version=version, people=people, headers=headers, sender_identity_id=sender.id
        ).id


def fields_of(page: str) -> Fields:
    """What a browser would post of the form on the page, without its buttons."""
    fields: Fields = []
    for tag in re.findall(r"<(?:input|select)\b[^>]*>(?:(?=\s*<option).*?</select>)?", page, re.S):
        name = re.search(r'name="([^"]*)"', tag)
        if not name or name[1] == "csrf_token" or "disabled" in tag.split(">")[0]:
            continue
        if tag.startswith("<select"):
            chosen = re.search(r"<option([^>]*\bselected\b[^>]*)>([^<]*)", tag) or re.search(
                r"<option([^>]*)>([^<]*)", tag
            )
            assert chosen
            value = re.search(r'value="([^"]*)"', chosen[1])
            fields.append((name[1], unescape(value[1] if value else chosen[2])))
        elif "checkbox" not in tag or re.search(r"\bchecked\b", tag):
            value = re.search(r'\bvalue="([^"]*)"', tag)
            fields.append((name[1], unescape(value[1] if value else "")))
    return fields


def with_field(fields: Fields, name: str, value: str) -> Fields:
    assert any(one == name for one, _ in fields) or name.endswith(("hosted", "one_click")), (name, fields)
    return [*((one, old) for one, old in fields if one != name), (name, value)]


def post(client: FlaskClient, url: str, fields: Fields, action: str = "", **options: object) -> str:
    answer = client.post(url, data=MultiDict([*fields, *([("action", action)] if action else [])]), **options)
    assert answer.status_code in {200, 302}, words(answer.text)
    return answer.text


def part_of(page: str, name: str) -> str:
    """The row of one header."""
    return next(
        one
        for one in re.findall(r'<fieldset class="header-row.*?</fieldset>', page, re.S)
        if words(one).split()[0] == name
    )


def stored(database: Database, send: int) -> list[list[str]]:
    return list(the_send(database, send).headers)


def test_every_header_is_offered_in_its_group_with_its_explanation(client: FlaskClient, send: int) -> None:
    page = words(client.get(f"/sends/{send}/sender").text)
    for rule in HEADER_RULES.values():
        assert f"{rule.name} {words(rule.explanation)}" in unescape(page)
    for group in ("Unsubscribe and lists", "Threads", "Importance and handling", "About", "Your own X- name"):
        assert group in page
    assert "Importance How important the e-mail is. Added" in page
    assert "Priority How urgent the e-mail is. Add Priority" in page


@pytest.mark.parametrize("htmx", [True, False])
def test_adding_and_removing_keeps_what_is_typed(
    client: FlaskClient, database: Database, send: int, htmx: bool
) -> None:
    url = f"/sends/{send}/headers" if htmx else f"/sends/{send}/sender"
    options = {"headers": HTMX} if htmx else {}
    page = client.get(f"/sends/{send}/sender").text
    fields = with_field(fields_of(page), "reply_to", "help@example.com")
    fields = [(name, "Leeds" if value == "Hull" else value) for name, value in fields]
    page = post(client, url, fields, "add-header:List-Unsubscribe", **options)
    assert ("<html" in page) != htmx
    assert 'value="Leeds"' in page
    assert ("help@example.com" in page) != htmx
    assert "needs a value" not in page, "nobody could type one yet"
    assert re.search(r'id="header-3-web"[^>]*autofocus', page)
    fields = fields_of(page)
    fields = with_field(with_field(fields, "header_3_web", "https://example.com/u"), "header_3_one_click", "yes")
    page = post(client, url, fields, "remove-header:1", **options)
    assert "Importance" not in {value for name, value in fields_of(page) if name == "header_name"}
    fields = fields_of(page)
    assert ("header_2_web", "https://example.com/u") in fields
    assert ("header_2_one_click", "yes") in fields
    assert stored(database, send) == [["Importance", "high"], ["X-Office", "Hull"]], "a button saves nothing"
    sender = fields_of(client.get(f"/sends/{send}/sender").text)[:2] if htmx else []
    post(client, f"/sends/{send}/sender", [*sender, *fields])
    assert stored(database, send) == [
        ["X-Office", "Leeds"],
        ["List-Unsubscribe", LINK],
        ["List-Unsubscribe-Post", ONE_CLICK],
    ]


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("Importance", {"header_value": "low"}, "low"),
        ("Content-Language", {"header_value": "fr-CA"}, "fr-CA"),
        ("X-Office", {"header_value": "Hull {{ city }}"}, "Hull {{ city }}"),
        ("Expires", {"header_1_when": "2026-12-23T12:00", "header_1_zone": "+0200"}, "Wed, 23 Dec 2026 12:00:00 +0200"),
        ("Reply-By", {"header_1_when": "2026-12-23T12:00"}, "Wed, 23 Dec 2026 12:00:00 +0000"),
        (
            "Require-Recipient-Valid-Since",
            {"header_1_day": "2024-06-01"},
            "{{ email }}; Sat, 01 Jun 2024 00:00:00 +0000",
        ),
        ("In-Reply-To", {"header_1_text": "a@b.example"}, "<a@b.example>"),
        ("List-Owner", {"header_1_text": "a@b.example"}, "<mailto:a@b.example>"),
        ("List-Unsubscribe", {"header_1_mail": "a@b.example"}, "<mailto:a@b.example>"),
    ],
)
def test_each_header_has_a_form_fit_to_its_value(
    client: FlaskClient, database: Database, send: int, name: str, typed: dict[str, str], value: str
) -> None:
    url = f"/sends/{send}/sender"
    fields = [one for one in fields_of(client.get(url).text) if not one[0].startswith("header_")]
    page = post(client, url, fields, f"add-header:{name if name in HEADER_RULES else 'X-'}")
    fields = fields_of(page)
    if name not in HEADER_RULES:
        fields = with_field(fields, "header_name", name)
    for field, text in typed.items():
        fields = with_field(fields, field, text)
    post(client, url, fields)
    assert stored(database, send) == [[name, value]]
    assert [one for one in fields_of(client.get(url).text) if one[0] in typed] == [
        one for one in fields if one[0] in typed
    ], "it is shown again in its form"


def test_a_value_may_be_written_by_hand_and_goes_back_into_its_form(client: FlaskClient, send: int) -> None:
    url = f"/sends/{send}/sender"
    page = post(client, url, fields_of(client.get(url).text), "add-header:Expires")
    fields = with_field(fields_of(page), "header_3_when", "2026-12-23T12:00")
    page = post(client, url, fields, "write-header:3")
    assert ("header_value", "Wed, 23 Dec 2026 12:00:00 +0000") in fields_of(page)
    fields = [(name, "{{ end }}" if value.startswith("Wed,") else value) for name, value in fields_of(page)]
    page = post(client, url, fields, "form-header:3")
    assert "does not fit the form" in page
    assert ("header_value", "{{ end }}") in fields_of(page)
    fields = [(name, "" if value == "{{ end }}" else value) for name, value in fields_of(page)]
    assert ("header_3_when", "") in fields_of(post(client, url, fields, "form-header:3"))


def test_what_is_wrong_stands_in_its_row_and_is_kept(client: FlaskClient, database: Database, send: int) -> None:
    url = f"/sends/{send}/sender"
    fields = [one for one in fields_of(client.get(url).text) if not one[0].startswith("header_")]
    typed = [("Reply-To", "me@example.com"), ("Importance", "huge"), ("X-Good", "fine"), ("Subject", "x")]
    fields += [pair for name, value in typed for pair in (("header_name", name), ("header_value", value))]
    answer = client.post(url, data=MultiDict(fields))
    assert answer.status_code == 422
    said = unescape(words(part_of(answer.text, "Reply-To")))
    assert "Use the Reply-To field beside the sender." in said
    assert "Write the subject in the template." in unescape(words(part_of(answer.text, "Subject")))
    assert "Importance must be “high” or “normal” or “low”" in words(part_of(answer.text, "Importance"))
    assert 'class="error"' not in part_of(answer.text, "X-Good")
    for name, value in typed:
        assert f'value="{name}"' in answer.text
        assert f'value="{value}"' in answer.text


def test_while_typing_only_what_is_said_comes_back(client: FlaskClient, send: int) -> None:
    fields = [("header_name", "Reply-To"), ("header_value", "a"), ("header_name", "X-A"), ("header_value", "ä" * 1000)]
    page = post(client, f"/sends/{send}/headers", fields, headers=HTMX)
    assert "<input" not in page
    assert "Use the Reply-To field" in words(page)
    assert "2,000 of 2,048 bytes, nearly full" in words(page)
    assert "0 of 20 headers" in words(page)
    assert "2,020 of 16,384 bytes in all" in words(page)
    assert page.count("hx-swap-oob") == 2 + 2 * 2, "of all headers, and of each of the two"


def test_answers_while_typing_keep_to_the_rows_of_the_page(client: FlaskClient, send: int) -> None:
    """The first row was emptied; the second keeps its number."""
    fields = [
        *(("header_row", "1"), ("header_name", ""), ("header_value", "")),
        *(("header_row", "2"), ("header_name", "Bcc"), ("header_value", "a@b.example")),
    ]
    page = post(client, f"/sends/{send}/headers", fields, headers=HTMX)
    assert "Bcc field" in re.findall(r'id="header-2-problems".*?</div>', page, re.S)[0]


def test_limits_are_counted_and_said(client: FlaskClient, send: int) -> None:
    names = list(HEADER_RULES)[: MAX_HEADERS + 1]
    fields = [pair for name in names for pair in (("header_name", name), ("header_value", "x" * MAX_HEADER_VALUE))]
    page = unescape(words(post(client, f"/sends/{send}/headers", fields, headers=HTMX)))
    assert "21 of 20 headers, too many" in page
    assert "There are 21 headers besides those beginning with X-; at most 20 are possible." in page
    assert "bytes in all, too many" in page
    assert "2,048 of 2,048 bytes, nearly full" in page
    near = [pair for name in names[:18] for pair in (("header_name", name), ("header_value", "x"))]
    assert "18 of 20 headers, nearly full" in words(post(client, f"/sends/{send}/headers", near, headers=HTMX))


@pytest.mark.parametrize(
    "value", ["<{{ link }}>", "{{ link }}", "<{{ unsubscribe_url }}>", "{% if a %}<{{ b }}>{% endif %}"]
)
def test_a_value_known_only_later_is_no_problem_yet(client: FlaskClient, send: int, value: str) -> None:
    fields = [("header_name", "List-Unsubscribe"), ("header_value", value)]
    fields += [("header_name", "List-Unsubscribe-Post"), ("header_value", ONE_CLICK)]
    assert 'class="error"' not in post(client, f"/sends/{send}/headers", fields, headers=HTMX)
    broken = [("header_name", "X-A"), ("header_value", "{{ link")]
    assert "cannot be read" in post(client, f"/sends/{send}/headers", broken, headers=HTMX)


def test_the_send_shows_what_comes_from_the_template(client: FlaskClient, database: Database, send: int) -> None:
    url = f"/sends/{send}/sender"
    page = client.get(url).text
    assert page.count("from the template") == 2
    assert "Use the template’s headers again" not in page
    fields = [(name, "Leeds" if value == "Hull" else value) for name, value in fields_of(page)]
    page = post(client, url, fields, "remove-header:1")
    page = post(client, url, fields_of(page), "add-header:Priority")
    assert "The template also has Importance, left out here." in words(page)
    assert "changed here" in part_of(page, "X-Office")
    assert "added here" in part_of(page, "Priority")
    for target, options in ((url, {}), (f"/sends/{send}/headers", {"headers": HTMX})):
        again = post(client, target, fields_of(page), "template-headers:", **options)
        assert again.count("from the template") == 2
        assert "Leeds" not in again


@pytest.mark.parametrize("public", ["", "https://mail.example.org"])
def test_unsubscribe_headers_are_added_at_once(
    client: FlaskClient, database: Database, actor: Person, send: int, public: str
) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).public_url = public
    url = f"/sends/{send}/sender"
    page = post(client, url, fields_of(client.get(url).text), "unsubscribe:")
    row = part_of(page, "List-Unsubscribe")
    assert ("an administrator first gives the address" in words(row)) == (not public)
    assert bool(re.search(r'id="header-3-hosted"[^>]*checked', row)) == bool(public)
    post(client, url, fields_of(page))
    value = "<{{ unsubscribe_url }}>" if public else UNSUBSCRIBE_EXAMPLE
    assert stored(database, send)[2:] == [["List-Unsubscribe", value], ["List-Unsubscribe-Post", ONE_CLICK]]
    again = post(client, url, fields_of(client.get(url).text), "unsubscribe:")
    assert again.count('value="List-Unsubscribe"') == 1


def test_one_click_may_be_added_by_name_and_joins_its_header(client: FlaskClient, send: int) -> None:
    url = f"/sends/{send}/sender"
    page = post(client, url, fields_of(client.get(url).text), "add-header:List-Unsubscribe-Post")
    assert "needs a List-Unsubscribe header" in words(part_of(page, "List-Unsubscribe-Post"))
    page = post(client, url, fields_of(page), "add-header:List-Unsubscribe")
    assert ("header_3_one_click", "yes") in fields_of(page)
    page = post(client, url, fields_of(page), "write-header:3")
    assert [value for name, value in fields_of(page) if name == "header_name"][2:] == [
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
    ]


def test_another_version_brings_its_headers_unless_they_were_changed(
    client: FlaskClient, database: Database, actor: Person, send: int
) -> None:
    with database.writing() as session:
        other = a_template_version(session, actor, headers=(("Priority", "urgent"),)).id
        list_id = a_list(session, actor, people=some_people(1)).id
    data = {"version": other, "kind": "list", "list": list_id}
    client.post(f"/sends/{send}/what", data=data)
    assert stored(database, send) == [["Priority", "urgent"]]


def test_the_editor_has_the_same_composer_and_its_buttons_save_nothing(
    client: FlaskClient, database: Database, send: int
) -> None:
    page = client.get("/templates/1").text
    assert part_of(page, "Importance")
    assert "from the template" not in page
    fields = [("header_name", "X-Office"), ("header_value", "Leeds"), ("body", "typed"), ("subject", "typed too")]
    page = post(client, "/templates/1", fields, "add-header:Priority")
    assert part_of(page, "Priority")
    assert 'value="Leeds"' in page
    assert "typed too" in page
    with database.reading() as session:
        assert session.get_one(Template, 1).draft.headers == (("Importance", "high"), ("X-Office", "Hull"))
    page = post(client, "/templates/1/headers", fields, "add-header:Priority", headers=HTMX)
    assert "<html" not in page
    assert part_of(page, "Priority")


def test_a_button_pressed_before_means_nothing_to_other_requests_of_htmx(client: FlaskClient, send: int) -> None:
    """htmx sends the last button along with the preview; only the composer's own requests obey it."""
    fields = [
        ("header_name", "X-Office"),
        ("header_value", "Leeds"),
        ("subject", "s"),
        ("body", "b"),
        ("view", "headers"),
    ]
    preview = {"HX-Request": "true", "HX-Target": "preview"}
    assert "Leeds" in post(client, "/templates/1/preview", fields, "remove-header:1", headers=preview)


@pytest.mark.parametrize(
    "action", ["add-header:Nonsense", "add-header:", "remove-header:x", "write-header:99", "form-header:"]
)
@pytest.mark.parametrize("row", ["²", "9" * 5000, "-1", "x"])
def test_odd_requests_change_nothing(client: FlaskClient, send: int, action: str, row: str) -> None:
    fields = [("header_row", row), ("header_name", "X-A"), ("header_value", "kept"), ("header_form", row)]
    assert 'value="kept"' in post(client, f"/sends/{send}/headers", fields, action, headers=HTMX)
