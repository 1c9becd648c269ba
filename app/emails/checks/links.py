"""Links: their words and their addresses."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from app.cloudflare.contract import check_address
from app.emails.checks.finding import Severity
from app.emails.checks.reading import Observed, Reading, words_of
from app.words import _, _n

SHOWN = 60
"""Characters of words or of an address in a message."""
EMPTY_WORDS = frozenset(
    {
        *("click here", "click", "here", "read more", "more", "learn more", "this", "link", "this link", "details"),
        *("hier", "hier klicken", "klicken sie hier", "mehr", "mehr lesen", "weiterlesen"),
        *("ici", "cliquez ici", "cliquer ici", "en savoir plus", "lire la suite", "plus"),
        *("aquí", "haga clic aquí", "haz clic aquí", "leer más", "más"),
        *("qui", "clicca qui", "leggi di più"),
        *("klik hier", "lees meer"),
        *("clique aqui", "saiba mais"),
        *("اضغط هنا", "هنا"),
    }
)
"""Words that say nothing when a screen reader lists the links of an e-mail."""
OTHER_SCHEMES = frozenset("tel sms smsto geo webcal whatsapp facetime".split())
"""Schemes that phones know, besides the web's and mailto."""
DANGEROUS = frozenset("javascript vbscript data file blob about".split())
SAMPLE_HOSTS = ("example.com", "example.org", "example.net", "yourdomain.com", "domain.com", "test.com")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0", "::1")  # noqa: S104 - nothing is bound to it
_ADDRESS_AS_WORDS = re.compile(r"(?:(https?)://)?((?:[\w-]+\.)+[^\W\d_]{2,24})(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)
_FILE_NAMES = frozenset("pdf doc docx xls xlsx csv zip txt png jpg html htm odt ics".split())
"""Endings that look like those of a host, but are a file's."""


def check_links(reading: Reading) -> Iterator[Observed]:
    """Check every link that goes somewhere."""
    names = {name for one in reading.elements for name in (one.get("id"), one.get("name")) if name}
    for link in reading.tagged("a", "area"):
        if link.get("href") is None:
            continue
        address = "".join(sign for sign in link.get("href") if sign not in "\t\r\n").strip()
        words = spoken(link)
        yield from _check_words(link, words, address)
        problem = _problem(address, names)
        doubt = None if problem else _doubt(address)
        if problem:
            yield _broken(reading, words, address, *problem)
        elif doubt:
            said = _(doubt[0], link=_name(words), address=_short(address))
            yield Observed("link_doubtful", Severity.WARNING, said, doubt[1], (address, words))
        else:
            yield from _check_target(reading, words, address)


def check_same_words(reading: Reading) -> Iterator[Observed]:
    """Find links with the same words that go to different places."""
    places: dict[str, dict[str, str]] = defaultdict(dict)
    for link in reading.tagged("a"):
        words, address = spoken(link), (link.get("href") or "").strip()
        if words and address:
            places[words.casefold()].setdefault(address, words)
    for addresses in places.values():
        if len(addresses) > 1:
            (_first, words), (second, _words) = list(addresses.items())[:2]
            said = _n(
                "%(count)s link with the words “%(words)s” goes to different addresses.",
                "%(count)s links with the words “%(words)s” go to different addresses.",
                len(addresses),
                words=words[:SHOWN],
            )
            remedy = _("Let each say where it goes, for example “Pay invoice 17”.")
            yield Observed("link_same_words", Severity.HINT, said, remedy, (second, words))


def _check_words(link: Any, words: str, address: str) -> Iterator[Observed]:
    excerpts: tuple[str, ...] = (address, words)
    if not words:
        images = list(link.iter("img"))
        if images:
            said = _("A picture is a link, but it has no words: people who cannot see it do not learn where it goes.")
            remedy = _("Say in the picture's description (alt) where the link goes.")
        else:
            said, remedy = (
                _("A link has no words, so nobody can find it."),
                _("Write words into it, or remove the link."),
            )
        excerpts = (address, *(image.get("src") or "" for image in images[:1]))
        yield Observed("link_empty", Severity.WARNING, said, remedy, excerpts)
    elif words.casefold().strip(" .…:!»›>→") in EMPTY_WORDS:
        said = _(
            "The words of the link “%(words)s” do not say where it goes; screen readers read out links alone.",
            words=words,
        )
        remedy = _("Make words of the sentence the link, for example “Read the opening hours”.")
        yield Observed("link_words", Severity.WARNING, said, remedy, excerpts)
    elif _shows_another(words, address):
        said = _(
            "The link shows “%(words)s” but goes to %(short)s, which looks like fraud.",
            words=words[:SHOWN],
            short=_short(address),
        )
        remedy = _("Let it show the address it goes to, or words in its place; mail programs block such links.")
        yield Observed("link_shows_another", Severity.WARNING, said, remedy, excerpts)


def _problem(address: str, names: set[str]) -> tuple[str, str] | None:
    """Say why an address leads nowhere, and how to mend it; None when it may be right.

    What is said needs `link` and `address` yet.
    """
    whole = _("Write the whole address, from https:// on.")
    if not address or address == "#":
        empty = _("%(link)s goes nowhere: its address is empty.")
        return (_("%(link)s goes nowhere: its address is empty (%(address)s).") if address else empty), whole
    if address.startswith("#"):
        known = address == "#top" or unquote(address[1:]) in names
        said = _("%(link)s goes to a place that this e-mail does not have (%(address)s).")
        return None if known else (said, _("Correct it, or write an address."))
    if "{{" in address or "{%" in address or "%7B%7B" in address.upper():
        said = _("%(link)s holds a name in braces that was not filled (%(address)s).")
        return said, _("Write it as {{ name }}, with one of the template's names.")
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises when it is no number
    except ValueError:
        return _("%(link)s is no web address (%(address)s)."), whole
    scheme = parts.scheme.lower()
    if scheme in DANGEROUS:
        said = _("%(link)s begins with %(scheme)s:, which every mail program blocks (%(address)s).", scheme=scheme)
        return said, _("Write a web address, from https:// on.")
    if scheme == "mailto":
        return _mail_problem(parts)
    if scheme in OTHER_SCHEMES:
        said = _("%(link)s has no number (%(address)s).")
        return None if parts.path or host else (said, _("Write the number behind the colon."))
    if scheme in {"http", "https"} or (not scheme and address.startswith("//")):
        return _host_problem(host)
    if not scheme or "." in scheme:
        return _("%(link)s has no https:// at its beginning (%(address)s)."), whole
    return None  # of a program that some readers may have


def _doubt(address: str) -> tuple[str, str] | None:
    """Say why an address may not lead there for every reader, and what to do; None when nothing speaks for it."""
    parts = urlsplit(address)
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if scheme not in {"", "http", "https", "mailto", *OTHER_SCHEMES}:
        remedy = _("Write a web address, from https:// on, unless all readers have the program for it.")
        said = _("%(link)s begins with %(scheme)s:, which not every device knows (%(address)s).", scheme=scheme)
        return said, remedy
    if scheme in {"mailto", *OTHER_SCHEMES} or address.startswith("#"):
        return None
    if any(sign.isspace() for sign in address):
        return _("%(link)s has a space in it (%(address)s)."), _("Remove the space, or write %%20 in its place.")
    if host.endswith((".local", ".test", ".invalid")) or (":" not in host and "." not in host.strip(".")):
        remedy = _("Leave it if all readers are in your own network; else write the public address.")
        return _("%(link)s goes to a name that is known only within one network (%(address)s)."), remedy
    return None


def _mail_problem(parts: SplitResult) -> tuple[str, str] | None:
    if not parts.path and parts.query:
        return None  # lets the reader choose whom to write to
    addresses = unquote(parts.path).split(",")
    if any(check_address(one.strip()) is not None for one in addresses) and "to=" not in parts.query.lower():
        return _("%(link)s has no proper e-mail address (%(address)s)."), _("Write it as mailto:name@place.org.")
    return None


def _host_problem(host: str) -> tuple[str, str] | None:
    if not host:
        return _("%(link)s has no name of a website (%(address)s)."), _("Write the whole address, from https:// on.")
    if host in LOCAL_HOSTS or host.endswith(".localhost"):
        return _("%(link)s goes to a computer that readers cannot reach (%(address)s)."), _("Write the public address.")
    if ".." in host:
        return _("%(link)s has no proper name of a website (%(address)s)."), _(
            "Correct the part between https:// and the next slash."
        )
    return None


def _broken(reading: Reading, words: str, address: str, why: str, remedy: str) -> Observed:
    """An address that the author wrote is an error; one that came from sample data or a layout may be right later."""
    severity = Severity.ERROR if _is_written(reading, address) else Severity.WARNING
    excerpts = (address, words) if len(address) > 1 else (f'"{address}"', f"({address})", words)
    said = _(why, link=_name(words), address=_short(address))
    return Observed("link_broken", severity, said, remedy, excerpts)


def _name(words: str) -> str:
    return _("The link “%(words)s”", words=words[:SHOWN]) if words else _("A link")


def _is_written(reading: Reading, address: str) -> bool:
    """Whether an address stands in the source as such, in HTML or in Markdown."""
    forms = [f'"{address}"', f"'{address}'", f"({address})", f"({address} ", f"<{address}>"]
    if not address:
        forms = ['href=""', "href=''", "]()"]
    return any(reading.source.has(form) for form in forms)


def _check_target(reading: Reading, words: str, address: str) -> Iterator[Observed]:
    if address.lower().startswith("http:"):
        said = _("The link to %(short)s is not encrypted (http).", short=_short(address))
        yield Observed("link_http", Severity.WARNING, said, _("Write it with https://."), (address, words))
    host = _host(address)
    is_sample = any(host == one or host.endswith("." + one) for one in SAMPLE_HOSTS)
    if is_sample and reading.source.has(address):
        said = _("The link to %(short)s looks like one from an example.", short=_short(address))
        yield Observed("link_example", Severity.HINT, said, _("Put in the right address."), (address, words))


def _shows_another(words: str, address: str) -> bool:
    """Whether the words are an address, and the link goes to another website or person."""
    if "@" in words:
        target = unquote(address[7:].partition("?")[0]) if address.lower().startswith("mailto:") else ""
        is_address = " " not in words and check_address(words) is None
        return is_address and bool(target) and target.casefold() != words.casefold()
    found = _ADDRESS_AS_WORDS.fullmatch(words)
    if not found or (not found[1] and found[2].rpartition(".")[2].lower() in _FILE_NAMES):
        return False
    shown, host = found[2].lower().removeprefix("www."), _host(address).removeprefix("www.")
    return bool(host) and shown != host and not host.endswith("." + shown) and not shown.endswith("." + host)


def spoken(link: Any) -> str:
    """Give what a screen reader says of a link: its label, or its words with those of its pictures."""
    label = (link.get("aria-label") or "").strip()
    if label or link.tag == "area":
        return label or (link.get("alt") or "").strip()
    pictures = [image.get("alt") or "" for image in link.iter("img")]
    said = [words_of(link), *pictures, "" if words_of(link) else link.get("title") or ""]
    return " ".join(" ".join(said).replace("\u200c", "").split())


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _short(address: str) -> str:
    return address if len(address) <= SHOWN else address[:SHOWN] + "…"
