"""What a line of the log holds, as text for people or as JSON for programs, and what it never holds.

A line says what happened in fixed words (`event`), and what it is about in numbers of rows: `send_id`, `message_id`,
`lane_id`, `attempt`, `request_id`. It never holds addresses, tokens, subjects or rendered text. An exception's own
words may quote any of them, so it is logged by its kind and its place in the code.
"""

from __future__ import annotations

import logging
import logging.config
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter
from sqlalchemy.exc import OperationalError

from app.settings import Settings

QUIET = {"huey": "WARNING", "alembic": "WARNING", "urllib3": "ERROR", "vobject.base": "CRITICAL"}
"""Libraries that say too much; urllib3 names whole addresses in its warnings, vobject quotes cards in its errors."""
LONGEST_WORDS = 300

_numbers: ContextVar[Mapping[str, object]] = ContextVar("numbers on every line of the log", default={})  # noqa: B039


@contextmanager
def log_context(**numbers: object) -> Iterator[None]:
    """Put numbers on every line that this thread logs within the block, and within functions it calls."""
    token = _numbers.set({**_numbers.get(), **numbers})
    try:
        yield
    finally:
        _numbers.reset(token)


def add_to_log(**numbers: object) -> None:
    """Put more numbers on the lines of the block that `log_context` began; outside of one, nowhere."""
    if _numbers.get():
        _numbers.set({**_numbers.get(), **numbers})


def set_up_logs(settings: Settings) -> None:
    """Let every logger of the process write to standard error, in the format and from the level that is set."""
    formatter = {"json": JsonLines, "text": TextLines}[settings.log_format]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": {"()": formatter}},
            "filters": {"numbers": {"()": _WithNumbers}},
            "handlers": {
                "lines": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["numbers"]},
            },
            "root": {"level": settings.log_level.upper(), "handlers": ["lines"]},
            "loggers": {name: {"level": level} for name, level in QUIET.items()},
        }
    )


class _WithNumbers(logging.Filter):
    """Adds the numbers of the context to a line that does not say them itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass."""
        for name, number in _numbers.get().items():
            record.__dict__.setdefault(name, number)
        return True


class JsonLines(JsonFormatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `event`, numbers, `exception` as kind and place."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger", "message": "event", "exc_info": "exception"}
        super().__init__("%(levelname)s %(name)s %(message)s", rename_fields=names, timestamp="time")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Put the time first, where people look for it."""
        return {"time": log_data.pop("time"), **log_data}

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Give the kind and the place of an exception."""
        return exception_without_words(ei[1])


class TextLines(logging.Formatter):
    """A line for people, numbers at its end as `name=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Add the numbers."""
        numbers = [f"{name}={value}" for name, value in record.__dict__.items() if name not in _OWN]
        return " ".join([super().formatMessage(record), *numbers])

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Give the kind and the place of an exception."""
        return exception_without_words(ei[1])


_OWN = {*RESERVED_ATTRS, "message", "asctime"}


def exception_without_words(error: BaseException | None) -> str:
    """Tell kinds and places of an exception and of those it came from, the last one at the end as Python does."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        words = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        known = _harmless_words(error)
        parts.append("".join(traceback.format_tb(error.__traceback__)) + words + (f": {known}" if known else ""))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(reversed(parts))


def _harmless_words(error: BaseException) -> str:
    """Give the words of errors of the system and of the way to the database, which quote nobody's data."""
    if isinstance(error, OperationalError):
        return str(error.orig).partition("\n")[0][:LONGEST_WORDS]
    return (error.strerror or "")[:LONGEST_WORDS] if isinstance(error, OSError) else ""
