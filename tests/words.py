"""The messages of the code and their catalogues: `make words` brings the .po files up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from app.words import FALLBACK, FOLDER, LANGUAGES

ROOT = Path(__file__).parent.parent
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "_n": (1, 2),
    "_p": ((1, "c"), 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
OF_FOLDER = {"suppressions": "recipients"}
"""Folders of page templates that belong to a package of another name."""
TRANSLATED = [tag for tag in LANGUAGES if tag != FALLBACK]


def domain_of(file: str) -> str:
    """Give the catalogue of a source file: its package; `web` for what all packages share."""
    parts = Path(file).parts[1:-1]
    return OF_FOLDER.get(parts[0], parts[0]) if parts else "web"


def messages_of_code() -> dict[str, Catalog]:
    """Give every message of the code by catalogue."""
    with (FOLDER / "babel.cfg").open() as source:
        methods, options = parse_mapping_cfg(source)
    found: dict[str, Catalog] = {}
    extracted = extract_from_dir(str(ROOT), methods, options, keywords=KEYWORDS, comment_tags=("For translators:",))
    for file, line, message, comments, context in extracted:
        catalogue = found.setdefault(domain_of(file), Catalog(charset="utf-8"))
        catalogue.add(message, None, [(file, line)], auto_comments=comments, context=context)
    return found


def file_of(tag: str, domain: str) -> Path:
    """Give where a catalogue is kept."""
    return FOLDER / tag / "LC_MESSAGES" / f"{domain}.po"


def catalogue(tag: str, domain: str) -> Catalog:
    """Read a catalogue; an empty one when there is none yet."""
    file = file_of(tag, domain)
    if not file.exists():
        return Catalog(locale=tag, charset="utf-8")
    with file.open("rb") as source:
        return read_po(source, locale=tag)


def catalogues(tag: str) -> Iterator[tuple[str, Catalog]]:
    """Read every catalogue of a language."""
    for file in sorted((FOLDER / tag / "LC_MESSAGES").glob("*.po")):
        yield file.stem, catalogue(tag, file.stem)


def write(tag: str, domain: str, content: Catalog) -> None:
    """Write a catalogue without dates and line numbers, so that only words make a difference."""
    file = file_of(tag, domain)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as target:
        write_po(target, content, width=110, omit_header=True, sort_by_file=True, include_lineno=False)


def update(tag: str) -> dict[str, int]:
    """Bring the catalogues of a language up to date; gives by catalogue how many messages wait for a translation."""
    there = {(one.id, one.context): one.string for _, old in catalogues(tag) for one in old if one.id and _is_done(one)}
    waiting = {}
    code = messages_of_code()
    for domain, messages in code.items():
        fresh = catalogue(tag, domain)
        fresh.update(messages, no_fuzzy_matching=True)
        fresh.obsolete.clear()
        for one in fresh:
            if one.id and not _is_done(one):
                one.string = there.get((one.id, one.context), one.string)
        write(tag, domain, fresh)
        waiting[domain] = sum(not _is_done(one) for one in fresh if one.id)
    for domain, _ in catalogues(tag):
        if domain not in code:
            file_of(tag, domain).unlink()
    return waiting


def _is_done(one: object) -> bool:
    string = getattr(one, "string", "")
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    for language in TRANSLATED:
        for name, number in sorted(update(language).items()):
            print(f"{language} {name}: {f'{number} messages wait for a translation' if number else 'complete'}")
