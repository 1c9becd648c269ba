"""What a new send takes over from its template: the kind of notice, and whether it is a service notice."""

from __future__ import annotations

from app.emails.models import TemplateVersion
from app.emails.notices import declaration_of
from app.sends.models import Send


def take_from_template(send: Send, version: TemplateVersion) -> None:
    """Let a draft take kind and declaration over when it gets another version.

    Of another version of the same template it keeps the kind, which a person may have chosen, but no declaration that
    does not cover that version.
    """
    before = send.template_version
    if before is not None and before.id == version.id:
        return
    if before is None or before.template_id != version.template_id:
        send.topic_id = version.template.topic_id
    send.service_scope, send.service_reason = declaration_of(version)
