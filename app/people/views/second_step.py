"""The second step of a sign-in. Nobody is signed in on this page."""

from __future__ import annotations

from flask import flash, redirect, render_template, request

from app.people import passkeys, recovery_codes, second_factor
from app.people.sign_in_models import Way
from app.people.views.factor_blueprint import Page, blueprint
from app.people.views.factor_forms import CodeForm, RecoveryForm
from app.people.views.half_signed_in import HalfSignedIn, half_signed_in, over
from app.people.views.passkey_questions import answered
from app.refusals import Refused
from app.web.request import db, services
from app.words import _


@blueprint.route("/sign-in/second-step", methods=["GET", "POST"])
def second_step() -> Page:
    """Ask for a code, a passkey or a recovery code; then the sign-in is whole."""
    half = half_signed_in()
    if half is None:
        return over()
    if request.method == "POST" and "credential" in request.form:
        return _take_passkey(half)
    wants_recovery = request.form.get("kind") == "recovery"
    form: CodeForm | RecoveryForm = RecoveryForm() if wants_recovery else CodeForm()
    if form.validate_on_submit():
        try:
            right = second_factor.try_code(db(), services().settings, half.account, form.code.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            db().commit()  # a wrong code is counted also when this answer is an error
            if right:
                return _go(half, _way_of(form.code.data or ""))
            wrong = _("This recovery code is not right, or was used before.") if wants_recovery else None
            form.show(Refused(wrong or second_factor.NOT_THIS_CODE, field="code"))
    return _page(half, form)


def _take_passkey(half: HalfSignedIn) -> Page:
    try:
        account = answered(half.account)
    except Refused as refusal:
        return _page(half, CodeForm(formdata=None), passkey_problem=refusal.words)
    if account.id != half.account.id:
        return _page(half, CodeForm(formdata=None), passkey_problem=_("This passkey belongs to another account."))
    return _go(half, Way.PASSWORD_AND_PASSKEY)


def _go(half: HalfSignedIn, way: Way) -> Page:
    half.enter(way)
    if way is Way.RECOVERY:
        left = recovery_codes.left(db(), half.account)
        flash(
            _(
                "You used a recovery code; %(left)s are left. Make new ones on the page “You”, under “How you "
                "sign in”.",
                left=left,
            )
        )
    return redirect(half.target)


def _way_of(code: str) -> Way:
    return Way.RECOVERY if recovery_codes.looks_like_one(code) else Way.CODE


def _page(half: HalfSignedIn, form: CodeForm | RecoveryForm, *, passkey_problem: str = "") -> Page:
    is_recovery = isinstance(form, RecoveryForm)
    return render_template(
        "people/second_step.html",
        ways=second_factor.ways_of(db(), half.account),
        by_password=half.way is Way.PASSWORD,
        code_form=CodeForm(formdata=None) if is_recovery else form,
        recovery_form=form if is_recovery else RecoveryForm(formdata=None),
        passkey_problem=passkey_problem,
        can_use_passkeys=passkeys.relying_party(services().settings) is not None,
    ), 422 if form.errors or passkey_problem else 200
