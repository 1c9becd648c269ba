"""What a workspace's unsubscribe page looks like: its colour and its logo, and the mailbox for those who write."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import check_address
from app.cloudflare.inline_images import IN_TEXT
from app.emails.checks.colours import BLACK, WHITE, Colour, better, colour_of_attribute, contrast, shown
from app.emails.file_kinds import check_file, clean_name
from app.recipients.unsubscribing.models import UnsubscribeLook
from app.refusals import Refused
from app.words import _, decimal

NEEDED = 4.5
"""Contrast of words in the colour, or on it, that everybody can read (WCAG 2.2, AA)."""
MAX_LOGO = 200 * 1024
"""Bytes."""
LIGHT_GROUNDS = ("#ffffff", "#f5f4f0")
DARK_GROUNDS = ("#1a2029", "#12161c")
"""What lies behind links in both modes (`--surface`, `--ground` in postroom.css)."""
_HEX = re.compile(r"#[0-9a-f]{6}\Z")


def look_of(session: Session, workspace_id: int) -> UnsubscribeLook:
    """Give the look as stored, without the logo's bytes; the plain look when nothing is."""
    found = session.get(UnsubscribeLook, workspace_id)
    return found or UnsubscribeLook(
        workspace_id=workspace_id, colour="", logo_type="", logo_sha256="", logo=None, mailbox=""
    )


def change_look(session: Session, actor: Actor, *, colour: str, logo_name: str, logo: bytes, no_logo: bool) -> None:
    """Set colour and logo; an empty colour is Postroom's own, no bytes keep the logo. Raises Refused with the field."""
    colour = checked_colour(colour)
    media_type = _checked_logo(logo_name, logo) if logo else ""
    look = _stored(session, actor)
    before = (look.colour, look.logo_sha256)
    look.colour = colour
    if logo:
        look.logo, look.logo_type, look.logo_sha256 = logo, media_type, hashlib.sha256(logo).hexdigest()
    elif no_logo:
        look.logo, look.logo_type, look.logo_sha256 = None, "", ""
    if before != (look.colour, look.logo_sha256):
        changes = {
            _("Colour"): (before[0] or _("Postroom's own"), look.colour or _("Postroom's own")),
            _("Logo"): (before[1][:12], look.logo_sha256[:12]),
        }
        note(session, actor, "workspace.unsubscribe_look", _("Look of the unsubscribe page changed"), changes=changes)


def change_mailbox(session: Session, actor: Actor, typed: str) -> str:
    """Set the mailbox to which people may write instead of using the link; empty: none. Raises Refused."""
    typed = typed.strip()
    if typed and (problem := check_address(typed)) is not None:
        raise Refused(problem.words, field="mailbox")
    look = _stored(session, actor)
    if look.mailbox != typed:
        changes = {_("Mailbox"): (look.mailbox, typed)}
        look.mailbox = typed
        words = _("Mailbox for unsubscribing set") if typed else _("Mailbox for unsubscribing taken away")
        note(session, actor, "workspace.unsubscribe_mailbox", words, changes=changes)
    return typed


def logo_of(session: Session, sha256: str) -> tuple[bytes, str] | None:
    """Give a logo's bytes and media type by its SHA-256; None when nobody has it."""
    row = session.execute(
        select(UnsubscribeLook.logo, UnsubscribeLook.logo_type)
        .where(UnsubscribeLook.logo_sha256 == sha256, UnsubscribeLook.logo_sha256 != "")
        .limit(1)
    ).first()
    return (row[0], row[1]) if row is not None and row[0] is not None else None


def checked_colour(typed: str) -> str:
    """Give a colour as it is stored. Raises Refused for what is none, or what cannot be read on a light page."""
    typed = typed.strip().lower()
    if not typed:
        return ""
    typed = typed if typed.startswith("#") else f"#{typed}"
    colour = colour_of_attribute(typed) if _HEX.match(typed) else None
    if colour is None:
        raise Refused(_("Enter a colour as # and six digits or letters from a to f, such as #1d4e89."), field="colour")
    readable = _readable(colour, LIGHT_GROUNDS)
    if shown(readable) != typed:
        worst = min(contrast(colour, _colour(one)) for one in LIGHT_GROUNDS)
        raise Refused(
            _(
                "This colour is too pale to be read on a light page: its contrast is %(worst)s to 1, and "
                "%(needed)s is needed. The nearest that works is %(shown)s.",
                worst=decimal(worst, 1),
                needed=NEEDED,
                shown=shown(readable),
            ),
            field="colour",
        )
    return typed


def colours_css(colour: str) -> str:
    """Give the style sheet of a checked colour: as it is in light mode, paler where needed in dark mode."""
    light = _colour(colour)
    dark = _readable(light, DARK_GROUNDS)
    return (
        f":root {{ --accent: {shown(light)}; --accent-ink: {shown(_ink(light))}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ --accent: {shown(dark)}; --accent-ink: {shown(_ink(dark))}; "
        "} }\n"
    )


def _readable(colour: Colour, grounds: Sequence[str]) -> Colour:
    """Give the nearest colour that can be read on all of these grounds; they are all light, or all dark."""
    for ground in grounds:
        colour = better(colour, _colour(ground), NEEDED)
    return colour


def _ink(ground: Colour) -> Colour:
    return WHITE if contrast(WHITE, ground) >= contrast(BLACK, ground) else BLACK


def _colour(written: str) -> Colour:
    found = colour_of_attribute(written)
    if found is None:
        raise ValueError(f"{written} is no colour")
    return found


def _checked_logo(name: str, content: bytes) -> str:
    name = clean_name(name)
    try:
        media_type = check_file(name, content)
    except Refused as refusal:
        raise Refused(refusal.words, field="logo") from refusal
    if media_type not in IN_TEXT:
        raise Refused(
            _("“%(name)s” is no PNG, JPEG, GIF or WebP picture. Save it as PNG and choose that.", name=name),
            field="logo",
        )
    if len(content) > MAX_LOGO:
        words = _(
            "“%(name)s” has %(kib)s KiB; at most %(most)s are possible. Make it smaller.",
            name=name,
            kib=decimal(len(content) / 1024, 0),
            most=MAX_LOGO // 1024,
        )
        raise Refused(words, field="logo")
    return media_type


def _stored(session: Session, actor: Actor) -> UnsubscribeLook:
    look = session.get(UnsubscribeLook, actor.workspace_id)
    if look is None:
        look = look_of(session, actor.workspace_id)
        session.add(look)
    return look
