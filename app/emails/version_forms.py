"""Forms of publishing, folders, new templates and imports."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, RadioField, StringField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from app.emails.forms import NameForm
from app.web.forms import Form, strip


class PublishForm(Form):
    """What goes with a new version."""

    number = IntegerField(None, [Optional()], widget=HiddenInput())
    """Of the draft that the person looked at."""
    version = IntegerField(None, [Optional()], widget=HiddenInput())
    """The number that the page promised; another one when somebody published meanwhile, or on a second press."""
    note = StringField("Note for this version (optional)", filters=[strip], render_kw={"maxlength": 500})


class FolderForm(Form):
    """The folder of a template."""

    folder = StringField(
        "Folder (optional)", filters=[strip], render_kw={"list": "folders", "autocomplete": "off", "maxlength": 100}
    )


class StarterForm(NameForm):
    """A new template: its name, and what it begins with."""

    starter = RadioField("Begin with", validate_choice=False)


class ImportForm(Form):
    """A file of templates."""

    file = FileField(
        "ZIP file, or one .html, .mjml or .md file",
        render_kw={"accept": ".zip,.html,.htm,.mjml,.md,application/zip,text/html,text/markdown"},
    )
    keep_braces = BooleanField("Keep foreign braces as they are")
