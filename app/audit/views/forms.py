"""The form that filters the trail."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wtforms import DateField, SelectField, StringField
from wtforms.validators import Length, Optional

from app.audit.acts import KINDS
from app.audit.reading import PROGRAM, Wanted
from app.people.zones import is_zone
from app.web.forms import Form, strip
from app.web.request import reader
from app.words import _, _p

NOT_A_DAY = _("Choose a day, for example 2 March 2026.")


class FilterForm(Form):
    """Who, what, when, and words."""

    class Meta:
        """Nothing is changed by it."""

        csrf = False

    person = SelectField(_("Who"), default="")
    kind = SelectField(
        _("What"), default="", choices=[("", _("Everything")), *((key, one.words) for key, one in KINDS.items())]
    )
    since = DateField(_p("day", "From"), [Optional()])
    until = DateField(_p("day", "To"), [Optional()])
    q = StringField(_("Words"), [Length(max=100, message=_("At most 100 letters."))], filters=[strip])

    def offer(self, names: dict[int, str]) -> None:
        """Offer the workspace's people."""
        people = [(str(number), name) for number, name in names.items()]
        self.person.choices = [("", _("Everybody")), *people, (str(PROGRAM), _("Postroom itself"))]

    def wanted(self) -> Wanted | None:
        """Give what is asked for; None, with the reasons beside their fields, when it makes no sense."""
        if not self.validate():
            for field in (self.since, self.until):
                if field.errors:
                    field.errors = [NOT_A_DAY]
            return None
        since, until = self.since.data, self.until.data
        if since and until and until < since:
            self.until.errors = [_("This day is before the first one.")]
            return None
        return Wanted(
            person_id=int(self.person.data) if self.person.data else None,
            kind=self.kind.data or "",
            since=_begin_of(since) if since else None,
            until=_begin_of(until, days=1) if until else None,
            text=(self.q.data or "").replace("\0", ""),
        )

    def arguments(self) -> dict[str, str]:
        """Give the parts of an address that ask the same again."""
        given = {field.name: str(field.data or "") for field in self if field.name != "csrf_token"}
        return {name: value for name, value in given.items() if value}


def _begin_of(day: date, days: int = 0) -> datetime:
    """Give when a day, or one so many days later, begins where the reader is."""
    name = getattr(reader(), "timezone", "")
    try:
        return datetime.combine(day + timedelta(days=days), time.min, ZoneInfo(name if is_zone(name) else "UTC"))
    except OverflowError:
        return datetime.combine(date.max, time.min, ZoneInfo("UTC"))
