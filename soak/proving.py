"""What must be true afterwards: every answer is kept, everything is there once, and a plain count agrees."""

import time
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg

from soak.traffic import Memory

BOOKED_SECONDS = 600
RATE = Decimal("0.10")

Rows = list[tuple[Any, ...]]


def wait_until_booked(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    """Wait until no event waits for a worker. Raises TimeoutError."""
    deadline = time.monotonic() + BOOKED_SECONDS
    while _rows(connection, "select 1 from tracking_pending where reason is null limit 1"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Events wait for a worker, {BOOKED_SECONDS} seconds after the last of them came")
        time.sleep(0.1)


def faults_found(connection: "psycopg.Connection[tuple[Any, ...]]", memory: Memory) -> Iterator[str]:
    """Everything that is not as it was answered, as sentences. Call it once everything is booked."""
    yield from memory.wrong
    yield from _clicks(connection, memory)
    yield from _orders(connection, memory)
    yield from _credits(connection)


def _clicks(connection: "psycopg.Connection[tuple[Any, ...]]", memory: Memory) -> Iterator[str]:
    rows = _rows(connection, "select click_id, visitor_id, partner from tracking_click")
    for click, times in Counter(row[0] for row in rows).items():
        if times != 1:
            yield f"The click {click} is there {times} times"
    kept = {click: (visitor, partner) for click, visitor, partner in rows}
    for click, said in memory.clicks.items():
        if kept.get(click) != said:
            yield f"The click {click} was answered as {said} and is kept as {kept.get(click)}"


def _orders(connection: "psycopg.Connection[tuple[Any, ...]]", memory: Memory) -> Iterator[str]:
    held = _rows(connection, "select order_token, reason, detail from tracking_pending")
    for token, reason, detail in held:
        yield f"The order {token} is held: {reason} {detail}"
    recorded = Counter(
        token for (token,) in _rows(connection, "select order_token from tracking_conversion_event"
                                                " where outcome = 'recorded'")
    )  # fmt: skip
    conflicts = Counter(
        token for (token,) in _rows(connection, "select order_token from tracking_conversion_event"
                                                " where outcome = 'conflict'")
    )  # fmt: skip
    turnovers: dict[str, list[int]] = {}
    unsigned = set()
    conversions = "select order_token, turnover_minor, signed from conversions_conversion"
    for token, turnover, signed in _rows(connection, conversions):
        turnovers.setdefault(token, []).append(turnover)
        if not signed:
            unsigned.add(token)
    decisions = Counter(
        token
        for (token,) in _rows(
            connection,
            "select order_token from conversions_decision decision join conversions_conversion conversion"
            " on conversion.program_id = decision.program_id and conversion.id = decision.conversion_id",
        )
    )
    items = Counter(
        token
        for (token,) in _rows(
            connection,
            "select order_token from conversions_item item join conversions_conversion conversion"
            " on conversion.program_id = item.program_id and conversion.id = item.conversion_id",
        )
    )
    for token, order in memory.orders.items():
        content = order.contents[0]
        there = (recorded[token], len(turnovers.get(token, [])), decisions[token])
        if order.taken and there != (1, 1, 1):
            yield f"The order {token} was answered {order.taken}; events, conversions, decisions: {there}"
        elif there not in ((1, 1, 1), (0, 0, 0)):
            yield f"The order {token} was not answered; events, conversions, decisions: {there}"
        if order.signed and token in unsigned:
            yield f"The order {token} was taken signed and is not said to be"
        if there[1] and turnovers[token][0] != int(Decimal(content["turnover"]) * 100):
            yield f"The order {token} has another turnover: {turnovers[token][0]}"
        if there[1] and items[token] != len(content.get("items", [])):
            yield f"The order {token} has {items[token]} items"
        if len(order.conflicts) > conflicts[token]:
            times = (len(order.conflicts), conflicts[token])
            yield f"The order {token} was answered in conflict and keeps it so many times: {times}"
    for token in turnovers.keys() - memory.orders.keys():
        yield f"Nobody sent the order {token}"


def _credits(connection: "psycopg.Connection[tuple[Any, ...]]") -> Iterator[str]:
    """Credits and commissions beside a count in plain Python over the log of clicks: the last click, or the code."""
    journeys: dict[str, list[tuple[Any, str, str]]] = {}
    visitor_of = {}
    clicks = "select click_id, visitor_id, clicked_at, partner from tracking_click order by clicked_at"
    for click, visitor, at, partner in _rows(connection, clicks):
        journeys.setdefault(visitor, []).append((at, click, partner))
        visitor_of[click] = visitor
    conversions = _rows(
        connection,
        "select order_token, visitor_id, click_id, promo_code, occurred_at, partner, credited_click_id,"
        " turnover_minor, commission_minor from conversions_conversion",
    )
    for token, visitor, click, code, at, partner, credited, turnover, commission in conversions:
        before = [one for one in journeys.get(visitor or visitor_of.get(click, ""), []) if one[0] <= at]
        expected = "ann" if code else before[-1][2] if before else None
        if partner != expected:
            yield f"The order {token} is credited to {partner} and not to {expected}"
        if not code and credited != (before[-1][1] if before else None):
            yield f"The order {token} is credited by the click {credited}"
        share = int((turnover * RATE).quantize(Decimal(1), ROUND_HALF_UP)) if expected else 0
        if commission != share:
            yield f"The order {token} earns {commission} and not {share}"


def _rows(connection: "psycopg.Connection[tuple[Any, ...]]", query: str) -> Rows:
    return connection.execute(query.encode()).fetchall()
