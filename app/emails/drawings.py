"""SVG drawings, which may hold programs: what is more than a drawing is refused."""

from __future__ import annotations

import re

from lxml import etree

from app.refusals import Refused

_NOT_DRAWN = frozenset(
    "script foreignobject iframe object embed audio video handler listener html body form input link meta".split()
)
_LINKS = frozenset({"href", "src", "from", "to", "values", "action", "formaction"})
_HARMFUL = re.compile(r"(?:javascript|vbscript|data:(?!image/(?:png|jpeg|gif|webp)))", re.IGNORECASE)
_IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
"""What browsers pass over in an address."""


def check_drawing(name: str, text: str) -> None:
    """Refuse, in words, an SVG drawing with a program, a page, or entities in it, and what is no drawing."""
    if "<svg" not in text:
        raise Refused(f"“{name}” is no SVG drawing. Choose another file.", field="file")
    if "<!ENTITY" in text or "<?xml-stylesheet" in text:
        raise _refused(name, "texts or styles that are put together from elsewhere")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused(f"“{name}” is no SVG drawing that can be read. Choose another file.", field="file") from error
    for element in root.iter(etree.Element):
        tag = etree.QName(element).localname.lower()
        if tag in _NOT_DRAWN:
            raise _refused(name, "a program or a page")
        for attribute, value in element.attrib.items():
            plain = etree.QName(attribute).localname.lower()
            is_handler = plain.startswith("on") or (plain == "attributename" and value.strip().lower().startswith("on"))
            if is_handler or (plain in _LINKS and _HARMFUL.match(_IGNORED.sub("", value))):
                raise _refused(name, "a program")


def _refused(name: str, what: str) -> Refused:
    words = f"“{name}” is a drawing with {what} in it, and mail services refuse those. Save it as PNG and add that."
    return Refused(words, field="file")
