"""The floor of the pipeline's figures: a bare loop on `requests` with ready bodies, in a process of its own.

Waits for a line on stdin when its bodies are made, so that several begin together; prints begin and end (wall clock)
and the CPU seconds it took.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from itertools import cycle, islice

import requests
from requests.adapters import HTTPAdapter

from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN

DISTINCT = 500
"""Bodies that are made ready; 20,000 of them would only measure memory."""


def main(base_url: str, threads: int, count: int, size: int) -> None:
    """Post `count` bodies of `size` bytes from `threads` threads that share one session."""
    url = f"{base_url}/accounts/{DEFAULT_ACCOUNT}/email/sending/send"
    bodies = [_body(number, size) for number in range(DISTINCT)]
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=threads))
    session.headers.update({"Authorization": f"Bearer {DEFAULT_TOKEN}", "Content-Type": "application/json"})
    waiting = islice(cycle(bodies), count)
    taking = threading.Lock()

    def loop() -> None:
        while True:
            with taking:
                body = next(waiting, None)
            if body is None:
                return
            assert session.post(url, data=body, timeout=60).status_code == 200

    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu = time.time(), time.process_time()
    workers = [threading.Thread(target=loop) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(json.dumps({"began": began, "ended": time.time(), "cpu": time.process_time() - cpu}), flush=True)


def _body(number: int, size: int) -> bytes:
    body = {
        "from": "notices@example.com",
        "to": [{"address": f"floor-{number}@example.net", "name": f"Person {number}"}],
        "subject": f"News for Person {number}",
        "html": "",
        "text": f"Hello Person {number}",
        "headers": {"X-Postroom-Message": str(uuid.uuid4())},
    }
    missing = size - len(json.dumps(body, separators=(",", ":")))
    return json.dumps({**body, "html": "x" * missing}, separators=(",", ":")).encode()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
