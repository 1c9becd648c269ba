"""The gallery's files are in the form of an export, say everything they need, and keep their look in dark mode."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, meta

import app.emails
from app.emails import starters
from app.emails.assembling import SLOT, Pieces, PieceSource, assemble
from app.emails.checks.finding import Severity
from app.emails.content import Content, Format, Variant
from app.emails.findings import make_findings
from app.emails.preparing import prepare_html

GALLERY = Path(app.emails.__file__).parent / "gallery"
NAMES = ("appointment", "closure", "invoice", "notice", "password", "reminder")
KINDS = {"text", "number", "money", "date", "time", "yes_no", "link", "list"}
every = pytest.mark.parametrize("name", NAMES)


def layout() -> PieceSource:
    folder = GALLERY / "layouts" / "Letter"
    return PieceSource((folder / "body.html").read_text(), (folder / "body.txt").read_text())


def said(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GALLERY / "templates" / name / "template.json").read_text())
    return found


def written(name: str) -> Variant:
    def read(file: str) -> str:
        path = GALLERY / "templates" / name / file
        return path.read_text() if path.exists() else ""

    return Variant(read("subject.txt"), read("preheader.txt"), read("body.md"), read("body.txt"))


def variables_in(*sources: str) -> set[str]:
    reader = Environment(autoescape=True)
    reader.filters |= dict.fromkeys(("date", "time", "money", "split"), str)  # to be read, not to be used
    return set().union(*(meta.find_undeclared_variables(reader.parse(one)) for one in sources))


def whole(name: str, language: str = "en") -> str:
    content = Content(format=Format.MARKDOWN, language=language, variants={language: written(name)})
    return assemble(content, language, Pieces(layout())).html


def test_there_are_the_six() -> None:
    assert tuple(sorted(path.name for path in (GALLERY / "templates").iterdir())) == NAMES


@every
def test_it_names_its_variables_and_no_others(name: str) -> None:
    one = written(name)
    declared = said(name)["variables"]
    assert variables_in(one.subject, one.preheader, one.body) == set(declared)
    assert variables_in(one.text) <= set(declared)
    assert all(hint["kind"] in KINDS and hint["example"] for hint in declared.values())


@every
def test_it_has_a_subject_and_a_preheader_of_one_line(name: str) -> None:
    one = written(name)
    assert one.subject and one.preheader
    assert "\n" not in one.subject + one.preheader


@every
def test_its_headings_go_in_order_and_it_has_one_button_to_press(name: str) -> None:
    html = whole(name)
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert 'class="button"' in html


@every
def test_styles_are_inlined_and_those_of_dark_mode_and_phones_kept(name: str) -> None:
    html, note = prepare_html(whole(name))
    assert note == ""
    head, _, body = html.partition("<body")
    assert "prefers-color-scheme: dark" in head
    assert "max-width: 620px" in head
    assert "padding: 24px 40px 20px" in body


def test_from_right_to_left_nothing_is_held_at_the_left() -> None:
    html, _ = prepare_html(whole("invoice", "ar"))
    assert 'dir="rtl"' in html
    assert "text-align: left" not in html.partition("<body")[2]


def test_the_layout_takes_the_mail_in_once_and_needs_no_value() -> None:
    one = layout()
    for source in (one.html, one.text):
        assert len(SLOT.findall(source)) == 1
        assert variables_in(source) == {"content"}


@pytest.mark.parametrize("name", [one.name for one in starters.gallery().templates])
def test_the_checks_have_nothing_to_say_of_it(name: str) -> None:
    entry = starters.in_gallery(name)
    examples = {variable: hint.example for variable, hint in entry.content.hints.items()}
    assert make_findings(entry.content, "en", starters.pieces_of_entry(entry), {}, frozenset(examples)) == []


@pytest.mark.parametrize("starter", starters.EMPTY, ids=lambda one: one.value)
def test_an_empty_one_gets_hints_at_most(starter: starters.Starter) -> None:
    assert starter.content is not None
    layout_of_write = Pieces(layout()) if starter.content.format is Format.MARKDOWN else Pieces()
    found = make_findings(starter.content, "en", layout_of_write, {}, frozenset({"first_name"}))
    assert {one.severity for one in found} <= {Severity.HINT}
    assert {one.code for one in found} <= {"preheader_missing", "plainer"}
