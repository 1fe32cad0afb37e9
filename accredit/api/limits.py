"""How often a key may ask: so many times a second, and some seconds' worth at once, in all processes together."""

from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.core.cache import cache
from django.db import connection, transaction

RATE = 10
"""Requests a second."""
BURST = timedelta(seconds=10)
"""How long a key may have asked nothing, and ask for all of that at once."""


def wait(key: UUID, now: datetime) -> int:
    """0 where a request with this key is welcome now; else after how many seconds one will be.

    Of each key one instant is kept: when all that was taken will have been earned. Requests of one key pass one after
    the other here, since a cache by itself would lose some that come at once."""
    name = f"api-{key}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        last: datetime = cache.get(name, now)
        earned = max(last, now) + timedelta(seconds=1) / RATE
        if earned > now + BURST:
            return max(1, ceil((earned - now - BURST).total_seconds()))
        cache.set(name, earned, timeout=ceil((earned - now).total_seconds()) + 1)
    return 0
