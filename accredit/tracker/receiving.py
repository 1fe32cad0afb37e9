"""Conversions: orders are checked, signed calls told from others, and each is answered once it is on disk.

`POST /t/<program>/<event type>` takes one order or a list of them as JSON, `GET` one order in the query; the script for
the shop's pages sends by these too. docs/connecting-a-shop.md has the fields and the answers.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import CheckViolation

from accredit.database.keys import key_of_unknown_program, uuid7
from accredit.files.values import MAX_TEXT
from accredit.tracker import answers, signing, visitors
from accredit.tracker.answers import Headers, Refusal, Reply, Scope
from accredit.tracker.copying import copy_lines
from accredit.tracker.days import make_partitions
from accredit.tracker.groups import Unavailable
from accredit.tracker.limits import Share
from accredit.tracker.orders import NotReadable, Order, check, read_body, read_query
from accredit.tracker.setup import Program

if TYPE_CHECKING:
    from accredit.tracker.app import Tracker

MAX_ORDERS = 1_000
MAX_BODY_BYTES = 4_000_000
ORDERS_AT_ONCE = 50
"""Checked before others get their turn."""
STATUSES = {"recorded": 201, "held": 202, "known": 200, "conflict": 409, "refused": 400}
MESSAGES = {
    "recorded": "The order is recorded.",
    "known": "The order was recorded before, with the same content; nothing is changed.",
    "conflict": "The order was recorded before with other content, which stays; what came now is kept to be seen.",
}
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)  # a GIF, transparent, of one pixel
_TAG_LINES = [line.strip() for line in resources.files("accredit.tracker").joinpath("tag.js").read_text().splitlines()]
TAG = "".join(f"{line}\n" for line in _TAG_LINES if not line.startswith("//")).encode()
"""The script, without the blanks and comments that only its readers need."""
TAG_HEADERS: Headers = [
    ("content-type", "text/javascript; charset=utf-8"),
    ("cache-control", "public, max-age=3600"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "cross-origin"),
]
COLUMNS = (
    "id", "program_id", "program", "event_type", "order_token", "received_at", "source", "signed", "browser",
    "address_hash", "visitor_id", "click_id", "customer_id", "digest", "received",
)  # fmt: skip
COPY = f"copy tracking_incoming ({', '.join(COLUMNS)}) from stdin".encode()
_CELL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Row(NamedTuple):
    """An order on its way into the database: its key, and the line as COPY reads it."""

    id: UUID
    line: str


class Call(NamedTuple):
    """What all orders of a request share."""

    program: str
    known: Program | None
    event_type: str
    received_at: datetime
    source: str
    key: UUID | None
    """By which the request is signed."""
    agent: visitors.Agent | None
    address_hash: int | None
    visitor_id: str | None
    """Of the cookie."""
    is_tracked: bool

    @property
    def program_id(self) -> UUID:
        """That of the program; of one that is not there yet the key under which its orders wait for it."""
        return self.known.id if self.known else key_of_unknown_program(self.program)

    @property
    def held(self) -> str | None:
        """Why orders of this call wait for somebody."""
        if self.known is None:
            return f"There is no program {self.program!r} yet: the order is kept until there is one."
        if self.event_type not in self.known.event_types:
            return f"The program has no event type {self.event_type!r}: the order is kept until it has."
        if self.known.hold_unsigned and self.key is None:
            return "The order is not signed: it is kept until the same one comes signed, or somebody lets it in."
        return None


def tag(_scope: Scope, protocol: Reply) -> None:
    """The script for the shop's pages."""
    protocol.response_bytes(200, TAG_HEADERS, TAG)


async def receive(tracker: "Tracker", scope: Scope, protocol: Reply) -> None:
    """Answer a request that brings orders."""
    headers = _readable_from(scope)
    try:
        with tracker.room.share() as share:
            await _receive(tracker, scope, protocol, headers, share)
    except (Refusal, Unavailable) as error:
        refusal = error if isinstance(error, Refusal) else answers.unavailable()
        tracker.counts.refused[refusal.reason] += 1
        said = {"outcome": "refused", "error": refusal.reason, "message": refusal.sentence}
        answers.answer_json(protocol, refusal.status, said, [*refusal.headers, *headers])


def _readable_from(scope: Scope) -> Headers:
    """A page of any shop may read the answer: it says nothing about the visitor."""
    origin = scope.headers.get("origin")
    if not origin:
        return []
    return [
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("vary", "origin"),
    ]


async def _receive(tracker: "Tracker", scope: Scope, protocol: Reply, headers: Headers, share: Share) -> None:
    if scope.method not in ("GET", "POST"):
        raise Refusal(405, "method", "Orders are sent with POST, or one with GET.", [("allow", "GET, POST")])
    program, event_type = _address(scope.path, tracker.setup.programs)
    known = tracker.setup.programs.get(program)
    is_post = scope.method == "POST"
    names_key = known is not None and _named_key(scope) in known.keys
    if not names_key:
        _allow_address(tracker, scope)
    body = await answers.read_body(scope, protocol, MAX_BODY_BYTES, share) if is_post else b""
    now = datetime.now(UTC)
    try:
        key = _key(scope, body, known, now)
    except Refusal:
        if names_key:  # and has no right to
            _allow_address(tracker, scope)
        raise
    if key and not tracker.key_limit.allows(key):
        raise answers.too_many()
    try:
        sent = read_body(body) if is_post else read_query(signing.without_signature(scope.query_string))
    except NotReadable as error:
        raise Refusal(400, "not_readable", str(error)) from None
    call = _call(tracker, scope, program, known, event_type, now, key)
    if isinstance(sent, list):
        if not sent:
            raise Refusal(400, "no_orders", f"The list is empty; it holds 1 to {MAX_ORDERS} orders.")
        if len(sent) > MAX_ORDERS:
            raise Refusal(400, "too_many_orders", f"The list has {len(sent)} orders; it holds 1 to {MAX_ORDERS}.")
        results = await _take(tracker, call, sent)
        answers.answer_json(protocol, 200, {"results": results}, headers)
        return
    (result,) = await _take(tracker, call, [sent])
    status = STATUSES[result["outcome"]]
    if call.source == "pixel" and status < 300:
        protocol.response_bytes(status, [("content-type", "image/gif"), *answers.NOT_STORED, *headers], PIXEL)
    else:
        answers.answer_json(protocol, status, result, headers)


def _address(path: str, programs: Mapping[str, Program]) -> tuple[str, str]:
    """Program and event type. Codes may hold `/`: the first way to divide the path counts that names a program."""
    ways = [(way[0], way[1]) for way in _divisions(path.removeprefix("/t/")) if all(way)]
    if not ways:
        raise Refusal(404, "no_event_type", "Orders are sent to /t/<program>/<event type>.")
    program, event_type = next((way for way in ways if way[0] in programs), ways[0])
    for what, code in (("program", program), ("event type", event_type)):
        if len(code) > MAX_TEXT or not code.isprintable() or "\N{REPLACEMENT CHARACTER}" in code:
            raise Refusal(400, "bad_code", f"The code of the {what} is too long, or no printable text in UTF-8.")
    return program, event_type


def _divisions(path: str) -> Iterator[tuple[str, str]]:
    for place, character in enumerate(path):
        if character == "/":
            yield path[:place], path[place + 1 :]


def _allow_address(tracker: "Tracker", scope: Scope) -> None:
    if not tracker.address_limit.allows(visitors.asker_of(_address_of(tracker, scope))):
        raise answers.too_many()


def _named_key(scope: Scope) -> UUID | None:
    """The key by which the request says that it is signed."""
    if signing.HEADER in scope.headers:
        return signing.named_in_header(scope.headers.get(signing.HEADER))
    return signing.named_in_query(scope.query_string) if scope.method == "GET" else None


def _key(scope: Scope, body: bytes, known: Program | None, now: datetime) -> UUID | None:
    """The key by which the request is signed, None where it is not."""
    keys = known.keys if known else {}
    path, query = scope.path, scope.query_string
    header = scope.headers.get(signing.HEADER)
    if header is not None:
        return signing.key_of_header(header, method=scope.method, path=path, query=query, body=body, keys=keys, now=now)
    if not signing.is_in_query(query):
        return None
    if scope.method == "POST":
        raise signing.bad_signature("A POST is signed in the header Accredit-Signature, and not in its address.")
    return signing.key_of_query(path=path, query=query, keys=keys, now=now)


def _address_of(tracker: "Tracker", scope: Scope) -> str:
    return visitors.address_of(scope, tracker.trusted)


def _call(
    tracker: "Tracker",
    scope: Scope,
    program: str,
    known: Program | None,
    event_type: str,
    now: datetime,
    key: UUID | None,
) -> Call:
    headers = scope.headers
    source, cookies = _source(scope, is_signed=key is not None), visitors.cookies_of(headers)
    is_tracked = key is not None or not visitors.wants_no_record(headers, cookies)
    of_browser = is_tracked and key is None and source in ("tag", "pixel")
    return Call(
        program=program,
        known=known,
        event_type=event_type,
        received_at=now,
        source=source,
        key=key,
        agent=visitors.agent_of(headers) if of_browser else None,
        address_hash=tracker.days.hash_of(_address_of(tracker, scope), now.date()) if of_browser else None,
        visitor_id=visitors.visitor_of(cookies) if is_tracked and key is None else None,
        is_tracked=is_tracked,
    )


def _source(scope: Scope, *, is_signed: bool) -> str:
    """Which way an order came."""
    headers = scope.headers
    if scope.method == "POST":
        is_text = headers.get("content-type", "").startswith("text/plain")
        return "tag" if is_text and not is_signed else "server"
    is_image = headers.get("sec-fetch-dest") == "image" or headers.get("accept", "").startswith("image/")
    return "pixel" if is_image else "postback"


async def _take(tracker: "Tracker", call: Call, sent: Sequence[object]) -> Sequence[dict[str, Any]]:
    """What became of each order, after the commit."""
    checked: list[Order | Sequence[Any]] = []
    for place, members in enumerate(sent, 1):
        currency = call.known.currency if call.known else None
        checked.append(
            check(
                members,
                event_type=call.event_type,
                currency=currency,
                is_tracked=call.is_tracked,
                received_at=call.received_at,
            )
        )
        if not place % ORDERS_AT_ONCE:
            await asyncio.sleep(0)
    orders = [order for order in checked if isinstance(order, Order)]
    # In order, so that of two orders with one key the one that was sent first counts.
    ids = sorted(uuid7() for _ in orders)
    rows = [Row(id, _line(call, id, order)) for id, order in zip(ids, orders, strict=True)]
    outcomes = iter(await tracker.conversions.add(rows) if rows else [])
    results = [_result(call, order, outcomes) for order in checked]
    for result in results:
        tracker.counts.conversions[result["outcome"]] += 1
    return results


def _result(call: Call, order: Order | Sequence[Any], outcomes: Iterator[str]) -> dict[str, Any]:
    if not isinstance(order, Order):
        return {
            "outcome": "refused",
            "error": "wrong_fields",
            "message": order[0].message,
            "errors": [asdict(error) for error in order],
        }
    outcome = next(outcomes)
    held = call.held
    if outcome == "recorded" and held:
        return {"outcome": "held", "order_token": order.order_token, "message": held}
    return {"outcome": outcome, "order_token": order.order_token, "message": MESSAGES[outcome]}


def _line(call: Call, id: UUID, order: Order) -> str:
    """The row as COPY reads it, in the order of COLUMNS."""
    visitor_id = order.visitor_id
    if call.visitor_id and (visitor_id is None or call.source == "tag"):
        # The clicks in the log are of the visitor whom the cookie names; the script's own id only stands in for it.
        visitor_id = call.visitor_id
    cells = (
        id.hex,
        call.program_id.hex,
        call.program,
        call.event_type,
        order.order_token,
        call.received_at.isoformat(),
        call.source,
        "t" if call.key else "f",
        call.agent.browser if call.agent else None,
        None if call.address_hash is None else str(call.address_hash),
        visitor_id,
        order.click_id,
        order.customer_id,
        order.digest.hex,
        order.received,
    )
    return "\t".join(["\\N" if cell is None else cell.translate(_CELL) for cell in cells]) + "\n"


async def prepare(connection: AsyncConnection) -> None:
    """What a connection needs before rows are written over it."""
    await connection.execute("select tracking_make_incoming()")


async def write(connection: AsyncConnection, requests: Sequence[Sequence[Row]]) -> Sequence[Sequence[str]]:
    """Write the rows of these requests in one transaction: `recorded`, `known` or `conflict` for each."""
    lines = "".join([row.line for rows in requests for row in rows]).encode()
    try:
        outcomes = await _write(connection, lines)
    except CheckViolation:  # a day without a partition: made ahead, unless this tracker slept over midnight
        today = datetime.now(UTC).date()
        await make_partitions(connection, "tracking_conversion_event", [today - timedelta(days=1), today])
        outcomes = await _write(connection, lines)
    return [[outcomes[row.id] for row in rows] for rows in requests]


async def _write(connection: AsyncConnection, lines: bytes) -> Mapping[UUID, str]:
    async with connection.transaction():
        await copy_lines(connection, COPY, lines)
        outcomes = await connection.execute("select id, outcome from tracking_receive(true)")
        return dict(await outcomes.fetchall())
