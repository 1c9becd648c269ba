"""Elements that mail programs remove or that readers' systems take for an attack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.emails.checks.finding import Severity
from app.emails.checks.reading import Observed, Reading
from app.emails.checks.styles import written
from app.words import _

FRAMES = ("iframe", "frame", "frameset", "object", "embed", "applet")
FIELDS = ("form", "input", "select", "textarea", "button")
FONT_HOSTS = ("fonts.googleapis.com", "fonts.bunny.net", "use.typekit.net", "fonts.gstatic.com", "rsms.me")
"""Style sheets of these hold typefaces only: without them the e-mail looks plainer, no more."""
SHOWN = 60


def check_elements(reading: Reading) -> Iterator[Observed]:
    """Find what must not, or cannot, be in an e-mail."""
    for one in reading.elements:
        found = _dangerous(one)
        if found is not None:
            yield found
    fields = [one for one in reading.elements if one.tag in FIELDS and not _is_switch(one)]
    if fields:
        words = _("The e-mail holds a form; Outlook for Windows and others remove it, and filters distrust it.")
        remedy = _("Put the form on a web page, and a link or button to it into the e-mail.")
        excerpts = tuple(f"<{one.tag}" for one in fields[:3])
        yield Observed("form", Severity.WARNING, words, remedy, excerpts)


def check_scripting_attributes(reading: Reading) -> Iterator[Observed]:
    """Find attributes such as onclick."""
    for one in reading.elements:
        names = [str(name) for name in one.attrib if str(name).lower().startswith("on")]
        if names:
            words = _("The attribute %(names)s is a script; every mail program removes it.", names=names[0])
            yield Observed("script_attribute", Severity.WARNING, words, _("Remove it."), (f"{names[0]}=", names[0]))


def check_outside_styles(reading: Reading) -> Iterator[Observed]:
    """Find style sheets that would have to be loaded from elsewhere."""
    for one in reading.tagged("link"):
        if "stylesheet" in (one.get("rel") or "").lower().split():
            address = (one.get("href") or "").strip()
            if not (reading.is_mjml and _is_typeface(address)):
                yield _outside(address, (address or "<link", "<link"))
    for sheet in reading.sheets:
        for rule in sheet:
            if rule.type == "at-rule" and rule.lower_at_keyword == "import":
                address = written(rule.prelude).strip()
                if not (reading.is_mjml and _is_typeface(address)):  # MJML names common ones behind it by itself
                    yield _outside(address, (address, "@import"))


def _is_switch(element: Any) -> bool:
    """Whether it only opens and shuts a part, as in MJML's accordion; the check of mail programs speaks of those."""
    is_mark = element.tag == "input" and (element.get("type") or "").strip().lower() in {"checkbox", "radio"}
    return is_mark and next(element.iterancestors("form"), None) is None


def _dangerous(element: Any) -> Observed | None:
    tag = element.tag
    if tag == "script":
        words = _("The e-mail holds a script; every mail program removes it, and many then refuse the e-mail.")
        return Observed(
            "script", Severity.ERROR, words, _("Remove it; what it does belongs on a web page."), ("<script",)
        )
    if tag in FRAMES:
        words = _("The e-mail holds another page or program (<%(tag)s>), which mail programs remove.", tag=tag)
        remedy = _("Put in a link, or a picture with a link, in its place.")
        return Observed("frame", Severity.ERROR, words, remedy, (f"<{tag}",))
    if tag == "meta" and (element.get("http-equiv") or "").strip().lower() == "refresh":
        words = _("The e-mail tries to move on to another page, which mail programs block.")
        return Observed("refresh", Severity.ERROR, words, _("Remove it and put in a link."), ("http-equiv",))
    if tag == "base":
        words = _("The e-mail sets a base for its addresses, which Outlook and others do not know: links would break.")
        return Observed(
            "base", Severity.WARNING, words, _("Write every address in full and remove <base>."), ("<base",)
        )
    return None


def _outside(address: str, excerpts: tuple[str, ...]) -> Observed:
    if _is_typeface(address):
        words = _(
            "The typeface is loaded from the web; most mail programs, Gmail and Outlook among them, show another one."
        )
        remedy = _(
            "Name a common typeface behind it, for example Arial, and look whether the e-mail is right with that."
        )
        return Observed("web_font", Severity.HINT, words, remedy, excerpts)
    words = _("The styles in another file are loaded from elsewhere; Gmail and others do not load them.")
    if address:
        words = _(
            "The styles in %(address)s are loaded from elsewhere; Gmail and others do not load them.",
            address=address[:SHOWN],
        )
    remedy = _("Copy the styles into a <style> element of the layout: Postroom then writes them into the elements.")
    return Observed("outside_styles", Severity.WARNING, words, remedy, excerpts)


def _is_typeface(address: str) -> bool:
    return any(host in address.lower() for host in FONT_HOSTS)
