"""How benches print: one JSON object a line."""

from __future__ import annotations

import json


def print_row(bench: str, figure: str, value: float, unit: str, floor: float, **more: float) -> None:
    """Print a figure beside its floor (or its target) and their ratio; `more` are figures that explain it."""
    digits = 1 if value >= 10 else 3
    row = {"bench": bench, "figure": figure, "value": round(value, digits), "unit": unit, "floor": round(floor, digits)}
    rounded = {name: round(one, 3) for name, one in more.items()}
    print(json.dumps({**row, "ratio": round(value / floor, 3), **rounded}), flush=True)
