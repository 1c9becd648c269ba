"""How large the e-mail is."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from app.cloudflare.contract import MAX_MESSAGE_BYTES, encoded_size
from app.emails.checks.finding import Severity
from app.emails.checks.reading import Observed, Reading
from app.words import _

CLIPPED_BYTES = 102_400
"""Gmail cuts the HTML off here and shows “Message clipped”."""
NEARLY_CLIPPED_BYTES = 80_000


def check_size(reading: Reading) -> Iterator[Observed]:
    """Check the HTML against Gmail's cut, and the whole against what the mail service takes."""
    size = len(reading.email.html.encode("utf-8", "replace"))
    remedy = _("Shorten the e-mail, or put a part of it on a web page and link to it. Pictures do not count.")
    if size > CLIPPED_BYTES:
        words = _(
            "The HTML has %(size)s kB: Gmail cuts off what is over 102 kB, often with the links at the end.",
            size=round(size / 1000),
        )
        yield Observed("clipped", Severity.WARNING, words, remedy)
    elif size > NEARLY_CLIPPED_BYTES:
        words = _(
            "The HTML has %(size)s kB; from 102 kB on Gmail cuts off the rest. Long values could add to it.",
            size=round(size / 1000),
        )
        yield Observed("nearly_clipped", Severity.HINT, words, remedy)
    most = MAX_MESSAGE_BYTES // 1024**2
    whole = size + len(reading.email.text.encode("utf-8", "replace"))
    whole += sum(encoded_size(max(0, one.size)) for one in reading.email.files)
    if whole > MAX_MESSAGE_BYTES:
        words = _(
            "The e-mail takes about %(size)s MiB on its way with its files; %(most)s MiB is the most.",
            size=Decimal(f"{whole / 1024 / 1024:.1f}"),
            most=most,
        )
        remedy = _("Remove or shrink files, or link to them.")
        place = "files" if reading.email.files else "body"
        yield Observed("too_large", Severity.ERROR, words, remedy, place=place)
