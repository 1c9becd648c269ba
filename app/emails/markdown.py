"""*Write*: Markdown to HTML with Jinja's tags kept where they stand.

A tag on a line of its own becomes a comment, which ends a paragraph and is moved nowhere; in a table it becomes a row
of its own that is taken away again; all others are plain words within the text.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from app.emails.jinja_tags import WORD, hide, show

BUTTON = "button"
"""Title that makes a link, alone in its paragraph, a button: `[Pay]({{ link }} "button")`."""
_BUTTON_BEGINS = '<table role="presentation" class="button" cellpadding="0" cellspacing="0"><tr><td>'
_BUTTON_ENDS = "</td></tr></table>\n"
_ONLY_TAGS = re.compile(r"\s*(?:jinja-\d+-x\s*)+\Z")
_COMMENT = re.compile(r"(?:<|&lt;)!--jinja-(\d+)--(?:>|&gt;)")
"""As it is, and as it stands within code."""
_ROW_OF_A_TAG = re.compile(r"<tr>\s*<t[dh][^>]*>((?:jinja-\d+-x\s*)+)</t[dh]>(?:\s*<t[dh][^>]*></t[dh]>)*\s*</tr>")
_LOOP_OF_A_LIST = re.compile(
    r"<!--jinja-(\d+)-->\s*<(ul|ol)>((?:(?!<(?:ul|ol)\b|<!--jinja).)*)</\2>\s*<!--jinja-(\d+)-->", re.DOTALL
)


def markdown_to_html(source: str) -> str:
    """Give the HTML of a Markdown source; Jinja's tags stay in their order."""
    hidden, tags = hide(source)
    html = _MARKDOWN.render("\n".join(_lines(hidden.splitlines(), tags)))

    def loop(found: re.Match[str]) -> str:
        begins, kind, items, ends = found.groups()
        if not (_is(tags, begins, "for") and _is(tags, ends, "endfor")):
            return found.group()
        return f"<{kind}><!--jinja-{begins}-->{items}<!--jinja-{ends}--></{kind}>"

    html = _LOOP_OF_A_LIST.sub(loop, html)
    html = _ROW_OF_A_TAG.sub(r"\1", html)
    html = _COMMENT.sub(lambda found: f"jinja-{found[1]}-x", html)
    return show(html, tags)


def _lines(lines: list[str], tags: list[str]) -> list[str]:
    """Make comments of the tags that stand alone on their lines, but for those between the rows of a table."""
    done: list[str] = []
    in_table = False
    for line in lines:
        if _is_alone(line, tags):
            done.append(line.strip() if in_table else WORD.sub(r"<!--jinja-\1-->", line.strip()))
            continue
        in_table = line.lstrip().startswith("|")
        done.append(line)
    return done


def _is_alone(line: str, tags: list[str]) -> bool:
    numbers = [int(one) for one in WORD.findall(line)]
    return bool(_ONLY_TAGS.match(line)) and all(tags[number].startswith(("{%", "{#")) for number in numbers)


def _is(tags: list[str], number: str, word: str) -> bool:
    return re.match(r"\{%[-+]?\s*" + word + r"\b", tags[int(number)]) is not None


def _buttons(state: StateCore) -> None:
    """Put a link that is alone in its paragraph and titled “button” into a table, which Outlook pads, too."""
    for begin, inline, end in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        children = inline.children or []
        if begin.type != "paragraph_open" or len(children) < 2 or children[0].attrGet("title") != BUTTON:
            continue
        if children[-1].type != "link_close" or sum(one.type == "link_open" for one in children) != 1:
            continue
        children[0].attrs.pop("title")
        for token, content in ((begin, _BUTTON_BEGINS), (end, _BUTTON_ENDS)):
            _become_html(token, content)


def _become_html(token: Token, content: str) -> None:
    token.type, token.tag, token.nesting, token.content = "html_block", "", 0, content


_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
_MARKDOWN.core.ruler.push("buttons", _buttons)
