"""The pages of templates, layouts and snippets."""

from __future__ import annotations

from app.emails.views import (
    approval,
    bundle,
    checks,
    editor,
    files,
    headers,
    hiding,
    notices,
    piece_publish,
    pieces,
    preview,
    starters,
    templates,
    versions,
)
from app.emails.views.blueprint import blueprint

__all__ = [
    "approval",
    "blueprint",
    "bundle",
    "checks",
    "editor",
    "files",
    "headers",
    "hiding",
    "notices",
    "piece_publish",
    "pieces",
    "preview",
    "starters",
    "templates",
    "versions",
]
