"""What page templates ask before they show a link, a button or a form: whether the person may use its view.

Nothing here protects a view: its mark `@may` does. This only keeps from people what would be refused to them.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.people.roles import ALLOWED, Permission, Role
from app.web.request import needed, reader
from app.web.sign_in import PUBLIC
from app.words import _

SOMEBODY: dict[Role, str] = {
    Role.VIEWER: _("A viewer"),
    Role.EDITOR: _("An editor"),
    Role.SENDER: _("A sender"),
    Role.APPROVER: _("An approver"),
    Role.ADMINISTRATOR: _("An administrator"),
}
"""Whoever has a role, inside a sentence."""


def can(endpoint: str, method: str = "GET") -> bool:
    """Whether the signed-in person may use a view, with a method when looking and changing differ."""
    if endpoint in PUBLIC:
        return True
    person = reader()
    return person is not None and person.may(needed(current_app.view_functions[endpoint], method))


def can_open(url: str, method: str = "GET") -> bool:
    """Whether the person may open this address of ours, or post to it. Addresses that are not ours are open."""
    endpoint = endpoint_of(url, method)
    return endpoint is None or can(endpoint, method)


def endpoint_of(url: str, method: str = "GET") -> str | None:
    """Give the endpoint behind an address of ours; None when there is none."""
    parts = urlsplit(url)
    if parts.netloc and parts.netloc != request.host:
        return None
    path = parts.path.removeprefix(request.script_root) or request.path
    try:
        return str(current_app.url_map.bind("").match(path, method)[0])
    except RequestRedirect as moved:
        return endpoint_of(urlsplit(moved.new_url).path, method)
    except HTTPException:
        return None


def whose_task(permission: Permission) -> str:
    """Give the words for who has a permission, such as “An editor”."""
    if permission is Permission.RUN:
        return _("Whoever runs this installation")
    return SOMEBODY[next(role for role in Role if permission in ALLOWED[role])]


def who_can(endpoint: str, method: str = "POST") -> str:
    """Give the words for who may use a view, such as “An editor”."""
    return whose_task(needed(current_app.view_functions[endpoint], method))


def install_rights(app: Flask) -> None:
    """Let page templates ask."""
    app.jinja_env.globals.update(can=can, can_open=can_open, who_can=who_can)
