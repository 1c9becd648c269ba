"""Which passkey question this browser was asked last: kept in its session until it is answered, for five minutes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

from flask import Response, jsonify, request, session

from app.people import passkeys
from app.people.factor_models import Passkey
from app.people.models import Account
from app.refusals import Refused
from app.web.forms import Form
from app.web.request import db, services
from app.words import _

SECONDS = 300
ASKED = "passkey_question"
"""Name of the entry in the session."""
Purpose = Literal["sign-in", "second-step", "add", "set-up"]
NO_SCRIPT = _("Passkeys need JavaScript. Switch it on for this page, or choose another way.")


def ask(question: passkeys.Question, purpose: Purpose, account: Account | None) -> Response:
    """Hand a question to the browser's script, and remember its challenge."""
    session[ASKED] = {
        "challenge": question.challenge,
        "purpose": purpose,
        "account": account.id if account else None,
        "at": time.time(),
    }
    return Response(question.options, content_type="application/json")


def no_question(words: str) -> tuple[Response, int]:
    """Say to the browser's script, which shows it beside the button, why nothing is asked."""
    return jsonify(words=str(words)), 422


def no_question_for(form: Form) -> tuple[Response, int]:
    """Say to the script what is wrong in a form."""
    return no_question(next((words[0] for words in form.errors.values() if words), ""))


def ask_for_new(purpose: Purpose, account: Account) -> Response | tuple[Response, int]:
    """Ask the device for a new passkey."""
    try:
        question = passkeys.ask_to_add(db(), services().settings, account)
    except Refused as refusal:
        return no_question(refusal.words)
    return ask(question, purpose, account)


def keep_new(purpose: Purpose, account: Account) -> tuple[Passkey, Sequence[str]]:
    """Keep the passkey that the device made; gives it, and new recovery codes if any. Raises Refused."""
    challenge = take_challenge(purpose, account)
    name, credential = request.form.get("name", ""), request.form["credential"]
    return passkeys.add(db(), services().settings, account, name, credential, challenge)


def take_challenge(purpose: Purpose, account: Account | None) -> str:
    """Give the challenge that was asked for this purpose and account, once. Raises Refused."""
    asked = session.pop(ASKED, None)
    if not request.form.get("credential"):
        raise Refused(NO_SCRIPT)
    fits = (
        isinstance(asked, dict)
        and asked["purpose"] == purpose
        and asked["account"] == (account.id if account else None)
        and 0 <= time.time() - asked["at"] < SECONDS
    )
    if not fits:
        raise Refused(passkeys.TOO_OLD)
    return str(asked["challenge"])


def answered(half: Account | None) -> Account:
    """Give whose passkey answered the question, asked of somebody half signed in or of anybody. Raises Refused."""
    challenge = take_challenge("second-step" if half else "sign-in", half)
    return passkeys.account_of(db(), services().settings, request.form["credential"], challenge)
