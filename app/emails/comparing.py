"""Two states of a template beside each other: which lines changed, and which words within them.

Lines are compared first, words only within lines that changed, and neither when that would take long. Line ends count
as the same however they are written, because browsers change them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from app.emails.content import Content
from app.emails.hiding import hidden_words
from app.emails.languages import language_name
from app.words import _, _n, with_commas

MOST_PAIRS = 200_000
"""Pairs of equal lines (or words) that are weighed against each other; with more, a block is shown as replaced."""
MOST_WORDS = 2_000
"""Words of a changed line that are compared one by one."""
LEAST_SHARE = 0.3
"""Of a line; below, it is shown as another line and not word by word."""
MOST_ROWS = 1_500
"""Lines of one part that a page shows beside each other."""
CONTEXT = 3
"""Unchanged lines shown around a change."""
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the old state beside the one of the new state; a number is None where there is no line."""

    old_number: int | None
    old: tuple[Run, ...]
    new_number: int | None
    new: tuple[Run, ...]

    @property
    def kind(self) -> str:
        """`same`, `changed`, `added` or `removed`."""
        if self.old_number is None or self.new_number is None:
            return "added" if self.old_number is None else "removed"
        return "changed" if any(run.is_changed for run in (*self.old, *self.new)) else "same"


@dataclass(frozen=True, slots=True)
class Gap:
    """Unchanged lines that are not shown."""

    count: int


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of running text: `kind` is `same`, `added` or `removed`."""

    kind: str
    text: str


_COUNTED_TOO = {
    "changed": _("%(count)s changed"),
    "added": _("%(count)s added"),
    "removed": _("%(count)s removed"),
}


def _lines_of(kind: str, count: int) -> str:
    if kind == "changed":
        return _n("%(count)s line changed", "%(count)s lines changed", count)
    if kind == "added":
        return _n("%(count)s line added", "%(count)s lines added", count)
    return _n("%(count)s line removed", "%(count)s lines removed", count)


def _with_language(name: str, tag: str) -> str:
    return _("%(part)s, %(language)s", part=name, language=language_name(tag))


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part of the template that changed: its name for people, and its lines side by side."""

    name: str
    rows: tuple[Row, ...]

    @property
    def shown(self) -> list[Row | Gap]:
        """The changed lines with a few around them."""
        return list(folded(self.rows))

    @property
    def words(self) -> str:
        """How much changed, for example `2 lines changed, 1 added`."""
        counts = Counter(row.kind for row in self.rows)
        first, *others = [kind for kind in _COUNTED_TOO if counts[kind]]
        lines = _lines_of(first, counts[first])
        return with_commas([lines, *(_(_COUNTED_TOO[one], count=counts[one]) for one in others)])


def changed_parts(old: Mapping[str, str], new: Mapping[str, str]) -> list[PartChange]:
    """Compare two states by their parts; gives only what changed."""
    names = list(dict.fromkeys([*old, *new]))
    pairs = ((name, _plain(old.get(name, "")), _plain(new.get(name, ""))) for name in names)
    return [PartChange(name, tuple(line_rows(before, after))) for name, before, after in pairs if before != after]


def parts_of(content: Content, layout: str = "") -> dict[str, str]:
    """Give everything a content says as texts, each under its name for people."""
    several = len(content.variants) > 1
    parts: dict[str, str] = {}
    for tag, variant in content.variants.items():
        said = ((_("Subject"), variant.subject), (_("Preheader"), variant.preheader))
        for name, text in (*said, (_("Body"), variant.body), (_("Text part"), variant.text)):
            parts[_with_language(name, tag) if several or tag != "en" else name] = text
    parts[_("Settings")] = "\n".join(_settings(content, layout))
    parts[_("Headers")] = "\n".join(f"{name}: {value}" for name, value in content.headers)
    parts[_("Variables")] = "\n".join(
        _(
            "%(name)s: %(kind)s; example “%(example)s”; if missing “%(default)s”",
            name=name,
            kind=hint.kind or _("any kind"),
            example=hint.example,
            default=hint.default,
        )
        for name, hint in sorted(content.hints.items())
    )
    parts[_("Files")] = "\n".join(
        _(
            _SHOWN_FILE if one.content_id else _FILE,
            name=one.name,
            kind=one.media_type,
            size=one.size,
            mark=one.sha256[:12],
            cid=one.content_id,
        )
        for one in content.files
    )
    return parts


_FILE = _("%(name)s (%(kind)s, %(size)s bytes, %(mark)s)")
_SHOWN_FILE = _("%(name)s (%(kind)s, %(size)s bytes, %(mark)s), in the text as %(cid)s")


def _settings(content: Content, layout: str) -> Iterator[str]:
    yield _("Written in: %(format)s", format=content.format)
    yield _("Layout: %(layout)s", layout=layout) if layout else _("Layout: none")
    yield _("Language: %(language)s", language=language_name(content.language))
    if content.language_column:
        yield _("Column of the language: %(column)s", column=content.language_column)
    if content.hides:
        yield _("Values hidden after sending: %(values)s", values=hidden_words(content))


def line_rows(old: str, new: str) -> list[Row]:
    """Give the lines of two texts side by side, with the words that changed."""
    before, after = _plain(old).split("\n"), _plain(new).split("\n")
    rows: list[Row] = []
    for is_same, first, last, begin, end in _blocks(before, after):
        for i, j in zip_longest(range(first, last), range(begin, end)):
            if is_same and i is not None and j is not None:
                rows.append(Row(i + 1, (Run(before[i]),), j + 1, (Run(after[j]),)))
            else:
                rows.append(_row(i, before, j, after))
    return rows


def words_changed(old: str, new: str) -> list[Word]:
    """Give a running text with the words taken out and put in."""
    words: list[Word] = []
    before, after = _plain(old).split("\n"), _plain(new).split("\n")
    for is_same, first, last, begin, end in _blocks(before, after):
        if is_same:
            words.append(Word("same", _lines(before[first:last])))
            continue
        taken, put = _lines(before[first:last]), _lines(after[begin:end])
        words += _words_between(taken, put)
    return [one for one in words if one.text]


def folded(rows: Sequence[Row], context: int = CONTEXT) -> Iterator[Row | Gap]:
    """Give the changed rows with a few around each, and gaps for the rest."""
    changed = [at for at, row in enumerate(rows) if row.kind != "same"]
    near = {at for one in changed for at in range(one - context, one + context + 1)}
    hidden = 0
    for at, row in enumerate(rows):
        if at not in near:
            hidden += 1
            continue
        if hidden:
            yield Gap(hidden)
            hidden = 0
        yield row
    if hidden:
        yield Gap(hidden)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _row(i: int | None, before: Sequence[str], j: int | None, after: Sequence[str]) -> Row:
    if i is None or j is None:
        removed = () if i is None else (Run(before[i], is_changed=True),)
        added = () if j is None else (Run(after[j], is_changed=True),)
        return Row(None if i is None else i + 1, removed, None if j is None else j + 1, added)
    words = _words_between(before[i], after[j])
    if _share(words, before[i], after[j]) < LEAST_SHARE:
        whole = (Run(before[i], is_changed=True),), (Run(after[j], is_changed=True),)
        return Row(i + 1, whole[0], j + 1, whole[1])
    old = tuple(Run(one.text, one.kind == "removed") for one in words if one.kind != "added")
    new = tuple(Run(one.text, one.kind == "added") for one in words if one.kind != "removed")
    return Row(i + 1, old, j + 1, new)


def _share(words: Sequence[Word], old: str, new: str) -> float:
    """Give how much of the longer line is in both, counted by letters and digits."""
    kept = sum(_letters(one.text) for one in words if one.kind == "same")
    return kept / (max(_letters(old), _letters(new)) or 1)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _words_between(old: str, new: str) -> list[Word]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > MOST_WORDS:
        return [Word("removed", old), Word("added", new)]
    words: list[Word] = []
    taken = put = ""
    for is_same, first, last, begin, end in _blocks(before, after):
        same = "".join(before[first:last]) if is_same else ""
        if is_same and not (same.isspace() and (taken or put)):
            words += [Word("removed", taken), Word("added", put), Word("same", same)]
            taken = put = ""
        else:  # white space between two changes belongs to both: whole phrases read better than single words
            taken += "".join(before[first:last])
            put += "".join(after[begin:end])
    words += [Word("removed", taken), Word("added", put)]
    return [one for one in words if one.text]


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    """Give blocks that are the same, and blocks in between, as ranges of both; in a time that has an end."""
    head, most = 0, min(len(before), len(after))
    while head < most and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < most - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    if head:
        yield True, 0, head, 0, head
    inner_before, inner_after = before[head : len(before) - tail], after[head : len(after) - tail]
    if inner_before or inner_after:
        yield from _inner_blocks(inner_before, inner_after, head)
    if tail:
        yield True, len(before) - tail, len(before), len(after) - tail, len(after)


def _inner_blocks(before: Sequence[str], after: Sequence[str], shift: int) -> Iterator[tuple[bool, int, int, int, int]]:
    if not _is_quick(before, after):
        yield False, shift, shift + len(before), shift, shift + len(after)
        return
    matcher = SequenceMatcher(None, before, after)
    for kind, first, last, begin, end in matcher.get_opcodes():
        yield kind == "equal", first + shift, last + shift, begin + shift, end + shift


def _is_quick(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether difflib is done soon: its work grows with the pairs of equal lines, those too frequent left out."""
    counts, theirs = Counter(before), Counter(after)
    frequent = len(after) // 100 + 1 if len(after) >= 200 else len(after)  # difflib's own rule
    pairs = sum(counts[line] * count for line, count in theirs.items() if count <= frequent)
    return pairs <= MOST_PAIRS
