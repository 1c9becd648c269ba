"""Forms of invitations, passwords and links."""

from __future__ import annotations

from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.people.roles import ROLE_WORDS, Role
from app.web.forms import Form, strip
from app.words import _

ROLES = [(role.value, _("%(role)s: %(may)s", role=name, may=words)) for role, (name, words) in ROLE_WORDS.items()]
NEW = {"autocomplete": "new-password"}
PRESENT = {"autocomplete": "current-password"}


def _name(label: str) -> StringField:
    return StringField(
        label, [InputRequired(_("Enter a name.")), Length(max=100)], filters=[strip], render_kw={"autocomplete": "name"}
    )


def _address(label: str = _("E-mail address")) -> EmailField:
    words = _("Enter an e-mail address.")
    return EmailField(
        label, [InputRequired(words), Length(max=254)], filters=[strip], render_kw={"autocomplete": "username"}
    )


class InvitationForm(Form):
    """Somebody who shall come into the workspace."""

    name = StringField(_("Name"), [InputRequired(_("Enter the person's name.")), Length(max=100)], filters=[strip])
    email = EmailField(
        _("E-mail address"), [InputRequired(_("Enter the person's e-mail address.")), Length(max=254)], filters=[strip]
    )
    role = SelectField(_("May do"), choices=ROLES, default=Role.SENDER.value)


class RoleForm(Form):
    """What somebody may do from now on."""

    role = SelectField(_("May do"), choices=ROLES)


class AcceptForm(Form):
    """Somebody new who accepts an invitation."""

    name = _name(_("Your name"))
    password = PasswordField(_("Choose a password"), [InputRequired(_("Choose a password."))], render_kw=NEW)


class FirstForm(AcceptForm):
    """The first administrator."""

    email = _address(_("Your e-mail address"))


class KnownForm(Form):
    """Somebody with an account who accepts an invitation."""

    password = PasswordField(_("Your password"), [InputRequired(_("Enter your password."))], render_kw=PRESENT)


class ForgotForm(Form):
    """Whose password is forgotten."""

    email = _address()


class NewPasswordForm(Form):
    """A new password, by a link."""

    password = PasswordField(_("New password"), [InputRequired(_("Choose a password."))], render_kw=NEW)


class ChangePasswordForm(Form):
    """A new password, by somebody who has the present one."""

    present = PasswordField(
        _("Present password"), [InputRequired(_("Enter your present password."))], render_kw=PRESENT
    )
    new_password = PasswordField(_("New password"), [InputRequired(_("Choose a new password."))], render_kw=NEW)
