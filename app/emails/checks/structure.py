"""What screen readers find their way by: headings, language, direction and title."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.emails.checks.finding import Severity
from app.emails.checks.looks import change_of
from app.emails.checks.reading import Observed, Reading, words_of
from app.emails.languages import direction
from app.words import _

LONG_MAIL = 250
"""Words from which on a reader needs headings."""
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
SHOWN = 60


def check_headings(reading: Reading) -> Iterator[Observed]:
    """Check that headings have words and go down one level at a time."""
    last = 0
    headings = [one for one in reading.tagged(*HEADINGS) if not _is_hidden(one)]
    for heading in headings:
        words = words_of(heading) or " ".join(image.get("alt") or "" for image in heading.iter("img")).strip()
        if not words:
            remedy = _("Write words into it, or remove it; for more room use spacing.")
            said = _("A heading is empty; screen readers still announce it.")
            line = _line_of_empty_heading(reading)
            place = "body" if line else "layout"
            yield Observed("heading_empty", Severity.WARNING, said, remedy, place=place, line=line)
            continue
        level = int(heading.tag[1])
        if last and level > last + 1:
            said = _(
                "The heading “%(words)s” is of level %(level)s, but the one before it is of level %(last)s.",
                words=words[:SHOWN],
                level=level,
                last=last,
            )
            yield Observed(
                "heading_skips",
                Severity.WARNING,
                said,
                _("Make it a heading of level %(level)s.", level=last + 1),
                (words,),
            )
        last = level
    if not headings and len(reading.seen_text.split()) > LONG_MAIL:
        said = _("This is a long e-mail without headings.")
        remedy = _("Give its parts headings: people look for theirs, and screen readers jump from one to the next.")
        yield Observed("heading_none", Severity.HINT, said, remedy)


def check_language(reading: Reading) -> Iterator[Observed]:
    """Check that the HTML says in which language it is, and in which direction that is read."""
    if reading.root is None:
        return
    wanted = reading.email.language.strip() or "en"
    body = next(reading.tagged("body"), None)
    given = _attribute(reading.root, "lang") or _attribute(body, "lang")
    excerpts = ("<html", "<mjml")
    if not given or given == "und":
        said = _("The HTML does not say in which language it is, so screen readers may read it out wrongly.")
        tag = "mjml" if reading.is_mjml else "html"
        remedy = _(
            'Write <%(tag)s lang="%(wanted)s"> at its beginning, as a rule in the layout.', tag=tag, wanted=wanted
        )
        yield Observed("language_missing", Severity.WARNING, said, remedy, excerpts)
    elif _primary(given) != _primary(wanted):
        said = _(
            "The HTML says that its language is “%(given)s”, but the e-mail is in “%(wanted)s”.",
            given=given,
            wanted=wanted,
        )
        yield Observed(
            "language_differs",
            Severity.WARNING,
            said,
            _('Write lang="%(wanted)s".', wanted=wanted),
            (f'lang="{given}"', *excerpts),
        )
    directions = {(one.get("dir") or "").strip().lower() for one in _frame(reading)}
    if direction(wanted) == "rtl":
        if "rtl" not in directions:
            said = _("The e-mail is in a language that is read from right to left, but the HTML does not say so.")
            remedy = _('Write dir="rtl" into <html> and into the outermost table.')
            yield Observed("direction_missing", Severity.WARNING, said, remedy, excerpts)
    elif "rtl" in directions:
        said = _("The HTML is set from right to left, but “%(wanted)s” is read from left to right.", wanted=wanted)
        yield Observed("direction_differs", Severity.WARNING, said, _('Remove dir="rtl".'), ('dir="rtl"', "<html"))


def check_title(reading: Reading) -> Iterator[Observed]:
    """Check that there is a title, which screen readers say first, and browsers show."""
    if reading.root is None:
        return
    titles = [one for one in reading.tagged("title") if one.getparent() is not None and one.getparent().tag == "head"]
    if not any(words_of(one) for one in titles):
        said = _(
            "The HTML has no title; screen readers say it first, browsers show it when the e-mail is opened there."
        )
        remedy = _("Write a <title> into its <head>, as a rule in the layout.")
        if reading.is_mjml:
            remedy = _("Write an <mj-title> into its <mj-head>.")
        yield Observed("title_missing", Severity.HINT, said, remedy, ("<head", "<mj-head", "<mjml"))


def _frame(reading: Reading) -> Iterator[Any]:
    """Give the elements that may set the direction of the whole: html, body, and what wraps everything."""
    yield reading.root
    element = next(reading.tagged("body"), None)
    while element is not None:
        yield element
        children = [one for one in element if isinstance(one.tag, str)]
        seen = [one for one in children if not _is_hidden(one)]
        element = seen[0] if len(seen) == 1 else None


def _line_of_empty_heading(reading: Reading) -> int | None:
    for one in reading.written_elements:
        if one.tag in HEADINGS and not words_of(one) and not list(one.iter("img")):
            return int(one.sourceline or 0) or None
    return None


def _is_hidden(element: Any) -> bool:
    return bool(change_of((element.get("style") or "",)).hidden)


def _attribute(element: Any | None, name: str) -> str:
    return "" if element is None else str(element.get(name) or "").strip()


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].strip().lower()
