"""Forms of the send pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    FileField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import Length

from app.people.zones import TwoTimes, zone_label, zone_names
from app.recipients.models import RecipientList
from app.refusals import Refused
from app.sends.models import SendKind
from app.sends.pace import UNITS, Pace, pace_from
from app.sends.release import Options
from app.sends.scheduling import chosen_start
from app.sends.waves import FIRST_WAVE, wave_from
from app.web.forms import Form, strip
from app.web.numbers import row_number
from app.words import _, _n


def list_choices(lists: Iterable[RecipientList]) -> list[tuple[int, str]]:
    """Give what can be chosen of recipient lists: each with the number of its people."""
    return [
        (
            one.id,
            _n(
                "%(list_name)s (%(count)s person)",
                "%(list_name)s (%(count)s people)",
                one.recipient_count,
                list_name=one.name,
            ),
        )
        for one in lists
    ]


def chosen_row(value: object) -> int:
    """Read the number of what was chosen; 0, which is no row's number, for anything odd: the rules ask for it then."""
    try:
        return row_number(str(value))
    except ValueError:
        return 0


class WhatForm(Form):
    """Which template, and to whom."""

    version = SelectField(_("Template"), coerce=chosen_row, validate_choice=False)
    kind = RadioField(
        _("To whom"),
        choices=[
            (str(SendKind.LIST), _("Everybody on a list, one e-mail each")),
            (str(SendKind.DIRECT), _("One e-mail to addresses I type in")),
        ],
        default=str(SendKind.LIST),
    )
    list = SelectField(_("List"), coerce=chosen_row, validate_choice=False)
    segment = HiddenField()
    """A segment that the send goes to instead of a whole list."""
    to = TextAreaField(_("To"), render_kw={"rows": 2, "spellcheck": "false"})
    cc = TextAreaField(_("Cc"), render_kw={"rows": 1, "spellcheck": "false"})
    bcc = TextAreaField(_("Bcc"), render_kw={"rows": 1, "spellcheck": "false"})

    def addresses(self) -> dict[str, str]:
        """Give what was typed."""
        return {"to": self.to.data or "", "cc": self.cc.data or "", "bcc": self.bcc.data or ""}


class SenderForm(Form):
    """From whom, and with which headers."""

    sender = SelectField(_("Sender"), coerce=chosen_row, validate_choice=False)
    reply_to = EmailField(_("Answers go to (optional)"), [Length(max=254)], filters=[strip])


class FileForm(Form):
    """One more file."""

    file = FileField(_("File"))


class PersonFilesForm(Form):
    """A file for each person: the column that names it, and the ZIP file that brings it."""

    file_column = SelectField(_("Column that names each person's file"), validate_choice=False)
    archive = FileField(_("ZIP file"), render_kw={"accept": ".zip,application/zip"})


class SendAgainForm(Form):
    """Send again to those not reached: with which version, to which groups."""

    version = SelectField(_("Template"), coerce=chosen_row, validate_choice=False)
    groups = SelectMultipleField(_("Whose e-mail ended so"), validate_choice=False)


def typed_number(field: IntegerField) -> int | None:
    """Give the number that was typed; None for nothing. Raises Refused for what is no number."""
    if field.data is None and any(str(one).strip() for one in field.raw_data or ()):
        raise Refused(_("Enter a whole number, in digits."), field=field.short_name)
    number: int | None = field.data
    return number


class TimeForm(Form):
    """When a send begins: a day and a time in a zone."""

    date = DateField(_("Day"))
    time = TimeField(_("Time"), format=["%H:%M", "%H:%M:%S"])
    zone = SelectField(_("Time zone"), choices=[], validate_choice=False)
    fold = RadioField(
        _("Which of the two"), choices=[("0", _("The first")), ("1", _("The second"))], validate_choice=False
    )
    asks_which = False
    """The typed time comes twice, and the form asks which is meant."""

    def offer_zones(self, own: str) -> None:
        """Fill in the zones; without one of the person's `own` the browser picks, and without it UTC stands there."""
        self.zone.choices = [(name, zone_label(name)) for name in zone_names()]
        if not own:
            self.zone.render_kw = {"data-browser-zone": ""}
        self.zone.data = self.zone.data or own or "UTC"

    def start_at(self) -> datetime | None:
        """Give the start that was typed; None when it is refused, and the form says why."""
        fold = {"0": 0, "1": 1}.get(self.fold.data or "")
        try:
            return chosen_start(self.date.data, self.time.data, self.zone.data or "", fold)
        except TwoTimes as question:
            self.asks_which = True
            self.fold.choices = list(zip(("0", "1"), question.choices, strict=True))
            self.show(question)
        except Refused as refusal:
            self.show(refusal)
        return None


class PaceForm(Form):
    """How fast a send may go."""

    pace = IntegerField(_("E-mails at most"), render_kw={"inputmode": "numeric", "min": 1})
    pace_unit = SelectField(
        _("In each"), choices=[(str(seconds), word) for seconds, word in UNITS.items()], default="3600"
    )

    def chosen_pace(self) -> Pace | None:
        """Give the pace that was typed; None: as fast as the account allows. Raises Refused."""
        unit = self.pace_unit.data or ""
        return pace_from(typed_number(self.pace), int(unit) if unit.isdigit() else 0)


class WaveForm(Form):
    """How many e-mails go next."""

    wave_size = IntegerField(_("E-mails"), default=FIRST_WAVE, render_kw={"inputmode": "numeric", "min": 1})

    def chosen_wave(self) -> int:
        """Give the number that was typed. Raises Refused."""
        return wave_from(typed_number(self.wave_size))


WHEN_APPROVED = [("now", _("As soon as it is approved")), ("later", _("At a time I choose"))]
"""The choices of `ReleaseForm.when` where somebody else approves it first."""


class ReleaseForm(TimeForm, PaceForm, WaveForm):
    """How a send goes out: now or later, at which pace, and whether it waits after the first few."""

    when = RadioField(
        _("When"), choices=[("now", _("Send now")), ("later", _("Send at a time I choose"))], default="now"
    )
    wave = BooleanField(_("Send a few first, then wait for me"))
    note = TextAreaField(
        _("Note to the approver (optional)"), filters=[strip], render_kw={"rows": 3, "maxlength": 1_000}
    )

    def options(self) -> Options | None:
        """Give what was chosen; None when something of it is refused, and the form says what."""
        chosen: dict[str, object] = {}
        if self.when.data == "later":
            chosen["start_at"] = self.start_at()
        for name, read in (("pace", self.chosen_pace), ("wave", self.chosen_wave if self.wave.data else None)):
            try:
                chosen[name] = read() if read is not None else None
            except Refused as refusal:
                self.show(refusal)
        wrong = self.form_errors or any(field.errors for field in self)
        return None if wrong else Options(**chosen)  # type: ignore[arg-type]
