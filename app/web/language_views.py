"""Choosing the language of the pages; the form stands on the page “You” (`web/_language_form.html`)."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, url_for
from wtforms import SelectField

from app import words
from app.people.language import change_language
from app.people.roles import Permission
from app.refusals import Refused
from app.web.forms import Form
from app.web.language import of_browser
from app.web.request import db, may, me
from app.web.views import blueprint
from app.words import _

__all__ = ["blueprint"]


class LanguageForm(Form):
    """The language in which a person reads the pages."""

    language = SelectField(_("Language of the pages"), choices=[], validate_choice=False)


def language_form() -> LanguageForm:
    """Give the form as it stands for the signed-in person."""
    return _offering(LanguageForm(formdata=None, obj=me()))


@blueprint.app_context_processor
def _shared() -> dict[str, object]:
    return {"language_form": language_form}


@blueprint.post("/you/language")
@may(Permission.LOOK)
def save_language() -> Response | tuple[str, int]:
    """Choose one's own language."""
    form = LanguageForm()
    try:
        change_language(db(), me(), form.language.data or "")
    except Refused as refusal:
        form.show(refusal)
        return render_template("web/language.html", form=_offering(form)), 422
    words.speak(me().language or of_browser())
    flash(_("The language is changed."))
    return redirect(url_for("people.you"))  # type: ignore[return-value]


def _offering(form: LanguageForm) -> LanguageForm:
    form.language.choices = [("", _("As the browser says")), *words.LANGUAGES.items()]
    return form
