"""Parsing a Jinja source in a fraction of the time: its lexer walks through plain text letter by letter.

Long runs of plain text are taken out, the rest is parsed, and the runs are put back into the tree. A long e-mail is
nearly all plain text, and a preview has a few milliseconds.
"""

from __future__ import annotations

import re

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.emails.jinja_tags import TAG

_RUN = re.compile(r"[^\s{}\0][^{}\0]{200,}[^\s{}\0]")
"""Plain text without the signs that tags begin and end with; no white space at its ends, which tags may strip."""
_MARK = re.compile(r"\0(\d+)\n*\0")


def parse(environment: Environment, source: str) -> nodes.Template:
    """Give the tree that `environment.parse` gives, with the same lines. Raises TemplateSyntaxError."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    runs: list[str] = []

    def take(found: re.Match[str]) -> str:
        runs.append(found.group())
        return f"\0{len(runs) - 1}{chr(10) * found.group().count(chr(10))}\0"

    tags = [*TAG.findall(source), ""]
    short = "".join(_RUN.sub(take, text) + tag for text, tag in zip(TAG.split(source), tags, strict=True))
    if not runs or "\0" in source:
        return environment.parse(source)
    try:
        tree = environment.parse(short)
    except TemplateSyntaxError:  # the long way says where
        return environment.parse(source)
    back = 0
    for text in every(tree):
        if not isinstance(text, nodes.TemplateData):
            continue
        text.data, count = _MARK.subn(lambda found: runs[int(found[1])], text.data)
        back += count
    # A run within a tag, for example in a text with braces of its own, cannot be put back: then the long way.
    return tree if back == len(runs) else environment.parse(source)


def every(tree: nodes.Node) -> list[nodes.Node]:
    """Give a tree's nodes, itself first. Jinja's own `find_all` goes through a generator for each of them."""
    found = [tree]
    for node in found:
        found.extend(node.iter_child_nodes())
    return found


def line_of_name(source: str, name: str) -> int | None:
    """Give the line of the first tag in which a variable stands; None when none does. Reads no more than the tags."""
    wanted = re.compile(rf"(?<![\w.\"']){re.escape(name)}(?![\w\"'])")
    for tag in TAG.finditer(source):
        if not tag.group().startswith("{#") and (found := wanted.search(tag.group())) is not None:
            return source.count("\n", 0, tag.start() + found.start()) + 1
    return None
