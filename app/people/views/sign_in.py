"""Signing in and out, accepting an invitation, and a new password for somebody who forgot theirs."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.people import invitations, lockout, resets
from app.people.link_models import Invitation
from app.people.models import Account
from app.people.proving import prove_password
from app.people.roles import ROLE_WORDS, Permission
from app.people.sign_in_models import Way
from app.people.views.blueprint import Page, blueprint
from app.people.views.forms import SignInForm
from app.people.views.half_signed_in import let_in
from app.people.views.sign_in_forms import AcceptForm, FirstForm, ForgotForm, KnownForm, NewPasswordForm
from app.refusals import Refused
from app.web.request import db, may, me, reader, services, sign_in_of_request
from app.web.sign_in import leave, safe_target
from app.words import _


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Page:
    """Sign in, then go where the person wanted to go."""
    target = safe_target(request.args.get("next")) or url_for("web.home")
    if reader() is not None:
        return redirect(target)
    form = SignInForm()
    if form.validate_on_submit():
        try:
            account = prove_password(db(), form.email.data or "", form.password.data or "", _network_address())
        except Refused as refusal:
            form.show(refusal)
        else:
            return _go_in(account, target)
    return render_template("people/sign_in.html", form=form), 422 if form.errors else 200


def _go_in(account: Account, target: str, way: Way = Way.PASSWORD) -> Response:
    """Let in whoever has proven the first factor, by whatever page, and go on to a page of ours.

    `let_in` asks for the second step where there is one: `enter` is called when nothing is left to prove.
    """
    return let_in(account, target, way)


@blueprint.post("/sign-out")
@may(Permission.LOOK)
def sign_out() -> Response:
    """Sign out."""
    leave()
    return redirect(url_for("people.sign_in"))


@blueprint.get("/invitation/<token>")
def invitation(token: str) -> Page:
    """Show who invites to what; looking uses nothing up."""
    found = invitations.find_open(db(), token)
    return _gone(invitations.GONE) if found is None else _invitation_page(found, token)


@blueprint.post("/invitation/<token>")
def accept_invitation(token: str) -> Page:
    """Accept as somebody new, with a password of one's own."""
    found = invitations.find_open(db(), token)
    if found is None:
        return _gone(invitations.GONE)
    form = AcceptForm() if found.email else FirstForm()
    if form.validate_on_submit():
        email = form.email.data or "" if isinstance(form, FirstForm) else ""
        try:
            account = invitations.accept_new(
                db(), found, name=form.name.data or "", password=form.password.data or "", email=email
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            answer = _go_in(account, url_for("web.home"))
            flash(_("Welcome. You are in %(workspace_name)s now.", workspace_name=found.workspace.name))
            return answer
    return _invitation_page(found, token, accept_form=form), 422


@blueprint.post("/invitation/<token>/known")
def accept_as_known(token: str) -> Page:
    """Accept with the password that one has already."""
    found = invitations.find_open(db(), token)
    if found is None or not found.email:
        return _gone(invitations.GONE)
    form = KnownForm(prefix="known-")
    if form.validate_on_submit():
        try:
            typed, wrong = form.password.data or "", _("The password is not right.")
            account = prove_password(
                db(), found.email, typed, _network_address(), from_outside=True, field="password", wrong=wrong
            )
            person = invitations.accept_with(db(), found, account)
        except Refused as refusal:
            form.show(refusal)
        else:
            answer = _go_in(account, url_for("web.home"))
            if (begun := sign_in_of_request()) is not None:
                begun.person = person
            flash(_("You are in %(workspace_name)s now.", workspace_name=found.workspace.name))
            return answer
    return _invitation_page(found, token, known_form=form), 422


@blueprint.post("/invitation/<token>/accept")
@may(Permission.LOOK)
def accept_signed_in(token: str) -> Page:
    """Accept as who one is signed in as; one is in the other workspace then."""
    found, here = invitations.find_open(db(), token), sign_in_of_request()
    if found is None or here is None:
        return _gone(invitations.GONE)
    here.person = invitations.accept_with(db(), found, me().account)
    flash(_("You are in %(workspace_name)s now.", workspace_name=found.workspace.name))
    return redirect(url_for("web.home"))


@blueprint.route("/forgot-password", methods=["GET", "POST"])
def forgot_password() -> Page:
    """Ask for a new password; the answer is the same for every address."""
    form = ForgotForm()
    if form.validate_on_submit():
        if lockout.take_reset(db(), _network_address()) is None:
            resets.ask(db(), form.email.data or "")
        return render_template("people/reset_asked.html")
    return render_template("people/forgot_password.html", form=form), 422 if form.errors else 200


@blueprint.route("/new-password/<token>", methods=["GET", "POST"])
def new_password(token: str) -> Page:
    """Choose a new password by a link. One signs in with it afterwards, with all that belongs to that."""
    link = resets.find_link(db(), token)
    if link is None or link.account is None:
        return _gone(resets.GONE)
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            resets.use_link(db(), services().settings, link, form.password.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            leave()
            flash(_("Your password is changed. Sign in with it."))
            return redirect(url_for("people.sign_in"))
    page = render_template("people/new_password.html", form=form, account=link.account)
    return page, 422 if form.errors or form.form_errors else 200


def _invitation_page(
    found: Invitation, token: str, *, accept_form: AcceptForm | None = None, known_form: KnownForm | None = None
) -> str:
    person = reader()
    if accept_form is None:
        accept_form = AcceptForm(formdata=None, obj=found) if found.email else FirstForm(formdata=None)
    return render_template(
        "people/invitation.html",
        invitation=found,
        token=token,
        role=ROLE_WORDS[found.role],
        is_theirs=person is not None and person.email == found.email,
        accept_form=accept_form,
        known_form=known_form or KnownForm(formdata=None, prefix="known-"),
    )


def _gone(words: str) -> Page:
    return render_template("people/link_gone.html", words=words), 404


def _network_address() -> str:
    return request.remote_addr or ""
