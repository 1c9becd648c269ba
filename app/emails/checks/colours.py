"""Whether text can be read: contrast with what is behind it (WCAG 2.2, 1.4.3), and size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import tinycss2
from lxml import etree
from tinycss2 import color3

from app.emails.checks.checked import CheckedEmail
from app.emails.checks.finding import Finding, hint, warning

ENOUGH = 4.5
ENOUGH_FOR_LARGE = 3.0
LARGE, LARGE_WHEN_BOLD = 24.0, 18.66
"""Pixels from which text is large."""
SMALL = 12.0
MOST = 4
"""Findings of one kind; more say nothing new."""
Colour = tuple[float, float, float]


def check_colours(email: CheckedEmail) -> Iterator[Finding]:
    """Check every text against the nearest colours that are set around it."""
    pale = small = 0
    for element in [] if email.document is None else email.document.iter():
        if not isinstance(element.tag, str) or element.tag in {"style", "title", "script", "head"}:
            continue
        words = " ".join((element.text or "").split())
        if not words or _is_hidden(element):
            continue
        size = _pixels(_nearest(element, "font-size"))
        front, back = _colour(_nearest(element, "color")), _background(element)
        if front and back and pale < MOST:
            ratio = contrast(front, back)
            is_bold = (_nearest(element, "font-weight") or "") in {"bold", "600", "700", "800", "900"}
            is_large = size is not None and size >= (LARGE_WHEN_BOLD if is_bold else LARGE)
            if ratio < (ENOUGH_FOR_LARGE if is_large else ENOUGH):
                pale += 1
                text = f"“{words[:40]}” is hard to read on its background (contrast {ratio:.1f} to 1)."
                yield warning("contrast", text, "Make the text darker, or the background lighter.", words[:40])
        if size is not None and 2 < size < SMALL and small < MOST:
            small += 1
            text = f"“{words[:40]}” is very small ({size:g} pixels)."
            yield hint("small_text", text, "Use 14 pixels or more.", words[:40])


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def style_of(element: etree._Element) -> dict[str, str]:
    """Give the declarations of an element's own style."""
    return _declarations(element.get("style") or "")


@lru_cache(maxsize=512)
def _declarations(style: str) -> dict[str, str]:
    found = tinycss2.parse_blocks_contents(style, skip_comments=True)
    return {one.lower_name: tinycss2.serialize(one.value).strip() for one in found if one.type == "declaration"}


def _luminance(colour: Colour) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _nearest(element: etree._Element, name: str) -> str | None:
    at: etree._Element | None = element
    while at is not None:
        value = style_of(at).get(name) if at.get("style") else None
        if value is None and name == "color":
            value = at.get("color") if at.tag == "font" else at.get("text") if at.tag == "body" else None
        if value and value != "inherit":
            return value
        if at.tag == "a" and name == "color":
            return None  # a link without a colour of its own has the program's
        at = at.getparent()
    return None


def _background(element: etree._Element) -> Colour | None:
    at: etree._Element | None = element
    while at is not None:
        style = style_of(at) if at.get("style") else {}
        if "background-image" in style or "url(" in style.get("background", "") or at.get("background"):
            return None
        value = style.get("background-color") or style.get("background") or at.get("bgcolor")
        if value and value != "transparent":
            return _colour(value.split()[0] if "(" not in value else value)
        at = at.getparent()
    return (1.0, 1.0, 1.0)


def _colour(value: str | None) -> Colour | None:
    try:
        found = color3.parse_color(value) if value else None
    except (ValueError, RecursionError):
        return None
    if found is None or isinstance(found, str) or found.alpha < 1:
        return None
    return (found.red, found.green, found.blue)


def _pixels(value: str | None) -> float | None:
    if not value or not value.endswith("px"):
        return None
    try:
        return float(value[:-2])
    except ValueError:
        return None


def _is_hidden(element: etree._Element) -> bool:
    at: etree._Element | None = element
    while at is not None:
        style = style_of(at) if at.get("style") else {}
        if style.get("display") == "none" or style.get("opacity") == "0":
            return True
        at = at.getparent()
    return False
