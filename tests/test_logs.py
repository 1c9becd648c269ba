"""Lines of the log: what they hold, in both formats, and what they never hold."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from app.audit.trail import note
from app.db import Database
from app.logs import JsonLines, TextLines, _WithNumbers, add_to_log, log_context
from app.people.models import Person
from app.settings import Settings, SettingsError

WORDS = "anna@example.net"


class Lines:
    """A logger of one's own that writes in one format."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self.out = io.StringIO()
        handler = logging.StreamHandler(self.out)
        handler.setFormatter(formatter)
        handler.addFilter(_WithNumbers())
        self.log = logging.Logger("app.test", logging.DEBUG)
        self.log.addHandler(handler)

    @property
    def text(self) -> str:
        return self.out.getvalue()

    @property
    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def as_json() -> Lines:
    return Lines(JsonLines())


@pytest.fixture(params=[JsonLines, TextLines])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    yield Lines(request.param())


def test_a_line_is_an_object_with_time_level_logger_event_and_numbers(as_json: Lines) -> None:
    as_json.log.warning("messages are in doubt", extra={"send_id": 7, "messages": 3})
    (line,) = as_json.objects
    assert next(iter(line)) == "time" and str(line.pop("time")).endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "app.test",
        "event": "messages are in doubt",
        "send_id": 7,
        "messages": 3,
    }


def test_numbers_of_a_block_are_on_every_line_of_it_and_on_none_after(as_json: Lines) -> None:
    with log_context(lane_id=2):
        add_to_log(send_id=7)
        with log_context(message_id=9, attempt=1):
            as_json.log.info("inner")
        as_json.log.info("outer", extra={"send_id": 8})
    as_json.log.info("after")
    inner, outer, after = as_json.objects
    assert {key: inner[key] for key in ("send_id", "lane_id", "message_id", "attempt")} == {
        "send_id": 7,
        "lane_id": 2,
        "message_id": 9,
        "attempt": 1,
    }
    assert outer["send_id"] == 8, "what a line says itself goes before"
    assert "message_id" not in outer
    assert not {"send_id", "lane_id"} & set(after)


def test_nothing_is_left_on_the_lines_of_a_thread_that_has_no_block(as_json: Lines) -> None:
    add_to_log(send_id=7)
    as_json.log.info("another job")
    assert "send_id" not in as_json.objects[0]


def test_text_has_the_numbers_at_its_end() -> None:
    lines = Lines(TextLines())
    with log_context(send_id=7):
        lines.log.info("send.paused", extra={"by": "program"})
    assert lines.text.endswith("INFO app.test: send.paused by=program send_id=7\n")


def test_an_exception_is_told_by_kind_and_place_without_its_words(lines: Lines) -> None:
    try:
        try:
            raise ValueError(f"no name for {WORDS}")
        except ValueError as error:
            raise IntegrityError("insert", {}, Exception(f"Key (email)=({WORDS}) already exists")) from error
    except IntegrityError:
        lines.log.exception("a view failed")
    assert WORDS not in lines.text
    assert "ValueError" in lines.text and "sqlalchemy.exc.IntegrityError" in lines.text
    assert "test_logs.py" in lines.text and "in test_an_exception_is_told_by_kind_and_place" in lines.text
    assert lines.text.index("ValueError") < lines.text.index("sqlalchemy.exc.IntegrityError")


def test_the_way_to_the_database_is_told_in_words_because_an_operator_needs_them(lines: Lines) -> None:
    away = OperationalError("select", {}, Exception("connection refused\nDETAIL: more"))
    try:
        raise away
    except OperationalError:
        lines.log.exception("the database is away")
    assert "connection refused" in lines.text and "DETAIL" not in lines.text


def test_what_people_do_is_a_line_when_it_is_committed_and_none_when_it_is_not(
    database: Database, actor: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.audit.trail")
    caplog.clear()
    with database.session(write=True) as session:
        note(session, actor, "send.paused", f"Send 7 to {WORDS} paused", subject_id=7)
        session.rollback()
    assert caplog.records == []
    with database.writing() as session:
        note(session, actor, "send.paused", f"Send 7 to {WORDS} paused", subject_id=7)
        assert caplog.records == []
    (record,) = caplog.records
    assert (record.message, record.__dict__["send_id"], record.__dict__["by"]) == ("send.paused", 7, "person")


def test_only_known_formats_and_levels_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_LOG_FORMAT", "xml")
    monkeypatch.setenv("POSTROOM_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match="POSTROOM_LOG_FORMAT") as raised:
        Settings.from_environment()
    assert "POSTROOM_LOG_LEVEL" in str(raised.value)
