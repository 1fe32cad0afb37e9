"""The set-up of all programs, in memory: read whole, replaced at once, and read anew when the database says so."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, Connection, Error

from accredit.sealing import SealBroken, unseal
from accredit.tracker.destinations import Destination
from accredit.tracker.groups import Unavailable
from accredit.tracker.logs import log
from accredit.tracker.moments import microseconds

CHANNEL = "accredit_setup"
REREAD_SECONDS = 30
"""The set-up is read anew after so long, whether the database said something or not."""
PAUSE_SECONDS = 0.5
CONNECT_SECONDS = 5

Period = tuple[float, float]
"""`[starts_at, ends_at)` in microseconds since 1970; an open end is infinite."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that a program signs with."""

    secret: bytes
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Program:
    """What the tracker needs to know of a program."""

    id: UUID
    id_text: str
    code: str
    currency: str
    hold_unsigned: bool
    allowed_hosts: frozenset[str]
    click_parameter: str
    fallback: Destination | None
    event_types: frozenset[str]
    channels: frozenset[str]
    partners: Mapping[str, tuple[Period, ...]]
    """Code → the periods of the partner's contract."""
    ads: Mapping[str, Destination]
    """Code → where a click leads, for the ads that name a page."""
    keys: Mapping[UUID, Key]


OpenKey = Callable[[UUID, str, datetime | None], Key | None]
"""Makes a key of its id, its sealed secret and its end."""

PROGRAMS: LiteralString = (
    "select id, code, currency, hold_unsigned, allowed_hosts, click_parameter, fallback_page from programs_program"
)
PERIODS: LiteralString = """
    select partner.program_id, partner.code, period.starts_at, period.ends_at
    from programs_partner partner
    left join programs_contract contract on contract.partner_id = partner.id
    left join programs_contractperiod period on period.contract_id = contract.id
"""


class Setup:
    """Programs by code, as the database had them a moment ago."""

    def __init__(self, url: str, secret_key: str) -> None:
        self._programs: Mapping[str, Program] | None = None
        self._url, self._secret_key = url, secret_key
        self._unopened: set[UUID] = set()

    @property
    def read(self) -> bool:
        """Whether it is known which programs there are."""
        return self._programs is not None

    @property
    def programs(self) -> Mapping[str, Program]:
        """All of them. Raises Unavailable until they were read first."""
        if self._programs is None:
            raise Unavailable
        return self._programs

    async def follow(self) -> None:
        """Read the set-up, and read it anew whenever it changes, for good."""
        while True:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    connection = await AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await connection.execute(f"listen {CHANNEL}")
                    while True:
                        await self.reread()
                        async for _ in connection.notifies(timeout=REREAD_SECONDS, stop_after=1):
                            pass
            except (Error, OSError, TimeoutError) as error:
                log("set-up not followed", error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    async def reread(self) -> None:
        """Replace the set-up by what the database has now. Raises psycopg.Error."""
        programs = await asyncio.to_thread(self._load)
        if programs != self._programs:
            log("set-up read", programs=len(programs))
        self._programs = programs

    def _load(self) -> Mapping[str, Program]:
        with psycopg.connect(self._url, connect_timeout=CONNECT_SECONDS) as connection:
            connection.execute("set transaction isolation level repeatable read read only")
            return programs_of(connection, self._key)

    def _key(self, id: UUID, sealed: str, ends_at: datetime | None) -> Key | None:
        try:
            return Key(unseal(sealed, self._secret_key).encode(), ends_at)
        except SealBroken as broken:
            if id not in self._unopened:
                self._unopened.add(id)
                log("signing key cannot be opened", key=str(id), error=str(broken))
            return None


def programs_of(connection: Connection, open_key: OpenKey) -> dict[str, Program]:
    """All programs of the database, by code."""

    def parts(query: LiteralString) -> dict[UUID, list[tuple[Any, ...]]]:
        """The rows of a query, by the program that stands first in them."""
        found: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
        for program_id, *values in connection.execute(query):
            found[program_id].append(tuple(values))
        return found

    event_types = parts("select program_id, code from programs_eventtype")
    channels = parts("select program_id, code from programs_channel")
    periods = parts(PERIODS)
    ads = parts("select program_id, code, landing_page from programs_ad")
    keys = parts("select program_id, id, sealed_secret, ends_at from programs_signingkey")
    programs = {}
    for id, code, currency, hold_unsigned, allowed_hosts, parameter, fallback_page in connection.execute(PROGRAMS):
        partners: dict[str, tuple[Period, ...]] = {}
        for partner, starts_at, ends_at in periods[id]:
            others = partners.get(partner, ())
            ends_us = microseconds(ends_at) if ends_at else math.inf
            partners[partner] = (*others, (microseconds(starts_at), ends_us)) if starts_at else others
        page = fallback_page or (f"https://{allowed_hosts[0]}/" if allowed_hosts else "")
        opened = {key: open_key(key, sealed, ends_at) for key, sealed, ends_at in keys[id]}
        programs[code] = Program(
            id=id,
            id_text=str(id),
            code=code,
            currency=currency,
            hold_unsigned=hold_unsigned,
            allowed_hosts=frozenset(allowed_hosts),
            click_parameter=parameter,
            fallback=Destination.of(page, parameter) if page else None,
            event_types=frozenset(code for (code,) in event_types[id]),
            channels=frozenset(code for (code,) in channels[id]),
            partners=partners,
            ads={ad: Destination.of(landing, parameter) for ad, landing in ads[id] if landing},
            keys={key: value for key, value in opened.items() if value},
        )
    return programs
