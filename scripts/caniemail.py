"""Make app/emails/checks/caniemail.json from the unpacked npm package `caniemail`. For developers only.

python scripts/caniemail.py FOLDER
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

CLIENTS = {
    ("gmail", "desktop-webmail"): "Gmail",
    ("apple-mail", "ios"): "Apple Mail",
    ("outlook", "windows"): "Outlook for Windows",
    ("outlook", "outlook-com"): "Outlook.com",
    ("yahoo", "desktop-webmail"): "Yahoo Mail",
    ("samsung-email", "android"): "Samsung Email",
}
TARGET = Path(__file__).parent.parent / "app" / "emails" / "checks" / "caniemail.json"


def main(folder: Path) -> None:
    """Keep what a check can find by name: properties, values of display and position, at-rules, elements."""
    package = json.loads((folder / "package.json").read_text())
    data = json.loads((folder / "data" / "caniemail.json").read_text())
    kept: dict[str, dict[str, object]] = {"css": {}, "at": {}, "html": {}}
    for feature in data["data"]:
        lacks = [name for place, name in CLIENTS.items() if newest(feature, *place) == "n"]
        for kind, key in keys_of(feature["title"]):
            if lacks:
                kept[kind][key] = {"url": feature["url"], "lacks": lacks}
    result = {"version": package["version"], "date": data["last_update_date"][:10], **kept}
    TARGET.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")


def newest(feature: dict[str, dict[str, dict[str, dict[str, str]]]], family: str, platform: str) -> str:
    """Give the newest result of one client: y, n, a (partly) or u (unknown)."""
    results = feature["stats"].get(family, {}).get(platform, {})
    return results[max(results)][:1] if results else "u"


def keys_of(title: str) -> list[tuple[str, str]]:
    """Give how a feature is found in an e-mail; an empty list when not by a name alone."""
    title = title.replace(" property", "").strip()
    if found := re.fullmatch(r"<([a-z]+)>(?: element)?", title):
        return [("html", found[1])]
    if re.fullmatch(r"@[a-z-]+", title):
        return [("at", title[1:])]
    if found := re.fullmatch(r"([a-z-]+): ?([a-z-]+)", title):
        return [("css", f"{found[1]}:{found[2]}")]
    if re.fullmatch(r"[a-z]+(-[a-z]+)*(, [a-z]+(-[a-z]+)*)*", title):
        return [("css", name) for name in title.split(", ")]
    return []


if __name__ == "__main__":
    main(Path(sys.argv[1]))
