"""Which kind of notice a template is, and whether it is a service notice that people cannot stop."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.emails.models import Template, TemplateVersion
from app.emails.templates import find_template, newest_of
from app.people.models import Person
from app.recipients.unsubscribing.notices import SCOPES, ServiceScope, checked_declaration
from app.recipients.unsubscribing.topics import chosen_topic, topic_name
from app.refusals import Refused
from app.words import _

_DECLARED = {
    ServiceScope.NONE: _("Template “%(name)s” is no service notice any more"),
    ServiceScope.KIND: _(
        "Template “%(name)s” declared a service notice that also goes to people who stopped this kind: %(reason)s"
    ),
    ServiceScope.ALL: _(
        "Template “%(name)s” declared a service notice that also goes to people who stopped all e-mail: %(reason)s"
    ),
}


def change_topic(session: Session, actor: Actor, template_id: int, topic_id: int) -> Template:
    """Say which kind of notice a template is, for sends that are begun from now on; 0: of none. Raises Refused."""
    template = find_template(session, actor, template_id)
    topic = chosen_topic(session, actor, topic_id, kept=template.topic_id)
    wanted = topic.id if topic is not None else None
    if template.topic_id != wanted:
        changes = {_("Kind of notice"): (topic_name(session, template.topic_id), topic_name(session, wanted))}
        template.topic_id = wanted
        words = _("Template “%(name)s” is of no kind of notice", name=template.name)
        if topic is not None:
            words = _("Template “%(name)s” is of the kind “%(kind)s”", name=template.name, kind=topic.name)
        note(session, actor, "template.topic", words, subject_id=template.id, changes=changes)
    return template


def declare(session: Session, person: Person, template_id: int, scope: ServiceScope, reason: str) -> Template:
    """Declare a template's newest version a service notice, or take it back. Raises Refused.

    What is published later is not covered, because somebody else may have written it: it is declared anew.
    """
    template = find_template(session, person, template_id)
    reason = checked_declaration(person, scope, reason)
    newest = newest_of(session, [template.id]).get(template.id)
    if newest is None and scope is not ServiceScope.NONE:
        raise Refused(_("Publish the template first: what is declared is the version that is published."))
    changes = {
        _("Service notice"): (SCOPES[template.service_scope], SCOPES[scope]),
        _("Reason"): (template.service_reason, reason),
    }
    template.service_scope, template.service_reason = scope, reason
    template.service_version_id = newest.id if newest is not None and scope is not ServiceScope.NONE else None
    words = _(_DECLARED[scope], name=template.name, reason=reason)
    note(session, person, "template.service_notice", words, subject_id=template.id, changes=changes)
    return template


def declaration_of(version: TemplateVersion) -> tuple[ServiceScope, str]:
    """Give what a new send of a version takes over: the declaration, if it covers that version."""
    template = version.template
    covered = template.service_version_id
    if covered is None or version.id is None or version.id > covered:
        return ServiceScope.NONE, ""
    return template.service_scope, template.service_reason
