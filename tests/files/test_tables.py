"""Spec 80: clicks, orders and items as files. What is read, and every error with row, column, value and remedy."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from accredit.engine.frames import CLICKS, CONVERSIONS, ITEMS
from accredit.engine.program import EventType
from accredit.files import FileErrors, read_clicks, read_inputs, read_items, read_orders, read_program
from tests.factories.tables import table
from tests.files.test_program_file import EXAMPLE

PROGRAM = read_program(EXAMPLE)
ONE_EVENT_TYPE = replace(PROGRAM, event_types=(EventType("sale"),))
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ORDERS = """
    event_type | order_token | occurred_at          | currency | turnover
    sale       | 1           | 2026-01-31T12:00:00Z | USD      | 100
    sale       | 2           | 2026-01-31T12:00:00Z | JPY      | 100
    lead       | 1           | 2026-01-31T12:00:00Z | USD      | 0
"""


def errors_of(read: Callable[..., Any], path: Path, *arguments: Any) -> list[str]:
    """row:column: message"""
    with pytest.raises(FileErrors) as caught:
        read(path, *arguments)
    assert all(error.file == str(path) for error in caught.value)
    return [f"{error.row}:{error.column}: {error.message}" for error in caught.value]


def expect(found: list[str], starts: list[str]) -> None:
    assert len(found) == len(starts), found
    for one, start in zip(found, starts, strict=True):
        assert one.startswith(start), f"{one!r} does not start with {start!r}"


# What is read


def test_clicks(write: Callable[..., Path]) -> None:
    path = write("""
        sub_id1 | partner | clicked_at                       | click_id | visitor_id | channel | device
        -       | barb    | 2026-01-31T12:00:00Z             | k1       | v1         | -       | mobile
        a b     | -       | 2026-01-31T13:00:00.000001+01:00 | k2       | v1         | email   | -
    """)
    frame = read_clicks(path, PROGRAM)
    assert frame.schema == pl.Schema(CLICKS)
    assert frame.select("click_id", "clicked_at", "partner", "channel", "sub_id1", "device", "ad").rows() == [
        ("k1", NOON, "barb", None, None, "mobile", None),
        ("k2", NOON + timedelta(microseconds=1), None, "email", "a b", None, None),
    ]


def test_orders(write: Callable[..., Path]) -> None:
    path = write("""
        event_type | order_token | occurred_at          | currency | turnover          | customer_status | visitor_id
        sale       | 1           | 2026-01-31T12:00:00Z | USD      | 100               | N               | v1
        sale       | 01          | 2026-01-31T12:00:00Z | USD      | 0.05              | -               | -
        lead       | 1           | 2026-01-31T12:00:00Z | JPY      | 999               | -               | -
        sale       | 4           | 2026-01-31T12:00:00Z | KWD      | 1.5               | -               | -
        sale       | 5           | 2026-01-31T12:00:00Z | UYW      | 1.2345            | -               | -
        sale       | 6           | 2026-01-31T12:00:00Z | USD      | 9999999999999.99  | -               | -
        sale       | 7           | 2026-01-31T12:00:00Z | USD      | 007.5000000000000 | -               | -
        sale       | 8           | 2026-01-31T12:00:00Z | JPY      | 0.0               | -               | -
    """)
    frame = read_orders(path, PROGRAM)
    assert frame.schema == pl.Schema(CONVERSIONS)
    assert frame["turnover_minor"].to_list() == [10_000, 5, 999, 1_500, 12_345, 999_999_999_999_999, 750, 0]
    assert frame.row(0, named=True) == dict.fromkeys(CONVERSIONS) | {
        "event_type": "sale", "order_token": "1", "occurred_at": NOON, "currency": "USD", "turnover_minor": 10_000,
        "customer_status_word": "N", "visitor_id": "v1",
    }  # fmt: skip


def test_items_find_their_orders(write: Callable[..., Path]) -> None:
    orders = read_orders(write(ORDERS), PROGRAM)
    path = write("""
        event_type | order_token | item_id | quantity | turnover | sku
        sale       | 2           | a       | 3        | 100      | shoe
        lead       | 1           | a       | 1        | 0.50     | -
        sale       | 1           | a       | 1        | 7        | -
    """)
    frame = read_items(path, PROGRAM, orders)
    assert frame.schema == pl.Schema(ITEMS)
    assert frame.select("conversion", "item_id", "quantity", "turnover_minor", "sku").rows() == [
        (1, "a", 3, 100, "shoe"),
        (2, "a", 1, 50, None),
        (0, "a", 1, 700, None),
    ]


def test_items_need_no_event_type_where_the_program_has_one(write: Callable[..., Path]) -> None:
    orders = read_orders(write(ORDERS.replace("lead       | 1", "sale       | 3")), ONE_EVENT_TYPE)
    path = write("""
        order_token | item_id | quantity | turnover
        3           | a       | 1        | 5
    """)
    assert read_items(path, ONE_EVENT_TYPE, orders)["conversion"].to_list() == [2]
    expect(errors_of(read_items, path, PROGRAM, orders), ["1:event_type: The column 'event_type' is missing."])


INSTANTS = table("""
    written                          | microseconds after noon in UTC
    2026-01-31T12:00:00Z             | 0
    2026-01-31 12:00:00Z             | 0
    2026-01-31T12:00:00+00:00        | 0
    2026-01-31T13:00:00+01:00        | 0
    2026-01-31T06:30:00-0530         | 0
    2026-01-31T12:00:00.5Z           | 500000
    2026-01-31T12:00:00.000001Z      | 1
    2026-01-31 12:00:00.000001Z      | 1
    2026-01-31T12:00:00.123+00:00    | 123000
    2026-01-31T13:00:00.654321+01:00 | 654321
    2026-01-31T12:00:00              | naive
    2026-01-31 12:00:00.123456       | naive
    2026-01-31                       | -
    2026-01-31T12:00Z                | -
    2026-01-31T12:00:00.1234567Z     | -
    2026-02-29T12:00:00Z             | -
    2026-01-31T24:00:00Z             | -
    2026-01-31T12:00:60Z             | -
    2026-1-31T12:00:00Z              | -
    31.01.2026 12:00                 | -
    20260131T120000Z                 | -
    2026-01-31T12:00:00+25:00        | -
    2026-01-31T12:00:00 Europe       | -
    1769860800                       | -
    0026-01-31T12:00:00Z             | -
    12026-01-31T12:00:00Z            | -
    now                              | -
""")


def test_instants(write: Callable[..., Path]) -> None:
    """Also all in one column, where each takes its own way of being read."""
    good = [row for row in INSTANTS if row["microseconds after noon in UTC"].isdigit()]
    bad = [row for row in INSTANTS if row not in good]
    header = b"event_type,order_token,occurred_at,currency,turnover\n"

    def rows(some: list[dict[str, str]]) -> bytes:
        return b"".join(f"sale,{number},{row['written']},USD,1\n".encode() for number, row in enumerate(some))

    frame = read_orders(write(header + rows(good)), PROGRAM)
    assert frame["occurred_at"].to_list() == [
        NOON + timedelta(microseconds=int(row["microseconds after noon in UTC"])) for row in good
    ]
    found = errors_of(read_orders, write(header + rows(bad)), PROGRAM)
    assert [error.split(" ")[0] for error in found] == [f"{number}:occurred_at:" for number in range(2, len(bad) + 2)]
    for error, row in zip(found, bad, strict=True):
        assert f"'{row['written']}'" in error
        naive = row["microseconds after noon in UTC"] == "naive"
        assert ("has no offset from UTC; add one" if naive else "must be a time in ISO 8601 with an offset") in error


# What is refused: turnover, items, keys, references

WRONG_ORDERS = table("""
    event_type | order_token | currency | turnover           | error
    sale       | 1           | USD      | -1                 | turnover: '-1' is negative; turnover is zero or more.
    sale       | 1           | USD      | -0.00              | turnover: '-0.00' is negative
    sale       | 1           | USD      | 1e400              | turnover: '1e400' is wrong; turnover must be an amount
    sale       | 1           | USD      | 1e2                | turnover: '1e2' is wrong
    sale       | 1           | USD      | NaN                | turnover: 'NaN' is wrong
    sale       | 1           | USD      | inf                | turnover: 'inf' is wrong
    sale       | 1           | USD      | 1.234.5            | turnover: '1.234.5' is wrong
    sale       | 1           | USD      | 1'000              | turnover: '1'000' is wrong
    sale       | 1           | USD      | $1                 | turnover: '$1' is wrong
    sale       | 1           | USD      | .5                 | turnover: '.5' is wrong
    sale       | 1           | USD      | 5.                 | turnover: '5.' is wrong
    sale       | 1           | USD      | +5                 | turnover: '+5' is wrong
    sale       | 1           | USD      | ٥                  | turnover: '٥' is wrong
    sale       | 1           | USD      | -                  | turnover: turnover is missing.
    sale       | 1           | USD      | 0.001              | turnover: '0.001' has more decimals than USD, which
    sale       | 1           | USD      | 1.00000000000001   | turnover: '1.00000000000001' is too large, or has
    sale       | 1           | JPY      | 0.5                | turnover: '0.5' has more decimals than JPY, which
    sale       | 1           | KWD      | 0.0005             | turnover: '0.0005' has more decimals than KWD, which
    sale       | 1           | USD      | 10000000000000     | turnover: '10000000000000' is too large: amounts stay
    sale       | 1           | USD      | 99999999999999999  | turnover: '99999999999999999' is too large, or has more
    sale       | 1           | usd      | 1                  | currency: 'usd' is no currency of ISO 4217
    sale       | 1           | XAU      | 1                  | currency: 'XAU' is no currency of ISO 4217
    sale       | 1           | -        | 1                  | currency: currency is missing.
    sales      | 1           | USD      | 1                  | event_type: The program has no event type 'sales'
    -          | 1           | USD      | 1                  | event_type: event_type is missing.
    sale       | -           | USD      | 1                  | order_token: order_token is missing.
    sale       | 0           | USD      | 1                  | order_token: '0' is there already, in row 2.
""")


@pytest.mark.parametrize("case", WRONG_ORDERS, ids=lambda row: row["error"][:40])
def test_a_wrong_order(write: Callable[..., Path], case: dict[str, str]) -> None:
    path = write(f"""
        event_type           | order_token           | occurred_at          | currency           | turnover
        sale                 | 0                     | 2026-01-31T12:00:00Z | EUR                | 1.00
        {case["event_type"]} | {case["order_token"]} | 2026-01-31T12:00:00Z | {case["currency"]} | {case["turnover"]}
    """)
    expect(errors_of(read_orders, path, PROGRAM), [f"3:{case['error']}"])


def test_every_error_of_every_row_is_found(write: Callable[..., Path]) -> None:
    path = write("""
        event_type | order_token | occurred_at         | currency | turnover | colour
        sale       | 1           | 2026-01-31T12:00:00 | EURO     | -1       | red
        sale       | 2           | yesterday           | EUR      | 1.001    | -
        sale       | 2           | 2026-01-31T12:00:00 | EUR      | 1.01     | -
    """)
    assert [error.partition(": ")[0] for error in errors_of(read_orders, path, PROGRAM)] == [
        "1:colour", "2:occurred_at", "2:turnover", "2:currency", "3:occurred_at", "3:turnover", "4:occurred_at",
        "4:order_token",
    ]  # fmt: skip


def test_wrong_clicks(write: Callable[..., Path]) -> None:
    path = write("""
        click_id | clicked_at           | visitor_id | partner | channel
        k1       | 2026-01-31T12:00:00Z | v          | barb    | -
        k1       | 2026-01-31T12:00:00Z | v          | barb    | -
        k2       | 2026-01-31T12:00:00Z | v          | -       | -
        k3       | 2026-01-31T12:00:00Z | v          | barb    | email
        k4       | 2026-01-31T12:00:00Z | v          | email   | -
        k5       | 2026-01-31T12:00:00Z | v          | -       | E-Mail
        k6       | 2026-01-31T12:00:00Z | -          | barb    | -
        -        | -                    | v          | barb    | -
        k1       | 2026-01-31T12:00:00Z | v          | barb    | -
    """)
    expect(errors_of(read_clicks, path, PROGRAM), [
        "3:click_id: 'k1' is there already, in row 2.",
        "4:partner: Neither partner nor channel is filled; fill one of them.",
        "5:partner: Both partner and channel are filled; leave one of them empty.",
        "6:partner: The program has no partner 'email'; it has: barb, carl.",
        "7:channel: The program has no channel 'E-Mail'; it has: email, display.",
        "8:visitor_id: visitor_id is missing.",
        "9:click_id: click_id is missing.",
        "9:clicked_at: clicked_at is missing.",
        "10:click_id: 'k1' is there already, in row 2.",
    ])  # fmt: skip


def test_wrong_items(write: Callable[..., Path]) -> None:
    orders = read_orders(write(ORDERS), PROGRAM)
    path = write("""
        event_type | order_token | item_id | quantity  | turnover
        sale       | 1           | a       | 1         | 5
        sale       | 1           | a       | 1         | 5
        lead       | 1           | a       | 0         | 5
        lead       | 1           | b       | 1.5       | 0.001
        lead       | 2           | a       | -1        | -5
        sale       | 2           | a       | 100000001 | 0.5
        -          | 2           | a       | 1         | 5
        sale       | 2           | -       | -         | 1e400
    """)
    expect(errors_of(read_items, path, PROGRAM, orders), [
        "3:item_id: 'a' is there already, in row 2.",
        "4:quantity: '0' is wrong; quantity must be a whole number from 1 to 100000000.",
        "5:quantity: '1.5' is wrong",
        "5:turnover: '0.001' has more decimals than USD",
        "6:quantity: '-1' is wrong",
        "6:turnover: '-5' is negative",
        "6:order_token: There is no order '2' of this event type in the orders.",
        "7:quantity: '100000001' is wrong",
        "7:turnover: '0.5' has more decimals than JPY",
        "8:event_type: event_type is missing.",
        "9:item_id: item_id is missing.",
        "9:quantity: quantity is missing.",
        "9:turnover: '1e400' is wrong",
    ])  # fmt: skip


HEADERS = [
    ("event_type,order_token,occurred_at,currency", ["1:turnover: The column 'turnover' is missing."]),
    (
        "event_type,order_token,occurred_at,currency,turnover,turnover",
        ["1:turnover: The column 'turnover' is there twice. Leave one out."],
    ),
    (
        "event_type,order_token,occurred_at,curency,turnover",
        [
            "1:curency: There is no column 'curency' in this table. Did you mean 'currency'?",
            "1:currency: The column 'cu",
        ],
    ),
    (
        "event_type,order_token,occurred_at,currency,turnover,",
        ["1:6: There is no column '' in this table. There are 24, such as: ad, category, city"],
    ),
    ("event_type;order_token;occurred_at;currency;turnover", ["1:1: The columns are separated by ';'. Separate them"]),
    ("", ["1:1: The file is empty; its first row must name the columns."]),
    ("\n\n", ["1:1: The file is empty; its first row must name the columns."]),
    ("\nevent_type,order_token", ["1:1: The first row is empty; it must name the columns."]),
]


@pytest.mark.parametrize(("header", "expected"), HEADERS, ids=lambda text: repr(text)[:40])
def test_a_wrong_header(write: Callable[..., Path], header: str, expected: list[str]) -> None:
    expect(errors_of(read_orders, write(header.encode()), PROGRAM), expected)
    if header.startswith("event"):
        expect(errors_of(read_orders, write(f"{header}\n".encode()), PROGRAM), expected)


def test_rows_are_checked_for_what_the_columns_say_that_are_there(write: Callable[..., Path]) -> None:
    path = write(b"event_type,occurred_at,currency,turnover\n" + b"sale,2026-01-31T12:00:00Z,USD,x\n" * 2)
    expect(
        errors_of(read_orders, path, PROGRAM),
        ["1:order_token: The column", "2:turnover: 'x' is wrong", "3:turnover: 'x' is wrong"],
    )


def test_clicks_need_a_column_for_the_partner_or_the_channel(write: Callable[..., Path]) -> None:
    path = write(b"click_id,clicked_at,visitor_id\nk1,2026-01-31T12:00:00Z,v\n")
    expect(errors_of(read_clicks, path, PROGRAM), ["1:partner: The columns 'partner' and 'channel' are both missing;"])


def test_header_only_is_a_table_without_rows(write: Callable[..., Path]) -> None:
    header = b"event_type,order_token,occurred_at,currency,turnover"
    for content in (header, header + b"\n", header + b"\r\n", header + b"\n\n\n"):
        assert read_orders(write(content), PROGRAM).is_empty()


# Several files together


def test_the_errors_of_all_files_come_together(write: Callable[..., Path]) -> None:
    program = write(EXAMPLE.read_bytes().replace(b'"USD"', b'"EURO"', 1), "p.toml")
    clicks = write(b"click_id,clicked_at,visitor_id,partner\nk,2026-01-31T12:00:00,v,who\n", "c.csv")
    orders = write(ORDERS.replace("100\n", "abc\n", 1), "o.csv")
    items = write(b"event_type,order_token,item_id,quantity,turnover\nsale,9,a,0,1\n", "i.csv")
    with pytest.raises(FileErrors) as caught:
        read_inputs(program, clicks, orders, items)
    assert [(Path(error.file).name, error.row, error.column) for error in caught.value] == [
        ("p.toml", 8, "1"),
        ("c.csv", 2, "clicked_at"),
        ("o.csv", 2, "turnover"),
        ("i.csv", 2, "quantity"),
    ]


def test_items_of_orders_with_errors_are_checked_against_those_that_are_there(write: Callable[..., Path]) -> None:
    program = write(EXAMPLE.read_bytes(), "p.toml")
    clicks = write(b"click_id,clicked_at,visitor_id,partner\n", "c.csv")
    items = write(b"event_type,order_token,item_id,quantity,turnover\nsale,9,a,1,1\nsale,2,a,1,0.5\n", "i.csv")

    def broken(orders: Path) -> list[tuple[str, int, str]]:
        with pytest.raises(FileErrors) as caught:
            read_inputs(program, clicks, orders, items)
        return [(Path(error.file).name, error.row, error.column) for error in caught.value]

    assert broken(write(ORDERS.replace("100\n", "abc\n", 1), "o.csv")) == [
        ("o.csv", 2, "turnover"),
        ("i.csv", 2, "order_token"),
        ("i.csv", 3, "turnover"),
    ]
    short = write(ORDERS, "o.csv").read_bytes() + b"sale,9\n"
    assert broken(write(short, "o.csv")) == [("o.csv", 5, "occurred_at")]
    assert broken(write(b"event_type,order_token\nsale,1\n", "o.csv")) == [
        ("o.csv", 1, "occurred_at"),
        ("o.csv", 1, "currency"),
        ("o.csv", 1, "turnover"),
    ]


def test_inputs_know_the_rows_of_their_orders(write: Callable[..., Path]) -> None:
    program, clicks = write(EXAMPLE.read_bytes(), "p.toml"), write(b"click_id,clicked_at,visitor_id,partner\n", "c.csv")
    orders = write(ORDERS, "o.csv")
    assert read_inputs(program, clicks, orders).order_rows.to_list() == [2, 3, 4]
    orders.write_text(orders.read_text().replace("sale,2", "\n,,,,\nsale,2"))
    assert read_inputs(program, clicks, orders).order_rows.to_list() == [2, 5, 6]
    assert read_inputs(program, clicks, orders).items.schema == pl.Schema(ITEMS)
