"""Passkeys: signing in with one alone, adding and removing one's own."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for

from app.people import passkeys
from app.people.roles import Permission
from app.people.sign_in_models import Way
from app.people.views.factor_blueprint import Page, blueprint, stopped
from app.people.views.factor_forms import PasskeyForm, ProofForm
from app.people.views.factors import proves, signing_in_page
from app.people.views.half_signed_in import half_signed_in, let_in
from app.people.views.passkey_questions import answered, ask, ask_for_new, keep_new, no_question, no_question_for
from app.people.views.set_up import codes_page
from app.refusals import Refused
from app.web.request import db, may, me, only_reads, services
from app.web.sign_in import safe_target
from app.words import _


@blueprint.post("/sign-in/passkey/question")
@only_reads
def ask_for_passkey() -> Response | tuple[Response, int]:
    """Ask for a passkey: for the second step of whoever is half signed in, else of anybody."""
    half = half_signed_in() if request.form.get("for") == "second-step" else None
    account = half.account if half else None
    try:
        question = passkeys.ask_to_sign_in(db(), services().settings, account)
    except Refused as refusal:
        return no_question(refusal.words)
    return ask(question, "second-step" if account else "sign-in", account)


@blueprint.post("/sign-in/passkey")
def sign_in_with_passkey() -> Page:
    """Sign in with a passkey alone: the device has asked for finger, face or PIN."""
    try:
        account = answered(None)
    except Refused as refusal:
        return stopped(_("You are not signed in"), refusal.words, 422)
    target = safe_target(request.args.get("next")) or url_for("web.home")
    return let_in(account, target, Way.PASSKEY, both=True)


@blueprint.post("/you/signing-in/passkeys/question")
@may(Permission.LOOK)
def ask_for_new_passkey() -> Response | tuple[Response, int]:
    """Ask the device for a new passkey, once the person has shown that it is them."""
    form = PasskeyForm()
    return ask_for_new("add", me().account) if proves(form) else no_question_for(form)


@blueprint.post("/you/signing-in/passkeys")
@may(Permission.LOOK)
def add_passkey() -> Page:
    """Keep the passkey that the device made."""
    try:
        passkey, codes = keep_new("add", me().account)
    except Refused as refusal:
        return signing_in_page(problem=refusal.words), 422
    if codes:
        return codes_page(codes, url_for("factors.signing_in"))
    flash(_("The passkey “%(passkey_name)s” was added.", passkey_name=passkey.name))
    return redirect(url_for("factors.signing_in"))


@blueprint.route("/you/signing-in/passkeys/<int:passkey_id>/remove", methods=["GET", "POST"])
@may(Permission.LOOK)
def remove_passkey(passkey_id: int) -> Page:
    """Take a passkey away, once the person has shown that it is them."""
    session, account = db(), me().account
    form = ProofForm()
    if proves(form):
        try:
            passkey = passkeys.remove(session, account, passkey_id)
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(
                _(
                    "The passkey “%(passkey_name)s” was removed. Delete it on your device, too.",
                    passkey_name=passkey.name,
                )
            )
            return redirect(url_for("factors.signing_in"))
    passkey = passkeys.passkey_of(session, account, passkey_id)
    return render_template(
        "people/prove.html",
        form=form,
        heading=_("Remove the passkey “%(passkey_name)s”", passkey_name=passkey.name),
        words=_("You cannot sign in with it any more."),
        button=_("Remove the passkey"),
    ), 422 if form.errors else 200
