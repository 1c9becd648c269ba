"""SVG drawings, which may hold programs: what is more than a drawing is refused."""

from __future__ import annotations

import re

from lxml import etree

from app.refusals import Refused
from app.words import _

_NOT_DRAWN = frozenset(
    "script foreignobject iframe object embed audio video handler listener html body form input link meta".split()
)
_LINKS = frozenset({"href", "src", "from", "to", "values", "action", "formaction"})
_HARMFUL = re.compile(r"(?:javascript|vbscript|data:(?!image/(?:png|jpeg|gif|webp)))", re.IGNORECASE)
_IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
"""What browsers pass over in an address."""

_PUT_TOGETHER = _(
    "“%(name)s” is a drawing with texts or styles that are put together from elsewhere in it, and mail services refuse "
    "those. Save it as PNG and add that."
)
_PROGRAM_OR_PAGE = _(
    "“%(name)s” is a drawing with a program or a page in it, and mail services refuse those. Save it as PNG and add "
    "that."
)
_PROGRAM = _(
    "“%(name)s” is a drawing with a program in it, and mail services refuse those. Save it as PNG and add that."
)


def check_drawing(name: str, text: str) -> None:
    """Refuse, in words, an SVG drawing with a program, a page, or entities in it, and what is no drawing."""
    if "<svg" not in text:
        raise Refused(_("“%(name)s” is no SVG drawing. Choose another file.", name=name), field="file")
    if "<!ENTITY" in text or "<?xml-stylesheet" in text:
        raise _refused(name, _PUT_TOGETHER)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused(
            _("“%(name)s” is no SVG drawing that can be read. Choose another file.", name=name), field="file"
        ) from error
    for element in root.iter(etree.Element):
        tag = etree.QName(element).localname.lower()
        if tag in _NOT_DRAWN:
            raise _refused(name, _PROGRAM_OR_PAGE)
        for attribute, value in element.attrib.items():
            plain = etree.QName(attribute).localname.lower()
            is_handler = plain.startswith("on") or (plain == "attributename" and value.strip().lower().startswith("on"))
            if is_handler or (plain in _LINKS and _HARMFUL.match(_IGNORED.sub("", value))):
                raise _refused(name, _PROGRAM)


def _refused(name: str, words: str) -> Refused:
    return Refused(_(words, name=name), field="file")
