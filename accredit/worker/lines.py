"""What the log says while the database is away: a line each, since where that was met is of no interest."""

import logging

import psycopg
from django.db import InterfaceError, OperationalError

_AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


class OneLine(logging.Filter):
    """For a handler: errors that come of the database being away or busy are said without a traceback; all others keep
    theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = _of_the_database(record.exc_info[1] if record.exc_info else None)
        if error or record.name.startswith("psycopg"):
            why = f": {type(error).__name__}: {str(error).partition(chr(10))[0]}" if error else ""
            record.msg, record.args = " ".join(record.getMessage().split()) + why, ()
            record.exc_info = record.exc_text = None
        return True


def _of_the_database(error: BaseException | None) -> BaseException | None:
    """The error behind this one that the database's being away raised; None where something else is behind it."""
    while error and not isinstance(error, _AWAY):
        error = error.__cause__
    return error
