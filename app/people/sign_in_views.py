"""Signing in and out."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.people import accounts
from app.people.blueprint import Page, blueprint
from app.people.forms import SignInForm
from app.people.half_signed_in import let_in
from app.people.models import Account
from app.people.roles import Permission
from app.people.sign_in_models import Way
from app.refusals import Refused
from app.web.request import db, may, reader
from app.web.sign_in import leave, safe_target


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Page:
    """Sign in, then go where the person wanted to go."""
    target = safe_target(request.args.get("next")) or url_for("web.home")
    if reader() is not None:
        return redirect(target)
    form = SignInForm()
    if form.validate_on_submit():
        account = accounts.check_password(db(), form.email.data or "", form.password.data or "")
        if account is not None and accounts.places_of(db(), account):
            return _go_in(account, target)
        form.show(Refused("The address or the password is not right."))
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
