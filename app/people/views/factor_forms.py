"""Forms of the second step, recovery codes and passkeys."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.web.forms import Form, strip
from app.words import _


class CodeForm(Form):
    """A code from the app on the phone."""

    code = StringField(
        _("Code from the app on your phone"),
        [InputRequired(_("Type the six digits that the app shows.")), Length(max=100)],
        filters=[strip],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"},
    )


class RecoveryForm(Form):
    """A recovery code."""

    code = StringField(
        _("Recovery code"),
        id="recovery-code",  # another field of the page is called `code`, too
        validators=[InputRequired(_("Type one of your recovery codes.")), Length(max=100)],
        filters=[strip],
        render_kw={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"},
    )


class ProofForm(Form):
    """Who sits here is the person who signed in."""

    proof = PasswordField(
        _("Your password, or a code from your app"),
        [InputRequired(_("Type your password, or a code from your app.")), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )


class NewPasskeyForm(Form):
    """A new passkey; the browser's script fills `credential` in."""

    name = StringField(
        _("Name of the passkey"),
        [DataRequired(_("Give it a name, for example “Work laptop”.")), Length(max=100)],
        filters=[strip],
        render_kw={"autocomplete": "off"},
    )
    credential = HiddenField()


class PasskeyForm(NewPasskeyForm, ProofForm):
    """A new passkey of somebody who is signed in."""


class NeedForm(Form):
    """Whether a workspace needs a second step."""

    needed = BooleanField(_("Everybody needs a second step at sign-in"))
