"""How each text of an e-mail looks: its colour, its background, its size, and whether it is seen at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from app.emails.checks.colours import BLACK, LINK, WHITE, Colour, colour_of, colour_of_attribute, laid_over
from app.emails.checks.styles import declarations, tokens_within

ROOT_SIZE = 16.0
"""Pixels of a text whose size nobody set."""
UNSEEN = frozenset(
    "head style script title template noscript select textarea svg video audio object iframe math".split()
)
"""Elements whose text is not text of the e-mail."""
BOLD = frozenset("b strong th h1 h2 h3 h4 h5 h6".split())
SCALE = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 0.83, "big": 1.2, "sub": 0.83, "sup": 0.83}
"""Sizes that programs give by themselves, as parts of the size around."""
KEYWORDS = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0}
KEYWORDS |= {"xx-large": 32.0, "xxx-large": 48.0}
FONT_SIZES = ("10px", "13px", "16px", "18px", "24px", "32px", "48px")
"""What `<font size=1>` to 7 mean."""
PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "rem": ROOT_SIZE}


@dataclass(frozen=True, slots=True)
class Look:
    """How a text looks; a colour is None when it cannot be known, as on a picture. `size` is in pixels."""

    colour: Colour | None = BLACK
    background: Colour | None = WHITE
    size: float = ROOT_SIZE
    bold: bool = False
    hidden: bool = False

    @property
    def is_large(self) -> bool:
        """Whether WCAG 2.2 calls the text large."""
        return self.size >= 24 or (self.bold and self.size >= 18.66)

    @property
    def is_seen(self) -> bool:
        """Whether a reader sees it: a preheader is hidden by its size, for instance."""
        return not self.hidden and self.size > 1


@dataclass(frozen=True, slots=True)
class Run:
    """The text that stands in an element itself, with its look."""

    element: Any
    text: str
    look: Look
    begins: str
    """The text up to the first element within it, by which it is found in the source."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a style changes in the look around; None leaves it. A colour is `False` when it cannot be known."""

    colour: Colour | bool | None = None
    background: Colour | bool | None = None
    size: tuple[float, str] | None = None
    bold: bool | None = None
    hidden: bool | None = None


Layers = tuple[str, ...]
"""Styles of one element, the weaker first; among them `!important` is stronger."""


def runs(root: Any, layers: Mapping[Any, Layers]) -> Iterator[Run]:
    """Give every text with its look, in the order of the e-mail. Elements without layers have their style alone."""
    waiting: list[tuple[Any, Look]] = [(root, Look())]
    while waiting:
        element, around = waiting.pop()
        look = _look(element, around, layers.get(element))
        pieces = [element.text or "", *(child.tail or "" for child in element)]
        text = " ".join("".join(pieces).split())
        if text:
            begins = next((piece for piece in pieces if any(sign.isalnum() for sign in piece)), text)
            yield Run(element, text, look, " ".join(begins.split()))
        children = [one for one in element if isinstance(one.tag, str) and one.tag not in UNSEEN]
        waiting.extend((child, look) for child in reversed(children))


def _look(element: Any, around: Look, layers: Layers | None) -> Look:
    tag = element.tag
    look = around
    if tag in SCALE:
        look = replace(look, size=look.size * SCALE[tag])
    if tag in BOLD:
        look = replace(look, bold=True)
    if tag == "a" and element.get("href"):
        look = replace(look, colour=LINK)
    if element.attrib:
        look = _with(look, _of_attributes(element), around.size)
        style = element.get("style") or ""
        if layers or style:
            look = _with(look, change_of(layers or (style,)), around.size)
    return look


def _with(look: Look, change: Change, size_around: float) -> Look:
    background = look.background
    if change.background is False:
        background = None
    elif isinstance(change.background, tuple):
        solid = change.background[3] >= 1
        background = change.background if solid else background and laid_over(change.background, background)
    colour = look.colour
    if isinstance(change.colour, tuple):
        colour = change.colour
    elif change.colour is False:
        colour = None
    return Look(
        colour=colour,
        background=background,
        size=_pixels(change.size, size_around) if change.size else look.size,
        bold=look.bold if change.bold is None else change.bold,
        hidden=look.hidden or bool(change.hidden),
    )


def _pixels(size: tuple[float, str], around: float) -> float:
    number, unit = size
    if unit in {"em", "%"}:
        return around * number * (1 if unit == "em" else 0.01)
    return number * PIXELS[unit]


def _of_attributes(element: Any) -> Change:
    """Read the attributes that were there before CSS."""
    background: Colour | bool | None = None
    if element.get("bgcolor"):
        background = colour_of_attribute(element.get("bgcolor"))
    if element.get("background"):
        background = False
    colour, size = None, None
    if element.tag == "font":
        colour = colour_of_attribute(element.get("color") or "")
        given = (element.get("size") or "").strip()
        if given in set("1234567"):
            size = (float(FONT_SIZES[int(given) - 1].removesuffix("px")), "px")
    elif element.tag == "body" and element.get("text"):
        colour = colour_of_attribute(element.get("text"))
    return Change(colour, background, size, hidden=True if element.get("hidden") is not None else None)


@lru_cache(maxsize=2048)
def change_of(layers: Layers) -> Change:
    """Put the styles of one element together: a rule's `!important` is stronger than the element's own style."""
    ordered = [(one.important, one) for style in layers for one in declarations(style)]
    ordered.sort(key=lambda one: one[0])
    made = Change()
    for _, one in ordered:
        read = READERS.get(one.lower_name)
        if read is not None:
            made = read(made, [token for token in one.value if token.type not in {"whitespace", "comment"}])
    return made


def _colour(change: Change, value: list[Any]) -> Change:
    if len(value) != 1 or _is_word(value[0], "inherit", "currentcolor", "unset"):
        return change
    return replace(change, colour=colour_of(value[0]) or False)


def _background(change: Change, value: list[Any]) -> Change:
    """Read the shorthand, which resets whatever stood before it."""
    return replace(change, background=False if _has_picture(value) else _first_colour(value))


def _background_part(change: Change, value: list[Any]) -> Change:
    """Read the colour alone or the picture alone: the one does not take the other away."""
    if _has_picture(value):
        return replace(change, background=False)
    colour = _first_colour(value)
    return change if colour is None or change.background is False else replace(change, background=colour)


def _has_picture(value: list[Any]) -> bool:
    """Whether what lies behind cannot be known: a picture, a gradient, a variable."""
    for token in tokens_within(value):
        name = token.lower_name if token.type == "function" else ""
        if token.type == "url" or name in {"url", "image-set", "var"} or name.endswith("gradient"):
            return True
    return False


def _first_colour(value: list[Any]) -> Colour | None:
    return next((colour for colour in map(colour_of, value) if colour is not None), None)


def _size(change: Change, value: list[Any]) -> Change:
    size = _size_of(value[0]) if value else None
    return replace(change, size=size) if size else change


def _size_of(token: Any) -> tuple[float, str] | None:
    if token.type == "ident" and token.lower_value in KEYWORDS:
        return KEYWORDS[token.lower_value], "px"
    if token.type == "dimension" and (token.lower_unit in PIXELS or token.lower_unit == "em"):
        return token.value, token.lower_unit
    if token.type == "percentage":
        return token.value, "%"
    if token.type == "number" and token.value == 0:
        return 0.0, "px"
    return None


def _font(change: Change, value: list[Any]) -> Change:
    """Read the shorthand: the size is its first length, the weight stands before it."""
    for token in value:
        change = _weight(change, [token])
        size = None if token.type == "number" else _size_of(token)
        if size:
            return replace(change, size=size)
    return change


def _weight(change: Change, value: list[Any]) -> Change:
    if not value:
        return change
    token = value[0]
    if token.type == "number" and 1 <= token.value <= 1000:
        return replace(change, bold=token.value >= 600)
    if _is_word(token, "bold", "bolder", "normal", "lighter"):
        return replace(change, bold=token.lower_value in {"bold", "bolder"})
    return change


def _display(change: Change, value: list[Any]) -> Change:
    return replace(change, hidden=bool(value) and _is_word(value[0], "none"))


def _visibility(change: Change, value: list[Any]) -> Change:
    return replace(change, hidden=True) if value and _is_word(value[0], "hidden", "collapse") else change


def _nothing_left(change: Change, value: list[Any]) -> Change:
    is_nothing = bool(value) and value[0].type in {"number", "dimension", "percentage"} and value[0].value == 0
    return replace(change, hidden=True) if is_nothing else change


def _is_word(token: Any, *words: str) -> bool:
    return token.type == "ident" and token.lower_value in words


READERS = {
    "color": _colour,
    "background": _background,
    "background-color": _background_part,
    "background-image": _background_part,
    "font-size": _size,
    "font": _font,
    "font-weight": _weight,
    "display": _display,
    "visibility": _visibility,
    "opacity": _nothing_left,
    "max-height": _nothing_left,
}
"""Properties that change the look of a text."""
