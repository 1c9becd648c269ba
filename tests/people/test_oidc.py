"""Signing in at the organisation's identity provider: a real one in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people import oidc
from app.people.factor_models import ProviderIdentity
from app.people.invitations import invite
from app.people.membership import take_out
from app.people.models import Account, Person
from app.people.roles import Role
from app.people.sign_in_models import SignIn, Way
from app.people.views.provider import AWAY, SECONDS
from app.refusals import Refused
from app.settings import Settings, SettingsError
from tests.conftest import an_app, signed_in
from tests.people.identity_provider import RunningProvider, running_provider
from tests.people.second_steps import code_of, is_in, needed, set_up_app


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return with_provider(settings, provider.url)


def with_provider(settings: Settings, issuer: str, **more: object) -> Settings:
    """The settings of a Postroom that knows this provider."""
    given: dict[str, Any] = {
        "POSTROOM_DATA": settings.data,
        "POSTROOM_SECRET_KEY": settings.secret_key,
        "DATABASE_URL": settings.database_url_setting,
        "POSTROOM_OIDC_ISSUER": issuer,
        "POSTROOM_OIDC_CLIENT_ID": "postroom",
        "POSTROOM_OIDC_CLIENT_SECRET": "a secret of the client",
        "POSTROOM_OIDC_NAME": "Harbour ID",
        **more,
    }
    return Settings.model_validate(given)


@pytest.fixture
def another(database: Database, renderer: LimitedRenderer) -> Iterator[Callable[[Settings], FlaskClient]]:
    """Makes a browser at a Postroom with other settings."""
    made: list[Flask] = []

    def make(settings: Settings) -> FlaskClient:
        app = an_app(settings)
        app.extensions["postroom"] = replace(app.extensions["postroom"], renderer=renderer)
        made.append(app)
        return app.test_client()

    yield make
    for app in made:
        app.extensions["postroom"].database.close()


def departs(client: FlaskClient, target: str = "/lists") -> str:
    answer = client.get("/sign-in/provider", query_string={"next": target})
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def comes_back(client: FlaskClient, address: str) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def signs_in(client: FlaskClient, provider: RunningProvider, subject: str) -> Any:
    return comes_back(client, provider.signs_in(departs(client), subject))


def sam(provider: RunningProvider, **more: object) -> str:
    return provider.knows("sam-7", **{"email": "Sam@example.com", "email_verified": True, **more})


def test_the_button_leads_to_the_provider_and_back_to_the_page_one_wanted(
    anonymous_client: FlaskClient, provider: RunningProvider, staff: Person, session: Session
) -> None:
    page = anonymous_client.get("/sign-in?next=/lists").text
    assert "Sign in with Harbour ID" in page
    assert 'href="/sign-in/provider?next=/lists"' in page
    answer = signs_in(anonymous_client, provider, sam(provider))
    assert (answer.status_code, answer.location) == (302, "/lists")
    assert is_in(anonymous_client)
    assert session.scalars(select(SignIn.way)).one() is Way.PROVIDER
    assert "person.provider_joined" in session.scalars(select(AuditEntry.action)).all()


def test_the_way_there_has_pkce_state_and_nonce(anonymous_client: FlaskClient, settings: Settings) -> None:
    asked = parse_qs(urlsplit(departs(anonymous_client)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert len(asked["state"][0]) >= 20
    assert len(asked["nonce"][0]) >= 20
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == [f"{settings.url}/sign-in/provider-answer"]


def test_later_sign_ins_go_by_the_subject_whatever_the_address_is_then(
    app: Flask, provider: RunningProvider, staff: Person
) -> None:
    signs_in(app.test_client(), provider, sam(provider))
    client = app.test_client()
    signs_in(client, provider, sam(provider, email="married-name@example.com", email_verified=False))
    assert is_in(client)
    assert "sam@example.com" in client.get("/you").text


def test_an_answer_is_good_once(anonymous_client: FlaskClient, provider: RunningProvider, staff: Person) -> None:
    back = provider.signs_in(departs(anonymous_client), sam(provider))
    with anonymous_client.session_transaction() as cookie:
        left = dict(cookie[AWAY])
    assert comes_back(anonymous_client, back).status_code == 302
    anonymous_client.post("/sign-out")
    answer = comes_back(anonymous_client, back)
    assert (answer.status_code, "was used before, is too old" in answer.text) == (403, True)
    with anonymous_client.session_transaction() as cookie:
        cookie[AWAY] = left  # somebody kept the cookie of then, too
    assert comes_back(anonymous_client, back).status_code == 403
    assert not is_in(anonymous_client)


def test_the_same_state_is_refused_even_with_a_new_code(
    anonymous_client: FlaskClient, provider: RunningProvider, staff: Person
) -> None:
    page = departs(anonymous_client)
    with anonymous_client.session_transaction() as cookie:
        left = dict(cookie[AWAY])
    subject = sam(provider)
    assert comes_back(anonymous_client, provider.signs_in(page, subject)).status_code == 302
    anonymous_client.post("/sign-out")
    with anonymous_client.session_transaction() as cookie:
        cookie[AWAY] = left
    answer = comes_back(anonymous_client, with_query(provider.signs_in(with_query(page, nonce=left["nonce"]), subject)))
    assert answer.status_code == 403
    assert not is_in(anonymous_client)


def with_query(address: str, **change: str) -> str:
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return urlunsplit(parts._replace(query=urlencode({**query, **change})))


@pytest.mark.parametrize("state", ["", "another"])
def test_an_answer_with_another_state_or_in_another_browser_is_refused(
    app: Flask, provider: RunningProvider, staff: Person, state: str
) -> None:
    client = app.test_client()
    back = provider.signs_in(departs(client), sam(provider))
    strange = comes_back(app.test_client(), back)
    assert (strange.status_code, "belongs to another browser" in strange.text) == (403, True)
    assert comes_back(client, with_query(back, state=state)).status_code == 403
    assert not is_in(client)


def test_an_answer_that_took_too_long_is_refused(
    anonymous_client: FlaskClient, provider: RunningProvider, staff: Person
) -> None:
    back = provider.signs_in(departs(anonymous_client), sam(provider))
    with anonymous_client.session_transaction() as cookie:
        cookie[AWAY] = {**cookie[AWAY], "at": time.time() - SECONDS - 1}
    assert comes_back(anonymous_client, back).status_code == 403


def test_a_wrong_nonce_is_refused(anonymous_client: FlaskClient, provider: RunningProvider, staff: Person) -> None:
    page = with_query(departs(anonymous_client), nonce="one of somebody else's sign-in")
    answer = comes_back(anonymous_client, provider.signs_in(page, sam(provider)))
    assert (answer.status_code, "does not fit this sign-in" in answer.text) == (403, True)
    assert not is_in(anonymous_client)


def test_a_code_of_another_sign_in_is_refused(app: Flask, provider: RunningProvider, staff: Person) -> None:
    theirs = parse_qs(urlsplit(provider.signs_in(departs(app.test_client()), sam(provider))).query)["code"][0]
    client = app.test_client()
    mine = provider.signs_in(departs(client), sam(provider))
    answer = comes_back(client, with_query(mine, code=theirs))  # the code verifier is another one
    assert (answer.status_code, is_in(client)) == (403, False)


@pytest.mark.parametrize("more", [{"email_verified": False}, {"email_verified": None}, {"email": ""}])
def test_an_unverified_address_proves_nothing(
    anonymous_client: FlaskClient, provider: RunningProvider, staff: Person, session: Session, more: dict[str, object]
) -> None:
    answer = signs_in(anonymous_client, provider, sam(provider, **more))
    assert (answer.status_code, "does not say that your e-mail address is really yours" in answer.text) == (403, True)
    assert not is_in(anonymous_client)
    assert session.scalars(select(ProviderIdentity)).all() == []


def test_nobody_unknown_gets_an_account(
    anonymous_client: FlaskClient, provider: RunningProvider, staff: Person, session: Session
) -> None:
    stranger = provider.knows("stranger", email="stranger@example.com", email_verified=True)
    answer = signs_in(anonymous_client, provider, stranger)
    assert answer.status_code == 403
    assert "nobody with this address may use Postroom yet. Ask an administrator" in answer.text
    assert sorted(session.scalars(select(Account.email))) == ["ada@example.com", "sam@example.com"]


def test_whoever_is_invited_at_this_address_comes_in_by_the_provider(
    anonymous_client: FlaskClient, provider: RunningProvider, actor: Person, session: Session
) -> None:
    invite(session, session.merge(actor), email="nina@example.com", name="Nina", role=Role.EDITOR)
    session.commit()
    nina = provider.knows("nina-3", email="Nina@example.com", email_verified=True, name="Nina New")
    signs_in(anonymous_client, provider, nina)
    assert is_in(anonymous_client)
    person = session.scalars(select(Person).join(Account).where(Account.email == "nina@example.com")).one()
    assert (person.name, person.role, person.workspace_id) == ("Nina New", Role.EDITOR, actor.workspace_id)
    assert "invitation.accepted" in session.scalars(select(AuditEntry.action)).all()


def test_an_invitation_at_an_address_that_is_not_verified_stays_open(
    anonymous_client: FlaskClient, provider: RunningProvider, actor: Person, session: Session
) -> None:
    invite(session, session.merge(actor), email="nina@example.com", name="Nina", role=Role.EDITOR)
    session.commit()
    nina = provider.knows("nina-4", email="nina@example.com", email_verified=False)
    assert signs_in(anonymous_client, provider, nina).status_code == 403
    assert session.scalars(select(Account.email)).all() == ["ada@example.com"]


def test_whoever_was_taken_out_does_not_come_in_by_the_provider(
    app: Flask, client: FlaskClient, provider: RunningProvider, actor: Person, staff: Person, database: Database
) -> None:
    with database.writing() as session:
        take_out(session, session.merge(actor), staff.id)
    browser = app.test_client()
    assert signs_in(browser, provider, sam(provider)).status_code == 409
    assert not is_in(browser)


def test_an_address_given_to_somebody_else_does_not_open_the_old_account(
    app: Flask, client: FlaskClient, provider: RunningProvider, staff: Person
) -> None:
    signs_in(app.test_client(), provider, sam(provider))
    newcomer = provider.knows("sam-the-second", email="sam@example.com", email_verified=True)
    browser = app.test_client()
    answer = signs_in(browser, provider, newcomer)
    assert (answer.status_code, "knows sam@example.com as somebody else" in answer.text) == (403, True)
    assert not is_in(browser)
    client.post(f"/settings/signing-in/people/{staff.id}/part-from-provider")
    signs_in(browser, provider, newcomer)
    assert is_in(browser)


def test_one_parts_from_the_provider_oneself(
    app: Flask, provider: RunningProvider, staff: Person, session: Session
) -> None:
    client = app.test_client()
    signs_in(client, provider, sam(provider))
    assert "Connected" in client.get("/you/signing-in").text
    client.post("/you/signing-in/provider/forget")
    assert session.scalars(select(ProviderIdentity)).all() == []


def test_a_person_who_declines_there_is_told_what_to_do(
    anonymous_client: FlaskClient, provider: RunningProvider
) -> None:
    state = parse_qs(urlsplit(departs(anonymous_client)).query)["state"][0]
    answer = anonymous_client.get(f"/sign-in/provider-answer?error=access_denied&state={state}")
    assert (answer.status_code, "Harbour ID did not sign you in." in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("claims", "is_asked"),
    [
        ({}, True),
        ({"amr": ["pwd"]}, True),
        ({"amr": "mfa"}, True),
        ({"acr": "0"}, True),
        ({"amr": ["otp"]}, True),
        ({"amr": ["pwd", "mfa"]}, False),
        ({"amr": ["pwd", "otp"]}, False),
        ({"acr": "phr"}, False),
    ],
)
def test_the_second_step_is_asked_unless_the_provider_says_that_there_were_two(
    app: Flask,
    database: Database,
    settings: Settings,
    provider: RunningProvider,
    staff: Person,
    claims: dict[str, object],
    is_asked: bool,
) -> None:
    key, _ = set_up_app(database, settings, staff)
    if claims.get("amr") == "mfa":  # no list: the token breaks the rules and is refused
        assert signs_in(app.test_client(), provider, sam(provider, **claims)).status_code == 403
        return
    client = app.test_client()
    answer = signs_in(client, provider, sam(provider, **claims))
    assert answer.location == ("/sign-in/second-step" if is_asked else "/lists")
    assert is_in(client) is not is_asked
    if is_asked:
        assert client.post("/sign-in/second-step", data={"code": code_of(key)}).location == "/lists"
        assert is_in(client)


def test_a_setting_says_that_the_provider_asks_for_both(
    another: Callable[[Settings], FlaskClient],
    database: Database,
    settings: Settings,
    provider: RunningProvider,
    actor: Person,
    staff: Person,
) -> None:
    with needed(database, actor):
        assert signs_in(another(settings), provider, sam(provider)).location == "/sign-in/set-up"
        trusting = with_provider(settings, provider.url, POSTROOM_OIDC_TWO_FACTORS="true")
        assert signs_in(another(trusting), provider, sam(provider)).location == "/lists"


@pytest.mark.parametrize("kind", ["moved", "impostor"])
def test_a_provider_that_redirects_or_names_itself_differently_is_not_believed(
    another: Callable[[Settings], FlaskClient], settings: Settings, provider: RunningProvider, kind: str
) -> None:
    answer = another(with_provider(settings, f"{provider.url}/{kind}")).get("/sign-in/provider")
    assert (answer.status_code, "Harbour ID does not answer" in answer.text) == (503, True)


def test_only_hosts_of_the_settings_are_asked(
    another: Callable[[Settings], FlaskClient], settings: Settings, provider: RunningProvider, staff: Person
) -> None:
    issuer = f"{provider.url}/elsewhere"
    client = another(with_provider(settings, issuer))
    answer = signs_in(client, provider, sam(provider))
    assert (answer.status_code, is_in(client)) == (503, False)
    with pytest.raises(oidc.ProviderAway, match="is not a host of the provider"):
        oidc.claims_of(with_provider(settings, issuer), code="x", nonce="x", code_verifier="x")


def test_a_provider_that_is_down_is_said_and_passwords_go_on_working(
    another: Callable[[Settings], FlaskClient], settings: Settings, staff: Person
) -> None:
    with running_provider() as own:
        client = another(with_provider(settings, own.url))
        back = own.signs_in(departs(client), sam(own))
    answer = comes_back(client, back)
    assert (answer.status_code, "Wait a minute and try again, or sign in with your password" in answer.text) == (
        503,
        True,
    )
    gone = another(with_provider(settings, own.url + "/gone"))
    assert gone.get("/sign-in/provider").status_code == 503
    assert is_in(signed_in(gone.application, staff))


def test_without_settings_there_is_no_such_sign_in(
    another: Callable[[Settings], FlaskClient], settings: Settings
) -> None:
    client = another(settings.model_copy(update={"oidc_issuer": None}))
    assert "Sign in with Harbour ID" not in client.get("/sign-in").text
    assert client.get("/sign-in/provider").status_code == 404
    assert client.get("/sign-in/provider-answer").status_code == 404


def test_claims_without_a_subject_are_refused(settings: Settings, session: Session, staff: Person) -> None:
    with pytest.raises(Refused):
        oidc.account_for(session, settings, {"sub": "x", "email": "sam@example.com"})


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"POSTROOM_OIDC_ISSUER": "http://login.example.com"}, "must be a web address that begins with https://"),
        ({"POSTROOM_OIDC_ISSUER": "login"}, "must be a web address that begins with https://"),
        ({"POSTROOM_OIDC_CLIENT_ID": ""}, "POSTROOM_OIDC_CLIENT_ID: is needed with POSTROOM_OIDC_ISSUER"),
        ({"POSTROOM_OIDC_CLIENT_SECRET": ""}, "POSTROOM_OIDC_CLIENT_SECRET: is needed with POSTROOM_OIDC_ISSUER"),
    ],
)
def test_wrong_settings_stop_the_start_without_showing_secrets(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    good = {
        "POSTROOM_OIDC_ISSUER": "https://login.example.com",
        "POSTROOM_OIDC_CLIENT_ID": "postroom",
        "POSTROOM_OIDC_CLIENT_SECRET": "hunter2hunter2",
    }
    for name, value in {**good, **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as wrong:
        Settings.from_environment()
    assert words in str(wrong.value)
    assert "hunter2" not in str(wrong.value)
