"""A real OpenID Connect provider in a process of its own (oidc-provider-mock), which also checks PKCE.

Under /moved, /elsewhere and /impostor it describes itself as a provider must not, to see that it is not believed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.simulator_process import ROOT, free_port


@dataclass
class RunningProvider:
    """The provider while it runs."""

    url: str
    process: subprocess.Popen[bytes]

    def knows(self, subject: str, **claims: Any) -> str:
        """Give a person of the provider these claims; gives the subject."""
        requests.put(f"{self.url}/users/{subject}", json=claims, timeout=30).raise_for_status()
        return subject

    def signs_in(self, address: str, subject: str) -> str:
        """Sign somebody in on the provider's page at `address`; gives where it sends the browser."""
        answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=30)
        assert answer.is_redirect, answer.text
        return str(answer.headers["Location"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@contextmanager
def running_provider() -> Iterator[RunningProvider]:
    port = free_port()
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    command = [sys.executable, "-m", "tests.people.identity_provider", str(port)]
    running = RunningProvider(f"http://127.0.0.1:{port}", subprocess.Popen(command, cwd=ROOT, env=environment))
    deadline = time.monotonic() + 60
    while True:
        try:
            if requests.get(f"{running.url}/.well-known/openid-configuration", timeout=2).ok:
                break
        except requests.RequestException:
            pass
        assert running.process.poll() is None and time.monotonic() < deadline, "the provider did not start"
        time.sleep(0.1)
    try:
        yield running
    finally:
        running.stop()


def serve(port: int) -> None:
    """Be the provider."""
    import flask
    from oidc_provider_mock import app as provider
    from werkzeug.serving import run_simple

    app = provider(require_nonce=True)
    challenges: dict[str, str] = {}

    @app.after_request
    def _remember_challenge(answer: flask.Response) -> flask.Response:
        codes = parse_qs(urlsplit(answer.location or "").query).get("code")
        if codes and flask.request.args.get("code_challenge_method") == "S256":
            challenges[codes[0]] = flask.request.args["code_challenge"]
        return answer

    @app.before_request
    def _check_verifier() -> tuple[flask.Response, int] | None:
        if flask.request.path != "/oauth2/token":
            return None
        digest = sha256(flask.request.form.get("code_verifier", "").encode()).digest()
        if challenges.get(flask.request.form["code"]) == urlsafe_b64encode(digest).rstrip(b"=").decode():
            return None
        return flask.jsonify(error="invalid_grant"), 400

    @app.get("/<kind>/.well-known/openid-configuration")
    def _odd(kind: str) -> Any:
        if kind == "moved":
            return flask.redirect("/.well-known/openid-configuration")
        told = app.test_client().get("/.well-known/openid-configuration", base_url=flask.request.host_url).get_json()
        if kind == "elsewhere":
            told["token_endpoint"] = told["token_endpoint"].replace("127.0.0.1", "localhost")
            told["issuer"] += "/elsewhere"
        return told

    run_simple("127.0.0.1", port, app, threaded=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
