"""Rendering an e-mail for one recipient, in a sandbox (design, section 5).

The only function that turns a template into an e-mail: preview, review, test and delivery all come here (P4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from app.emails.filters import FOR_PEOPLE
from app.emails.jinja_words import jinja_words, said_by
from app.emails.parsing import every, parse
from app.words import _, in_a_row

MAX_OUTPUT = 5 * 1024 * 1024
"""Characters of one rendered part; more could never be sent."""
MAX_RANGE = 1000
"""Rounds that `range` may give."""

FILTERS = frozenset(
    "abs capitalize default d e escape first float int join last length count list lower max min replace round "
    "sort string striptags sum title trim truncate unique upper urlencode wordcount wordwrap".split()
)
"""Filters that people may use; none of them reaches into an object."""
TESTS = frozenset(
    "defined undefined none number string boolean true false even odd divisibleby in eq equalto ne lt lessthan le gt "
    "greaterthan ge == != < <= > >= lower upper".split()
)


@dataclass(frozen=True, slots=True)
class EmailSource:
    """The sources of an e-mail, as Jinja. Header names are plain, values are Jinja."""

    subject: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    preheader: str = ""
    """Only for showing it: assembled, it stands in the HTML already."""
    language: str = "en"
    """Tag of the language that filters write dates and numbers in."""

    def parts(self) -> Iterator[tuple[str, str]]:
        """Give each source with its place: `subject`, `preheader`, `body`, `text`, `headers.NAME`."""
        yield "subject", self.subject
        if self.preheader:
            yield "preheader", self.preheader
        yield "body", self.html
        yield "text", self.text
        for name, value in self.headers:
            yield f"headers.{name}", value


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """What one recipient gets."""

    subject: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    preheader: str = ""


@dataclass(frozen=True, slots=True)
class RenderProblem:
    """Why it cannot be rendered: where, on which line, and in words."""

    code: str
    place: str
    line: int | None
    words: str
    name: str = ""
    """The variable that has no value, where the problem is that."""

    def __str__(self) -> str:
        """Say it with its place; what this gives still knows what it says."""
        where = PLACES.get(self.place, self.place.removeprefix("headers."))
        if not self.line:
            return _("%(where)s: %(words)s", where=where, words=self.words)
        return _("%(where)s, line %(line)s: %(words)s", where=where, line=str(self.line), words=self.words)

    def __html__(self) -> str:
        """Say it in a page in the reader's language: what escapes texts there knows nothing of ours."""
        return escape(f"{self}")


PLACES = {"subject": _("Subject"), "preheader": _("Preheader"), "body": _("Body"), "text": _("Text")}


_OTHER_TEMPLATES = (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)


class RenderError(Exception):
    """An e-mail cannot be rendered; holds every problem that was found."""

    def __init__(self, problems: tuple[RenderProblem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    @property
    def words(self) -> str:
        """Every problem, one behind the other."""
        return in_a_row((str(one) for one in self.problems), _("%(first)s; %(second)s"))

    def __str__(self) -> str:
        return self.words


class _NothingAhead(CodeGenerator):
    """Compiles without working anything out: `{{ 9 ** 9 ** 9 }}` costs its time under the limits, not at publish."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja without anything of Python or of Postroom within reach."""

    code_generator_class = _NothingAhead

    def __init__(self, *, autoescape: bool, language: str = "en", is_text: bool = False) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            optimized=False,
            trim_blocks=is_text,  # a line that holds only a tag leaves no empty line behind
            lstrip_blocks=is_text,
        )
        self.language = language
        self.filters = {name: one for name, one in self.filters.items() if name in FILTERS} | FOR_PEOPLE
        self.tests = {name: one for name, one in self.tests.items() if name in TESTS}
        self.globals = {"range": _short_range}
        self.loader = None

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only the plain methods of texts and the like; nothing with an underscore, nothing that formats."""
        if attr.startswith("_") or attr in {"format", "format_map", "mro"}:
            return False
        return super().is_safe_attribute(obj, attr, value)


def _short_range(*bounds: int) -> range:
    """`range`, so long as it is short."""
    wanted = range(*bounds)
    if len(wanted) > MAX_RANGE:
        raise SecurityError(_("a loop may have at most %(most)s rounds", most=MAX_RANGE))
    return wanted


@lru_cache(maxsize=64)
def _sandbox(place: str, language: str) -> Sandbox:
    return Sandbox(autoescape=place == "body", language=language, is_text=place == "text")


def render(source: EmailSource, data: Mapping[str, Any]) -> RenderedEmail:
    """Render an e-mail with a recipient's data. Raises RenderError with every problem that can be known at once."""
    problems: list[RenderProblem] = []
    parts: dict[str, str] = {}
    for place, text in source.parts():
        try:
            parts[place] = _render_part(place, text, data, source.language)
        except RenderError as error:
            problems += error.problems
    problems += _line_breaks(parts)
    if "subject" in parts and not parts["subject"].strip():
        problems.append(RenderProblem("empty_subject", "subject", None, _("the subject is empty.")))
    if problems:
        raise RenderError(tuple(problems))
    headers = tuple((name, parts[f"headers.{name}"]) for name, _value in source.headers)
    return RenderedEmail(parts["subject"], parts["body"], parts["text"], headers, parts.get("preheader", ""))


def variables_of(source: EmailSource) -> list[str]:
    """Give the names a recipient's data must give, sorted. Raises RenderError when a part does not compile."""
    names: set[str] = set()
    for place, text in source.parts():
        _compiled(place, text, source.language)
        names |= {name for name, _line in _needed(place, text, source.language)}
    return sorted(names)


def check_source(source: EmailSource) -> list[RenderProblem]:
    """Give every problem of syntax; an empty list when all parts compile."""
    problems: list[RenderProblem] = []
    for place, text in source.parts():
        try:
            _compiled(place, text, source.language)
        except RenderError as error:
            problems += error.problems
    return problems


def tree_of(place: str, text: str) -> nodes.Template:
    """Give a source's tree, to look for names in it. Raises TemplateSyntaxError."""
    return parse(_sandbox(_kind_of(place), "en"), text)


@dataclass(frozen=True, slots=True)
class _Parsed:
    tree: nodes.Template
    needed: tuple[tuple[str, int], ...]
    """Variables that must have a value, each with the line where it stands first."""


@lru_cache(maxsize=16)  # of an e-mail that is being looked at; a tree is large, and later nobody wants it
def _parsed(place: str, text: str, language: str) -> _Parsed:
    """Read a part. What it needs is known before it is compiled, which takes longer."""
    with _syntax_told(place):
        tree = parse(_sandbox(_kind_of(place), language), text)
        for node in every(tree):
            if isinstance(node, nodes.EvalContextModifier):
                raise TemplateSyntaxError(_("escaping cannot be switched off"), node.lineno)
            if isinstance(node, _OTHER_TEMPLATES):
                raise TemplateSyntaxError(_("other templates cannot be taken in here"), node.lineno)
        return _Parsed(tree, needed_in(tree))


@lru_cache(maxsize=256)
def _needed(place: str, text: str, language: str) -> tuple[tuple[str, int], ...]:
    return _parsed(place, text, language).needed


@lru_cache(maxsize=256)
def _compiled(place: str, text: str, language: str) -> Template:
    parsed = _parsed(place, text, language)
    with _syntax_told(place):
        return _sandbox(_kind_of(place), language).from_string(parsed.tree)


def _kind_of(place: str) -> str:
    return place if place in {"body", "text"} else "line"


@contextmanager
def _syntax_told(place: str) -> Iterator[None]:
    """Turn what is wrong with a source into a RenderError."""
    try:
        yield
    except TemplateSyntaxError as error:
        raise RenderError((RenderProblem("syntax", place, error.lineno, _syntax_words(error)),)) from error
    except ValueError as error:  # Python reads no number of thousands of digits
        words = _("the template holds a number that is too long.")
        raise RenderError((RenderProblem("syntax", place, None, words),)) from error
    except (RecursionError, MemoryError, SyntaxError) as error:  # Python's own limits on nested blocks
        words = _("the template is nested too deeply.")
        raise RenderError((RenderProblem("syntax", place, None, words),)) from error


def _render_part(place: str, text: str, data: Mapping[str, Any], language: str) -> str:
    missing = [(name, line) for name, line in _needed(place, text, language) if name not in data]
    if missing:
        raise RenderError(
            tuple(
                RenderProblem("missing_value", place, line, _("there is no value for %(name)s.", name=name), name)
                for name, line in missing
            )
        )
    compiled = _compiled(place, text, language)
    try:
        pieces, size = [], 0
        for piece in compiled.generate(dict(data)):
            size += len(piece)
            if size > MAX_OUTPUT:
                raise SecurityError(_("the result is longer than any e-mail can be"))
            pieces.append(piece)
        return _sendable("".join(pieces))
    except UndefinedError as error:
        problem = RenderProblem(
            "missing_value", place, _line(error), _("a value is missing (%(why)s).", why=said_by(error))
        )
    except SecurityError as error:
        problem = RenderProblem(
            "not_allowed", place, _line(error), _("this is not allowed in a template: %(why)s.", why=said_by(error))
        )
    except TemplateError as error:
        problem = RenderProblem(
            "cannot_render", place, _line(error), _("this cannot be rendered: %(why)s.", why=said_by(error))
        )
    except (MemoryError, RecursionError):
        problem = RenderProblem("too_big", place, None, _("the template needs too much memory."))
    except Exception as error:  # whatever a filter makes of odd data is the author's to mend, not an outage
        problem = RenderProblem(
            "cannot_render", place, _line(error), _("this cannot be rendered: %(why)s.", why=said_by(error))
        )
    raise RenderError((problem,))


def _sendable(text: str) -> str:
    """Give the text back; refuse characters that no e-mail and no database can hold."""
    words = _("the result holds a character that no e-mail can carry")
    if "\0" in text:
        raise SecurityError(words)
    try:
        text.encode()
    except UnicodeEncodeError as error:  # half of a character that takes two
        raise SecurityError(words) from error
    return text


def needed_in(tree: nodes.Template) -> tuple[tuple[str, int], ...]:
    """Find the variables without which rendering fails, by walking the tree with its scopes.

    A name under `is defined` or with a default need not be given; what a loop or `set` makes is the template's own.
    """
    found: dict[str, int] = {}
    asking = every(tree)
    names = [node for node in asking if isinstance(node, nodes.Name)]
    own = {node.name for node in names if node.ctx in {"store", "param"}}
    excused: set[int] = set()
    guarded: set[str] = set()
    for node in asking:
        if not isinstance(node, (nodes.Test, nodes.Filter)) or not isinstance(node.node, nodes.Name):
            continue
        is_guard = isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}
        is_default = isinstance(node, nodes.Filter) and node.name in {"default", "d"}
        if is_guard or is_default:
            excused.add(id(node.node))
            if is_guard:
                guarded.add(node.node.name)
    for name in names:
        ours = name.name in own or name.name in {"range", "loop"} or name.name in guarded
        if name.ctx == "load" and not ours and id(name) not in excused:
            found[name.name] = min(found.get(name.name, name.lineno), name.lineno)
    return tuple(sorted(found.items(), key=lambda item: item[1]))


def _line(error: BaseException) -> int | None:
    """Find the template's line in the trace; Jinja rewrites frames so that they carry it."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _syntax_words(error: TemplateSyntaxError) -> str:
    return _("the template cannot be read: %(why)s.", why=jinja_words(error.message or ""))


def _line_breaks(parts: Mapping[str, str]) -> Iterator[RenderProblem]:
    for place, text in parts.items():
        if place not in {"body", "text"} and ("\r" in text or "\n" in text):
            yield RenderProblem("line_break", place, None, _("this must be one line, without a line break."))
