"""Signing in and out."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app.people import accounts
from app.people.blueprint import Page, blueprint
from app.people.forms import SignInForm
from app.people.roles import Permission
from app.refusals import Refused
from app.web.request import db, may
from app.web.sign_in import safe_target


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Page:
    """Sign in, then go where the person wanted to go."""
    target = safe_target(request.args.get("next")) or url_for("web.home")
    if current_user.is_authenticated:
        return redirect(target)
    form = SignInForm()
    if form.validate_on_submit():
        account = accounts.check_password(db(), form.email.data or "", form.password.data or "")
        places = accounts.places_of(db(), account) if account is not None else []
        if places:
            login_user(places[0])
            return redirect(target)
        form.show(Refused("The address or the password is not right."))
    return render_template("people/sign_in.html", form=form), 422 if form.errors else 200


@blueprint.post("/sign-out")
@may(Permission.LOOK)
def sign_out() -> Response:
    """Sign out."""
    logout_user()
    return redirect(url_for("people.sign_in"))
