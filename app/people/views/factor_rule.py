"""What a workspace asks of whoever signs in, and help for people who lost their phone."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for

from app.people import accounts, factor_reset, membership, oidc, second_factor
from app.people.roles import Permission
from app.people.views.factor_blueprint import Page, blueprint
from app.people.views.factor_forms import NeedForm
from app.web.request import db, may, me, services
from app.words import _, joined


@blueprint.route("/settings/signing-in", methods=["GET", "POST"])
@may(Permission.ADMINISTER)
def sign_in_rule() -> Page:
    """Show and change the rule; show who has a second step."""
    session, person = db(), me()
    form = NeedForm()
    if form.validate_on_submit():
        second_factor.change_need(session, person, form.needed.data)
        flash(
            _("From their next sign-in on, everybody needs a second step.")
            if form.needed.data
            else _("A password alone is enough to sign in.")
        )
        return redirect(url_for("factors.sign_in_rule"))
    team = [one for one in accounts.team(session, person.workspace_id) if one.left_at is None]
    form.needed.data = second_factor.is_needed_in(session, person.workspace_id)
    return render_template(
        "people/sign_in_rule.html",
        form=form,
        team=team,
        with_second=second_factor.with_second_factor(session, team),
        has_provider=services().settings.oidc_issuer is not None,
    )


@blueprint.get("/settings/signing-in/people/<int:person_id>")
@may(Permission.ADMINISTER)
def help_person(person_id: int) -> Page:
    """Say what can be taken away from a person's sign-in, and what follows."""
    session, settings, actor = db(), services().settings, me()
    person = membership.find_person(session, actor, person_id)
    return render_template(
        "people/sign_in_help.html",
        person=person,
        is_own=person.account_id == actor.account_id,
        may_help=membership.is_above(session, actor, person),
        elsewhere=factor_reset.ELSEWHERE,
        ways=second_factor.ways_of(session, person.account),
        is_needed=second_factor.is_needed(session, person.account),
        provider_name=settings.oidc_name,
        identity=oidc.identity_of(session, settings, person.account),
    )


@blueprint.post("/settings/signing-in/people/<int:person_id>/reset")
@may(Permission.ADMINISTER)
def reset_second_factor(person_id: int) -> Page:
    """Take a person's second factor away."""
    person, told = factor_reset.reset(db(), services().settings, me(), person_id)
    words = _(
        "The second step of %(person_name)s was taken away. They sign in with their password and can set up a new one.",
        person_name=person.name,
    )
    flash(joined([words, _("An e-mail tells them.") if told else _("Tell them: no e-mail could be sent.")]))
    return redirect(url_for("factors.sign_in_rule"))


@blueprint.post("/settings/signing-in/people/<int:person_id>/part-from-provider")
@may(Permission.ADMINISTER)
def forget_provider(person_id: int) -> Page:
    """Part a person from the account of the organisation's sign-in."""
    person = factor_reset.forget_provider(db(), me(), person_id)
    flash(_("%(person_name)s is no longer connected to the organisation's sign-in.", person_name=person.name))
    return redirect(url_for("factors.sign_in_rule"))
