"""Real e-mail templates are taken as they are: assembled, inlined and rendered, and nothing a person reads is lost."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from lxml import html as lxml_html

from app.emails.assembling import Pieces, assemble
from app.emails.content import Format
from app.emails.preparing import Prepared, prepare
from app.emails.rendering import EmailSource, RenderError, render, variables_of
from tests.emails.real import FOLDER, REAL, RealTemplate

STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
QUERY = re.compile(r"@media[^{]*")

every = pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)


def source_of(real: RealTemplate) -> EmailSource:
    return assemble(real.content(), "en", Pieces())


def values_for(real: RealTemplate, source: EmailSource) -> dict[str, Any]:
    return {name: f"https://example.com/{name}" for name in variables_of(source)} | dict(real.values)


def rendered(real: RealTemplate, source: EmailSource) -> str:
    return render(source, values_for(real, source)).html


def prepared(source: EmailSource) -> tuple[EmailSource, Prepared]:
    done = prepare(source.html, source.text)
    return replace(source, html=done.html, text=done.text), done


def words_of(html: str) -> list[str]:
    """The words a reader sees, in order."""
    tree = lxml_html.document_fromstring(html.encode(), parser=lxml_html.HTMLParser(encoding="utf-8"))
    lxml_html.etree.strip_elements(tree, "style", "script", with_tail=False)
    return " ".join(tree.xpath("//text()[not(parent::comment())]")).split()


def links_of(html: str) -> list[str]:
    tree = lxml_html.document_fromstring(html.encode(), parser=lxml_html.HTMLParser(encoding="utf-8"))
    return [str(one) for one in tree.xpath("//a/@href | //img/@src")]


def styles_of(html: str) -> str:
    """The style sheets in the mail's own head and body, without those for Outlook alone."""
    return CSS_COMMENT.sub("", " ".join(STYLE.findall(COMMENT.sub("", html))))


def queries_of(html: str) -> set[str]:
    return {" ".join(query.split()).replace(": ", ":") for query in QUERY.findall(styles_of(html))}


def has_plain_rules(html: str) -> bool:
    """Whether a style sheet has rules outside of media queries."""
    without_queries = re.sub(r"@[^{;]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", styles_of(html))
    return "{" in without_queries


def test_there_are_at_least_25_with_their_licences() -> None:
    assert len(REAL) >= 25
    said = (FOLDER / "LICENCES.md").read_text()
    assert all(f"| `{real.name}` |" in said for real in REAL)
    linked = set(re.findall(r"\(licences/([\w-]+\.txt)\)", said))
    assert linked == {path.name for path in (FOLDER / "licences").iterdir()}
    for name in linked:
        assert "Permission is hereby granted, free of charge" in " ".join(
            (FOLDER / "licences" / name).read_text().split()
        )


def test_they_come_in_many_shapes() -> None:
    assert sum(real.format is Format.MJML for real in REAL) >= 3
    assert sum(real.wrap_raw for real in REAL) >= 3
    assert sum("<!--[if" in real.source for real in REAL) >= 5
    assert sum("@media" in real.source for real in REAL) >= 5
    assert max(len(real.source) for real in REAL) > 90_000


@every
def test_it_renders_and_has_a_text_part(real: RealTemplate) -> None:
    source, _ = prepared(source_of(real))
    done = render(source, values_for(real, source))
    assert done.html.strip()
    assert done.text.strip()


@every
def test_inlining_loses_no_word_and_no_link(real: RealTemplate) -> None:
    source = source_of(real)
    before, after = rendered(real, source), rendered(real, prepared(source)[0])
    assert words_of(after) == words_of(before)
    assert links_of(after) == links_of(before)


@every
def test_inlining_writes_styles_into_the_elements(real: RealTemplate) -> None:
    source = source_of(real)
    after, done = prepared(source)
    if not has_plain_rules(source.html):
        return
    if done.note:
        assert after.html == source.html
        return
    assert rendered(real, after).count(" style=") > 0
    assert rendered(real, after) != rendered(real, source)
    assert not has_plain_rules(after.html)


@every
def test_media_queries_are_kept(real: RealTemplate) -> None:
    source = source_of(real)
    assert queries_of(prepared(source)[0].html) == queries_of(source.html)


@pytest.mark.parametrize("real", [real for real in REAL if real.wrap_raw], ids=lambda real: real.name)
def test_tags_of_another_language_come_through_as_they_are(real: RealTemplate) -> None:
    with pytest.raises(RenderError):  # so it must be wrapped
        plain = EmailSource("s", real.source, "")
        render(plain, values_for(real, plain))
    after = rendered(real, prepared(source_of(real))[0])
    assert words_of(after) == words_of(real.source)


def test_only_styles_that_hang_on_tags_are_left_as_written() -> None:
    assert {real.name for real in REAL if prepared(source_of(real))[1].note} <= {"mailing-base", "simple-mail"}


@every
def test_outlooks_own_parts_are_kept(real: RealTemplate) -> None:
    source = source_of(real)
    after = prepared(source)[0].html
    assert after.count("<!--[if") == source.html.count("<!--[if")
    assert after.count("<![endif]") == source.html.count("<![endif]")
