"""`make bench`: figures as ratios against a bare loop or a target, measured in the same run; never a gate."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from tests.bench.importing import importing
from tests.bench.lists import lists
from tests.bench.lists_snapshot import snapshot
from tests.bench.million import million
from tests.bench.pace import pace
from tests.bench.parts import parts
from tests.bench.pipeline import pipeline
from tests.bench.preview import preview
from tests.bench.rows import print_row

BENCHES: dict[str, Callable[[], None]] = {
    "pipeline": pipeline,
    "parts": parts,
    "preview": lambda: preview(print_row),
    "pace": lambda: pace(print_row),
    "million": million,
    "snapshot": snapshot,
    "lists": lambda: lists(print_row),
    "import": importing,
}
LONG = {"million", "snapshot", "lists", "import"}
"""Benches that run only when they are named."""

if __name__ == "__main__":
    wanted = sys.argv[1:] or [name for name in BENCHES if name not in LONG]
    unknown = set(wanted) - set(BENCHES)
    if unknown:
        sys.exit(f"There is no bench {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
    for name in wanted:
        BENCHES[name]()
        print(json.dumps({"bench": name, "ok": True}))
