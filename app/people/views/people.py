"""Who may come into a workspace, and what each of them may do."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for

from app.db import now
from app.people import accounts, invitations, membership, own_mail, resets
from app.people.link_models import Invitation
from app.people.models import Person
from app.people.roles import ROLE_WORDS, ROLES_INSIDE, Permission, Role
from app.people.views.blueprint import Page, blueprint
from app.people.views.sign_in_forms import InvitationForm, RoleForm
from app.refusals import Refused
from app.web.request import db, may, me, services
from app.words import _


@blueprint.get("/settings/people")
@may(Permission.LOOK)
def team() -> Page:
    """Show everybody of the workspace, and who is invited."""
    return _page()


@blueprint.post("/settings/people")
@may(Permission.ADMINISTER)
def invite() -> Page:
    """Invite somebody; the answer shows the link, this once."""
    form = InvitationForm(prefix="person-")
    if form.validate_on_submit():
        try:
            invitation, token = invitations.invite(
                db(), me(), email=form.email.data or "", name=form.name.data or "", role=Role(form.role.data)
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            return _page(new=invitation, token=token)
    return _page(form=form), 422


@blueprint.post("/settings/people/invitations/<int:invitation_id>/link")
@may(Permission.ADMINISTER)
def renew_invitation(invitation_id: int) -> Page:
    """Make a new link in place of the earlier one, and show it this once."""
    invitation, token = invitations.renew(db(), me(), invitation_id)
    return _page(new=invitation, token=token)


@blueprint.post("/settings/people/invitations/<int:invitation_id>/withdraw")
@may(Permission.ADMINISTER)
def withdraw_invitation(invitation_id: int) -> Page:
    """Take an invitation back."""
    invitation = invitations.withdraw(db(), me(), invitation_id)
    flash(
        _(
            "The invitation of %(invitation_name)s is withdrawn; the link no longer works.",
            invitation_name=invitation.name,
        )
    )
    return redirect(url_for("people.team"))


@blueprint.get("/settings/people/<int:person_id>")
@may(Permission.ADMINISTER)
def person(person_id: int) -> Page:
    """Show what can be done about one person."""
    return _person_page(membership.find_person(db(), me(), person_id))


@blueprint.post("/settings/people/<int:person_id>/role")
@may(Permission.ADMINISTER)
def change_role(person_id: int) -> Page:
    """Give somebody another role."""
    form = RoleForm()
    found = membership.find_person(db(), me(), person_id)
    if form.validate_on_submit():
        try:
            found = membership.change_role(db(), me(), person_id, Role(form.role.data))
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(
                _(
                    "%(name)s is %(role)s now.",
                    name=found.name,
                    role=ROLES_INSIDE[found.role],
                )
            )
            return redirect(url_for("people.team"))
    return _person_page(found, form=form), 422


@blueprint.post("/settings/people/<int:person_id>/take-out")
@may(Permission.ADMINISTER)
def take_out(person_id: int) -> Page:
    """Let somebody in no longer."""
    try:
        found = membership.take_out(db(), me(), person_id)
    except Refused as refusal:
        return _person_page(membership.find_person(db(), me(), person_id), problem=refusal.words), 422
    flash(
        _(
            "%(found_name)s can no longer sign in here. What they did stays, and sends they released go on.",
            found_name=found.name,
        )
    )
    return redirect(url_for("people.team"))


@blueprint.post("/settings/people/<int:person_id>/bring-back")
@may(Permission.ADMINISTER)
def bring_back(person_id: int) -> Page:
    """Let somebody in again."""
    found = membership.bring_back(db(), me(), person_id)
    flash(
        _(
            "%(name)s may sign in again, as %(role)s.",
            name=found.name,
            role=ROLES_INSIDE[found.role],
        )
    )
    return redirect(url_for("people.team"))


@blueprint.post("/settings/people/<int:person_id>/reset-link")
@may(Permission.ADMINISTER)
def make_reset_link(person_id: int) -> Page:
    """Make a link for a new password, and show it this once."""
    found = membership.find_person(db(), me(), person_id)
    try:
        token = resets.make_link(db(), me(), found)
    except Refused as refusal:
        return _person_page(found, problem=refusal.words), 422
    return _person_page(found, link=f"{services().settings.url}/new-password/{token}")


def _page(form: InvitationForm | None = None, *, new: Invitation | None = None, token: str = "") -> str:
    settings = services().settings
    link = f"{settings.url}/invitation/{token}" if new is not None else ""
    is_mailed = new is not None and invitations.write_invitation(db(), settings, new, link)
    if form is None:
        form = InvitationForm(formdata=None, prefix="person-")
    return render_template(
        "people/team.html",
        person_form=form,
        team=accounts.team(db(), me().workspace_id),
        invitations=invitations.open_invitations(db(), me().workspace_id),
        role_words=ROLE_WORDS,
        new=new,
        link=link,
        is_mailed=is_mailed,
        can_write=own_mail.can_write(db(), settings, me().workspace_id),
        now=now(),
    )


def _person_page(found: Person, *, form: RoleForm | None = None, problem: str = "", link: str = "") -> str:
    if form is None:
        form = RoleForm(formdata=None, obj=found)
    return render_template(
        "people/person.html",
        person=found,
        role_inside=ROLES_INSIDE[found.role],
        form=form,
        problems=[problem] if problem else [],
        link=link,
        valid_hours=int(resets.VALID_BY_HAND.total_seconds()) // 3600,
    )
