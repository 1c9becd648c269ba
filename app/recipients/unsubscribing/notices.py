"""Service notices: what people cannot opt out of, because a law or a contract wants them to have it."""

from __future__ import annotations

import enum

from app.people.models import Person
from app.people.roles import Permission
from app.refusals import Refused
from app.words import _

MAX_SERVICE_REASON = 500
"""Characters of the reason why something is a service notice."""


class ServiceScope(enum.StrEnum):
    """Whom an e-mail reaches although they stopped it. Bounces and complaints count whatever stands here."""

    NONE = "none"
    """Nobody: whoever stopped this kind of notice, or all, is left out."""
    KIND = "kind"
    """Those who stopped this kind of notice; who stopped all e-mail is left out."""
    ALL = "all"
    """Those too who stopped all e-mail: only for what the law says must be sent."""


SCOPES: dict[ServiceScope, str] = {
    ServiceScope.NONE: _("No. Whoever stopped it is left out"),
    ServiceScope.KIND: _("Yes. It also goes to people who stopped this kind of notice"),
    ServiceScope.ALL: _("Yes, by law. It also goes to people who stopped all e-mail from us"),
}
"""How each is called where it is chosen."""
SCOPE_WORDS: dict[ServiceScope, str] = {
    ServiceScope.NONE: _("Whoever stopped this kind of notice, or all e-mail, is left out."),
    ServiceScope.KIND: _(
        "A service notice: it also goes to people who stopped this kind of notice, and not to those "
        "who stopped all e-mail."
    ),
    ServiceScope.ALL: _("A service notice by law: it also goes to people who stopped all e-mail."),
}
"""What each means, in a sentence."""


def checked_declaration(person: Person, scope: ServiceScope, reason: str) -> str:
    """Give the reason of a declaration as it is stored; empty for none. Raises Refused with what to do.

    Only who may approve may declare: whoever writes an e-mail must not decide alone that nobody can refuse it.
    """
    if not person.may(Permission.APPROVE):
        raise Refused(_("Only an approver declares something a service notice. Ask one, and say why."))
    reason = " ".join(reason.replace("\0", "").split())
    if scope is ServiceScope.NONE:
        return ""
    if not reason:
        raise Refused(_("Say why people must get this although they stopped it."), field="reason")
    if len(reason) > MAX_SERVICE_REASON:
        raise Refused(_("Use at most %(most)s characters.", most=MAX_SERVICE_REASON), field="reason")
    return reason
