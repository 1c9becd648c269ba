"""Everything that can happen has words."""

from __future__ import annotations

import ast
from enum import StrEnum
from pathlib import Path

import pytest

from app.cloudflare.errors import KINDS
from app.sends.models import Outcome, ReviewState, SendState
from app.sends.words import OUTCOMES, REASONS, REVIEWS, SEND_STATES, Wording, reason_words

TONES = {"good", "warn", "bad", "info", "plain"}
APP = Path(__file__).parents[2] / "app"


@pytest.mark.parametrize(("members", "table"), [(Outcome, OUTCOMES), (SendState, SEND_STATES), (ReviewState, REVIEWS)])
def test_every_member_has_a_label_a_sentence_and_a_tone(members: type[StrEnum], table: dict[StrEnum, Wording]) -> None:
    assert set(table) == set(members)
    for wording in table.values():
        assert wording.label
        assert wording.words.endswith(".")
        assert wording.tone in TONES


def test_labels_tell_outcomes_apart() -> None:
    assert len({wording.label for wording in OUTCOMES.values()}) == len(Outcome)


def reasons_in_the_code() -> set[str]:
    """Every text that a message's `reason` is set to, in release, control and delivery."""
    found: set[str] = set()
    for file in (*APP.glob("sends/*.py"), *APP.glob("delivery/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "reason" and not isinstance(node.value, ast.Call):
                found |= {one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant) and one.value}
    return found


def test_every_reason_that_the_code_writes_has_words() -> None:
    written = reasons_in_the_code()
    assert {"trial_mode", "left_out_at_review", "cancelled", "template_error"} <= written
    assert written <= set(REASONS)


@pytest.mark.parametrize("cause", sorted(KINDS))
def test_every_cause_of_the_mail_service_has_words(cause: str) -> None:
    assert reason_words(cause).strip()


def test_no_reason_has_no_words() -> None:
    assert reason_words("") == ""
