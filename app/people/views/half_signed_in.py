"""Between the first and the second step of a sign-in: nobody is signed in, and only the second step is open.

What is half done lives in the browser's signed session for ten minutes, and ends when the password changes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256

from flask import redirect, session, url_for
from werkzeug.wrappers import Response

from app.people import second_factor
from app.people.models import Account
from app.people.sign_in_models import Way
from app.people.views.factor_blueprint import Page, stopped
from app.web.request import db, reader
from app.web.sign_in import enter, safe_target
from app.words import _

SECONDS = 600
"""How long there is for the second step."""
HALF = "half_signed_in"
"""Name of the entry in the session."""
OVER = _("There are ten minutes for the second step, in the same browser. Nothing was changed. Sign in again.")


@dataclass(frozen=True, slots=True)
class HalfSignedIn:
    """Somebody who has shown one factor, how, and where they want to go."""

    account: Account
    target: str
    way: Way

    def enter(self, way: Way) -> None:
        """Sign them in. `way`: password and second step together, unless they came by something else first."""
        enter(self.account, way if self.way is Way.PASSWORD else self.way)


def let_in(account: Account, target: str, way: Way, *, both: bool = False) -> Response:
    """Let somebody in who has shown one factor (`both`: both), or lead them to the second step or to its set-up."""
    if not both:
        has_one = second_factor.ways_of(db(), account).any
        if has_one or second_factor.is_needed(db(), account):
            _keep(account, target, way)
            return redirect(url_for("factors.second_step" if has_one else "factors.set_up_now"))
    enter(account, way)
    return redirect(target)


def half_signed_in() -> HalfSignedIn | None:
    """Give who is half signed in in this browser; None when nobody is, or no longer."""
    kept = session.get(HALF)
    if not isinstance(kept, dict) or not 0 <= time.time() - kept.get("at", 0) < SECONDS:
        return None
    account = db().get(Account, kept["account"])
    if account is None or kept["password"] != _mark(account):
        return None
    return HalfSignedIn(account, safe_target(kept["target"]) or url_for("web.home"), Way(kept["way"]))


def over() -> Page:
    """Answer where nobody is half signed in (any more); whoever is signed in, perhaps by another tab, goes on."""
    if reader() is not None:
        return redirect(url_for("web.home"))
    return stopped(_("This sign-in is over"), OVER)


def _keep(account: Account, target: str, way: Way) -> None:
    session.clear()
    session[HALF] = {
        "account": account.id,
        "password": _mark(account),
        "at": time.time(),
        "target": target,
        "way": way.value,
    }


def _mark(account: Account) -> str:
    return sha256(account.password_hash.encode()).hexdigest()[:24]
