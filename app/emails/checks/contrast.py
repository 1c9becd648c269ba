"""Whether texts can be read: contrast (WCAG 2.2, 1.4.3) in both modes, and size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from app.emails.checks.colours import Colour, better, contrast, laid_over, luminance, shown
from app.emails.checks.finding import Severity
from app.emails.checks.looks import Run
from app.emails.checks.reading import Observed, Reading
from app.words import _, _n

NEEDED = 4.5
NEEDED_LARGE = 3.0
"""Contrast that a text needs at least (WCAG 2.2, AA)."""
TINY = 12.0
"""Pixels below which a text is hard to read."""
SHOWN = 40
LOW = _(
    "%(texts)s is hard to read: %(colour)s on %(background)s has a contrast of %(contrast)s to 1; it needs %(needed)s."
)
LOW_IN_DARK = _(
    "%(texts)s is hard to read in dark mode: %(colour)s on %(background)s has a contrast of %(contrast)s to 1; "
    "it needs %(needed)s."
)


def check_contrast(reading: Reading) -> Iterator[Observed]:
    """Check every text against its background, as the e-mail looks in light mode and in dark mode."""
    light = _low(reading.runs)
    for (text, background, needed), found in light.items():
        yield _observed(found, text, background, needed, code="contrast")
    for (text, background, needed), found in _low(reading.dark_runs).items():
        if (text, background, needed) not in light:
            yield _observed(found, text, background, needed, code="contrast_dark")


def check_text_size(reading: Reading) -> Iterator[Observed]:
    """Check for texts that are too small to read on a phone."""
    sizes: dict[float, list[str]] = {}
    for run in reading.runs:
        if run.look.is_seen and run.look.size < TINY - 0.05 and _has_words(run.text):
            sizes.setdefault(round(run.look.size, 1), []).append(run.begins)
    for size, texts in sorted(sizes.items()):
        words = _(
            "%(texts)s is %(size)s pixels high, which is hard to read on a phone.", texts=_named(texts), size=size
        )
        yield Observed("text_tiny", Severity.HINT, words, _("Make it 12 pixels or more, better 14."), (texts[0],))


def _low(runs: Sequence[Run]) -> dict[tuple[Colour, Colour, float], list[str]]:
    """Give pairs of colours with too little contrast, each with its texts."""
    found: dict[tuple[Colour, Colour, float], list[str]] = {}
    for run in runs:
        look = run.look
        if not look.is_seen or look.colour is None or look.background is None or not _has_words(run.text):
            continue
        text = laid_over(look.colour, look.background)
        needed = NEEDED_LARGE if look.is_large else NEEDED
        if round(contrast(text, look.background), 2) < needed:
            found.setdefault((text, look.background, needed), []).append(run.begins)
    return found


def _observed(texts: list[str], text: Colour, background: Colour, needed: float, *, code: str) -> Observed:
    said = LOW_IN_DARK if code == "contrast_dark" else LOW
    words = _(
        said,
        texts=_named(texts),
        colour=shown(text),
        background=shown(background),
        contrast=Decimal(f"{contrast(text, background):.1f}"),
        needed=needed,
    )
    return Observed(code, Severity.WARNING, words, _remedy(text, background, needed), (texts[0],))


def _remedy(text: Colour, background: Colour, needed: float) -> str:
    """Name the colour to change: the text's, or the background's where the text would turn from pale to dark."""
    target = better(text, background, needed)
    is_pale = luminance(text) > luminance(background)
    if is_pale == (luminance(target) > luminance(background)):
        lighter = _("Choose a lighter colour for the text, for example %(example)s, or another background.")
        darker = _("Choose a darker colour for the text, for example %(example)s, or another background.")
        return _(lighter if is_pale else darker, example=shown(target))
    lighter = _("Choose a lighter background, for example %(example)s, or another colour for the text.")
    darker = _("Choose a darker background, for example %(example)s, or another colour for the text.")
    return _(darker if is_pale else lighter, example=shown(better(background, text, needed)))


def _has_words(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def _named(texts: list[str]) -> str:
    """Name the first of some texts, and say how many there are besides."""
    more, text = len(texts) - 1, _cut(texts[0])
    if not more:
        return _("“%(text)s”", text=text)
    return _n("“%(text)s” (and one more text)", "“%(text)s” (and %(count)s more texts)", more, text=text)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN].rstrip() + "…"
