"""The page of threats names tests that exist, and every row names one."""

from __future__ import annotations

import ast
import re

import pytest

from app import ROOT

PAGE = (ROOT / "docs" / "threats.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))


@pytest.mark.parametrize("named", NAMED)
def test_every_test_that_is_named_exists(named: str) -> None:
    path, _, name = named.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    functions = {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    assert name in functions if name else any(one.startswith("test_") for one in functions)


def test_every_threat_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "`tests/" not in line]
    heads = {"What", "Threat"}
    without = [row for row in rows if row.split("|")[1].strip() not in heads]
    assets = PAGE.split("## Who attacks")[0]
    assert [row for row in without if row not in assets] == []
    assert len(NAMED) >= 25
