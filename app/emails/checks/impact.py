"""What it means to a reader when a mail program does not know a feature of HTML or CSS (slugs as on caniemail.com)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.emails.checks.finding import Severity
from app.words import _


@dataclass(frozen=True, slots=True)
class Impact:
    """How bad it is, what readers see, and what to use in its place."""

    severity: Severity
    words: str
    remedy: str


_TABLES = _("Set the parts side by side with a table, or let them stand one below the other.")
_PNG = _("Save the picture as PNG or JPG.")
_COLUMNS = Impact(Severity.WARNING, _("parts that should stand side by side stand one below the other"), _TABLES)
_HIDDEN = Impact(
    Severity.WARNING, _("what should be hidden is shown there"), _("Use display:none, or leave that part out.")
)
_PICTURE = Impact(Severity.WARNING, _("the picture is not shown there"), _PNG)
_MEASURE = Impact(
    Severity.HINT,
    _("the size is left out there"),
    _("Write a size in pixels before it, for programs that know no other."),
)
_COLOUR = Impact(
    Severity.WARNING,
    _("the colour is left out there, which can make text unreadable"),
    _("Write the colour as #rrggbb."),
)
_PLAYED = Impact(
    Severity.WARNING, _("it cannot be played there"), _("Show a picture that links to the recording on a web page.")
)

IMPACTS: Mapping[str, Impact] = {
    "css-position": Impact(
        Severity.WARNING, _("the part stays where it stands in the text, often over another"), _TABLES
    ),
    "css-display-flex": _COLUMNS,
    "css-display-grid": _COLUMNS,
    "css-column-count": Impact(
        Severity.HINT, _("the text runs in one column there"), _("Check that it reads well in one column.")
    ),
    "css-float": Impact(Severity.HINT, _("the part does not stand beside the text there"), _TABLES),
    "css-transform": Impact(Severity.WARNING, _("the part is not moved or turned there"), _("Do without it.")),
    "css-clip-path": Impact(Severity.HINT, _("the whole part is shown there"), _("Cut the picture itself.")),
    "css-writing-mode": Impact(Severity.WARNING, _("the text runs in the usual direction there"), _("Do without it.")),
    "css-visibility": _HIDDEN,
    "css-opacity": Impact(
        Severity.HINT, _("the part is shown in full strength there"), _("Choose a lighter colour instead.")
    ),
    "css-background-image": Impact(
        Severity.HINT,
        _("the background picture is not shown there"),
        _("Set a background colour too on which the text can be read, and put no words into the picture."),
    ),
    "css-linear-gradient": Impact(
        Severity.HINT,
        _("the background has one colour there"),
        _("Set a background-color too, on which the text can be read."),
    ),
    "css-variables": _COLOUR,
    "css-modern-color": _COLOUR,
    "css-function-light-dark": _COLOUR,
    "css-unit-calc": _MEASURE,
    "css-function-clamp": _MEASURE,
    "css-function-max": _MEASURE,
    "css-function-min": _MEASURE,
    "css-unit-rem": _MEASURE,
    "css-unit-vw": _MEASURE,
    "css-unit-vh": _MEASURE,
    "css-unit-vmin": _MEASURE,
    "css-unit-vmax": _MEASURE,
    "css-at-font-face": Impact(
        Severity.HINT, _("another typeface is shown there"), _("Name a common typeface behind it, for example Arial.")
    ),
    "css-pseudo-element-before": Impact(
        Severity.HINT, _("what it adds is left out there"), _("Write it into the HTML.")
    ),
    "css-pseudo-element-after": Impact(
        Severity.HINT, _("what it adds is left out there"), _("Write it into the HTML.")
    ),
    "css-pseudo-class-checked": Impact(
        Severity.WARNING,
        _("what should open by a tap stays as it is there"),
        _("Show everything, or link to a web page."),
    ),
    "html-video": _PLAYED,
    "html-audio": _PLAYED,
    "html-svg": Impact(Severity.WARNING, _("the drawing is not shown there"), _PNG),
    "html-image-maps": Impact(
        Severity.HINT, _("the links on the picture are lost there"), _("Add the links as text below it.")
    ),
    "html-hidden": _HIDDEN,
    "html-dialog": Impact(Severity.WARNING, _("the part is shown, or lost, there"), _("Write it into the text.")),
    "html-popover": Impact(Severity.WARNING, _("the part is always shown there"), _("Write it into the text.")),
    "html-marquee": Impact(Severity.WARNING, _("the text does not move there"), _("Write it as ordinary text.")),
    "html-meter": Impact(Severity.WARNING, _("the bar is not shown there"), _("Say it in words or show a picture.")),
    "html-progress": Impact(Severity.WARNING, _("the bar is not shown there"), _("Say it in words or show a picture.")),
    "html-anchor-links": Impact(
        Severity.HINT,
        _("a link to a place within the e-mail does nothing there"),
        _("Keep the e-mail short enough without."),
    ),
    "image-svg": _PICTURE,
    "image-webp": _PICTURE,
    "image-avif": _PICTURE,
    "image-heif": _PICTURE,
    "image-tiff": _PICTURE,
    "image-hdr": _PICTURE,
    "image-ico": _PICTURE,
    "image-mp4": _PLAYED,
}
"""Features worth a finding of their own. All others make the e-mail look plainer, and share one hint."""

SILENT = frozenset(
    # Other checks have a better word for these.
    "html-form html-select html-textarea html-object html-base html-link css-at-import html-required "
    # The e-mail is as good without: it works for those whose program knows it, and is nothing to the others.
    "css-at-media css-at-supports css-at-keyframes css-animation css-transition css-cursor css-user-select css-resize "
    "css-color-scheme css-scroll-snap css-overflow css-overflow-wrap css-word-break css-word-wrap css-white-space "
    "css-white-space-collapse css-hyphens css-hyphenate-character css-hyphenate-limit-chars css-orphans css-widows "
    "css-text-wrap css-text-justify css-text-overflow css-tab-size css-table-layout css-border-spacing css-box-sizing "
    "css-min-width css-min-height css-max-height css-height css-clear css-z-index css-outline css-outline-offset "
    "css-empty-cells css-caption-side css-font-kerning css-font-size-adjust css-font-stretch css-unit-initial "
    "css-background-position css-background-repeat css-background-size css-background-clip css-background-origin "
    "css-left-right-top-bottom css-inset css-flex-wrap css-flex-direction css-align-items css-justify-content css-gap "
    "css-grid-template css-text-decoration-color css-text-decoration-line css-text-decoration-style "
    "css-text-decoration-skip-ink css-text-decoration-thickness css-text-underline-offset css-text-underline-position "
    "css-word-spacing css-rgba css-object-fit css-object-position css-list-style-position css-unit-ch css-inline-size "
    "css-max-block-size css-min-block-size css-max-inline-size css-min-inline-size css-block-inline-size "
    "html-aria-describedby html-aria-hidden html-aria-label html-aria-labelledby html-aria-live html-body "
    "html-loading-attribute html-srcset html-picture html-target html-wbr html-bdi html-abbr html-acronym html-rp "
    "html-rt html-ruby css-inert-attribute image-apng".split()
)
"""Features whose absence no reader notices, or about which another check speaks. Pseudo-classes are among them."""
