"""Words and their catalogues: every message of the code is translated, and what is kept speaks every language."""

from __future__ import annotations

import pickle
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from babel.messages.catalog import Catalog, Message
from markupsafe import Markup, escape
from sqlalchemy import text

from app.db import Database
from app.people.models import Person
from app.recipients.suppressions.mirror import state_of
from app.words import (
    LANGUAGES,
    LongDay,
    _,
    _n,
    _p,
    joined,
    kept,
    language,
    listed,
    number,
    rich,
    shown,
    sort_key,
    speak,
    speaking,
    spoken,
)
from tests.words import TRANSLATED, catalogues, messages_of_code

PLACEHOLDER = re.compile(r"%\(\w+\)s")
TAG = re.compile(r"</?\w+")


@pytest.fixture(scope="module")
def code() -> dict[str, Catalog]:
    return messages_of_code()


SAME_FOR_ALL = {
    *("%(count)s made", "%(count)s more", "%(named)s and %(count)s more"),
    *("%(names)s may publish it.", "%(names)s may approve it."),
    "%(names)s may approve it. Until then nobody can change it; you can take it back.",
}
"""English has one form of these; other languages have more."""


def texts(one: Message) -> tuple[str, ...]:
    return one.id if isinstance(one.id, tuple) else (one.id,)


def test_english_says_one_and_many_differently(code: dict[str, Catalog]) -> None:
    pairs = [one.id for messages in code.values() for one in messages if isinstance(one.id, tuple)]
    assert {one for one, many in pairs if one == many} == SAME_FOR_ALL


def strings(one: Message) -> tuple[str, ...]:
    return one.string if isinstance(one.string, tuple) else (one.string,)


def translated(tag: str) -> Iterator[tuple[str, Message]]:
    for domain, catalogue in catalogues(tag):
        for one in catalogue:
            if one.id:
                yield domain, one


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_message_of_the_code_is_translated_and_no_other(tag: str, code: dict[str, Catalog]) -> None:
    wanted = {(domain, one.id, one.context) for domain, catalogue in code.items() for one in catalogue if one.id}
    there = {(domain, one.id, one.context) for domain, one in translated(tag)}
    assert there == wanted, "run `make words`, then translate what is new"
    empty = [one.id for _domain, one in translated(tag) if not all(text.strip() for text in strings(one))]
    assert not empty, "these wait for a translation"
    assert not [one.id for _domain, one in translated(tag) if one.fuzzy]


@pytest.mark.parametrize("tag", TRANSLATED)
def test_translations_have_the_same_values_and_elements(tag: str) -> None:
    for domain, one in translated(tag):
        for original, string in zip(texts(one), strings(one), strict=True):
            for pattern in (PLACEHOLDER, TAG):
                wanted, found = set(pattern.findall(original)), set(pattern.findall(string))
                # A form for one may leave out its number: “1 address”, “one address”.
                assert found == wanted or (len(texts(one)) > 1 and found | {"%(count)s"} == wanted | {"%(count)s"}), (
                    domain,
                    original,
                    string,
                )


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_message_can_be_filled_in(tag: str) -> None:
    for _domain, one in translated(tag):
        for text_of in (*texts(one), *strings(one)):
            assert text_of % defaultdict(str) is not None, text_of


@pytest.mark.parametrize("tag", TRANSLATED)
def test_the_same_words_are_the_same_in_every_package(tag: str) -> None:
    found: dict[object, set[tuple[str, ...]]] = defaultdict(set)
    for _domain, one in translated(tag):
        found[texts(one)[0], one.context].add(strings(one))
    differing = {key: ways for key, ways in found.items() if len(ways) > 1}
    assert not differing, "say the same everywhere, or tell the two apart with `_p()`"


def test_words_are_said_in_the_language_that_is_spoken() -> None:
    words = _("Cancel")
    assert (words, f"{words}") == ("Cancel", "Cancel")
    with speaking("de"):
        assert f"{words}" == str(words) == words + "" == "Abbrechen"
        assert escape(words) == "Abbrechen"
        assert Markup("<b>{}</b>").format(words) == "<b>Abbrechen</b>"
        assert _("Cancel") == "Abbrechen"
    assert f"{words}" == "Cancel"


def test_values_are_shown_as_the_language_shows_them() -> None:
    with speaking("de"):
        assert _n("%(count)s address added", "%(count)s addresses added", 1234) == "1.234 Adressen hinzugefügt"
        assert _n("%(count)s address added", "%(count)s addresses added", 1) == "1 Adresse hinzugefügt"
        assert _("Send %(send_id)s", send_id="1234") == "Versand 1234"
        unsubscribed = _("%(email)s unsubscribed on %(day)s.", email="a@example.com", day=LongDay(2026, 3, 2))
        assert unsubscribed == "a@example.com hat sich am 2. März 2026 abgemeldet."
        assert number(1234.5) == "1.234,5"
    assert unsubscribed.__str__() == "a@example.com unsubscribed on 2 March 2026."
    assert _("on %(day)s at %(time)s", day=date(2026, 9, 2), time="9") == "on 2 Sep 2026 at 9"
    assert listed(["a", "b", "c"]) == "a, b, and c"
    assert sorted(["Zebra", "Äpfel", "Aal"], key=sort_key) == ["Aal", "Äpfel", "Zebra"]


def test_html_in_messages_is_kept_and_in_values_escaped() -> None:
    assert rich("Why: <q>%(reason)s</q>", reason="<b>") == Markup("Why: <q>&lt;b&gt;</q>")
    assert _("a < %(time)s", time=Markup("<time>")) == Markup("a &lt; <time>")
    assert escape(_("a < %(name)s", name="<b>")) == "a &lt; &lt;b&gt;"


def test_kept_words_are_in_no_language() -> None:
    inner = _("Added by hand")
    words = _("One suppression taken away: %(reason)s", reason=inner)
    for one in (
        words,
        joined([words, words]),
        _n("%(count)s address added", "%(count)s addresses added", 3),
        _("on %(day)s at %(time)s", day=LongDay(2026, 3, 2), time="10:00"),
        _("on %(day)s at %(time)s", day=datetime(2026, 3, 2, 9, tzinfo=UTC), time="10:00"),
        _p("context", "Never translated"),
    ):
        there = kept(one)
        assert shown(there) == one
        assert kept(shown(there)) == there
        assert pickle.loads(pickle.dumps(one)) == one
        with speaking("de"):
            assert kept(shown(there)) == there
    with speaking("de"):
        assert shown(kept(words)) == "Eine Sperre aufgehoben: Von Hand hinzugefügt"
    for typed in ("a note", "words:[", 'words:["a", 3]', 'words:["a", {"b": {}}]', ""):
        assert shown(typed) == typed
        assert kept(typed) == typed


def test_a_part_of_words_is_text_and_all_of_them_are_still_words() -> None:
    words = _("Cancel")
    assert kept(words[:500]) == kept(words).replace("\0", "") == kept(words.replace("\0", ""))
    assert kept(words[:3]) == "Can"


def test_a_column_of_words_speaks_the_language_of_whoever_reads(database: Database, actor: Person) -> None:
    with database.writing() as session, speaking("de"):
        state_of(session, actor.workspace_id).words = _("Postroom tries again by itself.")
    with database.reading() as session:
        assert state_of(session, actor.workspace_id).words == "Postroom tries again by itself."
        assert session.scalar(text("SELECT words FROM suppression_sync")) == 'words:["Postroom tries again by itself."]'
    with database.reading() as session, speaking("de"):
        assert state_of(session, actor.workspace_id).words == "Postroom versucht es von selbst noch einmal."


def test_languages_are_chosen_by_their_tags() -> None:
    assert [spoken(tag) for tag in ("de", "de-AT", "DE_ch", "en-GB", "fr", "", "nonsense")] == [
        *("de", "de", "de", "en", "", "", ""),
    ]
    assert list(LANGUAGES) == ["en", "de"]
    speak("fr")
    assert language() == "en"
