"""Header values in the fields of a form: shown and read back they are the same, and nothing typed is lost."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cloudflare.contract import HEADER_RULES, check_header
from app.cloudflare.header_forms import HEADER_GROUPS, ValueKind, value_kind
from app.web.header_values import HOSTED, PARTS, RECIPIENT, TICKED, ZONES, build, parse

COMPOSED = [name for name in HEADER_RULES if value_kind(name) in PARTS]
WORD = st.text(st.characters(exclude_characters="<>\r\n", exclude_categories=["Cs", "Cc"]), max_size=30)
TYPED = WORD.map(str.strip)


def test_every_allowed_name_is_offered_once() -> None:
    offered = [name for group in HEADER_GROUPS for name in group.names]
    assert sorted(offered) == sorted(HEADER_RULES)


@pytest.mark.parametrize("name", HEADER_RULES)
def test_an_empty_form_makes_an_empty_value(name: str) -> None:
    parts = parse(name, "")
    assert parts is not None
    if value_kind(name) in PARTS:
        assert set(parts) == set(PARTS[value_kind(name)])
        assert build(value_kind(name), parts) == ""


@pytest.mark.parametrize("name", HEADER_RULES)
@given(value=st.text(max_size=60) | WORD.map(lambda word: f"<{word}>") | WORD.map(lambda word: f"a@b.example; {word}"))
def test_what_is_shown_in_a_form_comes_back_letter_for_letter(name: str, value: str) -> None:
    parts = parse(name, value)
    if parts is not None and value and value_kind(name) in PARTS:
        assert build(value_kind(name), parts) == value


@pytest.mark.parametrize("name", COMPOSED)
def test_the_examples_that_staff_are_shown_fit_their_forms(name: str) -> None:
    if name != "Require-Recipient-Valid-Since":  # with a time of day, which the form does not ask for
        assert parse(name, HEADER_RULES[name].example) is not None


@given(
    hosted=st.sampled_from(["", TICKED]),
    web=TYPED.filter(lambda text: not text.startswith("mailto:") and f"<{text}>" != HOSTED),
    mail=TYPED.filter(lambda text: not text.startswith("mailto:")),
)
def test_unsubscribe_addresses_come_back_as_typed(hosted: str, web: str, mail: str) -> None:
    parts = {"hosted": hosted, "web": web, "mail": mail}
    assert parse("List-Unsubscribe", build(ValueKind.UNSUBSCRIBE, parts)) == parts


@given(
    when=st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    zone=st.sampled_from(ZONES),
)
def test_a_moment_comes_back_as_typed(when: object, zone: str) -> None:
    text = when.isoformat(timespec="seconds" if when.second else "minutes")  # type: ignore[attr-defined]
    value = build(ValueKind.MOMENT, {"when": text, "zone": zone})
    assert check_header("Expires", value) == []
    assert parse("Expires", value) == {"when": text, "zone": zone}


@given(
    address=TYPED.filter(lambda text: ";" not in text),
    day=st.dates(min_value=date(1000, 1, 1)).map(date.isoformat),
)
def test_a_day_comes_back_as_typed(address: str, day: str) -> None:
    value = build(ValueKind.VALID_SINCE, {"address": address, "day": day})
    assert parse("Require-Recipient-Valid-Since", value) == {"address": address, "day": day}


@pytest.mark.parametrize("kind", PARTS)
@given(data=st.data())
def test_nothing_typed_is_lost(kind: ValueKind, data: st.DataObject) -> None:
    """Letters and digits of every field stand in the value, whatever they are."""
    free = [part for part in PARTS[kind] if part not in {"hosted", "zone", "when", "day"}]
    typed = {part: data.draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)) for part in free}
    value = build(kind, typed)
    if kind is ValueKind.VALID_SINCE and typed["address"].strip() == RECIPIENT:
        return
    for text in typed.values():
        rest = iter(value)
        letters = text.removeprefix("mailto:")
        assert all(sign in rest for sign in letters if sign.isalnum()), (typed, value)


@pytest.mark.parametrize(("kind", "part"), [(ValueKind.MOMENT, "when"), (ValueKind.VALID_SINCE, "day")])
@pytest.mark.parametrize("typed", ["tomorrow", "2026-13-99", "2026-02-30T12:00", "{{ day }}", "2026-12-23T12:00+02:00"])
def test_a_date_that_is_none_stays_as_typed(kind: ValueKind, part: str, typed: str) -> None:
    assert typed in build(kind, {part: typed})


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("In-Reply-To", "order-17@example.com", "<order-17@example.com>"),
        ("References", "a@x.example, <b@x.example>", "<a@x.example> <b@x.example>"),
        ("In-Reply-To", "{{ order }}@example.com", "<{{ order }}@example.com>"),
        ("In-Reply-To", "a<b", "a<b"),
        ("List-Help", "https://example.com/help", "<https://example.com/help>"),
        ("List-Help", "<https://example.com/help>", "<https://example.com/help>"),
        ("List-Owner", "office@example.com", "<mailto:office@example.com>"),
        ("List-Post", "NO", "NO"),
        ("Archived-At", "https://example.com/{{ page }}", "<https://example.com/{{ page }}>"),
    ],
)
def test_brackets_are_added(name: str, typed: str, value: str) -> None:
    assert build(value_kind(name), {"text": typed}) == value


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        (
            {"web": "https://example.com/u", "mail": "out@example.com"},
            "<https://example.com/u>, <mailto:out@example.com>",
        ),
        ({"hosted": TICKED}, "<{{ unsubscribe_url }}>"),
        ({"hosted": TICKED, "mail": "mailto:out@example.com"}, "<{{ unsubscribe_url }}>, <mailto:out@example.com>"),
        ({"web": " <https://example.com/{{ email }}> "}, "<https://example.com/{{ email }}>"),
    ],
)
def test_the_unsubscribe_form(parts: dict[str, str], value: str) -> None:
    assert build(ValueKind.UNSUBSCRIBE, parts) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Importance", "urgent"),
        ("Importance", "{{ how }}"),
        ("Expires", "tomorrow"),
        ("Expires", "Thu, 23 Dec 2026 12:00:00 +0000"),
        ("Expires", "{{ end }}"),
        ("List-Unsubscribe", "https://example.com"),
        ("List-Unsubscribe", "<https://a.example>, <https://b.example>"),
        ("List-Unsubscribe", "{% if a %}<https://a.example>{% endif %}"),
        ("Require-Recipient-Valid-Since", "anna@example.net; Sat, 1 Jun 2024 09:23:01 -0700"),
    ],
)
def test_what_does_not_fit_is_left_as_it_is(name: str, value: str) -> None:
    assert parse(name, value) is None
