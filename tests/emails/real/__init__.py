"""Real e-mail templates out of published packages; LICENCES.md says which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.emails.content import Content, Format, Variant

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class RealTemplate:
    """One template as its package has it."""

    name: str
    path: Path
    format: Format
    wrap_raw: bool = False
    """It holds tags of another language, which Jinja cannot read: imported between `{% raw %}` and `{% endraw %}`."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Values for variables that are more than a text."""

    @property
    def source(self) -> str:
        """The file's text, with its line ends."""
        return self.path.read_bytes().decode()

    def content(self) -> Content:
        """What a template made from the file holds."""
        body = f"{{% raw %}}{self.source}{{% endraw %}}" if self.wrap_raw else self.source
        return Content(format=self.format, variants={"en": Variant(subject=self.name, body=body)})


def _read(path: Path) -> RealTemplate:
    said = json.loads((path.parent / "expected.json").read_text())
    return RealTemplate(
        path.parent.name, path, Format(said["format"]), wrap_raw=said["wrap_raw"], values=said.get("values", {})
    )


REAL = tuple(_read(path) for path in sorted(FOLDER.glob("*/source.*")))
"""Every one, by name."""
