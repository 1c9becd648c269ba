"""The key in a link: what it carries, that nobody else can make one, and that it outlives a changed secret key."""

from __future__ import annotations

import base64
import uuid
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.recipients.unsubscribing.links import (
    MAX_TOKEN,
    OnlyReference,
    Sealed,
    link_keys,
    read_link,
    seal,
    sealed_length,
)
from app.refusals import NotThere

OLD, NEW = "the secret key of years ago, long enough", "the secret key of today, also long enough"
REFERENCE = "7f0c2f5e-3d51-4a0e-9a53-0f1f6b1f0a11"
LINK = Sealed(17, REFERENCE, "Zoë.O'Hara+news@exämple.org", "a1b2c3d4", "fr-CA", is_own_language=True)
KEYS = link_keys([NEW])


def test_a_link_gives_back_what_it_was_made_of() -> None:
    assert read_link(KEYS, seal(KEYS.current, LINK)) == LINK


@given(st.emails(), st.integers(0, 2**32 - 1), st.uuids(version=4), st.booleans())
def test_whatever_is_sealed_comes_back(email: str, workspace: int, reference: uuid.UUID, own: bool) -> None:
    link = Sealed(workspace, str(reference), email, "", "de", is_own_language=own)
    token = seal(KEYS.current, link)
    assert read_link(KEYS, token) == link
    assert token == seal(KEYS.current, link), "the same message has the same link each time"
    assert len(token) == sealed_length(email, "", "de")


def test_nothing_of_the_person_can_be_read_in_a_link() -> None:
    token = seal(KEYS.current, LINK)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for part in (LINK.email, "hara", LINK.topic_key, LINK.language):
        assert part.encode() not in raw
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_the_longest_address_fits() -> None:
    token = seal(KEYS.current, Sealed(1, REFERENCE, "ü" * 254, "a1b2c3d4", "zh-Hant", is_own_language=True))
    assert len(token) <= MAX_TOKEN
    assert isinstance(read_link(KEYS, token), Sealed)


def test_a_link_made_with_an_earlier_key_works_and_new_ones_take_the_new_key() -> None:
    old = seal(link_keys([OLD]).current, LINK)
    rotated = link_keys([NEW, OLD])
    assert read_link(rotated, old) == LINK
    assert rotated.current.id == KEYS.current.id
    assert read_link(rotated, seal(rotated.current, LINK)) == LINK


def test_without_the_key_only_the_reference_is_left() -> None:
    """The secret was thrown away: as long as the message is there, its link works all the same."""
    assert read_link(KEYS, seal(link_keys([OLD]).current, LINK)) == OnlyReference(REFERENCE)


def test_links_of_before_are_references() -> None:
    assert read_link(KEYS, REFERENCE) == OnlyReference(REFERENCE)


def test_a_link_changed_anywhere_is_refused() -> None:
    token = seal(KEYS.current, LINK)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for place in (0, *range(5, len(raw))):  # bytes 1 to 4 name the key: another name is another case
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(NotThere):
            read_link(KEYS, base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode())


def test_another_key_with_the_right_name_opens_nothing() -> None:
    token = seal(KEYS.current, LINK)
    forged = type(KEYS.current)(KEYS.current.id, link_keys([OLD]).current.key)
    with pytest.raises(NotThere):
        read_link(type(KEYS)((forged,)), token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nobody",
        "../../etc/passwd",
        "x" * (MAX_TOKEN + 1),
        "é" * 80,
        "A" * 79,
        "a b" * 30,
        REFERENCE.upper(),
        "{" + REFERENCE + "}",
        f"urn:uuid:{REFERENCE}",
        REFERENCE.replace("-", ""),
    ],
)
def test_anything_else_is_no_link(token: str) -> None:
    with pytest.raises(NotThere):
        read_link(KEYS, token)


@given(st.text(max_size=200))
def test_no_text_is_a_fault(token: str) -> None:
    with suppress(NotThere):
        read_link(KEYS, token)


def test_a_cut_off_or_lengthened_link_is_refused() -> None:
    token = seal(KEYS.current, LINK)
    for wrong in (token[:-1], token[:-4], token[4:], token + "A", token + "=", token + "\n", f" {token}"):
        with pytest.raises(NotThere):
            read_link(KEYS, wrong)
