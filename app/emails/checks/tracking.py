"""What looks as if it watched the reader: staff rarely want it, and spam filters do not like it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, urlsplit

from app.emails.checks.finding import Severity
from app.emails.checks.images import is_pixel
from app.emails.checks.reading import Observed, Reading
from app.words import _

PARAMETERS = frozenset(
    "fbclid gclid dclid gbraid wbraid msclkid yclid ttclid twclid igshid mc_eid mc_cid mkt_tok _hsenc _hsmi "
    "__hssc __hstc vero_id oly_enc_id oly_anon_id ck_subscriber_id s_cid wickedid _openstat irclickid".split()
)
"""Names of query parameters that mark the reader or the campaign; besides them all that begin with utm_."""
SHORTENERS = frozenset(
    "bit.ly tinyurl.com t.co goo.gl ow.ly is.gd buff.ly rebrand.ly cutt.ly t.ly rb.gy lnkd.in shorturl.at tiny.cc "
    "bl.ink s.id v.gd dub.sh".split()
)
REDIRECT_PARAMETERS = frozenset(
    "url u target dest destination redirect redirect_url redirect_uri r link goto to".split()
)
OPAQUE = re.compile(r"[A-Za-z0-9_=.~-]{60,}")
"""A part of a path that may be one that only a machine can read."""
NO_COUNTING = ("share", "sharing", "intent", "login", "signin", "sign-in", "sign_in", "auth", "logout", "sso")
"""In the path of pages that have to know an address: to share it, or to go on to it after signing in."""
SHOWN = 60


def check_tracking(reading: Reading) -> Iterator[Observed]:
    """Check links and pictures for what follows the reader."""
    for link in reading.tagged("a", "area"):
        address = (link.get("href") or "").strip()
        try:
            parts = urlsplit(address)
            host = (parts.hostname or "").lower().removeprefix("www.")
        except ValueError:
            continue
        if parts.scheme.lower() in {"http", "https"}:
            yield from _check_link(address, parts, host)
    for image in reading.tagged("img"):
        if is_pixel(image):
            source = (image.get("src") or "").strip()
            words = _(
                "A picture of one pixel (%(source)s) tells its server who opens the e-mail.", source=source[:SHOWN]
            )
            remedy = _("Remove it, unless your rules on privacy allow it; if it only makes room, use padding.")
            yield Observed("tracking_pixel", Severity.WARNING, words, remedy, (source, "<img"))


def _check_link(address: str, parts: SplitResult, host: str) -> Iterator[Observed]:
    shown = address[:SHOWN] + ("…" if len(address) > SHOWN else "")
    if host in SHORTENERS:
        words = _(
            "The link %(shown)s is a short link: readers cannot see where it goes, and filters distrust it.",
            shown=shown,
        )
        yield Observed("link_shortened", Severity.WARNING, words, _("Link to the page itself."), (address,))
        return
    values = parse_qsl(parts.query[:4000], max_num_fields=None)
    marks = [name for name, _value in values if name.lower() in PARAMETERS or name.lower().startswith("utm_")]
    if marks:
        words = _(
            "The link %(shown)s holds %(marks)s, with which readers are followed.",
            shown=shown,
            marks=", ".join(dict.fromkeys(marks)),
        )
        remedy = _("Cut the address off before it, unless your rules on privacy allow it.")
        yield Observed("link_tracking", Severity.HINT, words, remedy, (address,))
        return
    leads_on = any(name.lower() in REDIRECT_PARAMETERS and _is_elsewhere(value, host) for name, value in values)
    is_known = any(word in parts.path.lower() for word in NO_COUNTING)
    if (leads_on and not is_known) or any(_is_opaque(part) for part in parts.path.split("/")):
        words = _(
            "The link %(shown)s looks as if it went through a counting service before it reaches its page.", shown=shown
        )
        yield Observed("link_redirects", Severity.HINT, words, _("Link to the page itself."), (address,))


def _is_elsewhere(value: str, host: str) -> bool:
    """Whether a parameter holds the address of another website."""
    if not value.lower().startswith(("http://", "https://")):
        return False
    try:
        return (urlsplit(value).hostname or "").lower().removeprefix("www.") != host
    except ValueError:
        return False


def _is_opaque(part: str) -> bool:
    """Whether a part of a path is for machines: letters of both sizes and digits mixed, unlike a title's words."""
    if not OPAQUE.fullmatch(part):
        return False
    return all(any(is_kind(sign) for sign in part) for is_kind in (str.isupper, str.islower, str.isdigit))
