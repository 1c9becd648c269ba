"""People: who may sign in, and who may not."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.people.accounts import add_person, check_password, set_password
from app.people.models import Person
from app.people.roles import Role
from app.people.sealing import CannotUnseal, seal, unseal
from app.refusals import Refused
from tests.conftest import PASSWORD


def test_the_right_password_signs_in_whatever_the_case_of_the_address(session: Session, actor: Person) -> None:
    assert check_password(session, "  ADA@example.com ", PASSWORD) is not None
    assert check_password(session, "ada@example.com", PASSWORD + "x") is None
    assert check_password(session, "nobody@example.com", PASSWORD) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "ada@example.com"}, "email"),
        ({"name": "  "}, "name"),
        ({"password": "short"}, "password"),
    ],
)
def test_bad_input_is_refused_at_its_field(session: Session, actor: Person, change: dict[str, str], field: str) -> None:
    given = {"email": "new@example.com", "name": "New", "password": PASSWORD, **change}
    with pytest.raises(Refused) as refused:
        add_person(session, session.merge(actor.workspace), role=Role.SENDER, **given)
    assert refused.value.field == field


def test_a_new_password_ends_older_sign_ins(session: Session, actor: Person, client: FlaskClient) -> None:
    assert client.get("/settings").status_code == 200
    set_password(session, session.merge(actor), "another long password")
    session.commit()
    assert client.get("/settings").status_code == 302


def test_sealed_secrets_open_only_with_their_key() -> None:
    sealed = seal("the token", "one key")
    assert "the token" not in sealed
    assert unseal(sealed, "one key") == "the token"
    with pytest.raises(CannotUnseal):
        unseal(sealed, "another key")


def test_sign_in_says_what_is_wrong_and_keeps_the_address(anonymous_client: FlaskClient, actor: Person) -> None:
    answer = anonymous_client.post("/sign-in", data={"email": "ada@example.com", "password": "wrong"})
    assert answer.status_code == 422
    assert "The address or the password is not right." in answer.text
    assert 'value="ada@example.com"' in answer.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_never_leads_elsewhere(anonymous_client: FlaskClient, actor: Person, target: str) -> None:
    answer = anonymous_client.post(
        "/sign-in", query_string={"next": target}, data={"email": "ada@example.com", "password": PASSWORD}
    )
    assert answer.status_code == 302
    assert answer.location == "/"
