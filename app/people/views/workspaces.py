"""Workspaces: the page of whoever runs the installation, and going from one's own workspace to another."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from app.people import workspaces
from app.people.roles import Permission
from app.people.views.blueprint import Page, blueprint
from app.people.views.forms import WorkspaceForm
from app.refusals import NotThere, Refused
from app.web.request import db, may, me, sign_in_of_request
from app.words import _


@blueprint.get("/settings/workspaces")
@may(Permission.RUN)
def all_workspaces() -> Page:
    """Show the workspaces of the installation."""
    return _page()


@blueprint.post("/settings/workspaces")
@may(Permission.RUN)
def add_workspace() -> Page:
    """Make a workspace, whose administrator is whoever makes it."""
    form = WorkspaceForm(prefix="new-")
    if form.validate_on_submit():
        try:
            made = workspaces.add_workspace(db(), me().account, form.name.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(
                _(
                    "“%(workspace_name)s” is made, and you are its administrator. Go there at the top of the page.",
                    workspace_name=made.workspace.name,
                )
            )
            return redirect(url_for("people.all_workspaces"))
    return _page(new_form=form), 422


@blueprint.post("/settings/workspaces/<int:workspace_id>/name")
@may(Permission.RUN)
def rename_workspace(workspace_id: int) -> Page:
    """Give a workspace another name."""
    form = WorkspaceForm(prefix=f"workspace-{workspace_id}-")
    if form.validate_on_submit():
        try:
            workspace = workspaces.rename_workspace(db(), me().account, workspace_id, form.name.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("The workspace is called “%(workspace_name)s” now.", workspace_name=workspace.name))
            return redirect(url_for("people.all_workspaces"))
    return _page(wrong_form=(workspace_id, form)), 422


@blueprint.post("/you/workspace")
@may(Permission.LOOK)
def switch_workspace() -> Page:
    """Go to another workspace that one has a place in."""
    typed = request.form.get("workspace", "")
    if not typed.isascii() or not typed.isdigit() or len(typed) > 9:
        raise NotThere("workspace")
    sign_in = sign_in_of_request()
    if sign_in is None:
        raise NotThere("sign-in")
    place = workspaces.go_to(db(), sign_in, int(typed))
    flash(_("You are in “%(workspace_name)s” now.", workspace_name=place.workspace.name))
    return redirect(url_for("web.home"))


def _page(*, new_form: WorkspaceForm | None = None, wrong_form: tuple[int, WorkspaceForm] | None = None) -> str:
    wrong_id, wrong = wrong_form or (0, None)
    rows = [
        (one, number, wrong if wrong is not None and one.id == wrong_id else _name_form(one.id, one.name))
        for one, number in workspaces.workspaces(db())
    ]
    return render_template(
        "people/workspaces.html", rows=rows, new_form=new_form or WorkspaceForm(formdata=None, prefix="new-")
    )


def _name_form(workspace_id: int, name: str) -> WorkspaceForm:
    return WorkspaceForm(formdata=None, prefix=f"workspace-{workspace_id}-", data={"name": name})
