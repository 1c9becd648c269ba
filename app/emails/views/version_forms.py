"""Forms of publishing, folders, new templates and imports."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from app.emails.content import Format
from app.emails.foreign import PASTED
from app.emails.views.forms import NameForm
from app.refusals import Refused
from app.web.forms import Form, strip
from app.words import _


class PublishForm(Form):
    """What goes with a new version."""

    number = IntegerField(None, [Optional()], widget=HiddenInput())
    """Of the draft that the person looked at."""
    version = IntegerField(None, [Optional()], widget=HiddenInput())
    """The number that the page promised; another one when somebody published meanwhile, or on a second press."""
    note = StringField(_("Note for this version (optional)"), filters=[strip], render_kw={"maxlength": 500})


class FolderForm(Form):
    """The folder of a template."""

    folder = StringField(
        _("Folder (optional)"), filters=[strip], render_kw={"list": "folders", "autocomplete": "off", "maxlength": 100}
    )


class StarterForm(NameForm):
    """A new template: its name, and what it begins with."""

    starter = RadioField(_("Begin with"), validate_choice=False)


class ImportForm(Form):
    """A file of templates, or the source of one e-mail."""

    file = FileField(
        _("ZIP file, or one .html, .mjml or .md file"),
        render_kw={"accept": ".zip,.html,.htm,.mjml,.md,application/zip,text/html,text/markdown"},
    )
    pasted = TextAreaField(_("Or paste the source of one e-mail"), render_kw={"class": "code", "spellcheck": "false"})
    pasted_as = RadioField(
        _("The pasted source is"),
        choices=[(str(Format.HTML), "HTML"), (str(Format.MJML), _("MJML")), (str(Format.MARKDOWN), _("Markdown"))],
        default=str(Format.HTML),
        validate_choice=False,
    )
    keep_braces = BooleanField(_("Keep foreign braces as they are"))

    def given(self) -> tuple[str, bytes]:
        """Give the name and the bytes of what is to be imported. Raises Refused when that is nothing, or two things."""
        upload, pasted = self.file.data, self.pasted.data or ""
        has_file = upload is not None and bool(upload.filename)
        if has_file and pasted.strip():
            raise Refused(_("Choose a file or paste a source, not both."), field="pasted")
        if has_file:
            return upload.filename, upload.read()
        if not pasted.strip():
            raise Refused(_("Choose a file first. Or paste a source below."), field="file")
        written_in = Format(self.pasted_as.data) if self.pasted_as.data in list(Format) else Format.HTML
        return PASTED[written_in], pasted.encode("utf-8", "replace")
