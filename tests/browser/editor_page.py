"""A small page with editors on it, served under Postroom's own policy, without the rest of the house."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader, select_autoescape

from app.emails.script_words import editor_words
from app.web.language import let_say
from app.web.security import POLICY
from tests.simulator_process import ROOT

NAMES = {
    "variables": [
        {"name": "first_name", "kind": "text", "example": "Anna"},
        {"name": "amount_due", "kind": "number", "example": "12.50"},
        {"name": "due_date", "kind": "date", "example": "3 May 2027"},
    ],
    "snippets": ["Office hours", "Closing words"],
    "filters": [{"name": "date", "words": "a date in words"}, {"name": "upper", "words": "in capitals"}],
    "images": [{"content_id": "logo", "name": "logo.png"}],
}
PAGE = """\
{% import "emails/_toolbar.html" as writing %}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Editors</title>
<link rel="stylesheet" href="/static/postroom.css">
{{ writing.assets() }}
</head>
<body>
<main class="page">
<h1>Edit</h1>
<form id="draft" class="card" method="post" action="/sent" novalidate
      data-names='{{ names }}' data-upload-url="/upload">
<input type="hidden" name="csrf_token" value="a token">
<div class="field"><label for="subject">Subject</label><input id="subject" name="subject" data-takes-variables></div>
<div class="field"><label for="body">{{ label }}</label>
<p class="help" id="body-help">What the person reads.</p>
{{ writing.toolbar("body", kind) }}
<textarea class="code" id="body" name="body" data-editor="{{ kind }}"
          aria-describedby="body-help">{{ body }}</textarea></div>
<p data-upload-status role="status"></p>
<div class="field"><label for="text">Text part</label>
<textarea class="code" id="text" name="text" data-editor="text">{{ text }}</textarea></div>
<button class="button" type="submit">Save</button> <button class="button quiet" type="reset">Start again</button>
</form>
<div id="preview"><ul data-problems></ul></div>
</main>
</body>
</html>
"""


@dataclass
class EditorPages:
    """Where the pages are, and what browsers sent to them."""

    url: str = ""
    sent: list[dict[str, list[str]]] = field(default_factory=list)
    uploads: list[tuple[str, str, int]] = field(default_factory=list)
    """The token, the file's name and its size in bytes."""
    drafts: dict[str, str] = field(default_factory=dict)

    def page(self, kind: str = "markdown", body: str = "", text: str = "") -> str:
        """The address of a page whose body is of this kind and holds this."""
        key = str(len(self.drafts))
        page_templates = Environment(
            loader=FileSystemLoader(ROOT / "templates"), autoescape=select_autoescape(default=True)
        )
        let_say(page_templates)
        page_templates.globals["editor_words"] = editor_words
        page_templates.globals["url_for"] = lambda endpoint, filename: f"/{endpoint}/{filename}"
        self.drafts[key] = page_templates.from_string(PAGE).render(
            kind=kind,
            label="Words" if kind == "markdown" else kind.upper(),
            body=body,
            text=text,
            names=json.dumps(NAMES),
        )
        return f"{self.url}/?draft={key}"


def parts_of(content_type: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """The fields of a multipart form: name to file name and content."""
    parsed = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): (
            part.get_filename() or "",
            part.get_payload(decode=True),
        )  # type: ignore[misc]
        for part in parsed.iter_parts()
    }


def request_class(pages: EditorPages) -> type[BaseHTTPRequestHandler]:
    class Request(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            place = urlsplit(self.path)
            file = ROOT / place.path.lstrip("/")
            if place.path == "/":
                draft = pages.drafts[parse_qs(place.query)["draft"][0]]
                self.answer(200, "text/html; charset=utf-8", draft.encode())
            elif place.path.startswith("/static/") and ".." not in place.path and file.is_file():
                self.answer(200, guess_type(file.name)[0] or "application/octet-stream", file.read_bytes())
            else:
                self.answer(404, "text/plain", b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/upload":
                fields = parts_of(self.headers["Content-Type"], body)
                name, content = fields["file"]
                pages.uploads.append((fields["csrf_token"][1].decode(), name, len(content)))
                if "refused" in name:
                    self.answer(422, "application/json", json.dumps({"words": f"{name} is not an image."}).encode())
                else:
                    said = {"content_id": Path(name).stem, "name": name, "media_type": "image/png", "words": ""}
                    self.answer(200, "application/json", json.dumps(said).encode())
            else:
                pages.sent.append(parse_qs(body.decode()))
                self.answer(200, "text/html", b"<!doctype html><title>Sent</title>")

    return Request


@contextmanager
def serve_editors() -> Iterator[EditorPages]:
    """Serve the pages from a free port until the block ends."""
    pages = EditorPages()
    server = ThreadingHTTPServer(("127.0.0.1", 0), request_class(pages))
    pages.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
