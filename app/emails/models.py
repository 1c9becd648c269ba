"""Templates, their published versions, and the preview page a person looks at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, now


class Template(Base):
    """A reusable e-mail with one draft and numbered versions."""

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    draft_subject: Mapped[str] = mapped_column(Text, default="")
    draft_html: Mapped[str] = mapped_column(Text, default="")
    draft_text: Mapped[str] = mapped_column(Text, default="")
    """Empty: the text is made from the HTML at publish."""
    draft_headers: Mapped[list[Any]] = mapped_column(default=list)
    """Default headers: a list of [name, value source]."""
    sample_data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Values of one's own for the preview."""
    draft_number: Mapped[int] = mapped_column(default=1)
    """Grows with every save, so that a save on top of somebody else's is noticed."""
    draft_saved_at: Mapped[datetime] = mapped_column(default=now)
    draft_saved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    is_archived: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)

    versions: Mapped[list[TemplateVersion]] = relationship(
        back_populates="template", order_by="TemplateVersion.number.desc()"
    )


class TemplateVersion(Base):
    """A published template. Never changed."""

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"), index=True)
    number: Mapped[int]
    subject: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    """The HTML as written."""
    text: Mapped[str] = mapped_column(Text)
    """The text as written; empty when it was made from the HTML."""
    headers: Mapped[list[Any]] = mapped_column(default=list)
    prepared_html: Mapped[str] = mapped_column(Text)
    """Source that is rendered for each recipient: CSS inlined once, Jinja kept."""
    prepared_text: Mapped[str] = mapped_column(Text)
    variables: Mapped[list[str]] = mapped_column(default=list)
    """Names that a recipient's data must give, sorted."""
    note: Mapped[str] = mapped_column(String(500), default="")
    published_at: Mapped[datetime] = mapped_column(default=now)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    template: Mapped[Template] = relationship(back_populates="versions")

    @property
    def title(self) -> str:
        """Name and number, as people know it."""
        return f"{self.template.name}, version {self.number}"


class PreviewPage(Base):
    """The last rendered HTML one person previewed of one template; what the sandboxed frame loads.

    A row of its own because a frame that shows foreign HTML needs its own address and its own policy.
    """

    __tablename__ = "preview_page"
    __table_args__ = (UniqueConstraint("template_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    html: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(default=now)
