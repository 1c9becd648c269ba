"""Comparing: what is shown is what is there, the words that changed are marked, and it never takes long."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.emails.comparing import Gap, changed_parts, folded, line_rows, parts_of, words_changed
from app.emails.content import Hint, Variant, content_of

TEXTS = st.lists(st.sampled_from(["<p>", "Dear Anna", "Dear Ben", "", "  ", "مرحبا", "\r", "😀 {{ x }}"])).map(
    "\n".join
)


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(TEXTS, TEXTS)
def test_both_sides_hold_exactly_their_text(old: str, new: str) -> None:
    rows = line_rows(old, new)
    left = ["".join(run.text for run in row.old) for row in rows if row.old_number is not None]
    right = ["".join(run.text for run in row.new) for row in rows if row.new_number is not None]
    assert "\n".join(left) == plain(old)
    assert "\n".join(right) == plain(new)
    assert [row.old_number for row in rows if row.old_number] == list(range(1, len(left) + 1))
    assert [row.new_number for row in rows if row.new_number] == list(range(1, len(right) + 1))
    assert (plain(old) == plain(new)) == all(row.kind == "same" for row in rows)


@given(TEXTS, TEXTS)
def test_the_running_text_holds_both(old: str, new: str) -> None:
    words = words_changed(old, new)
    assert "".join(one.text for one in words if one.kind != "added").rstrip("\n") == plain(old).rstrip("\n")
    assert "".join(one.text for one in words if one.kind != "removed").rstrip("\n") == plain(new).rstrip("\n")


def test_only_the_words_that_changed_are_marked() -> None:
    (row,) = line_rows("<p>We close on Friday.</p>", "<p>We close on Monday.</p>")
    assert [run.text for run in row.old if run.is_changed] == ["Friday"]
    assert [run.text for run in row.new if run.is_changed] == ["Monday"]
    words = words_changed("Dear Anna,\nwe close.", "Dear Anna,\nwe open.")
    assert [(one.kind, one.text) for one in words if one.kind != "same"] == [("removed", "close"), ("added", "open")]


def test_phrases_and_other_lines_are_marked_whole() -> None:
    words = words_changed("write your message here.", "we close on Monday.")
    assert [(one.kind, one.text) for one in words] == [
        ("removed", "write your message here"),
        ("added", "we close on Monday"),
        ("same", ".\n"),
    ]
    (row,) = line_rows("<!doctype html>", "<p>Dear Anna, welcome</p>")
    assert [run.text for run in (*row.old, *row.new) if run.is_changed] == [
        "<!doctype html>",
        "<p>Dear Anna, welcome</p>",
    ]


def test_line_ends_of_browsers_are_no_change() -> None:
    assert changed_parts({"Body": "a\r\nb\rc"}, {"Body": "a\nb\nc"}) == []


def test_far_lines_are_folded_away() -> None:
    old = "\n".join(str(number) for number in range(100))
    shown = list(folded(line_rows(old, old.replace("50", "fifty"))))
    assert [one.count for one in shown if isinstance(one, Gap)] == [47, 46]
    assert len(shown) == 2 + 7


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_part_of_a_template_is_compared(language: str) -> None:
    old = content_of("Hello", "<p>a</p>", "t", (("X-A", "1"),), language=language, examples={"x": "1"})
    new = content_of("Hallo", "<p>b</p>", "u", (("X-A", "2"),), language=language, examples={"x": "2"})
    new = new.with_variant("de", Variant("Guten Tag"))
    names = [one.name.split(",")[0] for one in changed_parts(parts_of(old), parts_of(new, "Letter"))]
    assert {"Subject", "Body", "Text part", "Settings", "Headers", "Variables"} <= set(names)
    assert Hint(example="1") == old.hints["x"]


def big(seed: int, distinct: int, lines: int) -> str:
    chance = random.Random(seed)
    return "\n".join(f"line {chance.randrange(distinct)}" for _ in range(lines))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (big(1, 100, 12_000), big(2, 100, 12_000)),
        (big(1, 5, 12_000), big(2, 5, 12_000)),
        (big(1, 3_000, 12_000), big(2, 3_000, 12_000)),
        ("\n" * 100_000, "x\n" * 50_000),
        ("word " * 20_000, "other word " * 9_000),
        ("a" * 100_000, "b" * 100_000),
        ("< " * 50_000, "> < " * 25_000),
        ("\n".join(["a b c d " * 12] * 1_000), "\n".join(["d c b a " * 12] * 1_000)),
    ],
)
def test_sources_of_100_kb_are_compared_in_a_moment(old: str, new: str) -> None:
    began = time.process_time()
    line_rows(old, new)
    words_changed(old, new)
    assert time.process_time() - began < 5
