"""Make app/emails/checks/caniemail.json from the unpacked npm package `caniemail` (for developers; nothing runs it).

    npm pack caniemail@VERSION && tar xzf caniemail-VERSION.tgz
    python scripts/caniemail.py package app/emails/checks

Writes caniemail.json and caniemail.LICENSE into the second folder and prints the SHA-256 for caniemail.md.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

CLIENTS = (
    "gmail.desktop-webmail gmail.ios gmail.android apple-mail.macos apple-mail.ios outlook.windows outlook.outlook-com "
    "outlook.ios outlook.android yahoo.desktop-webmail yahoo.ios yahoo.android samsung-email.android"
).split()
"""The big clients, as the data name them: family and platform."""

BY_SLUG = {
    "css-left-right-top-bottom": ["property:left", "property:right", "property:top", "property:bottom"],
    "css-gap": ["property:gap", "property:column-gap", "property:row-gap"],
    "css-grid-template": [
        "property:grid-template",
        "property:grid-template-areas",
        "property:grid-template-columns",
        "property:grid-template-rows",
    ],
    "css-column-layout-properties": ["property:columns", "property:column-rule", "property:column-width"],
    "css-margin-inline-block": ["property:margin-inline", "property:margin-block"],
    "css-margin-block-start-end": ["property:margin-block-start", "property:margin-block-end"],
    "css-margin-inline-start-end": ["property:margin-inline-start", "property:margin-inline-end"],
    "css-padding-inline-block": ["property:padding-inline", "property:padding-block"],
    "css-padding-block-start-end": ["property:padding-block-start", "property:padding-block-end"],
    "css-padding-inline-start-end": ["property:padding-inline-start", "property:padding-inline-end"],
    "css-border-inline-block": ["property:border-inline", "property:border-block"],
    "css-block-inline-size": ["property:block-size", "property:inline-size"],
    "css-modern-color": ["function:lch", "function:oklch", "function:lab", "function:oklab"],
    "css-function-light-dark": ["function:light-dark"],
    "css-variables": ["function:var"],
    "css-unit-calc": ["function:calc"],
    "css-rgba": ["function:rgba"],
    "css-inert-attribute": ["attribute:inert"],
    "html-semantics": [],
    "html-lists": [],
    "html-svg": ["element:svg"],
    "html-image-maps": ["element:map"],
    "html-srcset": ["attribute:srcset"],
    "html-background": ["attribute:background"],
    "html-anchor-links": ["link:anchor"],
    "html-picture": ["element:picture"],
    "image-svg": ["image:svg"],
    "image-webp": ["image:webp"],
    "image-avif": ["image:avif"],
    "image-heif": ["image:heic", "image:heif"],
    "image-tiff": ["image:tif", "image:tiff"],
    "image-ico": ["image:ico"],
    "image-mp4": ["image:mp4"],
    "image-bmp": ["image:bmp"],
    "image-hdr": ["image:hdr"],
    "image-apng": ["image:apng"],
}
"""Features whose title does not say how to find them."""

BY_TITLE = (
    (re.compile(r"@([a-z-]+)"), "at-rule:{}"),
    (re.compile(r":{1,2}([a-z-]+)(?:\(\))?"), "pseudo:{}"),
    (re.compile(r"([a-z-]+): ?([a-z-]+)"), "value:{}:{}"),
    (re.compile(r"([a-z-]+)\(\)"), "function:{}"),
    (re.compile(r"([a-z-]+)(?: shorthand| property)?"), "property:{}"),
    (re.compile(r"([a-z%]+) unit"), "unit:{}"),
    (re.compile(r"<([a-z0-9]+)>(?: element)?"), "element:{}"),
    (re.compile(r"([a-z-]+) attribute"), "attribute:{}"),
)
"""Whole titles, and the key that each becomes."""


def keys_of(feature: dict[str, Any]) -> list[str]:
    """Say how a feature is found in an e-mail: `property:NAME`, `value:PROPERTY:VALUE`, `function:NAME` and so on."""
    if feature["slug"] in BY_SLUG:
        return BY_SLUG[feature["slug"]]
    if feature["category"] not in {"css", "html"}:
        return []
    for pattern, key in BY_TITLE:
        found = pattern.fullmatch(feature["title"].strip())
        if found and not (feature["category"] == "html" and key.startswith("property")):
            return [key.format(*found.groups())]
    return []


def support_of(feature: dict[str, Any]) -> dict[str, str]:
    """Give each big client's newest result: y (yes), a (in part), n (no), u (unknown)."""
    support = {}
    for client in CLIENTS:
        family, platform = client.split(".")
        results = list(feature["stats"].get(family, {}).get(platform, {}).values())
        if results and results[-1].strip():
            support[client] = results[-1].split()[0]
    return support


def reduced(data: dict[str, Any], version: str) -> dict[str, Any]:
    """Keep what the checks need: features that can be found and that a big client does not know."""
    features = []
    for feature in sorted(data["data"], key=lambda one: str(one["slug"])):
        keys, support = keys_of(feature), support_of(feature)
        if keys and "n" in support.values():
            one = {"slug": feature["slug"], "title": feature["title"].strip(), "url": feature["url"]}
            features.append({**one, "keys": keys, "support": support})
    return {
        "source": "npm package caniemail, data/caniemail.json",
        "version": version,
        "date": data["last_update_date"][:10],
        "licence": "MIT",
        "features": features,
    }


def main(package: Path, target: Path) -> None:
    """Write the reduced data and the licence."""
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    data = json.loads((package / "data" / "caniemail.json").read_text("utf-8"))
    made = reduced(data, version)
    head = {name: value for name, value in made.items() if name != "features"}
    lines = ",\n".join("  " + json.dumps(one, ensure_ascii=False) for one in made["features"])
    text = json.dumps(head, indent=1)[:-2] + ',\n "features": [\n' + lines + "\n ]\n}\n"
    (target / "caniemail.json").write_text(text, "utf-8")
    (target / "caniemail.LICENSE").write_bytes((package / "LICENSE").read_bytes())
    print(len(made["features"]), "features,", made["date"], hashlib.sha256(text.encode()).hexdigest())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
