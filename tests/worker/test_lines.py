"""The worker's log is one line for a lost database, and a traceback for an error of its own."""

import logging
from collections.abc import Callable
from io import StringIO

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError
from procrastinate.exceptions import ConnectorException

from accredit.worker.lines import OneLine

GONE = psycopg.OperationalError("server closed the connection\n\tbefore or while processing")


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:  # its traceback is what the log would show
        return caught


def said(name: str, say: Callable[[logging.Logger], None]) -> list[str]:
    """What a logger of this name writes."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(OneLine())
    logger = logging.Logger(name)
    logger.addHandler(handler)
    say(logger)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (raised(GONE), "OperationalError: server closed the connection"),
        (raised(OperationalError("the connection is lost"), GONE), "OperationalError: the connection is lost"),
        (raised(ConnectorException(), GONE), "OperationalError: server closed the connection"),
    ],
)
def test_a_lost_database_is_one_line(error: Exception, why: str) -> None:
    lines = said("procrastinate", lambda log: log.error("Side task failed:\n    %s\n", "listener", exc_info=error))
    assert lines == [f"Side task failed: listener: {why}"]


def test_what_the_connections_say_is_one_line() -> None:
    lines = said("psycopg.pool", lambda log: log.warning("connection is bad\n\tIs the server running?"))
    assert lines == ["connection is bad Is the server running?"]


def test_other_errors_keep_their_tracebacks() -> None:
    error = raised(ProgrammingError("no such column"))
    lines = said("accredit.worker", lambda log: log.warning("A job failed", exc_info=error))
    assert (lines[:2], lines[-1]) == (
        ["A job failed", "Traceback (most recent call last):"],
        "django.db.utils.ProgrammingError: no such column",
    )
