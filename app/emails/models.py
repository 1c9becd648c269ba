"""Templates and their versions, layouts and snippets, stored files, and what is open in an editor."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, SaidString, Words, now
from app.emails.content import Content, ContentType, FilesType, Format, TemplateFile, content_of
from app.emails.rendering import EmailSource
from app.people.models import Person
from app.recipients.unsubscribing.notices import ServiceScope
from app.words import _


class Template(Base):
    """A reusable e-mail with one draft and numbered versions."""

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    folder: Mapped[str] = mapped_column(String(100), default="")
    """Where it is kept on the list of templates; empty: in none."""
    draft: Mapped[Content] = mapped_column(ContentType)
    draft_number: Mapped[int] = mapped_column(default=1)
    """Grows with every save, so that a save on top of somebody else's is noticed."""
    draft_saved_at: Mapped[datetime] = mapped_column(default=now)
    draft_saved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    is_archived: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    topic_id: Mapped[int | None]
    """The kind of notice that it is (`topic`); None: of no kind, so that people can only stop all."""
    service_scope: Mapped[ServiceScope] = mapped_column(Words(ServiceScope), default=ServiceScope.NONE)
    """Declared by an administrator; new sends take it over."""
    service_reason: Mapped[str] = mapped_column(Text, default="")
    service_version_id: Mapped[int | None]
    """The newest version when it was declared a service notice: nothing that was published later is covered."""

    versions: Mapped[list[TemplateVersion]] = relationship(
        back_populates="template", order_by="TemplateVersion.id.desc()"
    )
    """Newest first; test snapshots (without a number) among them."""
    saver: Mapped[Person | None] = relationship()


class TemplateVersion(Base):
    """A published template, or the snapshot of a draft for a test e-mail. Never changed."""

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"), index=True)
    number: Mapped[int | None]
    """None: the snapshot of a draft that a test e-mail was sent from."""
    content: Mapped[Content] = mapped_column(ContentType)
    """As it was written."""
    prepared: Mapped[dict[str, Any]]
    """Language tag to `subject`, `html` and `text`: what is rendered for each recipient, CSS inlined, Jinja kept."""
    pins: Mapped[list[Any]] = mapped_column(default=list)
    """Ids of the layout's and the snippets' versions that are in `prepared`."""
    piece_images: Mapped[tuple[TemplateFile, ...]] = mapped_column(FilesType, default=(), server_default="[]")
    """Images of the layout and the snippets that `prepared` shows, each under its `cid:` there."""
    variables: Mapped[list[str]] = mapped_column(default=list)
    """Names that a recipient's data must give, sorted; those with an “if missing” value are not among them."""
    note: Mapped[str] = mapped_column(SaidString(500), default="")
    published_at: Mapped[datetime] = mapped_column(default=now)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    template: Mapped[Template] = relationship(back_populates="versions")
    publisher: Mapped[Person | None] = relationship()

    @property
    def files(self) -> tuple[TemplateFile, ...]:
        """Everything that goes with each e-mail: the template's own files, then the images of its pieces."""
        return (*self.content.files, *self.piece_images)

    @property
    def title(self) -> str:
        """Name and number, as people know it."""
        if self.number is None:
            return _("%(template_name)s, a draft", template_name=self.template.name)
        return _("%(template_name)s, version %(number)s", template_name=self.template.name, number=str(self.number))

    def source(self, language: str = "") -> EmailSource:
        """Give what is rendered for recipients of a language; without one, of the template's own."""
        tag = language or self.content.language
        parts = self.prepared[tag]
        return EmailSource(parts["subject"], parts["html"], parts["text"], self.content.headers, language=tag)


class PieceKind(enum.StrEnum):
    """What a piece is for."""

    LAYOUT = "layout"
    SNIPPET = "snippet"


PIECE_WORDS = {PieceKind.LAYOUT: _("Layout"), PieceKind.SNIPPET: _("Snippet")}
"""What each kind is called."""
PIECE_WORDS_INSIDE = {PieceKind.LAYOUT: _("layout"), PieceKind.SNIPPET: _("snippet")}
"""In the middle of a sentence."""


class Piece(Base):
    """A layout or a snippet: a part that several templates share. Versioned as templates are."""

    __tablename__ = "piece"
    __table_args__ = (UniqueConstraint("workspace_id", "kind", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    kind: Mapped[PieceKind] = mapped_column(Words(PieceKind))
    name: Mapped[str] = mapped_column(String(100))
    """A snippet is taken in by its name, so it keeps it while templates use it."""
    draft_format: Mapped[Format] = mapped_column(Words(Format), default=Format.HTML)
    draft_body: Mapped[str] = mapped_column(Text, default="")
    draft_text: Mapped[str] = mapped_column(Text, default="")
    """For the text part; empty: made from the HTML (a snippet), or nothing around it (a layout)."""
    draft_images: Mapped[tuple[TemplateFile, ...]] = mapped_column(FilesType, default=(), server_default="[]")
    draft_number: Mapped[int] = mapped_column(default=1)
    draft_saved_at: Mapped[datetime] = mapped_column(default=now)
    draft_saved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    is_archived: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)

    versions: Mapped[list[PieceVersion]] = relationship(back_populates="piece", order_by="PieceVersion.number.desc()")

    @property
    def draft(self) -> Content:
        """The draft as a content of its own."""
        return content_of("", self.draft_body, self.draft_text, written_in=self.draft_format, files=self.draft_images)


class PieceVersion(Base):
    """A published layout or snippet. Never changed."""

    __tablename__ = "piece_version"
    __table_args__ = (UniqueConstraint("piece_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    piece_id: Mapped[int] = mapped_column(ForeignKey("piece.id"))
    number: Mapped[int]
    format: Mapped[Format] = mapped_column(Words(Format))
    body: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    images: Mapped[tuple[TemplateFile, ...]] = mapped_column(FilesType, default=(), server_default="[]")
    note: Mapped[str] = mapped_column(SaidString(500), default="")
    published_at: Mapped[datetime] = mapped_column(default=now)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    piece: Mapped[Piece] = relationship(back_populates="versions")
    publisher: Mapped[Person | None] = relationship()

    @property
    def content(self) -> Content:
        """What it says as a content of its own."""
        return content_of("", self.body, self.text, written_in=self.format, files=self.images)


class PieceUse(Base):
    """A template's draft or newest version uses a piece; kept with every save and publish."""

    __tablename__ = "piece_use"

    template_id: Mapped[int] = mapped_column(ForeignKey("template.id", ondelete="CASCADE"), primary_key=True)
    piece_id: Mapped[int] = mapped_column(ForeignKey("piece.id", ondelete="CASCADE"), primary_key=True, index=True)


class StoredFile(Base):
    """The bytes of a file, stored once whatever uses it; files of templates, pieces and sends, a person's own file."""

    __tablename__ = "stored_file"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    unused_since: Mapped[datetime | None]
    """When a look found that nothing uses it; the bytes go a day later, unless something uses it by then."""


class Editing(Base):
    """Somebody has a template's editor open; told to whoever else opens it."""

    __tablename__ = "editing"

    template_id: Mapped[int] = mapped_column(ForeignKey("template.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(default=now)

    person: Mapped[Person] = relationship()


class WaitingImport(Base):
    """A file that was read and waits for a person's yes before anything of it is imported; deleted afterwards."""

    __tablename__ = "waiting_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    keep_braces: Mapped[bool] = mapped_column(default=False)
    """Braces in a single file are another program's, and stay as they are."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
