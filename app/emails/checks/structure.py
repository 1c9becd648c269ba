"""How the e-mail is built: language, headings, tables, and what mail programs refuse."""

from __future__ import annotations

from collections.abc import Iterator

from app.emails.checks.checked import CheckedEmail, words_of
from app.emails.checks.finding import Finding, error, hint, warning
from app.emails.languages import direction, language_name

CLIPPED = 102_400
"""Bytes of HTML after which Gmail cuts an e-mail."""
NEARLY_CLIPPED = 80_000
_REFUSED = {"script": "A script", "iframe": "A frame", "object": "An embedded object", "embed": "An embedded object"}


def check_structure(email: CheckedEmail) -> Iterator[Finding]:
    """Check the whole of the HTML."""
    yield from _size(email)
    document = email.document
    if document is None:
        return
    yield from _language(email)
    yield from _headings(email)
    yield from _tables(email)
    for element in email.elements(*_REFUSED):
        words = f"{_REFUSED[str(element.tag)]} is taken out by every mail program."
        yield error("refused_element", words, "Take it out.", f"<{element.tag}")
    for form in email.elements("form"):
        words = "A form does not work in most mail programs."
        yield warning("form", words, "Link to a page with the form.", f"<{form.tag}")
    for sheet in email.elements("link"):
        if "stylesheet" in (sheet.get("rel") or "").lower():
            words = "A style sheet from elsewhere is not loaded by mail programs."
            yield warning("outside_style", words, "Put the styles into the e-mail.", sheet.get("href") or "<link")


def _size(email: CheckedEmail) -> Iterator[Finding]:
    size = len(email.html.encode("utf-8", "replace"))
    if size > CLIPPED:
        words = f"The HTML has {size / 1000:,.0f} kB; Gmail cuts it after 102 kB and hides the rest."
        yield warning("clipped", words, "Make it shorter, or write less style into it.")
    elif size > NEARLY_CLIPPED:
        words = f"The HTML has {size / 1000:,.0f} kB; Gmail cuts an e-mail after 102 kB."
        yield hint("nearly_clipped", words, "Do not let it grow much.")


def _language(email: CheckedEmail) -> Iterator[Finding]:
    roots = email.elements("html")
    said = (roots[0].get("lang") or "") if roots else ""
    if not said:
        if "<html" in email.html.lower():
            yield hint("no_language", "The e-mail does not say its language.", 'Write <html lang="en">.', "<html")
    elif said.split("-")[0].lower() != email.language.split("-")[0].lower():
        words = f"The HTML says {language_name(said)}, and this text is {language_name(email.language)}."
        yield warning("other_language", words, "Let both say the same.", f'lang="{said}"')
    if direction(email.language) == "rtl" and not any(one.get("dir") for one in email.elements("html", "body", "div")):
        words = f"{language_name(email.language)} is written from right to left, and the HTML does not say so."
        yield warning("no_direction", words, 'Write dir="rtl" on the body.', "<body")


def _headings(email: CheckedEmail) -> Iterator[Finding]:
    before = 0
    for heading in email.elements("h1", "h2", "h3", "h4", "h5", "h6"):
        words, level = words_of(heading), int(str(heading.tag)[1])
        if not words and next(heading.iter("img"), None) is None:
            yield warning("empty_heading", "A heading is empty.", "Write it, or take it out.", f"<{heading.tag}")
        if before and level > before + 1:
            text = f"The heading “{words}” leaves out a level, which confuses people who listen to the e-mail."
            yield hint("heading_order", text, f"Make it a heading of level {before + 1}.", words)
        before = level


def _tables(email: CheckedEmail) -> Iterator[Finding]:
    bare = [one for one in email.elements("table") if _is_layout(one) and one.get("role") is None]
    if bare:
        words = (
            f"{len(bare)} of the tables only arrange things, and do not say so: they are read out as tables of data."
            if len(bare) > 1
            else "A table only arranges things, and does not say so: it is read out as a table of data."
        )
        yield hint("table_role", words, 'Write <table role="presentation">.', "<table")


def _is_layout(table: object) -> bool:
    return next(table.iter("th", "caption"), None) is None  # type: ignore[attr-defined]
