"""Forms of sign-in and settings."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from wtforms import EmailField, IntegerField, PasswordField, SelectField, StringField, URLField
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from app.people.models import SenderIdentity
from app.web.forms import Form, strip
from app.words import _


class SignInForm(Form):
    """Address and password."""

    email = EmailField(
        _("E-mail address"),
        [InputRequired(_("Enter your e-mail address."))],
        filters=[strip],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        _("Password"), [InputRequired(_("Enter your password."))], render_kw={"autocomplete": "current-password"}
    )


class ConnectionForm(Form):
    """How to reach the mail service."""

    account_id = StringField(
        _("Account id"),
        [InputRequired(_("Enter the account id from the Cloudflare dashboard.")), Length(max=100)],
        filters=[strip],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    token = PasswordField(_("API token"), [Length(max=500)], filters=[strip], render_kw={"autocomplete": "off"})
    base_url = URLField(
        _("Base URL"), [InputRequired(_("Enter the address of the API.")), Length(max=300)], filters=[strip]
    )
    calls_per_5_minutes = IntegerField(
        _("Calls in five minutes"),
        [InputRequired(_("Enter a number.")), NumberRange(10, 1_000_000, _("Between 10 and 1,000,000."))],
    )

    def validate_base_url(self, field: StringField) -> None:
        """Only a web address; http only to this machine, because the token travels with it."""
        try:
            parts = urlsplit(field.data or "")
        except ValueError as error:  # "https://["
            raise ValidationError(_("Enter a web address that begins with https://.")) from error
        local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValidationError(_("Enter a web address that begins with https://."))
        if parts.scheme == "http" and not local:
            raise ValidationError(_("Use https, so that the token cannot be read on the way."))


class PublicAddressForm(Form):
    """Where recipients reach Postroom."""

    public_url = URLField(
        _("Address under which recipients reach Postroom (optional)"),
        filters=[strip],
        render_kw={"autocomplete": "off", "placeholder": "https://mail.example.com"},
    )


class TimezoneForm(Form):
    """The zone in which a person reads and types times."""

    timezone = SelectField(_("Your time zone"), choices=[], validate_choice=False)


class SenderForm(Form):
    """A new sender identity."""

    local_part = StringField(
        _("Address before the @"),
        [InputRequired(_("Enter the part before the @, for example “notices”.")), Length(max=64)],
        filters=[strip],
    )
    domain = SelectField(_("Sending domain"), validate_choice=False)
    name = StringField(_("Name that people see"), [Length(max=100)], filters=[strip])
    reply_to = EmailField(_("Answers go to (optional)"), [Length(max=254)], filters=[strip])


class OwnMailForm(Form):
    """Who Postroom's own e-mails come from."""

    sender = SelectField(_("They come from"), coerce=int)

    def offer(self, identities: Sequence[SenderIdentity]) -> None:
        """Set what may be chosen: nobody, or one of the senders."""
        named = [(one.id, one.title) for one in identities]
        self.sender.choices = [(0, _("Nobody: send no such e-mails")), *named]


class WorkspaceForm(Form):
    """The name of a workspace."""

    name = StringField(
        _("Name of the workspace"), [InputRequired(_("Give the workspace a name.")), Length(max=100)], filters=[strip]
    )
