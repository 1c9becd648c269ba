"""Pages and e-mails about people in the language of each: what the pages of `tests/pages.py` do not show."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import words
from app.audit.models import AuditEntry
from app.audit.origin import said_browser
from app.db import Database, now
from app.delivery.own_mail_posting import _request
from app.people import connection, factor_reset, invitations, membership, own_mail, resets, senders
from app.people.accounts import add_person
from app.people.factor_models import Passkey, ProviderIdentity
from app.people.models import Account, Person
from app.people.own_mail_models import OwnMail, OwnMailState
from app.people.roles import Role
from app.people.sealing import seal
from app.settings import Settings
from app.web import forms
from app.words import _, speaking
from tests.conftest import PASSWORD, signed_in
from tests.people.second_steps import code_of, needed, set_up_app, with_password
from tests.people.test_oidc import with_provider
from tests.web.filled import DATA
from tests.web.pseudo import TAG, Pseudo, unsaid

ISSUER = "https://id.example.org"
URL = "https://mail.example.org"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_provider(settings.model_copy(update={"url_setting": URL}), ISSUER, POSTROOM_OIDC_NAME="¤Harbour ID¤")


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    real, of_library = words.catalogue_of, forms.library_words
    monkeypatch.setitem(words.LANGUAGES, TAG, TAG)
    monkeypatch.setattr(words, "catalogue_of", lambda tag: Pseudo() if tag == TAG else real(tag))
    monkeypatch.setattr(forms, "library_words", lambda tag: Pseudo() if tag == TAG else of_library(tag))


def ready_to_write(database: Database, actor: Person, settings: Settings) -> None:
    """Give the workspace a connection, a checked domain and a sender for e-mails of its own."""
    with database.writing() as session:
        connection.save_connection(
            session,
            actor,
            settings,
            account_id="account",
            token="token",
            base_url="http://127.0.0.1:9",
            calls_per_5_minutes=1200,
        )
        connection.keep_report(session, actor, [], ["example.org"])
        sender = senders.add_sender(session, actor, local_part="no", domain="example.org", name="¤No¤", reply_to="")
        own_mail.choose_sender(session, actor, sender.id)


def somebody(name: str, email: str) -> dict[str, str]:
    return {"person-name": name, "person-email": email, "person-role": "editor"}


def choose_german(database: Database, person: Person) -> None:
    with database.writing() as session:
        session.get_one(Account, person.account_id).language = "de"


def letters(session: Session, settings: Settings) -> list[tuple[str, own_mail.Letter]]:
    return [
        (one.subject, own_mail.letter_of(one, settings))
        for one in session.scalars(select(OwnMail).order_by(OwnMail.id))
    ]


def test_pages_about_people_say_their_words_through_the_catalogue(
    app: Flask, database: Database, actor: Person, staff: Person, settings: Settings, pseudo: None
) -> None:
    ready_to_write(database, actor, settings)
    with database.writing() as session, speaking(TAG):
        ada = session.get_one(Person, actor.id)
        ada.account.runs_installation = True
        invitation, token = invitations.invite(session, ada, email="new@example.net", name="¤New¤", role=Role.EDITOR)
        invitations.write_invitation(session, settings, invitation, "https://mail.example.org/x")
        invitations.invite(session, ada, email="old@example.net", name="¤Old¤", role=Role.VIEWER)[0].expires_at = now()
        reset = resets.make_link(session, ada, session.get_one(Person, staff.id))
        membership.change_role(session, ada, staff.id, Role.APPROVER)
        left = add_person(
            session,
            ada.workspace,
            email="tim@example.com",
            name="¤Tim¤",
            password=PASSWORD,
            role=Role.VIEWER,
            actor=ada,
        )
        membership.take_out(session, ada, left.id)
        findings, _domains = connection.check(connection.resolve(session, settings, ada.workspace_id))
        stored = connection.keep_report(session, ada, findings, ["example.org"])
        assert stored.report
        for name, used in (("¤Laptop¤", now()), ("¤Key¤", None)):
            session.add(Passkey(account_id=ada.account_id, name=name, credential_id=name, public_key=b"", used_at=used))
        session.add(ProviderIdentity(account_id=ada.account_id, issuer=ISSUER, subject="1", used_at=now()))
        session.add(ProviderIdentity(account_id=staff.account_id, issuer=ISSUER, subject="2"))
        mail = session.scalars(select(OwnMail)).first()
        assert mail is not None
        mail.state, mail.words = OwnMailState.NOT_SENT, _("Somebody")
    key, _codes = set_up_app(database, settings, actor)
    found: dict[str, list[str]] = {}
    data = {*DATA, "Sam Staff", "mail.example.org", "no@example.org", "example.org", "account"}

    def look(name: str, answer: TestResponse, *statuses: int) -> None:
        assert answer.status_code in (statuses or (200,)), (name, answer.text)
        if lines := unsaid(answer.text, data):
            found[name] = lines

    reader = with_password(app, actor)
    reader.environ_base["HTTP_ACCEPT_LANGUAGE"] = TAG
    look("second step", reader.get("/sign-in/second-step"))
    look("wrong code", reader.post("/sign-in/second-step", data={"code": "000000"}), 422)
    look("wrong recovery code", reader.post("/sign-in/second-step", data={"kind": "recovery", "code": "x"}), 422)
    assert reader.post("/sign-in/second-step", data={"code": code_of(key, 1)}).status_code == 302
    for path in (
        *("/settings", "/settings/people", "/settings/workspaces", f"/settings/people/{staff.id}"),
        *(f"/settings/people/{left.id}", "/you", "/you/signing-in", "/you/signing-in/app/off"),
        *("/you/signing-in/recovery-codes", "/you/signing-in/passkeys/1/remove", "/settings/signing-in"),
        *(f"/settings/signing-in/people/{staff.id}", f"/settings/signing-in/people/{actor.id}", f"/invitation/{token}"),
        *("/activity", "/activity?kind=people&since=2020-01-01", "/activity?since=x", "/activity?q=nothing-like-it"),
        *("/activity?before=1", f"/new-password/{reset}"),
    ):
        look(path, reader.get(path))
    for position in range(1, 12):
        look(f"/activity/{position}", reader.get(f"/activity/{position}"))
    lines = reader.get("/activity/download.csv").text.splitlines()
    assert "⟦Number⟧" in lines[0]
    look(
        "invited",
        reader.post("/settings/people", data=somebody("¤X¤", "x@example.net")),
    )
    for email in ("sam@example.com", "new@example.net", "nonsense", ""):
        look(
            f"invite {email}",
            reader.post("/settings/people", data=somebody("¤X¤", email)),
            422,
        )
    look("reset link", reader.post(f"/settings/people/{left.id}/reset-link"), 422)
    look("own reset link", reader.post(f"/settings/people/{actor.id}/reset-link"), 422)
    look("only one", reader.post(f"/settings/people/{actor.id}/role", data={"role": "viewer"}), 422)
    look("new codes", reader.post("/you/signing-in/recovery-codes", data={"proof": PASSWORD}))
    for url in (
        "http://x",
        "https://x",
        "https://example.org/?a",
        "nonsense",
        "https://[",
        "https://" + "a." * 200 + "org",
    ):
        look(f"public address {url[:20]}", reader.post("/settings/public-address", data={"public_url": url}), 422)
        base = {"account_id": "a a", "token": "", "base_url": url, "calls_per_5_minutes": "1"}
        look(f"connection {url[:20]}", reader.post("/settings/connection", data=base), 422)
    sender = {"sender-local_part": "¤", "sender-domain": "example.org", "sender-name": "<", "sender-reply_to": "x"}
    look("sender", reader.post("/settings/senders", data=sender), 422)
    stranger = app.test_client()
    stranger.environ_base["HTTP_ACCEPT_LANGUAGE"] = TAG
    for path in ("/sign-in", "/forgot-password", f"/invitation/{token}", f"/new-password/{reset}"):
        look(f"stranger {path}", stranger.get(path))
    look("over", stranger.get("/sign-in/second-step"), 403)
    look("answer", stranger.get("/sign-in/provider-answer?code=1"), 403)
    for password in ("short", "password1234", "a" * 300, ""):
        look(f"password {password[:9]}", stranger.post(f"/new-password/{reset}", data={"password": password}), 422)
        accepted = {"name": "", "password": password, "known-password": "x"}
        look("accept", stranger.post(f"/invitation/{token}", data=accepted), 422)
        look("known", stranger.post(f"/invitation/{token}/known", data=accepted), 422)
    for _time in range(7):
        look("sign in", stranger.post("/sign-in", data={"email": "sam@example.com", "password": "wrong"}), 422)
    look("asked", stranger.post("/forgot-password", data={"email": "sam@example.com"}))
    with database.writing() as session:
        membership.bring_back(session, session.get_one(Person, actor.id), left.id)
    with needed(database, actor):
        half = with_password(app, left)
        half.environ_base["HTTP_ACCEPT_LANGUAGE"] = TAG
        look("set up", half.get("/sign-in/set-up"))
        look("set up, no passkey", half.post("/sign-in/set-up", data={"name": "x", "credential": "{"}), 422)
        look("set up, no key", half.post("/sign-in/set-up/app", data={"code": "1"}), 422)
        look("set up, key", half.post("/sign-in/set-up/app", data={"begin": ""}, follow_redirects=True))
    assert not found, "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)
    with database.reading() as session:
        kept = session.execute(text("SELECT words FROM audit_entry")).scalars().all()
        kept += [str(one) for one in session.execute(text("SELECT report FROM connection")).scalars()]
        assert not [one for one in kept if "⟦" in one]


def test_an_own_email_is_in_the_language_of_whoever_gets_it(
    app: Flask,
    client: FlaskClient,
    database: Database,
    actor: Person,
    staff: Person,
    settings: Settings,
    session: Session,
) -> None:
    ready_to_write(database, actor, settings)
    choose_german(database, staff)
    set_up_app(database, settings, staff)
    with database.writing() as writing:
        factor_reset.reset(writing, settings, writing.get_one(Person, actor.id), staff.id)
        resets.ask(writing, staff.email)
        resets.ask(writing, actor.email)
        writing.flush()
        resets.answer_asked(writing, settings)
    (taken, letter), (mailed, _mailed), (english, _english) = letters(session, settings)
    assert (taken, letter.language) == ("Ihr zweiter Schritt bei der Anmeldung wurde weggenommen", "de")
    assert letter.words[0].startswith("Ada Admin hat den zweiten Schritt")
    assert letter.link is not None
    assert letter.link[0] == "Anmelden"
    assert (mailed, english) == ("Ein neues Passwort für Postroom", "A new password for Postroom")
    mail = session.scalars(select(OwnMail).order_by(OwnMail.id)).first()
    sender = own_mail.own_sender(session, actor.workspace_id)
    assert mail is not None
    assert sender is not None
    request = _request(mail, letter, sender, actor.workspace)
    assert '<html lang="de">' in request.html
    assert "kopieren Sie diese Adresse in Ihren Browser" in request.html
    assert "Postroom, Harbour Council. Diese E-Mail hat das Programm geschrieben" in request.text
    assert words.language() == "en"


def test_an_invitation_is_in_the_language_of_the_account_or_of_whoever_invites(
    app: Flask, database: Database, actor: Person, settings: Settings, session: Session
) -> None:
    ready_to_write(database, actor, settings)
    client = signed_in(app, actor)
    client.post("/you/language", data={"language": "de"})
    client.post("/settings/people", data=somebody("Nia", "nia@example.net"))
    [(subject, letter)] = letters(session, settings)
    assert subject == "Ada Admin lädt Sie zu Postroom ein"
    assert letter.words[0] == "Guten Tag, Nia,"


def test_an_old_letter_without_a_language_is_english(settings: Settings) -> None:
    sealed = seal('[["Dear Sam,"], ["Sign in", "https://example.org"]]', settings.secret_key)
    letter = own_mail.letter_of(OwnMail(letter_sealed=sealed), settings)
    assert (letter.words, letter.link, letter.language) == (("Dear Sam,",), ("Sign in", "https://example.org"), "en")


def test_the_trail_says_roles_and_browsers_in_the_readers_language(
    client: FlaskClient, database: Database, actor: Person, staff: Person, session: Session
) -> None:
    client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    client.post(f"/settings/people/{staff.id}/role", data={"role": "approver"})
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "person.role")).one()
    assert (entry.words, entry.browser) == ("Sam Staff is approver now, was sender", "Firefox on Linux")
    position = entry.position
    session.rollback()
    client.post("/you/language", data={"language": "de"})
    page = client.get(f"/activity/{position}").text
    assert "mit Firefox auf Linux" in page
    assert "Sam Staff hat jetzt die Rolle „Freigeben“, vorher „Senden“" in page


def test_a_browser_is_said_in_the_readers_language() -> None:
    with speaking("de"):
        assert str(said_browser("Firefox on Windows")) == "Firefox auf Windows"
        assert str(said_browser("Unknown browser on Android")) == "Unbekannter Browser auf Android"
        assert str(said_browser("Another program")) == "Anderes Programm"
        assert said_browser("curl") == "curl"
        assert said_browser("") == ""
    assert said_browser("Firefox on Windows") == "Firefox on Windows"


def test_the_trail_is_searched_in_the_readers_language(client: FlaskClient, staff: Person) -> None:
    client.post(f"/settings/people/{staff.id}/role", data={"role": "approver"})
    client.post("/you/language", data={"language": "de"})
    for found in ("hat jetzt die Rolle", "sam staff"):
        assert "Sam Staff hat jetzt die Rolle" in client.get("/activity", query_string={"q": found}).text
    assert "Sam Staff hat jetzt die Rolle" not in client.get("/activity?q=herausgenommen").text
