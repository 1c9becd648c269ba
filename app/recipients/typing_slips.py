"""Slips of the finger in the domains that most private addresses have, such as gmial.com."""

from __future__ import annotations

from functools import lru_cache

PROVIDERS = (
    *("gmail.com", "googlemail.com", "hotmail.com", "hotmail.co.uk", "hotmail.fr", "outlook.com", "live.com"),
    *("live.co.uk", "msn.com", "yahoo.com", "yahoo.co.uk", "yahoo.fr", "icloud.com", "aol.com", "btinternet.com"),
    *("gmx.de", "gmx.net", "web.de", "t-online.de", "freenet.de", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net"),
    *("protonmail.com", "comcast.net", "verizon.net", "sbcglobal.net", "virginmedia.com", "talktalk.net", "libero.it"),
)
"""Domains of providers with very many mailboxes; the likelier meant one first."""

_REAL = frozenset(PROVIDERS) | frozenset(
    {
        *(
            "ymail.com",
            "email.com",
            "mail.com",
            "gmx.com",
            "gmx.at",
            "gmx.ch",
            "gmx.fr",
            "me.com",
            "mac.com",
            "aim.com",
        ),
        *("hotmail.de", "hotmail.es", "hotmail.it", "hotmail.nl", "hotmail.be", "hotmail.ca", "yahoo.de", "yahoo.es"),
        *("yahoo.it", "yahoo.ca", "yahoo.in", "yahoo.ie", "outlook.de", "outlook.fr", "outlook.es", "outlook.it"),
        *("live.fr", "live.de", "live.nl", "live.it", "live.ca", "live.ie", "aol.de", "aol.fr", "web.com", "free.com"),
        *(
            "proton.me",
            "protonmail.ch",
            "hotmail.at",
            "hotmail.ch",
            "hotmail.se",
            "outlook.ie",
            "outlook.be",
            "lite.com",
        ),
        *(
            "love.com",
            "five.com",
            "line.com",
            "life.com",
            "lives.com",
            "libero.com",
            "orange.com",
            "free.de",
            "web.dev",
        ),
        *("we.de", "t-online.com", "freenet.com", "freenet.net", "gmx.eu", "gmx.us", "gmx.org", "msn.de", "all.com"),
        *("hotmail.co.jp", "yahoo.co.jp", "yahoo.com.au", "yahoo.com.br", "gmx.co.uk", "live.com.au", "outlook.co.uk"),
    }
)
"""Domains that exist and are near one of those."""
_LEAST = 7
"""Letters of a domain that is guessed at; among shorter ones too many are near each other."""


@lru_cache(maxsize=20_000)
def meant_domain(domain: str) -> str:
    """Give the provider's domain that was surely meant by this one (in lower case); empty when nothing is wrong."""
    if domain in _REAL or len(domain) < _LEAST:
        return ""
    return next((one for one in PROVIDERS if len(one) >= _LEAST and _one_slip(domain, one)), "")


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter too many, too few or wrong, or two that changed places, make the difference."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    rest, wanted = typed[start:], meant[start:]
    return (
        rest[1:] == wanted
        or rest == wanted[1:]
        or rest[1:] == wanted[1:]
        or (rest[:2] == wanted[1::-1] and len(rest) > 1 and rest[2:] == wanted[2:])
    )
