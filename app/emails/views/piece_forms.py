"""Forms of the pages of layouts and snippets."""

from __future__ import annotations

from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length
from wtforms.widgets import HiddenInput

from app.emails.content import Format
from app.emails.models import Piece
from app.emails.piece_drafts import MOST_OF_A_NAME, Written
from app.web.forms import Form, strip
from app.web.numbers import row_number
from app.words import _

SAMPLE = 0
"""Choice of a layout's preview: sample content."""
FORMAT_WORDS = {Format.MARKDOWN: _("Write (Markdown)"), Format.HTML: "HTML"}


def chosen_row(value: object) -> int:
    """Read the number of what was chosen; 0 for anything odd."""
    try:
        return row_number(str(value))
    except ValueError:
        return 0


class PieceNameForm(Form):
    """The name of a new layout or snippet."""

    name = StringField(_("Name"), [Length(max=MOST_OF_A_NAME)], filters=[strip])


class PieceForm(PieceNameForm):
    """The editor of a layout or snippet."""

    number = IntegerField(widget=HiddenInput(), default=1)
    format = RadioField(
        _("How to write"), choices=[(str(one), words) for one, words in FORMAT_WORDS.items()], validate_choice=False
    )
    body = TextAreaField(_("Body"), render_kw={"class": "code", "spellcheck": "true"})
    text = TextAreaField(_("Text part (optional)"), render_kw={"rows": 5, "data-editor": "text"})
    around = SelectField(_("Preview around"), coerce=chosen_row, validate_choice=False, default=SAMPLE)

    def stands_on(self, number: int) -> None:
        """Let the next save stand on draft `number`; WTForms would show the number that was posted again."""
        self.number.data, self.number.raw_data = number, None

    def written(self, piece: Piece) -> Written:
        """Give what was typed."""
        written_in = Format(self.format.data) if self.format.data in list(Format) else piece.draft_format
        return Written(self.body.data or "", self.text.data or "", written_in, piece.draft_images)


def piece_form(piece: Piece) -> PieceForm:
    """Give the editor filled with a piece's draft."""
    return PieceForm(
        formdata=None,
        name=piece.name,
        number=piece.draft_number,
        format=str(piece.draft_format),
        body=piece.draft_body,
        text=piece.draft_text,
    )
