"""Links: where they lead, and whether their words say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from app.emails.checks.checked import CheckedEmail, words_of
from app.emails.checks.finding import Finding, error, hint, warning

_EMPTY_WORDS = frozenset({"click here", "here", "click", "read more", "more", "link", "this link", "this"})
_TRACKING = frozenset({"mc_eid", "mc_cid", "fbclid", "gclid", "msclkid", "_hsenc", "vero_id", "mkt_tok"})
_SHORTENERS = frozenset({"bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "buff.ly", "is.gd", "rebrand.ly"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104 - looked for, not listened on
_LEFT_OVER = frozenset({"example.com", "www.example.com", "example.org", "www.example.org"})
_LOOKS_LIKE_ADDRESS = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:/\S*)?\Z", re.IGNORECASE)


def check_links(email: CheckedEmail) -> Iterator[Finding]:
    """Check every link."""
    leads: dict[str, str] = {}
    for link in email.elements("a"):
        address = (link.get("href") or "").strip()
        words = words_of(link) or " ".join(image.get("alt") or "" for image in link.iter("img")).strip()
        if not address:
            if link.get("name") is None and link.get("id") is None:
                yield warning("no_address", f"The link “{words}” leads nowhere.", "Give it an address.", words)
            continue
        yield from _words(link, words, address)
        yield from _address(words, address)
        earlier = leads.setdefault(words.lower(), address)
        if words and earlier != address:
            text = f"“{words}” leads to two different places."
            yield hint("same_words", text, "Say in each link where it leads.", words)


def _words(link: etree._Element, words: str, address: str) -> Iterator[Finding]:
    if not words:
        if next(link.iter("img"), None) is None:  # an image without words has a finding of its own
            yield warning("empty_link", "A link has no words.", "Write where it leads.", address)
    elif words.lower().strip(" .!›»→") in _EMPTY_WORDS:
        text = f"The link “{words}” does not say where it leads."
        yield warning("vague_link", text, "Use words such as “See your invoice”.", words)
    elif (shown := _LOOKS_LIKE_ADDRESS.match(words)) is not None:
        host = (_host(address) or "").removeprefix("www.")
        if host and shown[1].lower().removeprefix("www.") != host:
            text = f"The link says “{words}”, and leads to {host}. Filters take that for fraud."
            yield warning("other_address", text, "Let the words and the address agree.", words)


def _address(words: str, address: str) -> Iterator[Finding]:
    scheme, _, rest = address.partition(":")
    scheme = scheme.lower() if rest else ""
    if address.startswith("#"):
        if address == "#":
            yield warning("no_address", f"The link “{words}” leads nowhere.", "Give it an address.", address)
        return
    if scheme == "javascript":
        yield error(
            "script_link", f"The link “{words}” holds a script, which nobody can use.", "Use an address.", address
        )
        return
    if scheme in {"mailto", "tel", "sms"}:
        return
    host = _host(address)
    if scheme not in {"http", "https"} or not host or " " in address:
        text = f"The address of “{words or address}” cannot be opened: {address[:80]}"
        yield warning("broken_link", text, "Write the whole address, beginning with https://.", address)
        return
    if host in _LOCAL:
        text = f"The link “{words}” leads to a machine of your own ({host})."
        yield warning("local_link", text, "Use the public address.", address)
    elif scheme == "http":
        text = f"The link “{words}” is not protected (http)."
        yield warning("http_link", text, "Use https.", address)
    if host in _LEFT_OVER:
        yield hint("left_over", f"The link “{words}” still leads to {host}.", "Put in your own address.", address)
    yield from _tracking(words, address, host)


def _tracking(words: str, address: str, host: str) -> Iterator[Finding]:
    names = {name.lower() for name, _ in parse_qsl(urlsplit(address).query)}
    if host in _SHORTENERS:
        text = f"The link “{words}” goes through {host}, so nobody sees where it leads, and filters distrust it."
        yield warning("shortened_link", text, "Use the whole address.", address)
    if names & _TRACKING or any(name.startswith("utm_") for name in names):
        text = f"The link “{words}” looks as if it tracks people."
        yield hint("tracking_link", text, "Transactional mail does not need that; leave it out.", address)


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
