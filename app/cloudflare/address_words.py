"""What the library says of an address that is none, for catalogues: what stands here can be said in every language."""

from __future__ import annotations

from app.words import _

_SENTENCES = {
    one.message.one: one  # type: ignore[attr-defined]
    for one in (
        _("An email address must have an @-sign."),
        _("There must be something before the @-sign."),
        _("There must be something after the @-sign."),
        _("There can't be anything after the email address."),
        _("The email address contains an invalid character."),
        _("The email address contains invalid characters before the @-sign."),
        _("Internationalized characters before the @-sign are not supported."),
        _("An email address cannot start with a period."),
        _("An email address cannot have a period immediately before the @-sign."),
        _("An email address cannot have two periods in a row."),
        _("An email address cannot have a period immediately after the @-sign."),
        _("An email address cannot end with a period."),
        _("An email address cannot have a hyphen immediately after the @-sign."),
        _("An email address cannot end with a hyphen."),
        _("An email address cannot have a period and a hyphen next to each other."),
        _("The part after the @-sign is not valid. It should have a period."),
        _("The part after the @-sign is not valid. It is not within a valid top-level domain."),
        _("The part after the @-sign is a special-use or reserved name that cannot be used with email."),
        _("The email address is not valid ASCII."),
        _("Quoting the part before the @-sign is not allowed here."),
        _("A bracketed IP address after the @-sign is not allowed here."),
        _("A display name and angle brackets around the email address are not permitted here."),
        _("The email address contains invalid characters before the @-sign"),
        _("The email address contains unsafe characters"),
        _("The part after the @-sign contains invalid characters"),
        _("Internationalized characters before the @-sign are not supported"),
    )
}
"""Whole sentences, and beginnings behind which the library names the signs."""


def why_no_address(error: Exception) -> str:
    """Say what the library found; what is not known here stands as the library says it."""
    said = str(error)
    beginning, colon, signs = said.partition(": ")
    if colon and beginning in _SENTENCES:
        return _("%(matter)s: %(signs)s", matter=_SENTENCES[beginning], signs=signs)
    return _SENTENCES.get(said, said)
