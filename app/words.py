"""Words for people, said in the language of whoever reads them. Knows nothing of Flask, the database or a request.

Every text that people see is written in English in the code and goes through `_()`; the German texts stand in
`app/translations/de/LC_MESSAGES/*.po`, one file a package. docs/languages.md tells how.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, SupportsIndex

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from markupsafe import Markup, escape

LANGUAGES: dict[str, str] = {"en": "English", "de": "Deutsch"}
"""Tag to the language's own name."""
FALLBACK = "en"
"""The language that the code is written in."""
FOLDER = Path(__file__).parent / "translations"
_TAG = "words:"
"""Begins words that are kept in the database so that each reader gets them in their own language."""
_language: ContextVar[str] = ContextVar("language", default=FALLBACK)


def language() -> str:
    """Give the tag of the language that is spoken now."""
    return _language.get()


def speak(tag: str) -> None:
    """Speak a language from now on, in this thread; one that is not offered is English."""
    _language.set(tag if tag in LANGUAGES else FALLBACK)


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Speak a language for a while, for example that of somebody an e-mail is written to."""
    before = _language.set(tag if tag in LANGUAGES else FALLBACK)
    try:
        yield
    finally:
        _language.reset(before)


def spoken(tag: str) -> str:
    """Give the language that fits a tag such as `de-AT`; empty when none does."""
    first = tag.lower().replace("_", "-").partition("-")[0]
    return tag if tag in LANGUAGES else first if first in LANGUAGES else ""


def locale() -> Locale:
    """Give Babel's locale of the language that is spoken now."""
    return _locale_of(language())


class LongDay(date):
    """A day that is written out, as it stands behind its weekday: `2 March 2026`; any other date is short."""


class LanguageTag(str):
    """A language's tag, shown as its name: `French`, `Französisch`."""

    __slots__ = ()


class Message(NamedTuple):
    """What is to be said, in no language yet."""

    one: str
    values: dict[str, Any]
    many: str = ""
    """With `one` for one, this for other numbers of `values["count"]`."""
    context: str = ""
    """Tells apart what is one word in English and two in another language."""


class Said(str):
    """Words that know what they say: shown, they are said anew in the reader's language.

    As a plain text (`==`, `", ".join`, slices) they are what was said when they were made.
    """

    message: Message

    def __new__(cls, message: Message, text: str | None = None) -> Said:
        """Say a message; `text`: what it was in another process."""
        made = super().__new__(cls, _say(message) if text is None else text)
        made.message = message
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.message, str.__getitem__(self, slice(None)))

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        """Give a part; what takes all of it still knows what it says."""
        part = super().__getitem__(key)
        return self if len(part) == len(self) else part

    def __str__(self) -> str:
        return _say(self.message)

    def __html__(self) -> str:
        return escape(_say(self.message))

    def __format__(self, pattern: str) -> str:
        return format(_say(self.message), pattern)

    def __add__(self, other: str) -> str:
        return _say(self.message) + other

    def __radd__(self, other: str) -> str:
        return other + _say(self.message)

    def __mod__(self, values: Any) -> str:
        return Said(self.message._replace(values={**self.message.values, **values}))

    def lower(self) -> str:
        """Give it in small letters."""
        return _say(self.message).lower()

    def upper(self) -> str:
        """Give it in capitals."""
        return _say(self.message).upper()

    def capitalize(self) -> str:
        """Give it with a capital first and small letters after it."""
        return _say(self.message).capitalize()

    def format(self, *args: object, **values: object) -> str:
        """Give it with what stands in braces filled in."""
        return _say(self.message).format(*args, **values)

    def strip(self, signs: str | None = None, /) -> str:
        """Give it without what stands around it."""
        return _say(self.message).strip(signs)

    def replace(self, old: str, new: str, count: SupportsIndex = -1, /) -> str:
        """Give it with some of it replaced; where nothing is, it still knows what it says."""
        return super().replace(old, new, count) if old in self else self

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        """Give its parts."""
        return _say(self.message).split(sep, maxsplit)


class _Sentence(Said):
    """Words that begin with a capital, wherever else they are said in the middle of a line."""

    def __str__(self) -> str:
        text = super().__str__()
        return text[:1].upper() + text[1:]

    def __html__(self) -> str:
        return escape(str(self))

    def __format__(self, pattern: str) -> str:
        return format(str(self), pattern)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Sentence, super().__reduce__()[1]


def as_sentence(words: str) -> str:
    """Give words with a capital at their beginning, so that they can stand alone."""
    if not isinstance(words, Said):
        return words[:1].upper() + words[1:]
    return _Sentence(words.message, words[:1].upper() + str.__getitem__(words, slice(1, None)))


def language_named(tag: str) -> str:
    """Give the name of a language."""
    return Said(Message("%(language)s", {"language": LanguageTag(tag)}))


def _(text: str, /, **values: Any) -> str:
    """Say a text with its values. A whole number is shown as the language shows it; a name or an id is passed as str.

    A `Decimal` keeps its digits behind the point: `1.20`, `1,20`.

    Words that were said before are said anew. With HTML among the values (a `Markup`) it gives HTML.
    """
    if isinstance(text, Said):
        return _made(text.message._replace(values={**text.message.values, **values}))
    return _made(Message(text, values))


def _n(one: str, many: str, count: int, /, **values: Any) -> str:
    """Say the form of a text that fits a number, which is `%(count)s` in it."""
    return _made(Message(one, {**values, "count": count}, many))


def _p(context: str, text: str, /, **values: Any) -> str:
    """Say a text that means several things in English; `context` tells translators which."""
    return _made(Message(text, values, context=context))


def rich(text: str, many: str = "", context: str = "", /, **values: Any) -> Markup:
    """Say a text that holds HTML (a `{% trans %}` block of a page template); its values are escaped."""
    message = Message(text, values, many, context)
    return Markup(_found(message)) % _values(message)  # noqa: S704 - the texts are ours, those of translators too


def in_a_row(parts: Iterable[str], both: str) -> str:
    """Put words in a row that still knows what it says; `both` says how `first` and `second` stand together."""
    whole = ""
    for one in parts:
        whole = _(both, first=whole, second=one) if whole else one
    return whole


def joined(sentences: Iterable[str]) -> str:
    """Put sentences one behind the other, so that the whole still knows what it says."""
    return in_a_row(filter(None, sentences), _("%(first)s %(second)s"))


def with_commas(items: Iterable[str]) -> str:
    """Give `a, b, c`, which still knows what it says."""
    return in_a_row(items, _("%(first)s, %(second)s"))


def with_and(items: Iterable[str]) -> str:
    """Give `a, b and c`, which still knows what it says."""
    return _with_last(items, _("%(first)s and %(second)s"))


def with_comma_and(items: Iterable[str]) -> str:
    """Give `a, b, and c`, which still knows what it says: for items that have an “and” of their own."""
    return _with_last(items, _("%(first)s, and %(second)s"))


def _with_last(items: Iterable[str], both: str) -> str:
    names = list(items)
    return in_a_row(filter(None, (with_commas(names[:-1]), *names[-1:])), both)


def part_of(words: str, name: str) -> str:
    """Give the words that others hold as their value `name`; empty when they hold none."""
    part = words.message.values.get(name, "") if isinstance(words, Said) else ""
    return part if isinstance(part, str) else ""


def listed(items: Iterable[str], style: str = "standard") -> str:
    """Put words in a row: `a, b, and c`; style `or`: `a, b, or c`; `unit`: `a, b, c`."""
    return format_list([str(one) for one in items], style, locale())  # type: ignore[arg-type]


def sort_key(text: str) -> str:
    """Give what words for people are sorted by: letters with their accents beside those without, as dictionaries do."""
    plain = unicodedata.normalize("NFKD", str(text).casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def number(value: float) -> str:
    """`1,234` in English, `1.234` in German."""
    return format_decimal(value, locale=locale())


def decimal(value: float, digits: int) -> str:
    """`1,234.50`, `1.234,50`: with so many digits behind the point."""
    if language() == FALLBACK:
        return f"{value:,.{digits}f}"
    return format_decimal(round(value, digits), format=f"#,##0.{'0' * digits}".rstrip("."), locale=locale())


def day(value: date) -> str:
    """`2 Mar 2026`, `2. März 2026`."""
    return dated(value, "d MMM y", "d. MMM y")


def dated(value: date, english: str, german: str) -> str:
    """Show a date or a time by a pattern of CLDR in the language that is spoken; a time in its own zone."""
    pattern = german if language() == "de" else english
    if isinstance(value, datetime):
        return format_datetime(value, pattern, tzinfo=value.tzinfo, locale=locale())
    return format_date(value, pattern, locale=locale())


def kept(words: str) -> str:
    """Give words as the database keeps them: in no language when the program said them, else as they are."""
    if not isinstance(words, Said):
        return words
    return _TAG + json.dumps(_parts_of(words.message), ensure_ascii=False, separators=(",", ":"))


def shown(text: str) -> str:
    """Give kept words in the reader's language; what nobody kept with `kept` stays as it is."""
    if not text.startswith(_TAG + "["):
        return text
    try:
        return Said(_message_of(json.loads(text.removeprefix(_TAG))))
    except (ValueError, TypeError, KeyError, AttributeError):
        return text  # somebody typed it


def _parts_of(message: Message) -> list[Any]:
    """Give a message as JSON: its text, its values, its plural form and its context, as far as it has them."""
    values = {name: _kept_value(value) for name, value in message.values.items()}
    parts: list[Any] = [message.one, values, message.many, message.context]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def _message_of(parts: list[Any]) -> Message:
    missing: list[Any] = ["", {}, "", ""]
    one, values, many, context = parts + missing[len(parts) :]
    return Message(str(one), {name: _shown_value(value) for name, value in values.items()}, str(many), str(context))


def _kept_value(value: Any) -> Any:
    if isinstance(value, Said):
        return {"words": _parts_of(value.message)}
    if isinstance(value, LongDay):
        return {"day": value.isoformat()}
    if isinstance(value, date):
        return {"at": value.isoformat()}
    if isinstance(value, LanguageTag):
        return {"language": str(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    return value if isinstance(value, (int, float)) else str(value)


def _shown_value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "words" in value:
        return Said(_message_of(value["words"]))
    if "day" in value:
        return LongDay.fromisoformat(value["day"])
    if "language" in value:
        return LanguageTag(value["language"])
    if "decimal" in value:
        return Decimal(value["decimal"])
    return datetime.fromisoformat(value["at"]) if "T" in value["at"] else date.fromisoformat(value["at"])


def _made(message: Message) -> str:
    if any(hasattr(value, "__html__") and not isinstance(value, Said) for value in message.values.values()):
        return Markup(escape(_found(message))) % _values(message)  # noqa: S704
    return Said(message)


def _say(message: Message) -> str:
    text = _found(message)
    if "%" not in text or (not message.values and "%(" in text):
        return text
    try:
        return text % _values(message)
    except KeyError:
        return text  # its other values come later


def _found(message: Message) -> str:
    one, values, many, context = message
    catalogue = catalogue_of(language())
    if many:
        count = int(values["count"])
        return catalogue.npgettext(context, one, many, count) if context else catalogue.ngettext(one, many, count)
    return catalogue.pgettext(context, one) if context else catalogue.gettext(one)


def _values(message: Message) -> dict[str, Any]:
    return {name: _value(value) for name, value in message.values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, Decimal):
        return _exact(value)
    if isinstance(value, LanguageTag):
        return _language_name(str(value), language())
    if isinstance(value, datetime):
        return dated(value, "d MMM y, HH:mm", "d. MMM y, HH:mm")
    if isinstance(value, LongDay):
        return dated(value, "d MMMM y", "d. MMMM y")
    return day(value) if isinstance(value, date) else value


def messages_saying(text: str) -> Iterator[str]:
    """Give the messages whose words hold a text in the language that is spoken; none in English, which they are in."""
    wanted = text.casefold()
    known: dict[Any, str] = getattr(catalogue_of(language()), "_catalog", {})
    for key, said in known.items():
        if key and wanted in said.casefold():
            message = key[0] if isinstance(key, tuple) else key
            yield message.rpartition("\x04")[2]  # a context stands before it


@lru_cache(maxsize=8)
def catalogue_of(tag: str) -> NullTranslations:
    """Give the texts of a language, of all packages together. Read from the .po files once, when first needed."""
    return merged(sorted((FOLDER / tag / "LC_MESSAGES").glob("*.po")), tag)


def merged(files: Sequence[Path], tag: str) -> NullTranslations:
    """Read .po files into one catalogue."""
    if not files:
        return NullTranslations()
    whole = Translations()
    for file in files:
        with file.open("rb") as source:
            catalogue = read_po(source, locale=tag)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        whole.add(Translations(compiled))
    return whole


@lru_cache(maxsize=8)
def _locale_of(tag: str) -> Locale:
    return Locale.parse(tag, sep="-") if tag in {"en", "de"} else Locale(FALLBACK)


def _exact(value: Decimal) -> str:
    digits = value.as_tuple().exponent
    return decimal(float(value), -digits if isinstance(digits, int) else 0)


@lru_cache(maxsize=512)
def _language_name(tag: str, spoken_tag: str) -> str:
    try:
        return Locale.parse(tag.replace("_", "-"), sep="-").get_display_name(_locale_of(spoken_tag)) or tag
    except (UnknownLocaleError, ValueError):
        return tag
