"""A good e-mail, and ways to spoil it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.emails.checks.check import CheckedEmail, check_email
from app.emails.checks.finding import Finding

HEAD = '<!doctype html>\n<html lang="en">\n<head><title>Your booking</title>{style}</head>\n<body>\n'
GOOD = "<h1>Your booking</h1>\n<p>Dear Anna, your room is booked.</p>\n"


def page(inside: str, style: str = "") -> str:
    """Give a whole HTML e-mail around something; what is inside begins on line 5."""
    return HEAD.format(style=f"<style>{style}</style>" if style else "") + inside + "\n</body>\n</html>\n"


def an_email(inside: str = GOOD, *, style: str = "", **changes: Any) -> CheckedEmail:
    """Give an e-mail without a fault, but for what is changed; the author wrote the HTML itself."""
    html = changes.pop("html", page(inside, style))
    email = CheckedEmail(
        subject="Your booking of 3 March",
        preheader="Room 12 is yours from 9 to 11",
        html=html,
        text="Dear Anna, your room is booked.",
        body=html,
        text_is_made=True,
    )
    return replace(email, **changes)


def codes(email: CheckedEmail) -> list[str]:
    """Give the codes of what is found, in its order."""
    return [one.code for one in check_email(email)]


def found(email: CheckedEmail, code: str) -> Finding:
    """Give the one finding with this code."""
    (finding,) = [one for one in check_email(email) if one.code == code]
    return finding
