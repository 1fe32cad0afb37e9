"""Parquet in: which types hold what exactly, and which are refused."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from accredit.files import read_clicks, read_items, read_orders
from tests.files.test_tables import NOON, PROGRAM, errors_of, expect

ORDER = pl.DataFrame(
    {
        "event_type": ["sale"],
        "order_token": ["1"],
        "occurred_at": pl.Series([NOON], dtype=pl.Datetime("us", "UTC")),
        "currency": ["USD"],
        "turnover": pl.Series([Decimal("12.50")], dtype=pl.Decimal(10, 2)),
    }
)
BERLIN = pl.Series([NOON]).dt.convert_time_zone("Europe/Berlin")


def parquet(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


ACCEPTED: list[tuple[str, pl.Series, str, Any]] = [
    ("occurred_at", pl.Series(["2026-01-31T12:00:00Z"]), "occurred_at", NOON),
    ("occurred_at", BERLIN, "occurred_at", NOON),
    ("occurred_at", BERLIN.dt.cast_time_unit("ms"), "occurred_at", NOON),
    ("occurred_at", BERLIN.dt.cast_time_unit("ns"), "occurred_at", NOON),
    ("turnover", pl.Series(["12.5"]), "turnover_minor", 1250),
    ("turnover", pl.Series([12]), "turnover_minor", 1200),
    ("turnover", pl.Series([12], dtype=pl.UInt8), "turnover_minor", 1200),
    ("turnover", pl.Series([Decimal("12.5000000000")], dtype=pl.Decimal(38, 10)), "turnover_minor", 1250),
    ("turnover", pl.Series([Decimal(12)], dtype=pl.Decimal(38, 0)), "turnover_minor", 1200),
    ("turnover", pl.Series([Decimal("0.05")], dtype=pl.Decimal(4, 2)), "turnover_minor", 5),
    ("order_token", pl.Series([7]), "order_token", "7"),
    ("event_type", pl.Series(["sale"], dtype=pl.Categorical), "event_type", "sale"),
    ("currency", pl.Series(["JPY"], dtype=pl.Enum(["EUR", "JPY"])), "currency", "JPY"),
    ("customer_id", pl.Series([None]), "customer_id", None),
    ("customer_id", pl.Series([""]), "customer_id", None),
    ("postcode", pl.Series([1067], dtype=pl.Int16), "postcode", "1067"),
]


@pytest.mark.parametrize(("column", "values", "read", "expected"), ACCEPTED, ids=lambda one: str(one)[:30])
def test_types_that_hold_it_exactly(
    write: Callable[..., Path], column: str, values: pl.Series, read: str, expected: Any
) -> None:
    frame = ORDER.with_columns(values.alias(column))
    if column == "currency":
        frame = frame.with_columns(turnover=pl.lit(1))
    path = write(parquet(frame), "o.parquet")
    assert read_orders(path, PROGRAM)[read].to_list() == [expected]


REFUSED: list[tuple[str, pl.Series, str]] = [
    ("turnover", pl.Series([12.5]), "1:turnover: 'turnover' holds Float64; it must hold an amount of zero or more"),
    ("turnover", pl.Series([-1]), "2:turnover: '-1' is negative; turnover is zero or more."),
    ("turnover", pl.Series([Decimal("-0.01")]), "2:turnover: '-0.01' is negative"),
    ("turnover", pl.Series([Decimal("0.001")]), "2:turnover: '0.001' has more decimals than USD, which has 2."),
    ("turnover", pl.Series([2**63], dtype=pl.UInt64), "2:turnover: '9223372036854775808' is too large"),
    ("turnover", pl.Series([None]), "2:turnover: turnover is missing."),
    ("turnover", pl.Series([True]), "1:turnover: 'turnover' holds Boolean"),
    ("occurred_at", pl.Series([datetime(2026, 1, 31)]), "1:occurred_at: The times of 'occurred_at' have no time zone."),  # noqa: DTZ001
    ("occurred_at", pl.Series([date(2026, 1, 31)]), "1:occurred_at: 'occurred_at' holds Date; it must hold a time"),
    ("occurred_at", pl.Series([1769860800]), "1:occurred_at: 'occurred_at' holds Int64"),
    ("occurred_at", pl.Series([None], dtype=pl.Datetime("us", "UTC")), "2:occurred_at: occurred_at is missing."),
    ("occurred_at", pl.Series([NOON - timedelta(days=200_000)]), "2:occurred_at: '1478-0"),
    (
        "occurred_at",
        pl.Series([1], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC")),
        "2:occurred_at: '1970-01-01 00:00:00.000000001",
    ),
    ("order_token", pl.Series([1.0]), "1:order_token: 'order_token' holds Float64; it must hold a text"),
    ("order_token", pl.Series([b"1"]), "1:order_token: 'order_token' holds Binary"),
    ("order_token", pl.Series([["1"]]), "1:order_token: 'order_token' holds List(String)"),
    ("order_token", pl.Series(["a\0b"]), "2:order_token: 'a\ufffdb' holds a NUL character"),
    ("colour", pl.Series(["red"]), "1:colour: There is no column 'colour' in this table."),
]


@pytest.mark.parametrize(("column", "values", "expected"), REFUSED, ids=lambda one: str(one)[:30])
def test_types_and_values_that_are_refused(
    write: Callable[..., Path], column: str, values: pl.Series, expected: str
) -> None:
    frame = ORDER.with_columns(pl.select(pl.lit(values)).to_series().alias(column))
    expect(errors_of(read_orders, write(parquet(frame), "o.parquet"), PROGRAM), [expected])


def test_what_is_no_parquet(write: Callable[..., Path]) -> None:
    content = parquet(ORDER)
    for broken in (b"", b"event_type,order_token\n", content[:100], content[100:], b"PAR1" + bytes(100) + b"PAR1"):
        expect(errors_of(read_orders, write(broken, "o.parquet"), PROGRAM), ["1:1: The file "])


def test_clicks_and_items(write: Callable[..., Path]) -> None:
    clicks = pl.DataFrame(
        {"click_id": [1, 2], "clicked_at": [NOON, NOON], "visitor_id": ["v", "v"], "partner": ["barb"] * 2}
    )
    assert read_clicks(write(parquet(clicks), "c.PARQUET"), PROGRAM)["click_id"].to_list() == ["1", "2"]
    orders = read_orders(write(parquet(ORDER), "o.parquet"), PROGRAM)
    items = pl.DataFrame({"event_type": ["sale"], "order_token": [1], "item_id": [1], "quantity": [2], "turnover": [3]})
    read = read_items(write(parquet(items), "i.parquet"), PROGRAM, orders)
    assert read.select("conversion", "item_id", "quantity", "turnover_minor").rows() == [(0, "1", 2, 300)]
    wrong = items.with_columns(quantity=pl.lit(2.0))
    expect(
        errors_of(read_items, write(parquet(wrong), "i.parquet"), PROGRAM, orders), ["1:quantity: 'quantity' holds Fl"]
    )


def test_a_year_that_python_cannot_hold(write: Callable[..., Path]) -> None:
    far = pl.Series([2**62], dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    path = write(parquet(ORDER.with_columns(occurred_at=far)), "o.parquet")
    expect(errors_of(read_orders, path, PROGRAM), ["2:occurred_at: "])
    assert datetime.now(UTC).year < 2900, "years end at 2999"
