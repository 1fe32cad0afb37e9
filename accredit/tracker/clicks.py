"""Clicks: a link is read, the click is written, and the visitor is sent on once it is on disk."""

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus
from zlib import crc32

from psycopg import AsyncConnection
from psycopg.errors import CheckViolation

from accredit.database.keys import eight_digits
from accredit.files.values import MAX_TEXT
from accredit.tracker import visitors
from accredit.tracker.answers import NOT_STORED, Refusal, Reply, Scope, too_many
from accredit.tracker.chance import chance
from accredit.tracker.copying import NULL, cell, copy_lines
from accredit.tracker.days import make_partitions
from accredit.tracker.destinations import Destination, deep_link
from accredit.tracker.moments import Millisecond, moment
from accredit.tracker.setup import Period, Program

if TYPE_CHECKING:
    from accredit.tracker.app import Tracker

MAX_QUERY = 8000
MAX_LINKS = 10_000
MAX_MARKS = 20
"""A code with more `:` or `/` in it is not found."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffd]")
"""Control characters, and what stands where bytes were no UTF-8."""
_SUB_IDS = tuple(f"s{n}" for n in range(1, 7))
_NAMES = frozenset(("u", "p", *_SUB_IDS))
COPY = (
    b"copy tracking_click (program_id, visitor_id, clicked_at, id, click_id, partner, channel, ad, project, device,"
    b" browser, address_hash, sub_id1, sub_id2, sub_id3, sub_id4, sub_id5, sub_id6) from stdin"
)


class Link(NamedTuple):
    """What the address of a click says. `program`, `parties` (with ad and project) and `sub_ids`: cells of its row that
    are the same for every click. `page`: where it leads in the periods in which the program has the party, else
    `fallback`."""

    program: str
    parties: str
    sub_ids: str
    periods: tuple[Period, ...]
    page: Destination | None
    fallback: Destination | None

    def leads_to(self, us: int) -> Destination:
        """Where a click leads at this time (microseconds since 1970). Raises Refusal where nothing is known."""
        page = self.fallback
        for starts_us, ends_us in self.periods:
            if starts_us <= us < ends_us:
                page = self.page
        if page is None:
            raise Refusal(404, "no_page", "The program names no page to which this link leads.")
        return page


class Taken(NamedTuple):
    """A click that is being written, the page to which its visitor goes then, and the visitor."""

    written: asyncio.Future[None]
    page: str
    visitor_id: str


class Links:
    """Links that were read a moment ago: most clicks are on links that others clicked, too."""

    def __init__(self) -> None:
        self._programs: Mapping[str, Program] = {}
        self._links: dict[tuple[bool, str, str], Link] = {}

    def read(self, programs: Mapping[str, Program], path: str, query: str, *, of_channel: bool) -> Link:
        """As `read_link`."""
        if programs is not self._programs or len(self._links) >= MAX_LINKS:
            self._programs, self._links = programs, {}
        address = (of_channel, path, query)
        link = self._links.get(address)
        if link is None:
            link = read_link(programs, path, query, of_channel=of_channel)
            if len(path) + len(query) <= MAX_TEXT:
                self._links[address] = link
        return link


def take(tracker: "Tracker", scope: Scope, protocol: Reply, *, of_channel: bool) -> Taken | None:
    """Read a click. It is answered already, or is to be answered once it is written: `send_on`. Raises Refusal, and
    Unavailable where it cannot be recorded."""
    method = scope.method
    if method not in ("GET", "HEAD"):
        raise Refusal(405, "method", "A link is asked for with GET.", [("allow", "GET, HEAD")])
    address = visitors.address_of(scope, tracker.trusted)
    if not tracker.address_limit.allows(visitors.asker_of(address)):
        raise too_many()
    now = moment()
    link = tracker.links.read(tracker.setup.programs, scope.path[3:], scope.query_string, of_channel=of_channel)
    page = link.leads_to(now.us)
    headers = scope.headers
    agent = visitors.agent_of(headers)
    if method == "HEAD" or agent.is_bot or visitors.is_ahead_of_visitor(headers):
        _without_record(tracker, protocol, page, "not_counted")
        return None
    cookies = visitors.cookies_of(headers)
    if visitors.wants_no_record(headers, cookies):
        _without_record(tracker, protocol, page, "opted_out")
        return None
    visitor_id = visitors.visitor_of(cookies) or visitors.new_visitor()
    key, click_id = new_ids(now.millisecond, visitor_id)
    address_hash = tracker.days.hash_of(address, now.millisecond.day)
    written = tracker.clicks.add(  # a line in the order of COPY
        f"{link.program}\t{visitor_id}\t{now.text}\t{key}\t{click_id}\t{link.parties}\t{agent.cells}"
        f"\t{NULL if address_hash is None else address_hash}\t{link.sub_ids}\n"
    )
    return Taken(written, page.with_click(click_id), visitor_id)


def _without_record(tracker: "Tracker", protocol: Reply, page: Destination, outcome: str) -> None:
    tracker.counts.clicks[outcome] += 1
    protocol.response_empty(302, [("location", page.plain), *NOT_STORED])


def send_on(tracker: "Tracker", protocol: Reply, taken: Taken) -> None:
    """Send the visitor on, once the click is on disk."""
    tracker.counts.clicks["recorded"] += 1
    headers = [("location", taken.page), *NOT_STORED, ("set-cookie", visitors.cookie_of(taken.visitor_id))]
    protocol.response_empty(302, headers)


def new_ids(now: Millisecond, visitor_id: str) -> tuple[str, str]:
    """A key in hexadecimal, and the id of a click that is its text, as `tracking.operations.click_keys` makes them: the
    time in milliseconds, 40 random bits, and 32 bits of a hash of the visitor, in the form of a UUIDv7."""
    drawn = int.from_bytes(chance(5))
    middle = 7 << 36 | drawn >> 28 << 24 | 8 << 20 | drawn >> 8 & 0xFFFFF
    last = (drawn & 0xFF) << 32 | crc32(visitor_id.encode())
    return (
        f"{now.hexadecimal}{middle:010x}{last:010x}",
        f"ck_{now.digits}{eight_digits(middle)}{eight_digits(last)}",
    )


def read_link(programs: Mapping[str, Program], path: str, query: str, *, of_channel: bool) -> Link:
    """What `<program>:<party>/<ad>` and the query say. Raises Refusal."""
    program, party, ad = _parties(programs, path, of_channel)
    values = read_query(query)
    for name, value in (("The code", party), ("The code of the ad", ad or "")):
        _check(name, value)
    page = deep_link(values["u"], program.allowed_hosts, program.click_parameter) if "u" in values else None
    of_party = f"{NULL}\t{cell(party)}" if of_channel else f"{cell(party)}\t{NULL}"
    always = ((-math.inf, math.inf),) if party in program.channels else ()
    return Link(
        program=program.id_text,
        parties=f"{of_party}\t{cell(ad)}\t{cell(values.get('p'))}",
        sub_ids="\t".join([cell(values.get(name)) for name in _SUB_IDS]),
        periods=always if of_channel else program.partners.get(party, ()),
        page=page or program.ads.get(ad or "", program.fallback),
        fallback=program.fallback,
    )


def _parties(programs: Mapping[str, Program], path: str, of_channel: bool) -> tuple[Program, str, str | None]:
    """Program, party and ad. Codes may hold `:` and `/`: of all ways to divide the path the first counts that names
    what exists."""
    for code, rest in _divisions(path, ":"):
        program = programs.get(code)
        if program is None:
            continue
        parties = program.channels if of_channel else program.partners
        divisions = _divisions(rest, "/") or [(rest, "")]
        for party, ad in [*divisions, (rest, "")]:
            if party in parties:
                return program, party, ad or None
        party, ad = divisions[0]
        return program, party, ad or None
    raise Refusal(404, "unknown_program", "There is no such program. A link is /c/<program>:<partner>/<ad>.")


def _divisions(text: str, mark: str) -> list[tuple[str, str]]:
    """What stands before and after each of these marks."""
    parts = text.split(mark, MAX_MARKS)
    if len(parts) == 2:
        return [(parts[0], parts[1])]
    return [(mark.join(parts[:place]), mark.join(parts[place:])) for place in range(1, len(parts))]


def read_query(query: str) -> dict[str, str]:
    """The values of a click's query that say something, the first of each name; others are left alone. Raises
    Refusal."""
    if len(query) > MAX_QUERY:
        raise Refusal(400, "too_long", f"The query has {len(query)} characters; at most {MAX_QUERY} are taken.")
    values: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name not in _NAMES or not value or name in values:
            continue
        if "%" in value or "+" in value:
            try:
                value = unquote_plus(value, errors="strict")
            except UnicodeDecodeError:
                raise Refusal(400, "not_utf8", f"{name} is no UTF-8.") from None
        if name != "u":
            _check(name, value)
        values[name] = value
    return values


def _check(name: str, value: str) -> None:
    if len(value) > MAX_TEXT:
        raise Refusal(400, "too_long", f"{name} has {len(value)} characters; at most {MAX_TEXT} are taken.")
    if _CONTROL.search(value):
        raise Refusal(400, "control_character", f"{name} holds a control character, or is no UTF-8.")


async def write(connection: AsyncConnection, lines: Sequence[str]) -> Sequence[None]:
    """Write clicks, lines in the order of COPY, in one transaction."""
    block = "".join(lines).encode()
    try:
        await copy_lines(connection, COPY, block)
    except CheckViolation:  # a day without a partition: made ahead, unless this tracker slept over midnight
        today = datetime.now(UTC).date()
        await make_partitions(connection, "tracking_click", [today - timedelta(days=1), today])
        await copy_lines(connection, COPY, block)
    return [None] * len(lines)
