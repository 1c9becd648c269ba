"""Setting a second step up, by an app or a passkey, before anything else opens where a workspace needs one."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, redirect, render_template, request, url_for

from app.audit.origin import here, said_browser
from app.people import second_factor
from app.people.models import Account
from app.people.sign_in_models import Way
from app.people.views.factor_blueprint import Page, blueprint
from app.people.views.factor_forms import CodeForm, NewPasskeyForm
from app.people.views.half_signed_in import OVER, HalfSignedIn, half_signed_in, over
from app.people.views.passkey_questions import ask_for_new, keep_new, no_question, no_question_for
from app.refusals import Refused
from app.web.request import db, services
from app.words import _

APP_TITLE = "Postroom"
"""What the entry is called in people's apps."""


@blueprint.route("/sign-in/set-up", methods=["GET", "POST"])
def set_up_now() -> Page:
    """Let a person choose their second step, and keep the passkey that their device made."""
    half = _who_has_none()
    if not isinstance(half, HalfSignedIn):
        return half
    if request.method == "GET":
        return _choice()
    try:
        _passkey, codes = keep_new("set-up", half.account)
    except Refused as refusal:
        return _choice(passkey_problem=refusal.words)
    half.enter(Way.PASSWORD_AND_PASSKEY)
    return codes_page(codes, half.target)


@blueprint.post("/sign-in/set-up/passkey/question")
def ask_for_first_passkey() -> Response | tuple[Response, int]:
    """Ask the device of whoever has no second step yet for a passkey."""
    half, form = half_signed_in(), NewPasskeyForm()
    if half is None:
        return no_question(OVER)
    if _has_one(half.account):
        return no_question(_("Your second step is set up already. Load this page again."))
    return ask_for_new("set-up", half.account) if form.validate_on_submit() else no_question_for(form)


@blueprint.route("/sign-in/set-up/app", methods=["GET", "POST"])
def set_up_app_now() -> Page:
    """Set an app up: begin, scan the code, type the first code."""
    half = _who_has_none()
    if not isinstance(half, HalfSignedIn):
        return half
    if "begin" in request.form:
        if _key(half.account) is None:  # another tab may show one that is in the app by now
            second_factor.begin_app(db(), services().settings, half.account)
        return redirect(url_for("factors.set_up_app_now"))
    page = app_page(half.account, back=url_for("factors.set_up_now"), go_on=half.target, half=half)
    if page is None:
        return _choice(app_problem=second_factor.KEY_TOO_OLD if request.method == "POST" else "")
    return page


def app_page(account: Account, *, back: str, go_on: str, half: HalfSignedIn | None = None) -> Page | None:
    """Show the key, and turn the app on with its first code, which signs `half` in. None when no key waits for one."""
    form = CodeForm()
    if form.validate_on_submit():
        try:
            codes = second_factor.confirm_app(db(), services().settings, account, form.code.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            if half is not None:
                half.enter(Way.CODE)
            return codes_page(codes, go_on)
    key = _key(account)
    if key is None:
        return None
    return render_template("people/app_set_up.html", form=form, key=key, back=back), 422 if form.errors else 200


def codes_page(codes: Sequence[str], go_on: str, *, is_first: bool = True) -> str:
    """Show new recovery codes, this once, and lead on."""
    return render_template("people/recovery_codes.html", codes=codes, go_on=go_on, is_first=is_first)


def _who_has_none() -> HalfSignedIn | Page:
    half = half_signed_in()
    if half is None:
        return over()
    if _has_one(half.account):  # a password alone must never replace a factor that is there
        return redirect(url_for("factors.second_step"))
    return half


def _has_one(account: Account) -> bool:
    if request.method == "POST":
        second_factor.locked(db(), account)  # of two browsers that set one up at once, one comes second
    return second_factor.ways_of(db(), account).any


def _key(account: Account) -> second_factor.AppKey | None:
    return second_factor.key_to_show(db(), services().settings, account, APP_TITLE)


def _choice(*, passkey_problem: str = "", app_problem: str = "") -> Page:
    form = NewPasskeyForm(request.form if "name" in request.form else None, name=said_browser(here().browser))
    return render_template(
        "people/set_up.html", form=form, passkey_problem=passkey_problem, app_problem=app_problem
    ), 422 if passkey_problem or app_problem else 200
