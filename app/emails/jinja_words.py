"""What Jinja and the filters say of a template that they cannot read, said in the reader's language."""

from __future__ import annotations

import re

from app.words import Said, _

_SENTENCES = (
    _("expected token %(wanted)s, got %(found)s"),
    _("unexpected end of template, expected %(wanted)s"),
    _("unexpected char %(found)s at %(position)s"),
    _("unexpected %(found)s, expected %(wanted)s"),
    _("unexpected %(found)s"),
    _("Expected an expression, got %(found)s"),
    _("tag name expected"),
    _("can't assign to %(found)s"),
    _("Missing end of comment tag"),
    _("Missing end of raw directive"),
    _("Unexpected end of template"),
    _("Encountered unknown tag %(tag)s"),
    _("You probably made a nesting mistake"),
    _("Jinja is expecting this tag, but currently looking for %(tags)s"),
    _("Jinja was looking for the following tags: %(tags)s"),
    _("The innermost block that needs to be closed is %(tag)s"),
    _("No filter named %(name)s"),
    _("No test named %(name)s"),
    _("%(name)s is undefined"),
    _("%(object)s has no attribute %(name)s"),
    _("%(object)s has no element %(name)s"),
)
"""Jinja's own sentences, letter for letter."""
_TOKENS = {
    "'begin of comment'": _("'begin of comment'"),
    "'end of comment'": _("'end of comment'"),
    "'begin of statement block'": _("'begin of statement block'"),
    "'end of statement block'": _("'end of statement block'"),
    "'begin of print statement'": _("'begin of print statement'"),
    "'end of print statement'": _("'end of print statement'"),
    "'template data / text'": _("'template data / text'"),
    "'end of template'": _("'end of template'"),
    "'name'": _("'name'"),
    "'string'": _("'string'"),
    "'integer'": _("'integer'"),
    "'float'": _("'float'"),
}
"""What stands in a template, as Jinja calls it."""
_PATTERNS = tuple(
    (re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(one.message.one)), re.DOTALL), one)
    for one in _SENTENCES
    if isinstance(one, Said)
)


def said_by(error: BaseException) -> str:
    """Give what an error says, without the dot at its end; words of ours are still words then."""
    words = error.args[0] if error.args else ""
    return words if isinstance(words, Said) else jinja_words(str(error))


def jinja_words(message: str) -> str:
    """Give a message of Jinja's, without the dot at its end; what is not known stays as it is."""
    if isinstance(message, Said):
        return message
    first, *others = message.rstrip(".").split(". ")
    words = _sentence(first)
    for one in others:
        words = _("%(first)s. %(second)s", first=words, second=_sentence(one))
    return words


def _sentence(text: str) -> str:
    for pattern, words in _PATTERNS:
        if found := pattern.fullmatch(text):
            return _(words, **{name: _of_template(value) for name, value in found.groupdict().items()})
    return text


def _of_template(value: str) -> str:
    """Give what stands in a template, or what could stand there."""
    first, *others = value.split(" or ")
    words = _TOKENS.get(first, first)
    for one in others:
        words = _("%(first)s or %(second)s", first=words, second=_TOKENS.get(one, one))
    return words
