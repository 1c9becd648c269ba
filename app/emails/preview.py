"""The preview of a draft: what one person would get, with what is missing shown in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.db import now
from app.emails.limits import LimitedRenderer
from app.emails.models import PreviewPage
from app.emails.preparing import prepare
from app.emails.rendering import EmailSource, RenderedEmail, RenderError, RenderProblem, render, variables_of


@dataclass(frozen=True, slots=True)
class Preview:
    """A rendered draft, and what is wrong with it."""

    email: RenderedEmail | None
    problems: tuple[RenderProblem, ...] = ()
    text_is_made: bool = False
    """The text was made from the HTML."""
    note: str = ""
    """What publishing leaves as it is written, and why."""


def preview(renderer: LimitedRenderer, source: EmailSource, data: Mapping[str, Any]) -> Preview:
    """Render a draft under the limits of time and memory. Never fails."""
    try:
        return renderer.run(make_preview, source, dict(data))
    except RenderError as error:
        return Preview(None, error.problems)


def make_preview(source: EmailSource, data: Mapping[str, Any]) -> Preview:
    """Prepare and render a draft; runs in a limited process."""
    text_is_made = bool(source.html.strip()) and not source.text.strip()
    prepared = prepare(source.html, source.text)
    ready = EmailSource(source.subject, prepared.html, prepared.text, source.headers)
    as_written = EmailSource(source.subject, source.html, source.text, source.headers)
    try:
        return Preview(render(ready, data), (), text_is_made, prepared.note)
    except RenderError as error:
        problems = error.problems
    try:  # lines as the author wrote them, not as they are after preparing
        render(as_written, data)
    except RenderError as error:
        problems = error.problems
    try:
        stand_ins = {name: f"[{name} missing]" for name in variables_of(ready) if name not in data}
        return Preview(render(ready, {**stand_ins, **data}), problems, text_is_made, prepared.note)
    except RenderError:
        return Preview(None, problems, text_is_made)


def keep_page(session: Session, actor: Actor, template_id: int, html: str) -> PreviewPage:
    """Keep the HTML for the sandboxed frame; one row for each person and template."""
    page = session.scalar(
        select(PreviewPage).where(PreviewPage.template_id == template_id, PreviewPage.person_id == actor.id)
    )
    if page is None:
        page = PreviewPage(template_id=template_id, person_id=actor.id, html=html)
        session.add(page)
    page.html, page.made_at = html, now()
    session.flush()
    return page


def page_of(session: Session, actor: Actor, template_id: int) -> str:
    """Give the HTML kept last; empty when there is none."""
    html = session.scalar(
        select(PreviewPage.html).where(PreviewPage.template_id == template_id, PreviewPage.person_id == actor.id)
    )
    return html or ""
