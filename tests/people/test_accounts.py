"""People: who may sign in, and who may not."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.people.accounts import add_person, set_password
from app.people.models import Person
from app.people.roles import Role
from app.people.sealing import CannotUnseal, seal, unseal
from app.refusals import Refused
from tests.conftest import PASSWORD


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
