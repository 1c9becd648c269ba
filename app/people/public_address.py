"""Where recipients reach Postroom, for the unsubscribe link in their e-mail."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.people.models import Workspace
from app.refusals import Refused
from app.words import _

MAX_PUBLIC_URL = 300
"""Characters."""
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+\Z")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)?\Z")


def change_public_url(session: Session, actor: Actor, typed: str) -> str:
    """Set the workspace's public address; empty switches the hosted link off. Gives it as stored. Raises Refused."""
    url = checked_public_url(typed)
    workspace = session.get_one(Workspace, actor.workspace_id)
    if workspace.public_url != url:
        changes = {_("Address for recipients"): (workspace.public_url, url)}
        workspace.public_url = url
        words = _("Address for recipients set to %(url)s", url=url) if url else _("Address for recipients taken away")
        note(session, actor, "workspace.public_url", words, changes=changes)
    return url


def checked_public_url(typed: str) -> str:
    """Give an address as it is stored, without a slash at its end. Raises Refused with what to do."""
    typed = typed.strip()
    if not typed:
        return ""
    try:
        parts = urlsplit(typed)
        port = parts.port
        host = (parts.hostname or "").rstrip(".").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise _refused(_("This is no web address. Enter one such as https://mail.example.com.")) from None
    if parts.scheme != "https":
        raise _refused(_("The address must begin with https://, because mail programs take no other."))
    if not _HOST.match(host) or host.replace(".", "").isdigit():
        raise _refused(_("Enter an address that people outside can reach, such as https://mail.example.com."))
    path = parts.path.rstrip("/")
    if parts.username is not None or parts.query or parts.fragment or not _PREFIX.match(path) or path in {"/.", "/.."}:
        raise _refused(
            _("Enter only the address of the server, at most with one folder, such as https://example.com/mail.")
        )
    url = f"https://{host}{f':{port}' if port and port != 443 else ''}{path}"
    if len(url) > MAX_PUBLIC_URL:
        raise _refused(_("Use at most %(most)s characters.", most=MAX_PUBLIC_URL))
    return url


def _refused(words: str) -> Refused:
    return Refused(words, field="public_url")
