"""Colours, read by tinycss2, and their contrast as WCAG 2.2 counts it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from tinycss2.color4 import parse_color

Colour = tuple[float, float, float, float]
"""Red, green, blue and opacity, each from 0 to 1."""

BLACK: Colour = (0.0, 0.0, 0.0, 1.0)
WHITE: Colour = (1.0, 1.0, 1.0, 1.0)
LINK: Colour = (0.0, 0.0, 0.9333, 1.0)
"""What programs give a link that has no colour."""

STEPS = 50
"""How finely a better colour is looked for."""


def colour_of(token: Any) -> Colour | None:
    """Give the colour that a token of CSS names; None when it names none, or one that is not known here."""
    try:
        colour = parse_color(token)
        if colour is None or colour == "currentcolor":
            return None
        red, green, blue = (_within(one) for one in colour.to("srgb").coordinates)
        return red, green, blue, _within(colour.alpha)
    except NotImplementedError:  # a colour space that tinycss2 reads but does not convert
        return None


@lru_cache(maxsize=256)
def colour_of_attribute(value: str) -> Colour | None:
    """Give the colour of an attribute such as bgcolor, where the # may be left out."""
    value = value.strip()
    return colour_of(value) or colour_of("#" + value)


def laid_over(upper: Colour, lower: Colour) -> Colour:
    """Give what is seen when a colour that lets some light through lies on one that does not."""
    share = upper[3]
    red, green, blue = (share * above + (1 - share) * below for above, below in zip(upper[:3], lower[:3], strict=True))
    return red, green, blue, 1.0


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, “contrast ratio”)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Colour) -> float:
    """Give the relative luminance (WCAG 2.2), from 0 for black to 1 for white."""
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def better(text: Colour, background: Colour, needed: float) -> Colour:
    """Give the colour nearest to a text's that has the contrast needed: darker or lighter, as the background asks."""
    target = BLACK if contrast(BLACK, background) > contrast(WHITE, background) else WHITE
    for step in range(STEPS + 1):
        share = step / STEPS
        tried = _rounded(laid_over((*target[:3], share), text))
        if contrast(tried, background) >= needed:
            return tried
    return target


def shown(colour: Colour) -> str:
    """Write a colour as #rrggbb."""
    return "#" + "".join(f"{round(one * 255):02x}" for one in colour[:3])


def _rounded(colour: Colour) -> Colour:
    red, green, blue = (round(one * 255) / 255 for one in colour[:3])
    return red, green, blue, 1.0


def _within(number: float | None) -> float:
    if number is None or math.isnan(number):
        return 0.0
    return min(1.0, max(0.0, number))
