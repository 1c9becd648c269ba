"""Codes of an app, recovery codes, passkeys and the organisation's sign-in, in a real Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from app.db import Database
from app.people import second_factor
from app.people.accounts import add_person, first_workspace, person_by_email
from app.people.roles import Role
from tests.browser.conftest import PASSWORD, RunningPostroom, new_context, start_postroom
from tests.browser.test_every_page import problems_of
from tests.people.identity_provider import RunningProvider, running_provider
from tests.people.second_steps import code_of

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("POSTROOM_TEST_PICTURES")
"""Folder for pictures of the pages that are between two steps and cannot be opened by an address."""

ASK_MEANWHILE = """() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = async (asked) => {
        const form = document.querySelector("form[data-passkey]");
        await fetch(form.dataset.question, { method: "POST", body: new FormData(form) });
        return create(asked);
    };
}"""
"""While the device is asked, the page's question is asked once more, as by another tab."""


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider() as running:
        yield running


@pytest.fixture(scope="module")
def postroom(tmp_path_factory: pytest.TempPathFactory, provider: RunningProvider) -> Iterator[RunningPostroom]:
    """One that is reached by a name, as passkeys need, and knows an identity provider."""
    more = {
        "POSTROOM_OIDC_ISSUER": provider.url,
        "POSTROOM_OIDC_CLIENT_ID": "postroom",
        "POSTROOM_OIDC_CLIENT_SECRET": "a secret of the client",
        "POSTROOM_OIDC_NAME": "Harbour ID",
    }
    running = start_postroom(tmp_path_factory.mktemp("postroom"), host="localhost", more=more)
    yield running
    running.process.terminate()
    running.process.wait(40)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page, nobody signed in; script errors and what the policy stops fail the test."""
    made = context.new_page()
    made.on("pageerror", lambda error: pytest.fail(f"script error on {made.url}: {error}"))
    made.on("console", lambda line: None if "Content Security" not in line.text else pytest.fail(line.text))
    return made


def somebody(postroom: RunningPostroom, name: str) -> str:
    """Let somebody new sign in; gives the address."""
    database = Database(f"sqlite:///{postroom.data / 'postroom.sqlite3'}")
    with database.writing() as session:
        email = f"{name.lower()}@example.com"
        add_person(
            session, first_workspace(session), email=email, name=name, password=PASSWORD, role=Role.ADMINISTRATOR
        )
    database.close()
    return email


@contextmanager
def needed(postroom: RunningPostroom, email: str) -> Iterator[None]:
    """While everybody needs a second step; `email`: an administrator."""
    database = Database(f"sqlite:///{postroom.data / 'postroom.sqlite3'}")

    def change(to: bool) -> None:
        with database.writing() as session:
            second_factor.change_need(session, person_by_email(session, email), to)

    change(True)
    yield
    change(False)
    database.close()


def password_step(page: Page, postroom: RunningPostroom, email: str, target: str = "/sign-in") -> None:
    page.goto(postroom.url + target)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


def wait_until_in(page: Page, postroom: RunningPostroom) -> None:
    page.wait_for_url(f"{postroom.url}/")
    page.get_by_role("button", name="Sign out").wait_for()


def set_up_app(page: Page) -> str:
    """Type the key that the page shows into an app, and its code into the page; gives the key."""
    page.get_by_text("The picture cannot be scanned?").click()
    key = page.locator("code.app-key").inner_text().replace(" ", "")
    page.get_by_label("Code from the app on your phone").fill(code_of(key, -1))
    page.get_by_role("button", name="Switch the second step on").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    return key


def device(page: Page) -> tuple[CDPSession, str]:
    """Give the browser a device that makes passkeys and says yes; gives its session and name for later changes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def test_an_app_is_set_up_and_its_code_or_a_recovery_code_signs_in(page: Page, postroom: RunningPostroom) -> None:
    email = somebody(postroom, "Tessa")
    password_step(page, postroom, email)
    wait_until_in(page, postroom)
    page.get_by_role("link", name="Tessa").click()
    page.get_by_role("link", name="See and change how you sign in").click()
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Your password, or a code from your app").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    picture = page.get_by_alt_text("QR code for the app on your phone")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
    key = set_up_app(page)
    codes = page.locator("#recovery-codes").inner_text().split()
    assert len(codes) == 10
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the codes").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").split() == codes
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the codes").click()
    assert download.value.suggested_filename == "postroom-recovery-codes.txt"
    saved = Path(download.value.path()).read_text()
    assert all(code in saved for code in codes)
    page.get_by_role("link", name="I have kept them, go on").click()
    page.get_by_text("10 of 10 left").wait_for()
    sign_out(page)

    password_step(page, postroom, email)
    page.get_by_label("Code from the app on your phone").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_text("This code is not right.").wait_for()
    page.get_by_label("Code from the app on your phone").fill(code_of(key))
    page.get_by_role("button", name="Sign in", exact=True).click()
    wait_until_in(page, postroom)
    sign_out(page)

    password_step(page, postroom, email)
    page.get_by_text("No phone and no device at hand?").click()
    page.get_by_label("Recovery code", exact=True).fill(codes[0])
    page.get_by_role("button", name="Sign in with a recovery code").click()
    page.get_by_text("You used a recovery code; 9 are left.").wait_for()


def test_a_passkey_signs_in_alone_and_as_second_step_and_is_removed(page: Page, postroom: RunningPostroom) -> None:
    email = somebody(postroom, "Paula")
    device(page)
    password_step(page, postroom, email)
    wait_until_in(page, postroom)
    page.goto(f"{postroom.url}/you/signing-in")
    page.get_by_label("Name of the passkey").fill("Work laptop")
    page.get_by_label("Your password, or a code from your app").fill("not it")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("This is neither your password nor a code that works.").wait_for()
    page.get_by_label("Your password, or a code from your app").fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    page.get_by_role("link", name="I have kept them, go on").click()
    page.get_by_role("list", name="Your passkeys").get_by_text("Work laptop", exact=True).wait_for()

    page.get_by_label("Name of the passkey").fill("The same laptop")
    page.get_by_label("Your password, or a code from your app").fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("This device has a passkey for you already.").wait_for()
    sign_out(page)

    page.get_by_role("button", name="Sign in with a passkey").click()
    wait_until_in(page, postroom)
    sign_out(page)

    password_step(page, postroom, email)
    page.get_by_role("heading", name="Second step").wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    wait_until_in(page, postroom)

    page.goto(f"{postroom.url}/you/signing-in")
    page.get_by_role("link", name="Remove the passkey Work laptop").click()
    page.get_by_label("Your password, or a code from your app").fill(PASSWORD)
    page.get_by_role("button", name="Remove the passkey").click()
    page.get_by_text("was removed. Delete it on your device, too.").wait_for()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("This passkey was not taken.").wait_for()


def test_a_passkey_is_set_up_where_a_workspace_needs_a_second_step(page: Page, postroom: RunningPostroom) -> None:
    email = somebody(postroom, "Petra")
    with needed(postroom, email):
        password_step(page, postroom, email, "/lists")
        page.get_by_role("heading", name="Set up your second step").wait_for()
        make = page.get_by_role("button", name="Make a passkey")
        session, authenticator = device(page)
        page.get_by_label("Name of the passkey").fill(" ")
        make.click()
        page.get_by_text("Give it a name, for example").wait_for()
        page.get_by_label("Name of the passkey").fill("Office computer")
        session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
        make.click()
        page.get_by_text("No passkey was made: it was cancelled").wait_for()
        session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})

        other = page.context.new_page()
        other.goto(f"{postroom.url}/sign-in/set-up")
        page.bring_to_front()
        page.evaluate(ASK_MEANWHILE)
        make.click()
        page.get_by_text("another page of Postroom asked meanwhile").wait_for()
        assert page.get_by_label("Name of the passkey").input_value() == "Office computer"

        make.click()
        page.get_by_role("heading", name="Your recovery codes").wait_for()
        assert len(page.locator("#recovery-codes").inner_text().split()) == 10
        other.get_by_role("button", name="Make a passkey").click()
        other.get_by_text("This page is too old. Load it again.").wait_for()
        other.close()
        page.get_by_role("link", name="I have kept them, go on").click()
        page.wait_for_url(f"{postroom.url}/lists")
        sign_out(page)
        page.get_by_role("button", name="Sign in with a passkey").click()
        wait_until_in(page, postroom)


def test_a_browser_without_passkeys_or_scripts_is_offered_only_the_app(
    browser: Browser, postroom: RunningPostroom
) -> None:
    email = somebody(postroom, "Pablo")
    with needed(postroom, email):
        for options in ({}, {"java_script_enabled": False}):
            context = new_context(browser, **options)
            context.add_init_script("delete window.PublicKeyCredential")
            page = context.new_page()
            password_step(page, postroom, email, "/lists")
            page.get_by_role("heading", name="A code from an app on your phone").wait_for()
            assert page.get_by_text("It takes about three minutes.").is_visible()
            assert not page.get_by_text("passkey").filter(visible=True).count()
            assert not page.get_by_text("Choose").filter(visible=True).count()
            page.get_by_role("button", name="Set up an app").click()
            page.get_by_role("link", name="Go back").click()
            page.get_by_role("button", name="Set up an app").click()
            page.get_by_text("The picture cannot be scanned?").wait_for()
            context.close()


def test_a_device_that_did_not_verify_its_user_is_refused(page: Page, postroom: RunningPostroom) -> None:
    email = somebody(postroom, "Uma")
    session, authenticator = device(page)
    password_step(page, postroom, email)
    wait_until_in(page, postroom)
    page.goto(f"{postroom.url}/you/signing-in")
    page.get_by_label("Name of the passkey").fill("Tablet")
    page.get_by_label("Your password, or a code from your app").fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("link", name="I have kept them, go on").click()
    page.get_by_role("list", name="Your passkeys").wait_for()
    sign_out(page)
    # the page asks for less than it should, as a page of somebody else's might
    page.evaluate(
        """() => {
            const get = navigator.credentials.get.bind(navigator.credentials);
            navigator.credentials.get = (asked) =>
                get({ publicKey: { ...asked.publicKey, userVerification: "discouraged" } });
        }"""
    )
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("This passkey was not taken.").wait_for()


def test_without_scripts_the_pages_say_that_passkeys_need_them(browser: Browser, postroom: RunningPostroom) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{postroom.url}/sign-in")
    assert page.get_by_text("Passkeys need JavaScript, which is switched off here.").is_visible()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("Passkeys need JavaScript. Switch it on").wait_for()
    context.close()


def test_the_organisation_s_sign_in_leads_to_its_page_and_back(
    page: Page, postroom: RunningPostroom, provider: RunningProvider
) -> None:
    email = somebody(postroom, "Olga")
    provider.knows("olga-1", email=email, email_verified=True)
    page.goto(f"{postroom.url}/lists")
    page.get_by_role("link", name="Sign in with Harbour ID").click()
    page.wait_for_url(f"{provider.url}/**")
    page.get_by_placeholder("sub").fill("olga-1")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{postroom.url}/lists")
    page.get_by_role("link", name="Olga").wait_for()
    sign_out(page)

    page.get_by_role("link", name="Sign in with Harbour ID").click()
    page.get_by_placeholder("sub").fill("a-stranger@example.com")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_role("heading", name="You are not signed in").wait_for()
    page.get_by_role("link", name="Go to the sign-in page").click()
    page.wait_for_url(f"{postroom.url}/sign-in")


@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_between_the_steps_are_accessible(browser: Browser, postroom: RunningPostroom, width: int) -> None:
    email = somebody(postroom, f"Wanda{width}")
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    device(page)
    found: dict[str, list[str]] = {}

    def look(name: str) -> None:
        found[name] = problems_of(page)
        if PICTURES:
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                page.screenshot(path=f"{PICTURES}/{name}-{width}-{theme}.png", full_page=True)

    page.goto(f"{postroom.url}/sign-in")
    look("sign-in")
    password_step(page, postroom, email)
    wait_until_in(page, postroom)
    page.goto(f"{postroom.url}/you/signing-in")
    look("signing-in-off")
    page.get_by_label("Name of the passkey").fill("Work laptop")
    page.get_by_label("Your password, or a code from your app").fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("link", name="I have kept them, go on").click()
    page.get_by_role("link", name="Set it up").click()
    look("prove")
    page.get_by_role("button", name="Go on").click()
    look("prove-wrong")
    page.get_by_label("Your password, or a code from your app").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    look("app-set-up")
    set_up_app(page)
    look("recovery-codes")
    page.get_by_role("link", name="I have kept them, go on").click()
    look("signing-in-on")
    page.goto(f"{postroom.url}/settings/signing-in")
    look("rule")
    page.get_by_role("link", name=f"Help Wanda{width}").click()
    look("help-oneself")
    page.goto(f"{postroom.url}/settings/signing-in")
    page.get_by_label("Everybody needs a second step at sign-in").check()
    page.get_by_role("button", name="Save the rule").click()
    page.get_by_text("everybody needs a second step.").wait_for()
    look("rule-on")
    sign_out(page)
    password_step(page, postroom, somebody(postroom, f"Xena{width}"))
    page.get_by_role("button", name="Make a passkey").wait_for()
    look("set-up-demanded")
    page.get_by_role("button", name="Set up an app").click()
    look("app-set-up-demanded")
    set_up_app(page)
    page.get_by_role("link", name="I have kept them, go on").click()
    wait_until_in(page, postroom)
    page.goto(f"{postroom.url}/settings/signing-in")
    page.get_by_role("link", name=f"Help Wanda{width}").click()
    look("help")
    page.goto(f"{postroom.url}/settings/signing-in")
    page.get_by_label("Everybody needs a second step at sign-in").uncheck()
    page.get_by_role("button", name="Save the rule").click()
    page.get_by_text("A password alone is enough to sign in.").wait_for()
    sign_out(page)
    password_step(page, postroom, email)
    page.get_by_text("No phone and no device at hand?").click()
    look("second-step")
    page.goto(f"{postroom.url}/sign-in/provider-answer?code=x&state=y")
    look("stopped")
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}
