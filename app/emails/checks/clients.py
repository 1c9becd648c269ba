"""What the big mail programs do not show, from the data of caniemail.com (see caniemail.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import tinycss2

from app.emails.checks.checked import CheckedEmail
from app.emails.checks.colours import style_of
from app.emails.checks.finding import Finding, hint, warning

LAYOUT = frozenset({"position", "display:flex", "display:grid", "float"})
"""Without these an e-mail falls apart; everything else only looks plainer."""
_LOST = frozenset({"video", "audio", "object", "dialog", "select", "textarea"})
"""Elements whose content is lost where they are not known."""
_SILENT = frozenset({"height", "outline", "overflow", "max-height", "word-break", "word-wrap", "white-space", "link"})
"""Lacks that nobody sees in ordinary mail, or that have a finding of their own."""


def check_clients(email: CheckedEmail) -> Iterator[Finding]:
    """Name what is used and not supported, and by which programs."""
    data = support()
    used = _styles(email)
    plainer: dict[str, list[str]] = {}
    for name in used & data["css"].keys() - _SILENT:
        lacks = data["css"][name]["lacks"]
        if name in LAYOUT:
            verb = "does" if len(lacks) == 1 else "do"
            words = f"{_list(lacks)} {verb} not know “{name}”, and the arrangement falls apart there."
            yield warning("layout_style", words, "Arrange with tables instead.", name.split(":")[0])
        else:
            plainer[name] = lacks
    if plainer:
        names = ", ".join(sorted(plainer)[:6]) + (" and more" if len(plainer) > 6 else "")
        programs = sorted({one for lacks in plainer.values() for one in lacks})
        words = f"It looks a little plainer in {_list(programs)}, which ignore: {names}."
        yield hint("plainer", words, "See that nothing important depends on it.", next(iter(sorted(plainer))))
    for name in sorted({str(one.tag) for one in email.elements(*data["html"])} - _SILENT):
        lacks = data["html"][name]["lacks"]
        words = f"{_list(lacks)} {'does' if len(lacks) == 1 else 'do'} not show <{name}>."
        make = warning if name in _LOST else hint
        yield make("element", words, "Say the same with plain text, a link or an image.", f"<{name}")


@lru_cache(maxsize=1)
def support() -> dict[str, Any]:
    """Give the vendored data: `css`, `at` and `html`, each name to `url` and `lacks`."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "caniemail.json").read_text())
    return found


def _styles(email: CheckedEmail) -> set[str]:
    """Give the properties that the elements' own styles use, and `display` and `position` with their values."""
    used: set[str] = set()
    seen: set[str] = set()
    for element in [] if email.document is None else email.document.iter():
        text = element.get("style")
        if not text or text in seen:
            continue
        seen.add(text)
        for name, value in style_of(element).items():
            if name == "position" and value in {"static", "relative"}:
                continue
            used.add(name)
            used.add(f"{name}:{value}")
    for sheet in email.elements("style"):
        for rule in tinycss2.parse_stylesheet(sheet.text or "", skip_comments=True, skip_whitespace=True):
            if rule.type == "qualified-rule" and ":hover" not in tinycss2.serialize(rule.prelude):
                for one in tinycss2.parse_blocks_contents(rule.content, skip_comments=True):
                    if one.type == "declaration":
                        used |= {one.lower_name, f"{one.lower_name}:{tinycss2.serialize(one.value).strip()}"}
    return used


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
