"""Forms of sign-in and settings."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from wtforms import EmailField, IntegerField, PasswordField, SelectField, StringField, URLField
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from app.people.models import SenderIdentity
from app.web.forms import Form, strip


class SignInForm(Form):
    """Address and password."""

    email = EmailField(
        "E-mail address",
        [InputRequired("Enter your e-mail address.")],
        filters=[strip],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        "Password", [InputRequired("Enter your password.")], render_kw={"autocomplete": "current-password"}
    )


class ConnectionForm(Form):
    """How to reach the mail service."""

    account_id = StringField(
        "Account id",
        [InputRequired("Enter the account id from the Cloudflare dashboard."), Length(max=100)],
        filters=[strip],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    token = PasswordField("API token", [Length(max=500)], filters=[strip], render_kw={"autocomplete": "off"})
    base_url = URLField("Base URL", [InputRequired("Enter the address of the API."), Length(max=300)], filters=[strip])
    calls_per_5_minutes = IntegerField(
        "Calls in five minutes",
        [InputRequired("Enter a number."), NumberRange(10, 1_000_000, "Between 10 and 1,000,000.")],
    )

    def validate_base_url(self, field: StringField) -> None:
        """Only a web address; http only to this machine, because the token travels with it."""
        parts = urlsplit(field.data or "")
        local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValidationError("Enter a web address that begins with https://.")
        if parts.scheme == "http" and not local:
            raise ValidationError("Use https, so that the token cannot be read on the way.")


class PublicAddressForm(Form):
    """Where recipients reach Postroom."""

    public_url = URLField(
        "Address under which recipients reach Postroom (optional)",
        filters=[strip],
        render_kw={"autocomplete": "off", "placeholder": "https://mail.example.com"},
    )


class TimezoneForm(Form):
    """The zone in which a person reads and types times."""

    timezone = SelectField("Your time zone", choices=[], validate_choice=False)


class SenderForm(Form):
    """A new sender identity."""

    local_part = StringField(
        "Address before the @",
        [InputRequired("Enter the part before the @, for example “notices”."), Length(max=64)],
        filters=[strip],
    )
    domain = SelectField("Sending domain", validate_choice=False)
    name = StringField("Name that people see", [Length(max=100)], filters=[strip])
    reply_to = EmailField("Answers go to (optional)", [Length(max=254)], filters=[strip])


class OwnMailForm(Form):
    """Who Postroom's own e-mails come from."""

    sender = SelectField("They come from", coerce=int)

    def offer(self, identities: Sequence[SenderIdentity]) -> None:
        """Set what may be chosen: nobody, or one of the senders."""
        named = [(one.id, f"{one.name} <{one.address}>" if one.name else one.address) for one in identities]
        self.sender.choices = [(0, "Nobody: send no such e-mails"), *named]


class WorkspaceForm(Form):
    """The name of a workspace."""

    name = StringField(
        "Name of the workspace", [InputRequired("Give the workspace a name."), Length(max=100)], filters=[strip]
    )
