"""Templates, layouts and snippets as plain files, and back: what an export holds and the gallery is kept in.

    templates/NAME/template.json  subject.txt  preheader.txt  body.md|body.html|body.mjml  body.txt
    templates/NAME/languages/fr/subject.txt …
    templates/NAME/files/FILE
    layouts/NAME/layout.json  body.html  body.txt  files/FILE        snippets/NAME/snippet.json …

Texts are written exactly as they are, without a line end added or changed; an absent file is an empty text.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.emails.content import ALL_VALUES, Content, Format, Hint, TemplateFile, Variant
from app.emails.hiding import MOST_NAMES, checked_names
from app.emails.languages import is_language
from app.emails.models import PieceKind
from app.emails.templates import MOST_CHARACTERS
from app.refusals import Refused
from app.words import _

J = TypeVar("J", bound=BaseModel)
Files = Mapping[str, bytes]
"""Path, with slashes, to the bytes."""

BODIES = {Format.MARKDOWN: "body.md", Format.HTML: "body.html", Format.MJML: "body.mjml"}
FOLDERS = {PieceKind.LAYOUT: "layouts", PieceKind.SNIPPET: "snippets"}
MOST_BYTES_OF_A_NAME = 150
"""Of a name within a path, as written; longer ones are cut, for file systems take about 255."""
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*%]|^[. ]|[. ]$')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BundledTemplate:
    """A template as it is in a bundle."""

    name: str
    content: Content
    """Its `layout_id` is None: the layout goes by its name."""
    layout: str | None = None
    folder: str = ""
    words: str = ""
    """What it is for, shown in the gallery."""
    bytes_of: Files = field(default_factory=dict)
    """SHA-256 to the bytes of each file."""
    kind_of_notice: str = ""
    """Name of its kind of notice; one of this name is taken where it is read in, if there is one."""


@dataclass(frozen=True, slots=True)
class BundledPiece:
    """A layout or a snippet as it is in a bundle."""

    kind: PieceKind
    name: str
    format: Format = Format.HTML
    body: str = ""
    text: str = ""
    images: tuple[TemplateFile, ...] = ()
    bytes_of: Files = field(default_factory=dict, compare=False)
    """SHA-256 to the bytes of each image."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is moved together."""

    templates: tuple[BundledTemplate, ...] = ()
    pieces: tuple[BundledPiece, ...] = ()

    def piece(self, kind: PieceKind, name: str | None) -> BundledPiece | None:
        """Find a piece by its name."""
        return next((one for one in self.pieces if one.kind is kind and one.name == name), None)


class _Json(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", regex_engine="python-re")


_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
_Short = Annotated[str, Field(max_length=200)]


class _VariableJson(_Json):
    kind: _Short = ""
    example: str = ""
    default: str = ""


class _FileJson(_Json):
    name: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^/\\]+\Z")]
    media_type: Annotated[str, Field(max_length=127, pattern=r"^[\w.+-]+/[\w.+-]+\Z")] = "application/octet-stream"
    content_id: Annotated[str, Field(max_length=200, pattern=r"^[^\s<>\"']*\Z")] = ""
    path: str = ""
    """Name within `files/`, where it is not the one that `name` would give."""


class _TemplateJson(_Json):
    name: _Name
    words: str = ""
    format: str = "html"
    language: str = "en"
    layout: _Short | None = None
    folder: Annotated[str, Field(max_length=100)] = ""
    kind_of_notice: Annotated[str, Field(max_length=200)] = ""
    headers: list[list[str]] = []
    language_column: _Short = ""
    variables: dict[str, _VariableJson] = {}
    files: list[_FileJson] = []
    hides: Annotated[list[_Short], Field(max_length=MOST_NAMES)] = []


class _PieceJson(_Json):
    kind: str
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    format: str = "html"
    files: list[_FileJson] = []


def write_files(bundle: Bundle) -> dict[str, bytes]:
    """Give the plain files of a bundle."""
    files: dict[str, bytes] = {}
    taken: set[str] = set()
    for template in bundle.templates:
        folder = _free(f"templates/{path_name(template.name)}", taken)
        files |= {f"{folder}/{path}": content for path, content in _files_of_template(template)}
    for piece in bundle.pieces:
        folder = _free(f"{FOLDERS[piece.kind]}/{path_name(piece.name)}", taken)
        listed, contents = _written(piece.images, piece.bytes_of)
        said = {"kind": str(piece.kind), "name": piece.name, "format": str(piece.format)}
        files[f"{folder}/{piece.kind}.json"] = _json({**said, "files": listed} if listed else said)
        files |= {f"{folder}/{path}": content for path, content in contents.items()}
        files[f"{folder}/{BODIES[piece.format]}"] = piece.body.encode()
        if piece.text:
            files[f"{folder}/body.txt"] = piece.text.encode()
    return files


def read_files(files: Files) -> Bundle:
    """Read a bundle from its plain files. Raises Refused in words that name the file that cannot be read."""
    files = {unicodedata.normalize("NFC", path): content for path, content in files.items()}
    templates = tuple(_read_template(files, folder) for folder in _folders(files, "templates", "template.json"))
    pieces = tuple(
        _read_piece(files, kind, folder)
        for kind, place in FOLDERS.items()
        for folder in _folders(files, place, f"{kind}.json")
    )
    _refuse_twins([("template", one.name) for one in templates] + [(str(one.kind), one.name) for one in pieces])
    if not templates and not pieces:
        raise Refused(_("There is no template in it: nothing like templates/NAME/template.json."), field="file")
    return Bundle(templates, pieces)


def path_name(name: str) -> str:
    """Give a name as it can stand in a path: signs that no file system takes are written as `%3A`."""
    escaped = _NOT_IN_NAMES.sub(lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), name)
    if _DEVICES.match(escaped):
        escaped = f"%{ord(escaped[0]):02X}{escaped[1:]}"
    if len(escaped.encode()) > MOST_BYTES_OF_A_NAME:
        mark = hashlib.sha256(name.encode()).hexdigest()[:12]
        escaped = f"{escaped.encode()[:MOST_BYTES_OF_A_NAME].decode(errors='ignore').rstrip('. ')}~{mark}"
    return unicodedata.normalize("NFC", escaped)


def _free(path: str, taken: set[str]) -> str:
    """Give the path, or one beside it when a file system that knows no case has it already."""
    wanted, count = path, 1
    while wanted.casefold() in taken:
        count += 1
        wanted = f"{path}~{count}"
    taken.add(wanted.casefold())
    return wanted


def _files_of_template(template: BundledTemplate) -> Iterator[tuple[str, bytes]]:
    content = template.content
    listed, contents = _written(content.files, template.bytes_of)
    yield from contents.items()
    yield (
        "template.json",
        _json(
            {
                "name": template.name,
                **({"words": template.words} if template.words else {}),
                "format": str(content.format),
                "language": content.language,
                "layout": template.layout,
                "folder": template.folder,
                "kind_of_notice": template.kind_of_notice,
                "headers": [list(pair) for pair in content.headers],
                "language_column": content.language_column,
                "variables": {
                    name: {"kind": hint.kind, "example": hint.example, "default": hint.default}
                    for name, hint in content.hints.items()
                },
                "files": listed,
                **({"hides": list(content.hides)} if content.hides else {}),
            }
        ),
    )
    for tag, variant in content.variants.items():
        folder = "" if tag == content.language else f"languages/{tag}/"
        yield f"{folder}subject.txt", variant.subject.encode()  # also an empty one: it says that the language is there
        for name, text in _texts_of(variant, content.format):
            if text:
                yield f"{folder}{name}", text.encode()


def _written(files: Sequence[TemplateFile], bytes_of: Files) -> tuple[list[dict[str, str]], dict[str, bytes]]:
    """Give how files are listed, and where their bytes lie."""
    taken: set[str] = set()
    listed: list[dict[str, str]] = []
    contents: dict[str, bytes] = {}
    for file in files:
        usual = path_name(file.name)
        path = _free(usual, taken)
        said = {"name": file.name, "media_type": file.media_type, "content_id": file.content_id}
        listed.append(said if path == usual else {**said, "path": path})
        contents[f"files/{path}"] = bytes_of[file.sha256]
    return listed, contents


def _texts_of(variant: Variant, written_in: Format) -> Iterator[tuple[str, str]]:
    yield from (("preheader.txt", variant.preheader), (BODIES[written_in], variant.body), ("body.txt", variant.text))


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _folders(files: Files, place: str, marker: str) -> list[str]:
    """Give the folders below a place; each needs the file that says what is in it."""
    found = list(dict.fromkeys("/".join(path.split("/")[:2]) for path in files if path.startswith(f"{place}/")))
    for folder in found:
        if f"{folder}/{marker}" not in files:
            raise Refused(
                _("“%(folder)s” has no %(marker)s, which says what is in it.", folder=folder, marker=marker),
                field="file",
            )
    return found


def _read_template(files: Files, folder: str) -> BundledTemplate:
    path = f"{folder}/template.json"
    said = _read_json(files, path, _TemplateJson)
    written_in = _format(path, said.format)
    if not is_language(said.language):
        raise Refused(
            _("“%(path)s”: “%(language)s” is no language that Postroom knows.", path=path, language=said.language),
            field="file",
        )
    if any(len(pair) != 2 for pair in said.headers):
        raise Refused(_("“%(path)s”: each of the headers must be a name and a value.", path=path), field="file")
    variants = {said.language: _read_variant(files, folder, written_in)}
    for tag in _languages(files, folder):
        if tag == said.language or not is_language(tag):
            raise Refused(
                _("“%(folder)s/languages/%(tag)s” is not the folder of another language.", folder=folder, tag=tag),
                field="file",
            )
        variants[tag] = _read_variant(files, f"{folder}/languages/{tag}", written_in)
    listed, bytes_of = _read_listed(files, path, said.files)
    content = Content(
        format=written_in,
        language=said.language,
        variants=variants,
        language_column=said.language_column,
        headers=tuple((name, value) for name, value in said.headers),
        hints={name: Hint(one.kind, one.example, one.default) for name, one in said.variables.items()},
        files=listed,
        hides=tuple(said.hides)
        if ALL_VALUES in said.hides
        else checked_names(" ".join(said.hides))
        if said.hides
        else (),
    )
    name = " ".join(said.name.split())
    return BundledTemplate(
        name=name,
        content=content,
        layout=said.layout or None,
        folder=" ".join(said.folder.split()),
        kind_of_notice=said.kind_of_notice,
        words=said.words,
        bytes_of=bytes_of,
    )


def _read_variant(files: Files, folder: str, written_in: Format) -> Variant:
    names = ("subject.txt", "preheader.txt", BODIES[written_in], "body.txt")
    return Variant(*(_read_text(files, f"{folder}/{name}") for name in names))


def _languages(files: Files, folder: str) -> list[str]:
    begin = f"{folder}/languages/"
    return list(dict.fromkeys(path.removeprefix(begin).split("/")[0] for path in files if path.startswith(begin)))


def _read_listed(
    files: Files, marker: str, listed: list[_FileJson]
) -> tuple[tuple[TemplateFile, ...], dict[str, bytes]]:
    """Read the files that the file `marker` lists."""
    found: list[TemplateFile] = []
    bytes_of: dict[str, bytes] = {}
    folder = marker.rpartition("/")[0]
    for one in listed:
        path = f"{folder}/files/{unicodedata.normalize('NFC', one.path) or path_name(one.name)}"
        if path not in files:
            raise Refused(
                _(
                    "“%(marker)s” names “%(name)s”, but “%(path)s” is not there.",
                    marker=marker,
                    name=one.name,
                    path=path,
                ),
                field="file",
            )
        sha256 = hashlib.sha256(files[path]).hexdigest()
        bytes_of[sha256] = files[path]
        found.append(TemplateFile(one.name, one.media_type, sha256, len(files[path]), one.content_id))
    return tuple(found), bytes_of


def _read_piece(files: Files, kind: PieceKind, folder: str) -> BundledPiece:
    path = f"{folder}/{kind}.json"
    said = _read_json(files, path, _PieceJson)
    if said.kind != kind:
        words = _(
            "“%(path)s” says that it is a %(kind)s, but it lies among the %(folder)s.",
            path=path,
            kind=said.kind,
            folder=FOLDERS[kind],
        )
        raise Refused(words, field="file")
    written_in = _format(path, said.format)
    body, text = (_read_text(files, f"{folder}/{name}") for name in (BODIES[written_in], "body.txt"))
    images, bytes_of = _read_listed(files, path, said.files)
    return BundledPiece(kind, " ".join(said.name.split()), written_in, body, text, images, bytes_of)


def _format(path: str, said: str) -> Format:
    if said not in list(Format):
        words = _(
            "“%(path)s”: the format “%(format)s” is none of %(formats)s.",
            path=path,
            format=said,
            formats=", ".join(Format),
        )
        raise Refused(words, field="file")
    return Format(said)


def _read_text(files: Files, path: str) -> str:
    try:
        text = files.get(path, b"").decode()
    except UnicodeDecodeError as error:
        line = files[path].count(b"\n", 0, error.start) + 1
        raise Refused(
            _("“%(path)s” is not written in UTF-8 (line %(line)s). Save it as UTF-8.", path=path, line=str(line)),
            field="file",
        ) from error
    if len(text) > MOST_CHARACTERS:
        raise Refused(
            _(
                "“%(path)s” is longer than %(most_characters)s characters, which no e-mail can be.",
                path=path,
                most_characters=MOST_CHARACTERS,
            ),
            field="file",
        )
    if "\0" in text:
        raise Refused(
            _("“%(path)s” has a null character in it, which cannot be stored. Take it out.", path=path), field="file"
        )
    return text


def _read_json(files: Files, path: str, kind: type[J]) -> J:
    text = _read_text(files, path)
    try:
        value = json.loads(text)
        if any("\0" in one for one in _texts(value)):
            raise Refused(
                _("“%(path)s” has a null character in it, which cannot be stored. Take it out.", path=path),
                field="file",
            )
        json.dumps(value, ensure_ascii=False).encode()  # halves of characters may hide in it as \ud800
        return kind.model_validate(value)
    except json.JSONDecodeError as error:
        words = _(
            "“%(path)s” is not JSON that can be read (line %(line)s): %(why)s.",
            path=path,
            line=str(error.lineno),
            why=error.msg,
        )
        raise Refused(words, field="file") from error
    except UnicodeEncodeError as error:
        raise Refused(
            _("“%(path)s” has half of a character in it, which cannot be stored.", path=path), field="file"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = " → ".join(str(one) for one in first["loc"]) or "it"
        raise Refused(f"“{path}”: {place}: {first['msg']}.", field="file") from error
    except (RecursionError, ValueError) as error:
        raise Refused(_("“%(path)s” is not JSON that can be read.", path=path), field="file") from error


def _texts(value: Any) -> Iterator[str]:
    """Give every text in a JSON value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from (name, *_texts(one))
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


_TWINS = {
    "template": _("There are two with the name “%(name)s”: each template needs its own."),
    "layout": _("There are two with the name “%(name)s”: each layout needs its own."),
    "snippet": _("There are two with the name “%(name)s”: each snippet needs its own."),
}


def _refuse_twins(names: list[tuple[str, str]]) -> None:
    seen: set[tuple[str, str]] = set()
    for kind, name in names:
        if (kind, name) in seen:
            raise Refused(_(_TWINS[kind], name=name), field="file")
        seen.add((kind, name))
