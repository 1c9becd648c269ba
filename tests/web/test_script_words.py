"""Scripts say only what their page gives them, and pages give what their scripts say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from app.emails.script_words import editor_words, frame_words
from app.web.language import passkey_words, words_of_scripts

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
USED = re.compile(r"(?<![/.])\b(?:words|said)\.(\w+)\b")


def script(*names: str) -> str:
    return "\n".join((STATIC / name).read_text() for name in names)


@pytest.mark.parametrize(
    ("words_of", "source"),
    [
        (editor_words, script("editor.js", *(f"editor/{one.name}" for one in (STATIC / "editor").glob("*.js")))),
        (passkey_words, script("passkeys.js")),
        (words_of_scripts, script("postroom.js")),
    ],
)
def test_a_script_uses_every_word_that_it_is_given_and_no_other(
    words_of: Callable[[], dict[str, str]], source: str
) -> None:
    used = set(USED.findall(source))
    of_answers_and_texts = {"content_id", "words", "join", "length"}
    assert used - of_answers_and_texts == words_of().keys()


def test_frames_have_a_title_each() -> None:
    kinds = set(re.findall(r'"(desktop|phone)"', script("frames.js")))
    assert kinds == frame_words().keys()


def test_every_page_with_a_script_carries_its_words() -> None:
    pages = [path for path in (ROOT / "templates").rglob("*.html") if "passkeys.js" in path.read_text()]
    assert pages
    assert not [path.name for path in pages if "passkey_words()" not in path.read_text()]
    framed = [path for path in (ROOT / "templates").rglob("*.html") if "frames.js" in path.read_text()]
    assert framed
    assert not [path.name for path in framed if "frame_words()" not in path.read_text()]
