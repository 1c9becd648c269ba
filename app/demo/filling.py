"""Filling an empty database with the demo organisation, by the same rules that people use."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo.people import COLUMNS, large_list, small_list
from app.emails import notices, publishing, templates
from app.emails.content import content_of
from app.emails.models import Template, TemplateVersion
from app.people import connection, own_mail, senders
from app.people.models import Person
from app.people.roles import Role
from app.recipients import lists
from app.recipients.finding import segments
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.unsubscribing import topics
from app.settings import Settings
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_DOMAINS, DEFAULT_TOKEN
from app.words import _

MAIL = Path(__file__).parent / "mail"
ORGANISATION = "Harbourside Libraries"
CALLS = 60_000
"""Calls in five minutes between Postroom and the simulator, so that the demo need not wait."""
SMALL, LARGE = "Reading circle", "All card holders"
_KINDS = (
    ("Your card and loans", "When your card runs out, and when something is ready for you"),
    ("Opening hours", "When a library closes or opens at other times"),
)
_PARTS = (
    (
        "Library closure",
        "closure",
        "{{ branch }} library closes from {{ closed_from }}",
        {"first_name": "Anna", "branch": "Quayside", "closed_from": "7 December", "closed_until": "18 December"},
        "Opening hours",
    ),
    (
        "Card renewal",
        "renewal",
        "Your library card runs out on {{ renewal_date }}",
        {"first_name": "Anna", "card_number": "012345678", "renewal_date": "31 January 2027", "concession": "yes"},
        "Your card and loans",
    ),
    (
        "Reservation ready",
        "reservation",
        "Ready for you: {{ title }}",
        {
            "first_name": "Anna",
            "title": "Middlemarch",
            "branch": "Quayside",
            "keep_until": "11 December 2026",
            "card_number": "012345678",
        },
        "Your card and loans",
    ),
)


def is_empty(session: Session) -> bool:
    """Whether nobody has written anything yet."""
    return session.scalar(select(Template.id).limit(1)) is None


def fill(session: Session, settings: Settings, base_url: str) -> None:
    """Make the connection to the simulator, senders, templates and lists of the demo organisation."""
    actor = session.scalars(select(Person).where(Person.role == Role.ADMINISTRATOR).order_by(Person.id).limit(1)).one()
    actor.workspace.name = ORGANISATION
    connection.save_connection(
        session,
        actor,
        settings,
        account_id=DEFAULT_ACCOUNT,
        token=DEFAULT_TOKEN,
        base_url=base_url,
        calls_per_5_minutes=CALLS,
    )
    findings = [
        connection.Finding(True, _("Simulator"), _("This is the simulator on this machine; nothing leaves it."))
    ]
    connection.keep_report(session, actor, findings, DEFAULT_DOMAINS)
    session.flush()
    for local_part, name, domain in (("notices", ORGANISATION, "example.com"), ("cards", "Card desk", "example.org")):
        senders.add_sender(session, actor, local_part=local_part, domain=domain, name=name, reply_to="desk@example.com")
    own_mail.choose_sender(session, actor, senders.senders(session, actor.workspace_id)[-1].id)
    connection.switch_live(session, actor, live=True)
    kinds = {name: topics.add_topic(session, actor, {"en": (name, sentence)}) for name, sentence in _KINDS}
    for name, part, subject, sample, kind in _PARTS:
        template = templates.create_template(session, actor, name)
        headers = (("Auto-Submitted", "auto-generated"),)
        draft = content_of(subject, _html(part), headers=headers, examples=sample)
        templates.save_draft(session, actor, template.id, draft, number=template.draft_number)
        notices.change_topic(session, actor, template.id, kinds[kind].id)
        publishing.publish(session, actor, template.id, "First version")
    lists.make_list(session, actor, name=SMALL, columns=COLUMNS, people=small_list())
    everybody = lists.make_list(session, actor, name=LARGE, columns=COLUMNS, people=large_list())
    at_quayside = Filter((Condition("branch", Operator.IS, "Quayside"),))
    segments.make_segment(session, actor, everybody.id, name="Quayside", wanted=at_quayside)


def version_of(session: Session, name: str) -> TemplateVersion:
    """Give the newest version of a demo template."""
    return session.scalars(
        select(TemplateVersion)
        .join(TemplateVersion.template)
        .where(Template.name == name)
        .order_by(TemplateVersion.number.desc())
        .limit(1)
    ).one()


def _html(part: str) -> str:
    layout = (MAIL / "layout.html").read_text()
    css, body = (MAIL / "layout.css").read_text(), (MAIL / f"{part}.html").read_text()
    return layout.replace("[[css]]", css).replace("[[body]]\n", body)
