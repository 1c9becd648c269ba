"""The pages of lists; those of segments, topics, suppressions and unsubscribing have blueprints of their own."""

from __future__ import annotations

from app.recipients.views import bulk, columns, lists, mending, uploads
from app.recipients.views.blueprint import blueprint

__all__ = [
    "blueprint",
    "bulk",
    "columns",
    "lists",
    "mending",
    "uploads",
]
