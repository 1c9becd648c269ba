"""What people may do: five roles, each with all that the ones before it may."""

from __future__ import annotations

import enum

from app.words import _, _p


class Permission(enum.StrEnum):
    """One kind of act that a role allows."""

    LOOK = "look"
    WRITE = "write"
    SEND = "send"
    APPROVE = "approve"
    ADMINISTER = "administer"
    RUN = "run"
    """Make and rename workspaces: of no role, but of an account (`Account.runs_installation`)."""


class Role(enum.StrEnum):
    """What a person may do in a workspace, the least first."""

    VIEWER = "viewer"
    EDITOR = "editor"
    SENDER = "sender"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"


ALLOWED: dict[Role, frozenset[Permission]] = {
    role: frozenset(list(Permission)[: number + 1]) for number, role in enumerate(Role)
}
"""Each role has its own permission and those of the roles before it."""

ROLE_WORDS: dict[Role, tuple[str, str]] = {
    Role.VIEWER: (_p("role", "Viewer"), _("Sees everything, changes nothing")),
    Role.EDITOR: (_p("role", "Editor"), _("Also writes templates and keeps lists")),
    Role.SENDER: (_p("role", "Sender"), _("Also composes and releases sends")),
    Role.APPROVER: (_p("role", "Approver"), _("Also approves what others want to send, and declares service notices")),
    Role.ADMINISTRATOR: (_p("role", "Administrator"), _("Everything, settings and people too")),
}
"""A role's name, and what it adds."""
ROLES_INSIDE: dict[Role, str] = {
    Role.VIEWER: _p("role", "viewer"),
    Role.EDITOR: _p("role", "editor"),
    Role.SENDER: _p("role", "sender"),
    Role.APPROVER: _p("role", "approver"),
    Role.ADMINISTRATOR: _p("role", "administrator"),
}
"""A role's name inside a sentence."""
