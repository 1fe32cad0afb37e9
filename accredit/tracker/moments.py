"""The time of a click in every form that is needed; what holds for a whole second is made once in it."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

PER_SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(NamedTuple):
    """An instant: microseconds since 1970, as PostgreSQL reads it, and its day (UTC)."""

    us: int
    text: str
    day: date


class _Second:
    """The second that runs."""

    number = -1
    text = ""
    day = date.min


def moment() -> Moment:
    """Now."""
    return moment_at(time.time_ns() // 1000)


def moment_at(us: int) -> Moment:
    """The moment so many microseconds after 1970."""
    second, fraction = divmod(us, PER_SECOND)
    if second != _Second.number:
        at = datetime.fromtimestamp(second, UTC)
        _Second.number, _Second.text, _Second.day = second, f"{at:%Y-%m-%d %H:%M:%S}", at.date()
    return Moment(us, f"{_Second.text}.{fraction:06d}+00", _Second.day)


def microseconds(at: datetime) -> int:
    """Since 1970, exactly."""
    return (at - EPOCH) // timedelta(microseconds=1)
