"""Whether texts can be read: contrast (WCAG 2.2, 1.4.3) in both modes, and size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.emails.checks.colours import Colour, better, contrast, laid_over, luminance, shown
from app.emails.checks.finding import Severity
from app.emails.checks.looks import Run
from app.emails.checks.reading import Observed, Reading

NEEDED = 4.5
NEEDED_LARGE = 3.0
"""Contrast that a text needs at least (WCAG 2.2, AA)."""
TINY = 12.0
"""Pixels below which a text is hard to read."""
SHOWN = 40


def check_contrast(reading: Reading) -> Iterator[Observed]:
    """Check every text against its background, as the e-mail looks in light mode and in dark mode."""
    light = _low(reading.runs)
    for (text, background, needed), found in light.items():
        yield _observed(found, text, background, needed, code="contrast", where="")
    for (text, background, needed), found in _low(reading.dark_runs).items():
        if (text, background, needed) not in light:
            yield _observed(found, text, background, needed, code="contrast_dark", where=" in dark mode")


def check_text_size(reading: Reading) -> Iterator[Observed]:
    """Check for texts that are too small to read on a phone."""
    sizes: dict[float, list[str]] = {}
    for run in reading.runs:
        if run.look.is_seen and run.look.size < TINY - 0.05 and _has_words(run.text):
            sizes.setdefault(round(run.look.size, 1), []).append(run.begins)
    for size, texts in sorted(sizes.items()):
        words = f"“{_cut(texts[0])}”{_and_more(len(texts))} is {size:g} pixels high, which is hard to read on a phone."
        yield Observed("text_tiny", Severity.HINT, words, "Make it 12 pixels or more, better 14.", (texts[0],))


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


def _observed(texts: list[str], text: Colour, background: Colour, needed: float, *, code: str, where: str) -> Observed:
    words = (
        f"“{_cut(texts[0])}”{_and_more(len(texts))} is hard to read{where}: {shown(text)} on {shown(background)} "
        f"has a contrast of {contrast(text, background):.1f} to 1; it needs {needed:g}."
    )
    return Observed(code, Severity.WARNING, words, _remedy(text, background, needed), (texts[0],))


def _remedy(text: Colour, background: Colour, needed: float) -> str:
    """Name the colour to change: the text's, or the background's where the text would turn from pale to dark."""
    target = better(text, background, needed)
    is_pale = luminance(text) > luminance(background)
    if is_pale == (luminance(target) > luminance(background)):
        way = "lighter" if is_pale else "darker"
        return f"Choose a {way} colour for the text, for example {shown(target)}, or another background."
    way = "darker" if is_pale else "lighter"
    example = shown(better(background, text, needed))
    return f"Choose a {way} background, for example {example}, or another colour for the text."


def _has_words(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def _and_more(number: int) -> str:
    if number < 2:
        return ""
    return " (and one more text)" if number == 2 else f" (and {number - 1} more texts)"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN].rstrip() + "…"
