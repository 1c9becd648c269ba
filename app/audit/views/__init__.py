"""The page of the trail."""

from __future__ import annotations

from app.audit.views.activity import blueprint

__all__ = ["blueprint"]
