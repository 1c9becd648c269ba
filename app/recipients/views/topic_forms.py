"""Forms of the pages about unsubscribing."""

from __future__ import annotations

from collections.abc import Iterator

from wtforms import BooleanField, EmailField, Field, FileField, SelectField, StringField, TextAreaField

from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.words import LANGUAGES
from app.web.forms import Form, strip
from app.web.numbers import row_number
from app.words import _


def chosen_number(value: object) -> int:
    """Read the number of what was chosen; 0 for anything odd."""
    try:
        return row_number(str(value))
    except ValueError:
        return 0


class TopicForm(Form):
    """Name and sentence of a kind of notice, in each language of the page."""

    name_en = StringField(_("Name in English"), filters=[strip])
    sentence_en = StringField(_("Sentence in English (optional)"), filters=[strip])
    name_fr = StringField(_("Name in French (optional)"), filters=[strip], render_kw={"lang": "fr"})
    sentence_fr = StringField(_("Sentence in French (optional)"), filters=[strip], render_kw={"lang": "fr"})
    name_de = StringField(_("Name in German (optional)"), filters=[strip], render_kw={"lang": "de"})
    sentence_de = StringField(_("Sentence in German (optional)"), filters=[strip], render_kw={"lang": "de"})
    name_es = StringField(_("Name in Spanish (optional)"), filters=[strip], render_kw={"lang": "es"})
    sentence_es = StringField(_("Sentence in Spanish (optional)"), filters=[strip], render_kw={"lang": "es"})

    def words(self) -> dict[str, tuple[str, str]]:
        """Give what was typed, by language."""
        return {tag: (self[f"name_{tag}"].data or "", self[f"sentence_{tag}"].data or "") for tag in LANGUAGES}

    def fill(self, topic: Topic) -> None:
        """Put a kind's words into the fields."""
        for tag, said in topic.words.items():
            if tag in LANGUAGES:
                self[f"name_{tag}"].data, self[f"sentence_{tag}"].data = said["name"], said["sentence"]

    def pairs(self) -> Iterator[tuple[Field, Field]]:
        """Give the two fields of each language."""
        return ((self[f"name_{tag}"], self[f"sentence_{tag}"]) for tag in LANGUAGES)


class LookForm(Form):
    """Colour and logo of the unsubscribe page."""

    colour = StringField(
        _("Colour of buttons and links (optional)"),
        filters=[strip],
        render_kw={"autocomplete": "off", "spellcheck": "false", "placeholder": "#1d4e89"},
    )
    logo = FileField(_("Logo (optional)"), render_kw={"accept": "image/png,image/jpeg,image/gif,image/webp"})
    no_logo = BooleanField(_("Take the logo away"))


class MailboxForm(Form):
    """Where people write who unsubscribe by e-mail."""

    mailbox = EmailField(_("Mailbox (optional)"), filters=[strip], render_kw={"placeholder": "unsubscribe@example.com"})


class ByHandForm(Form):
    """Addresses of people who wrote to the mailbox."""

    addresses = TextAreaField(_("Addresses"), render_kw={"rows": 8, "spellcheck": "false"})
    topic = SelectField(_("They want no more"), coerce=chosen_number, validate_choice=False)

    def offer(self, topics: list[tuple[int, str]]) -> None:
        """Offer all e-mail, and each kind of notice."""
        self.topic.choices = [(0, _("e-mail from us at all")), *topics]
