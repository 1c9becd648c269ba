"""The pages of sends."""

from __future__ import annotations

from app.sends.views import (
    approval,
    choosing,
    compose,
    decisions,
    during,
    files,
    notices,
    person,
    retention,
    sends,
    testing,
)
from app.sends.views.blueprint import blueprint

__all__ = [
    "approval",
    "blueprint",
    "choosing",
    "compose",
    "decisions",
    "during",
    "files",
    "notices",
    "person",
    "retention",
    "sends",
    "testing",
]
