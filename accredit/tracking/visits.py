"""Noting on which days who clicked, once a day is over: a visitor is then looked for in those days alone, and not in
hundreds. What comes for such a day later takes the day out again, and it is noted anew."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.db import connection

OVER_FOR = timedelta(hours=1)
"""What a tracker still holds of a day is written by then."""


def note_visits(now: datetime) -> Iterator[date]:
    """Note the visits of all days (UTC) that are over, each in a transaction of its own; they are told."""
    last = (now.astimezone(UTC) - OVER_FOR).date()
    with connection.cursor() as cursor:
        cursor.execute("select day from tracking_open_days() open (day) where day < %s order by day", [last])
        days = [day for (day,) in cursor.fetchall()]
    for day in days:
        with connection.cursor() as cursor:
            cursor.execute("select tracking_note_visits(%s)", [day])
        yield day
