"""Who may sign in to a workspace, and what each of them may do."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for

from app.people import accounts
from app.people.blueprint import Page, blueprint
from app.people.forms import PersonForm
from app.people.roles import ROLE_WORDS, Permission, Role
from app.refusals import Refused
from app.web.request import db, may, me


@blueprint.get("/settings/people")
@may(Permission.LOOK)
def team() -> Page:
    """Show everybody of the workspace."""
    return _page()


@blueprint.post("/settings/people")
@may(Permission.ADMINISTER)
def add_person() -> Page:
    """Let somebody new sign in."""
    form = PersonForm(prefix="person-")
    if form.validate_on_submit():
        try:
            person = accounts.add_person(
                db(),
                me().workspace,
                email=form.email.data or "",
                name=form.name.data or "",
                password=form.password.data or "",
                role=Role(form.role.data),
                actor=me(),
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(f"{person.name} may now sign in.")
            return redirect(url_for("people.team"))
    return _page(form), 422


def _page(person_form: PersonForm | None = None) -> str:
    return render_template(
        "people/team.html",
        person_form=person_form or PersonForm(formdata=None, prefix="person-"),
        team=accounts.team(db(), me().workspace_id),
        role_words=ROLE_WORDS,
    )
