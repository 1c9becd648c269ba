"""The language of a request: what its person chose, else what the browser asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask, Response, request
from jinja2 import Environment
from markupsafe import Markup

from app import words
from app.web.request import reader
from app.web.sign_in import PUBLIC
from app.words import _


def install_language(app: Flask) -> None:
    """Let every request speak its reader's language, and page templates say words with `_()` and `{% trans %}`."""
    let_say(app.jinja_env)

    @app.before_request
    def _choose() -> None:
        words.speak(of_browser())
        if request.endpoint not in PUBLIC:
            words.speak(words.spoken(getattr(reader(), "language", "")) or of_browser())

    @app.after_request
    def _say_which(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Language", words.language())
            response.vary.add("Accept-Language")
        if response.is_streamed and not response.direct_passthrough:
            response.response = _spoken_on(words.language(), response.response)
        return response

    @app.teardown_request
    def _fall_silent(error: BaseException | None) -> None:
        words.speak(words.FALLBACK)


def let_say(environment: Environment) -> None:
    """Let an environment's page templates say words."""
    environment.add_extension("jinja2.ext.i18n")
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals.update(
        {name: getattr(words, name) for name in ("_", "_n", "_p", "listed")},
        page_language=words.language,
        words_of_scripts=words_of_scripts,
        passkey_words=passkey_words,
        gettext=words.rich,
        ngettext=_ngettext,
        pgettext=_pgettext,
        npgettext=_npgettext,
    )


def words_of_scripts() -> dict[str, str]:
    """Give what `postroom.js` says, in the page's language; the page carries it as `data-words`."""
    return {
        "today": _("today at %(time)s"),
        "tomorrow": _("tomorrow at %(time)s"),
        "yesterday": _("yesterday at %(time)s"),
        "day": _("on %(day)s at %(time)s"),
        "date": _("%(day)s %(month)s %(year)s"),
        "longDate": _("%(weekday)s %(day)s %(month)s %(year)s"),
        "undoOver": _("The time to undo is over."),
        "undoSoonOver": _("Less than 10 seconds left to undo."),
        "undoFor": _("Undo is possible for %(seconds)s seconds."),
    }


def passkey_words() -> dict[str, str]:
    """Give what `passkeys.js` says; the element of the script carries it as `data-words`."""
    return {
        "notUsed": _(
            "The passkey was not used: it was cancelled, it took too long, or this device has none. Try again."
        ),
        "notMade": _(
            "No passkey was made: it was cancelled, it took too long, or this device cannot make one. Try again."
        ),
        "hereAlready": _("This device has a passkey for you already."),
        "otherAddress": _(
            "Passkeys do not work at this web address. Use the address that your administrators gave you."
        ),
        "notWorking": _("That did not work. Try again, or choose another way."),
        "tooOld": _("This page is too old. Load it again."),
        "cannot": _("This browser cannot use passkeys."),
        "copied": _("Copied."),
        "notCopied": _("The browser does not let this page copy. Mark the codes and copy them."),
    }


def of_browser() -> str:
    """Give the language that the browser asks for, of those that Postroom speaks."""
    for tag, _quality in request.accept_languages:
        if found := words.spoken(tag):
            return found
    return words.FALLBACK


def _spoken_on(tag: str, parts: Iterable[Any]) -> Iterator[Any]:
    """Write what is written while it is sent, after the request's end, in the request's language."""
    steps = iter(parts)
    try:
        while True:
            with words.speaking(tag):
                try:
                    part = next(steps)
                except StopIteration:
                    return
            yield part
    finally:
        if hasattr(steps, "close"):
            steps.close()


def _ngettext(one: str, many: str, count: int, /, **values: Any) -> Markup:
    return words.rich(one, many, **{"count": count, **values})


def _pgettext(context: str, text: str, /, **values: Any) -> Markup:
    return words.rich(text, "", context, **values)


def _npgettext(context: str, one: str, many: str, count: int, /, **values: Any) -> Markup:
    return words.rich(one, many, context, **{"count": count, **values})
