"""The time of a click in every form that is needed; what holds for a whole millisecond is made once in it."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from accredit.database.keys import ten_digits

PER_SECOND, PER_MILLISECOND = 1_000_000, 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Millisecond(NamedTuple):
    """One of them: its number since 1970, the same in hexadecimal and in digits of ids, its time without the last three
    digits, and its day (UTC)."""

    number: int
    hexadecimal: str
    digits: str
    text: str
    day: date


class Moment(NamedTuple):
    """An instant: microseconds since 1970, and the millisecond that they are in."""

    us: int
    millisecond: Millisecond

    @property
    def text(self) -> str:
        """As PostgreSQL reads it."""
        return f"{self.millisecond.text}{self.us % PER_MILLISECOND:03d}+00"


class _Now:
    """The millisecond that runs."""

    millisecond = Millisecond(-1, "", "", "", date.min)


def moment() -> Moment:
    """Now."""
    return moment_at(time.time_ns() // 1000)


def moment_at(us: int) -> Moment:
    """The moment so many microseconds after 1970."""
    number = us // PER_MILLISECOND
    if number != _Now.millisecond.number:
        _Now.millisecond = _millisecond(number)
    return Moment(us, _Now.millisecond)


def _millisecond(number: int) -> Millisecond:
    second, rest = divmod(number, 1000)
    at = datetime.fromtimestamp(second, UTC)
    return Millisecond(number, f"{number:012x}", ten_digits(number), f"{at:%Y-%m-%d %H:%M:%S}.{rest:03d}", at.date())


def microseconds(at: datetime) -> int:
    """Since 1970, exactly."""
    return (at - EPOCH) // timedelta(microseconds=1)
