"""How one signs in oneself: the app that gives codes, recovery codes, passkeys, the organisation's sign-in."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from app.people import oidc, passkeys, second_factor
from app.people.roles import Permission
from app.people.views.factor_blueprint import Page, blueprint
from app.people.views.factor_forms import PasskeyForm, ProofForm
from app.people.views.set_up import app_page, codes_page
from app.refusals import Refused
from app.web.request import db, may, me, services
from app.words import _


@blueprint.get("/you/signing-in")
@may(Permission.LOOK)
def signing_in() -> Page:
    """Show what one signs in with."""
    return signing_in_page()


@blueprint.route("/you/signing-in/app", methods=["GET", "POST"])
@may(Permission.LOOK)
def set_up_app() -> Page:
    """Set an app up: show that it is you, scan the code, type the first code."""
    account, back = me().account, url_for("factors.signing_in")
    if second_factor.ways_of(db(), account).app_since is not None:
        return redirect(back)
    page = None if "proof" in request.form else app_page(account, back=back, go_on=back)
    return _begin_app() if page is None else page


@blueprint.route("/you/signing-in/app/off", methods=["GET", "POST"])
@may(Permission.LOOK)
def turn_app_off() -> Page:
    """Ask for no code any more."""
    form = ProofForm()
    if proves(form):
        try:
            second_factor.turn_app_off(db(), me().account)
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("No code from an app is asked at sign-in any more."))
            return redirect(url_for("factors.signing_in"))
    return _prove_page(
        form,
        _("Turn codes from the app off"),
        _("Whoever learns your password can then sign in as you. Delete the entry in your app, too."),
        _("Turn codes off"),
    )


@blueprint.route("/you/signing-in/recovery-codes", methods=["GET", "POST"])
@may(Permission.LOOK)
def new_recovery_codes() -> Page:
    """Make new recovery codes."""
    form = ProofForm()
    if proves(form):
        try:
            codes = second_factor.renew_recovery_codes(db(), me().account)
        except Refused as refusal:
            form.show(refusal)
        else:
            return codes_page(codes, url_for("factors.signing_in"), is_first=False)
    words = _("You get ten new codes. The codes you have now stop working.")
    return _prove_page(form, _("New recovery codes"), words, _("Make new codes"))


@blueprint.post("/you/signing-in/provider/forget")
@may(Permission.LOOK)
def part_from_provider() -> Page:
    """Sign in by the organisation's sign-in no longer."""
    oidc.part(db(), services().settings, me().account)
    flash(_("You are no longer connected. At the next sign-in there, Postroom finds you again by your address."))
    return redirect(url_for("factors.signing_in"))


def signing_in_page(*, problem: str = "") -> str:
    """Show the page, with what went wrong."""
    session, settings, account = db(), services().settings, me().account
    return render_template(
        "people/signing_in.html",
        ways=second_factor.ways_of(session, account),
        is_needed=second_factor.is_needed(session, account),
        passkeys=passkeys.passkeys_of(session, account),
        can_use_passkeys=passkeys.relying_party(settings) is not None,
        passkey_form=PasskeyForm(formdata=None),
        provider_name=settings.oidc_name if settings.oidc_issuer else "",
        identity=oidc.identity_of(session, settings, account),
        problem=problem,
    )


def _begin_app() -> Page:
    form = ProofForm()
    if proves(form):
        second_factor.begin_app(db(), services().settings, me().account)
        return redirect(url_for("factors.set_up_app"))
    return _prove_page(
        form,
        _("Get a code from an app on your phone"),
        _(
            "From then on a password alone lets nobody in as you: Postroom also asks for six digits that an app on "
            "your phone shows. First show that it is you."
        ),
        _("Go on"),
    )


def proves(form: ProofForm) -> bool:
    """Whether the form was sent and shows that it is the person; what is wrong stands in the form."""
    if not form.validate_on_submit():
        return False
    address = request.remote_addr or ""
    try:
        second_factor.prove(db(), services().settings, me().account, form.proof.data or "", address)
    except Refused as refusal:
        form.show(refusal)
        return False
    return True


def _prove_page(form: ProofForm, heading: str, words: str, button: str) -> Page:
    return render_template("people/prove.html", form=form, heading=heading, words=words, button=button), (
        422 if form.errors or form.form_errors else 200
    )
