"""Where the connection may go: the one address that people type and Postroom calls.

Everything else that Postroom fetches would let somebody look around in the network it stands in (SSRF), so nothing is.
https to a public host, because the token travels along; http only to this machine, where the simulator runs. A host
within the organisation's network must be named by whoever runs Postroom (`POSTROOM_SERVICE_HOSTS`). The client follows
no redirect and uses no proxy of the environment. A name that is turned elsewhere after it was saved gains nothing: the
machine it then leads to has no certificate for it, so that the connection ends before anything is said.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from app.refusals import Refused
from app.settings import CLOUDFLARE_API, LOOPBACK
from app.words import _


def check_service_address(url: str, allowed: Collection[str] = ()) -> None:
    """Refuse a base URL that must not be called. `allowed`: names of hosts in the own network."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused(_("Enter a web address that begins with https://.")) from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in {"http", "https"} or not host:
        raise _refused(_("Enter a web address that begins with https://."))
    if parts.username is not None or parts.query or parts.fragment or port == 0:
        raise _refused(_("Enter only the address of the API, without a name, a question mark or a # in it."))
    if host in LOOPBACK:
        return
    if parts.scheme == "http":
        raise _refused(_("Use https, so that the token cannot be read on the way."))
    if host in allowed or host == urlsplit(CLOUDFLARE_API).hostname:
        return
    if any(not address.is_global or address.is_multicast for address in _addresses(host)):
        raise _refused(
            _(
                "This address lies within your own network. Whoever runs Postroom must name it in "
                "POSTROOM_SERVICE_HOSTS."
            )
        )


def _addresses(host: str) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Give the numbers a name stands for just now; none when nobody knows it. Odd spellings of numbers count, too."""
    try:
        found = {str(one[4][0]).partition("%")[0] for one in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return
    for one in found:
        address = ipaddress.ip_address(one)
        mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
        yield mapped or address


def _refused(words: str) -> Refused:
    return Refused(words, field="base_url")
