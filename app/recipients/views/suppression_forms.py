"""Forms of the pages about addresses that are not written to."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.cloudflare.contract import MAX_SUPPRESSION_NOTE
from app.people.zones import is_zone
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.words import FILTERS, OUR_REASONS
from app.recipients.views.forms import ACCEPTED, AddressForm
from app.web.forms import Form, strip
from app.web.request import reader
from app.words import _, day

UNTIL = _("Last day without e-mail (optional)")


def zone_of_reader() -> ZoneInfo:
    """Give the zone in which the signed-in person types days."""
    name = getattr(reader(), "timezone", "")
    return ZoneInfo(name if is_zone(name) else "UTC")


def last_day_words(until: datetime | None) -> str:
    """Say the last day without e-mail, in the zone in which it was typed: `31 May 2031`."""
    if until is None:
        return _("for ever")
    return day((until - timedelta(microseconds=1)).astimezone(zone_of_reader()).date())


def _text(value: object) -> object:
    """Take outer white space off a text, and the one sign that PostgreSQL takes in none."""
    return strip(value.replace("\0", "")) if isinstance(value, str) else value


class _NoteForm(Form):
    """A note and a last day."""

    until = DateField(UNTIL, [Optional()])
    note = StringField(_("Note (optional)"), [Length(max=MAX_SUPPRESSION_NOTE)], filters=[_text])

    def until_moment(self) -> datetime | None:
        """Give the end of the last day in the reader's zone; None: for ever."""
        day = self.until.data
        if day is None or not 2000 <= day.year <= 9000:
            return None
        return datetime.combine(day + timedelta(days=1), time(), zone_of_reader()).astimezone(UTC)

    def validate_until(self, field: DateField) -> None:
        """Only a year that makes sense."""
        if field.data is not None and not 2000 <= field.data.year <= 9000:
            raise ValidationError(_("Enter a day such as 31 May 2027."))


class AddForm(_NoteForm):
    """One address by hand."""

    email = EmailField(_("E-mail address"), [InputRequired(_("Enter the e-mail address."))], filters=[strip])
    at_cloudflare = BooleanField(_("Hand it to Cloudflare too"))


class ChangeForm(_NoteForm):
    """Another note, another last day. A page has several: `name_apart` gives their fields ids of their own."""

    def name_apart(self, number: str) -> None:
        """Give the fields of this form ids that no other form of the page has."""
        for field in (self.until, self.note):
            field.id = field.label.field_id = f"{field.name}-{number}"

    def show_moment(self, until: datetime | None) -> None:
        """Fill in the last day from the moment at which it ends."""
        self.until.data = (until - timedelta(microseconds=1)).astimezone(zone_of_reader()).date() if until else None


class AddManyForm(Form):
    """Many addresses from a file or a paste."""

    file = FileField(_("Spreadsheet or CSV file"), render_kw={"accept": ACCEPTED})
    pasted = TextAreaField(_("Or paste addresses here"), render_kw={"rows": 8, "spellcheck": "false", "wrap": "off"})
    note = StringField(_("Note for all of them (optional)"), [Length(max=MAX_SUPPRESSION_NOTE)], filters=[_text])
    at_cloudflare = BooleanField(_("Hand them to Cloudflare too"))

    def content(self) -> bytes:
        """Give what was uploaded or pasted."""
        upload = self.file.data
        if upload is not None and upload.filename:
            found: bytes = upload.read()
            return found
        return (self.pasted.data or "").encode("utf-8", "replace")


class FilterForm(Form):
    """What the page shows."""

    class Meta:
        """Filters are in the address: they need no token."""

        csrf = False

    q = StringField(_("Address begins with"), filters=[strip])
    source = SelectField(
        _("List"),
        choices=[("", _("Both lists")), ("ours", _("Postroom's")), ("theirs", _("Cloudflare's"))],
        validate_choice=False,
    )
    reason = SelectField(
        _("Reason"),
        choices=[("", _("Every reason")), *((key, one[0]) for key, one in FILTERS.items())],
        validate_choice=False,
    )


class RulesForm(Form):
    """What happens by itself."""

    adds_bounces = BooleanField(_("Add an address that permanently bounced"))
    adds_complaints = BooleanField(_("Add an address whose owner marked an e-mail as spam"))
    syncs = BooleanField(_("Read Cloudflare's list"))
    hands_over = SelectMultipleField(
        _("Hand these over to Cloudflare"),
        choices=[(str(reason), words) for reason, words in OUR_REASONS.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def reasons(self) -> list[SuppressionReason]:
        """Give the reasons that are handed over."""
        return [SuppressionReason(one) for one in self.hands_over.data or ()]


class MendForm(AddressForm):
    """The right address, and the lists to put it into."""

    email = EmailField(_("Right address"), [InputRequired(_("Enter the right address."))], filters=[strip])
