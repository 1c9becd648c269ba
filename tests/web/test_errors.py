"""What goes wrong is answered with a page that says what happened, and nothing half-done is kept."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.people.models import Person, Workspace
from app.recipients.models import RecipientList
from app.settings import Settings
from app.web.request import db, me
from tests.conftest import an_app, signed_in


def test_a_failed_change_is_undone_whole_and_answered_with_a_page(
    settings: Settings, actor: Person, session: Session
) -> None:
    def broken() -> str:
        db().add(Workspace(name="half-done"))
        for _ in range(2):
            db().add(RecipientList(workspace_id=me().workspace_id, name="the same name"))
        db().flush()
        return "never"

    app = an_app(settings)
    app.add_url_rule("/broken", view_func=broken, methods=["POST"])
    answer = signed_in(app, actor).post("/broken")
    assert answer.status_code == 500
    assert "Something went wrong in Postroom" in answer.text
    assert "Ada Admin" in answer.text
    assert session.scalars(select(Workspace.name)).all() == ["Harbour Council"]


def test_every_error_page_leads_home(app: Flask, actor: Person) -> None:
    client = signed_in(app, actor)
    for path, status in (("/no-such-page", 404), ("/sends/999", 404), ("/sign-out", 405)):
        answer = client.get(path)
        assert answer.status_code == status
        assert "Go to the start page" in answer.text
