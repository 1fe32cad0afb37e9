"""Orders in JSON and in queries: what is taken, in which form, and what is said of the rest."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accredit.conversions.received import received
from accredit.engine.frames import ITEMS
from accredit.files import FileErrors, parse_program, read_items, read_orders
from accredit.tracker.orders import AHEAD, CODES, FIELDS, FieldError, NotReadable, Order, check, read_body, read_query
from tests.factories.installing import SHOP

PROGRAM = parse_program("program.toml", SHOP.encode())
SMALLEST = {"order_token": "A-1", "occurred_at": "2026-03-01T12:00:00Z", "turnover": "12.50"}


def checked(text: str, **settings: Any) -> Order | dict[str, str]:
    """An order as JSON, checked; errors as field → message."""
    found = check(read_body(text.encode()), **{"event_type": "sale", "currency": "USD", **settings})
    return found if isinstance(found, Order) else {error.field: error.message for error in found}


def with_field(name: str, value: str) -> str:
    """The smallest order with a field whose value is written like this in JSON."""
    return json.dumps({**SMALLEST, name: "HERE"}).replace('"HERE"', value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("order_token", '""', "order_token is missing."),
        ("order_token", "null", "order_token is missing."),
        ("order_token", "1.5", "'1.5' is wrong; order_token must be a text."),
        ("order_token", "true", "'true' is wrong; order_token must be a text."),
        ("order_token", '["A"]', "'[…]' is wrong; order_token must be a text."),
        ("order_token", '"' + 501 * "x" + '"', f"'{60 * 'x'}…' has 501 characters; order_token has at most 500."),
        ("promo_code", r'"A\u0000"', "'A�' holds a NUL character; promo_code is text."),
        ("promo_code", r'"A\ud800"', "'A�' holds half of a surrogate pair; promo_code is text."),
        ("occurred_at", '"2026-03-01T12:00:00"',
         "'2026-03-01T12:00:00' has no offset from UTC; add one, such as Z or +01:00."),
        ("occurred_at", "1772366400",
         "'1772366400' is wrong; occurred_at must be a time in ISO 8601 with an offset, such as 2026-01-31T12:00:00Z or"
         " 2026-01-31T13:00:00.123456+01:00."),
        ("currency", '"usd"', "'usd' is no currency of ISO 4217, such as EUR, USD or JPY."),
        ("turnover", "null", "turnover is missing."),
        ("turnover", "12.505", "'12.505' has more decimals than USD, which has 2."),
        ("turnover", "-1", "'-1' is negative; turnover is zero or more."),
        ("turnover", "1e13", "'1e13' is too large: amounts stay below 10^15 minor units."),
        ("turnover", "1e999999999999", "'1e999999999999' is wrong; turnover must be an amount of zero or more with a"
         " decimal point and no other signs, such as 1234.50."),
        ("turnover", '"12,50"', "'12,50' is wrong; turnover must be an amount of zero or more with a decimal point and"
         " no other signs, such as 1234.50."),
        ("customer_id", '"ann@example.com"',
         "customer_id looks like an e-mail address; send a hash of it, such as its SHA-256."),
        ("visitor_id", '"ann@example.com"', "visitor_id looks like an e-mail address; send a random id."),
        *((name, value, f"'{shown}' has characters that nobody sees, or blanks alone; {name} is a code.")
          for name in ("order_token", "visitor_id", "click_id", "customer_id")
          for value, shown in ((r'"  "', "  "), (r'"A\n1"', "A�1"), (r'"A\u202e1"', "A�1"))),
        ("promo_cod", '"A10"', "There is no field 'promo_cod' in an order. Did you mean 'promo_code'?"),
        ("event_type", '"sale"', "There is no field 'event_type' in an order. There are 24, such as: "),
        ("items", '"none"', "items is a list of objects."),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_would_be_right(name: str, value: str, message: str) -> None:
    found = checked(with_field(name, value))
    assert isinstance(found, dict)
    assert found[name].startswith(message)
    assert len(found) == 1


def test_nothing_occurs_more_than_a_day_after_it_is_received() -> None:
    text = json.dumps(SMALLEST)
    occurred_at = datetime.fromisoformat(SMALLEST["occurred_at"])
    assert isinstance(checked(text, received_at=occurred_at - AHEAD), Order)
    assert checked(text, received_at=occurred_at - AHEAD - timedelta(seconds=1)) == {
        "occurred_at": "'2026-03-01T12:00:00Z' is more than a day ahead; occurred_at is when the order was made."
    }


def test_all_errors_of_an_order_come_at_once() -> None:
    text = """{
        "order_token": "", "turnover": "x", "promo_code": "A", "promo_code": "B",
        "items": [
            {"item_id": "1", "quantity": 0, "turnover": 1},
            {"item_id": "1", "quantity": "2", "turnover": "1.001", "colour": "red"},
            7
        ]
    }"""
    found = checked(text)
    assert isinstance(found, dict)
    assert found == {
        "promo_code": "The field 'promo_code' is there twice. Leave one out.",
        "order_token": "order_token is missing.",
        "turnover": "'x' is wrong; turnover must be an amount of zero or more with a decimal point and no other signs,"
        " such as 1234.50.",
        "items[0].quantity": "'0' is wrong; quantity must be a whole number from 1 to 100000000.",
        "items[1].colour": "There is no field 'colour' in items. There are: category, item_id, quantity, sku,"
        " turnover.",
        "items[1].item_id": "'1' is there already, in items[0].",
        "items[1].turnover": "'1.001' has more decimals than USD, which has 2.",
        "items[2]": "An item is an object that has the fields as its members.",
    }


def test_numbers_are_read_as_they_are_written() -> None:
    """A binary fraction would make 0.29 * 100 = 28.999999999999996."""
    amounts = {
        "0.29": 29,
        "1e2": 10000,
        "1.50E+1": 1500,
        "12.500000000000": 1250,
        "0": 0,
        "9999999999999.99": 10**15 - 1,
    }
    for written, minor in amounts.items():
        found = checked(with_field("turnover", written))
        assert isinstance(found, Order), found
        assert json.loads(found.received)["turnover_minor"] == minor


def test_what_is_left_out_comes_from_the_program_or_from_the_receipt() -> None:
    found = checked('{"order_token": 10042, "turnover": 12}', currency="JPY")
    assert isinstance(found, Order)
    assert json.loads(found.received) == {
        "event_type": "sale", "order_token": "10042", "currency": "JPY", "turnover_minor": 12,
    }  # fmt: skip
    message = "currency is missing; only where the program is known its own can stand for it."
    assert checked('{"order_token": 1, "turnover": 12}', currency=None) == {"currency": message}


def test_who_is_not_to_be_tracked_leaves_neither_visitor_nor_click() -> None:
    named = {**SMALLEST, "visitor_id": "v1", "click_id": "k1"}
    found = checked(json.dumps(named), is_tracked=False)
    assert found == checked(json.dumps(SMALLEST))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is no JSON: Expecting value, line 1, column 1."),
        (b'{"a": NaN}', "The body is no JSON: NaN is no number."),
        (b'{"a": -Infinity}', "The body is no JSON: -Infinity is no number."),
        (b'{"a": "\xff"}', "The body is not UTF-8: byte 8 is wrong."),
        ("\ufeff{}".encode(), "The body is no JSON: "),
        (b"[" * 100_000, "The body is nested too deeply: it is one order, or a list of them."),
    ],
)
def test_a_body_that_is_no_json_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(NotReadable) as refused:
        read_body(body)
    assert str(refused.value).startswith(message)


def test_a_query_says_the_same_as_json() -> None:
    query = "order_token=A%2F1&turnover=12.50&occurred_at=2026-03-01T13:00:00%2B01:00&city=K%C3%B6ln&sub_id1=a+b"
    sent = {**SMALLEST, "order_token": "A/1", "city": "Köln", "sub_id1": "a b"}
    assert check(read_query(query), event_type="sale", currency="USD") == checked(json.dumps(sent))
    with pytest.raises(NotReadable, match="not UTF-8"):
        read_query("city=K%F6ln")
    with pytest.raises(NotReadable, match="more than 100 fields"):
        read_query("&".join("a=1" for _ in range(101)))
    twice = check(read_query("order_token=1&turnover=1&turnover=2"), event_type="sale", currency="USD")
    assert twice == [FieldError("turnover", "2", "The field 'turnover' is there twice. Leave one out.")]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0@"), max_size=12) | st.sampled_from(
    ["A-1", "x" * 500, '"', "\\", "\t\n", "ä€😀", "\x7f\u2028"]
)
strange_texts = texts | st.sampled_from(["", "x" * 501])
instants = st.sampled_from(
    ["2026-03-01T12:00:00Z", "2026-03-01 12:00:00.5+01:00", "2026-03-01T12:00:00.123456+0100",
     "2026-03-01T12:00:00+23:59", "1900-01-01T00:00:00+05:00", "2999-12-31T23:59:59-10:00", "2024-02-29T00:00:00-0000"]
)  # fmt: skip
strange_instants = instants | st.sampled_from(
    ["2026-02-29T12:00:00Z", "2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00+01:60", "2026-03-01T24:00:00Z",
     "2026-03-01T12:00:60Z", "2026-03-01T12:00:00", "1899-12-31T23:59:59Z", "2026-03-01T12:00:00.1234567Z",
     "2026-03-01T12:00:00z", "2026-03-01T12:00:00Z\n", "now"]
)  # fmt: skip
amounts = st.decimals(0, 10**13 - 1, places=2).map(str) | st.sampled_from(["0", "12", "1.5", "1.0000000", "007.10"])
digits = st.text("0123456789", min_size=1, max_size=17)
strange_amounts = st.builds("{}.{}".format, digits, digits) | st.sampled_from(
    ["1.005", "-1", "+1", "1e3", " 1", "1.", ".5", "1,00", "٣", "9" * 13 + ".99", "9" * 14, "1.00001", "NaN", "0"]
)
quantities = st.integers(1, 10**8).map(str)
strange_quantities = quantities | digits | st.sampled_from(["0", "100000001", "1.0", "-1", "٣", "007"])
CURRENCIES = ["USD", "EUR", "MXN"]
STRANGE_CURRENCIES = ["USD", "JPY", "BHD", "CLF", "XAU", "usd", "EURO"]


def an_order(
    text: st.SearchStrategy[str],
    instant: st.SearchStrategy[str],
    currencies: list[str],
    amount: st.SearchStrategy[str],
    quantity: st.SearchStrategy[str],
    *,
    are_unique: bool,
) -> st.SearchStrategy[tuple[dict[str, str], list[dict[str, str]]]]:
    """Orders with items. Files read an empty text as none, need what may be left out here, and take codes with
    characters that nobody sees."""
    codes = text.filter(lambda value: not value or (value.isprintable() and not value.isspace()))
    fields = {name: codes if name in CODES else text for name in FIELDS if name not in SMALLEST and name != "currency"}
    tokens = codes.filter(bool) if are_unique else codes
    needed = {
        "order_token": tokens,
        "occurred_at": instant,
        "currency": st.sampled_from(currencies),
        "turnover": amount,
    }
    item = st.fixed_dictionaries(
        {"item_id": tokens, "quantity": quantity, "turnover": amount}, optional={"sku": text, "category": text}
    )
    items = st.lists(item, max_size=3, unique_by=(lambda one: one["item_id"]) if are_unique else None)
    return st.tuples(st.fixed_dictionaries(needed, optional=fields), items)


orders = an_order(texts, instants, CURRENCIES, amounts, quantities, are_unique=True)
strange_orders = an_order(
    strange_texts, strange_instants, STRANGE_CURRENCIES, strange_amounts, strange_quantities, are_unique=False
)


def by_file(order: Mapping[str, str], items: list[dict[str, str]]) -> tuple[str, str] | set[tuple[str, str]]:
    """What the files' readers make of it: `received` and digest, else fields and messages."""
    with TemporaryDirectory() as folder:
        orders_file, items_file = Path(folder) / "orders.parquet", Path(folder) / "items.parquet"
        pl.DataFrame([{"event_type": "sale", **order}]).write_parquet(orders_file)
        errors: set[tuple[str, str]] = set()
        frame = pl.DataFrame()
        try:
            frame = read_orders(orders_file, PROGRAM)
        except FileErrors as found:
            errors = {(error.column, error.message) for error in found}
        lines = pl.DataFrame(schema=dict(ITEMS))
        if items and not errors:
            named = [{"event_type": "sale", "order_token": order["order_token"], **item} for item in items]
            pl.DataFrame(named, infer_schema_length=None).write_parquet(items_file)
            try:
                lines = read_items(items_file, PROGRAM, frame)
            except FileErrors as found:
                errors = {(f"items[{error.row - 2}].{error.column}", error.message) for error in found}
    if errors:
        return errors
    row = received(frame, lines)
    return row["received"].item(), row["digest"].item()


@settings(max_examples=60, deadline=None)
@given(orders)
def test_a_right_order_is_taken_exactly_as_from_a_file(drawn: tuple[dict[str, str], list[dict[str, str]]]) -> None:
    order, items = drawn
    wanted = by_file(order, items)
    for listed in (items, items[::-1]):
        sent = json.dumps({**order, "items": listed}).encode()
        found = check(read_body(sent), event_type="sale", currency="EUR")
        assert isinstance(found, Order), found
        assert (found.received, found.digest.hex) == wanted


@settings(max_examples=60, deadline=None)
@given(strange_orders)
def test_a_strange_order_meets_the_words_of_files(drawn: tuple[dict[str, str], list[dict[str, str]]]) -> None:
    order, items = drawn
    found = check(read_body(json.dumps({**order, "items": items}).encode()), event_type="sale", currency="EUR")
    wanted = by_file(order, items)
    if isinstance(found, Order):
        assert (found.received, found.digest.hex) == wanted
        return
    assert isinstance(wanted, set)
    # Files look at items only once their orders are right, and speak of rows.
    of_order = [error for error in found if not error.field.startswith("items")]
    repeated = "is there already, in"
    said = {(error.field, error.message.split(repeated)[0]) for error in of_order or found}
    assert said == {(field, message.split(repeated)[0]) for field, message in wanted}
