"""What the big mail programs do not know, from the data of caniemail.com (caniemail.md says which)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from app.emails.checks.finding import Severity
from app.emails.checks.impact import IMPACTS, SILENT
from app.emails.checks.reading import Observed, Reading
from app.emails.checks.styles import declarations, tokens_within, written
from app.words import _, _n, with_and

_WEB, _PHONE, _ANDROID = _("%(client)s on the web"), _("%(client)s on iPhone"), _("%(client)s on Android")
_MAC, _WINDOWS = _("%(client)s on Mac"), _("%(client)s for Windows")
CLIENTS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("Gmail", "gmail", (("desktop-webmail", _WEB), ("ios", _PHONE), ("android", _ANDROID))),
    ("Apple Mail", "apple-mail", (("macos", _MAC), ("ios", _PHONE))),
    ("Outlook", "outlook", (("windows", _WINDOWS), ("outlook-com", _WEB), ("ios", _PHONE), ("android", _ANDROID))),
    ("Yahoo Mail", "yahoo", (("desktop-webmail", _WEB), ("ios", _PHONE), ("android", _ANDROID))),
    ("Samsung Email", "samsung-email", (("android", ""),)),
)
"""The big clients: name, family in the data, and its platforms with words."""
NAMED = 8
"""Features that the common hint names; more would be a scary list."""

USUAL = frozenset("none normal initial inherit unset revert auto static visible".split())
"""Values by which nothing is asked for."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of HTML or CSS that a big client does not know."""

    slug: str
    title: str
    url: str
    ignored_by: tuple[str, ...]


def check_clients(reading: Reading) -> Iterator[Observed]:
    """Say which big clients ignore what the e-mail uses: a finding for what is lost, one hint for all the rest."""
    plainer: dict[str, tuple[Feature, tuple[str, ...]]] = {}
    told: set[str] = set()
    for key, excerpts in _used(reading):
        feature = features().get(key)
        if feature is None or feature.slug in told or feature.slug in plainer or _is_silent(feature.slug):
            continue
        impact = IMPACTS.get(feature.slug)
        if impact is None:
            plainer[feature.slug] = (feature, excerpts)
            continue
        told.add(feature.slug)
        who, feature_name = with_and(feature.ignored_by), feature.title
        if len(feature.ignored_by) == 1:
            words = _("%(who)s ignores %(feature)s: %(effect)s.", who=who, feature=feature_name, effect=impact.words)
        else:
            words = _("%(who)s ignore %(feature)s: %(effect)s.", who=who, feature=feature_name, effect=impact.words)
        yield Observed("client_" + feature.slug.replace("-", "_"), impact.severity, words, impact.remedy, excerpts)
    if plainer:
        yield _plainer([feature for feature, _excerpts in plainer.values()], next(iter(plainer.values()))[1])


@cache
def features() -> dict[str, Feature]:
    """Give the features by the keys under which they are found in an e-mail."""
    data = json.loads(resources.files(__package__).joinpath("caniemail.json").read_text("utf-8"))
    found: dict[str, Feature] = {}
    for one in data["features"]:
        feature = Feature(one["slug"], one["title"], one["url"], _ignored_by(one["support"]))
        if feature.ignored_by:
            found.update(dict.fromkeys(one["keys"], feature))
    return found


def _plainer(found: list[Feature], excerpts: tuple[str, ...]) -> Observed:
    names = [one.title for one in found[:NAMED]]
    if len(found) > NAMED:
        names.append(_n("%(count)s more", "%(count)s more", len(found) - NAMED))
    who = with_and(dict.fromkeys(client for one in found for client in one.ignored_by))
    features_named = with_and(names)
    words = _(
        "A little plainer in %(who)s, where not everything is known: %(features)s.", who=who, features=features_named
    )
    remedy = _("Nothing needs to be done when the e-mail reads well without.")
    return Observed("plainer", Severity.HINT, words, remedy, excerpts)


def _used(reading: Reading) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the key of everything that the e-mail uses, with what to look for in the source.

    What stands in media queries is left out: it improves the e-mail for programs that know them.
    """
    for element in reading.elements:
        yield f"element:{element.tag}", (f"<{element.tag}",)
        for name in element.attrib:
            if name != "style":
                yield f"attribute:{name}", (f"{name}=", str(name))
            elif not _is_gone(element.get("style")):
                yield from _keys_of_style(element.get("style"))
        yield from _used_addresses(element)
    for sheet in reading.sheets:
        for rule in sheet:
            yield from _used_in_rule(rule)


def _is_gone(style: str) -> bool:
    """Whether an element is not there at all, as a preheader that is hidden in other ways too for older programs."""
    found = (one for one in declarations(style) if one.lower_name == "display")
    return any(written(one.value).strip().lower() == "none" for one in found)


def _used_addresses(element: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    if element.tag == "img" and element.get("src"):
        source = element.get("src").strip()
        try:
            ending = urlsplit(source).path.rpartition(".")[2].lower()
        except ValueError:
            return
        if not source.lower().startswith("data:"):
            yield f"image:{ending}", (source,)
    elif element.tag == "a" and len(element.get("href") or "") > 1 and element.get("href").startswith("#"):
        yield "link:anchor", (element.get("href"),)


def _used_in_rule(rule: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    if rule.type == "at-rule":
        yield f"at-rule:{rule.lower_at_keyword}", (f"@{rule.at_keyword}",)
        return
    colon = False
    for token in tokens_within(rule.prelude):
        if colon and token.type in {"ident", "function"}:
            name = token.lower_value if token.type == "ident" else token.lower_name
            yield f"pseudo:{name}", (f":{name}",)
        colon = token.type == "literal" and token.value == ":"
    yield from _keys_of_style(written(rule.content))


@lru_cache(maxsize=1024)
def _keys_of_style(style: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(pair for one in declarations(style) for pair in _keys_of_declaration(one))


def _keys_of_declaration(one: Any) -> Iterable[tuple[str, tuple[str, ...]]]:
    name = one.lower_name
    values = [token for token in one.value if token.type not in {"whitespace", "comment"}]
    if len(values) == 1 and _is_nothing(name, values[0]):
        return
    yield f"property:{name}", (f"{name}:", f"{name} :", name)
    for token in tokens_within(values):
        if token.type == "ident":
            word = token.lower_value.removeprefix("inline-")
            yield f"value:{name}:{word}", (f"{name}:{token.value}", f"{name}: {token.value}", name)
        elif token.type == "function":
            yield f"function:{token.lower_name}", (f"{token.name}(", name)
        elif token.type == "dimension":
            yield f"unit:{token.lower_unit}", (f"{token.representation}{token.unit}", name)
        elif token.type == "url" and name == "background":
            yield "property:background-image", ("url(", name)
    if name == "background" and any(token.type == "function" and token.lower_name == "url" for token in values):
        yield "property:background-image", ("url(", name)


def _is_nothing(name: str, value: Any) -> bool:
    """Whether a value is what an element has anyway, as `float:none`: then nothing is lost where it is not known."""
    if value.type == "ident":
        return value.lower_value in USUAL or (name == "position" and value.lower_value == "relative")
    is_full = value.type == "number" and value.value == 1
    return (name == "opacity" and is_full) or (name == "border-radius" and getattr(value, "value", None) == 0)


def _is_silent(slug: str) -> bool:
    return slug in SILENT or (slug.startswith("css-pseudo-") and slug not in IMPACTS)


def _ignored_by(support: dict[str, str]) -> tuple[str, ...]:
    """Name the clients that do not know a feature, a whole family by its name alone."""
    names = []
    for name, family, platforms in CLIENTS:
        missing = [words for platform, words in platforms if support.get(f"{family}.{platform}") == "n"]
        if len(missing) == len(platforms):
            names.append(name)
        elif missing:
            names.extend(_(words, client=name) for words in missing)
    return tuple(names)
