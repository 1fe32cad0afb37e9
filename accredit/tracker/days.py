"""What every day needs, made for today and tomorrow: partitions of the logs, and the key that addresses are hashed
with."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import LiteralString

from psycopg import AsyncConnection, Error

from accredit.tracker.logs import log

LOGS = ("tracking_click", "tracking_conversion_event")
CONNECT_SECONDS = 5
AGAIN_SECONDS, AFTER_ERROR_SECONDS = 3600, 2

MAKE_PARTITIONS: LiteralString = "select tracking_make_partitions(%s, %s)"
ADD_KEY: LiteralString = "insert into tracking_address_key (day, key) values (%s, %s) on conflict do nothing"
READ_KEYS: LiteralString = "select day, key from tracking_address_key where day = any(%s)"


class Days:
    """Keeps what the days around now need."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[date, bytes] = {}

    @property
    def made(self) -> bool:
        """Whether what some day needs was made."""
        return bool(self._keys)

    def hash_of(self, address: str, day: date) -> int | None:
        """The address as a signed number of 64 bits that only the key of the day leads to; None without that key."""
        key = self._keys.get(day)
        if key is None:
            return None
        return int.from_bytes(blake2b(address.encode(), digest_size=8, key=key).digest(), signed=True)

    async def keep(self) -> None:
        """Make what is missing, every hour, for good."""
        while True:
            pause = AGAIN_SECONDS
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    connection = await AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await self.make(connection, datetime.now(UTC).date())
            except (Error, OSError, TimeoutError) as error:
                log("days not made", error=type(error).__name__)
                pause = AFTER_ERROR_SECONDS
            await asyncio.sleep(pause)

    async def make(self, connection: AsyncConnection, today: date) -> None:
        """What today and tomorrow need. Whichever tracker comes first makes it for all."""
        days = [today, today + timedelta(days=1)]
        for table in LOGS:
            await make_partitions(connection, table, days)
        for day in days:
            await connection.execute(ADD_KEY, (day, secrets.token_bytes(32)))
        keys = await connection.execute(READ_KEYS, (days,))
        self._keys = {day: bytes(key) for day, key in await keys.fetchall()}


async def make_partitions(connection: AsyncConnection, table: str, days: Sequence[date]) -> None:
    """Have the partitions of these days (UTC) of one of LOGS, whoever makes them."""
    await connection.execute(MAKE_PARTITIONS, (table, list(days)))
