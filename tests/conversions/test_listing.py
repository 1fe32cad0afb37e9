"""The conversion list: filters, orders, and pages that never lose or repeat a row."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from urllib.parse import parse_qsl

import pytest
from django.db import ProgrammingError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accredit.conversions.approving import hold, release
from accredit.conversions.checking import check_ledger
from accredit.conversions.columns import COLUMNS, PREFIX
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Conversion
from accredit.database.keys import key_from_text, key_to_text
from accredit.lists.filters import FilterError, Filters
from accredit.lists.listing import Total
from accredit.lists.patience import TakesTooLong, patient
from accredit.lists.places import Cursor, CursorError, Order
from accredit.programs.visibility import Viewpoint
from tests.factories.installing import clicks, install, load, orders
from tests.factories.people import open_shop
from tests.factories.tables import table

pytestmark = pytest.mark.django_db

INDEXED = [column.name for column in COLUMNS.values() if column.indexed]
SORTED = [column.name for column in COLUMNS.values() if column.sort]


def both(names: Sequence[str]) -> list[Order]:
    return [Order(name, descending) for name in names for descending in (False, True)]


def where(text: str) -> Filters:
    """The filters of an address: `status=open&sub1.starts=a`."""
    return CONVERSIONS.filters_from(parse_qsl(text))


@pytest.fixture
def everything() -> Viewpoint:
    return Viewpoint(open_shop().program, None)


def tokens(rows: Sequence[Conversion]) -> str:
    return " ".join(row.order_token for row in rows)


@pytest.mark.parametrize(
    "row",
    table("""
        order       | tokens
        -time       | 1001 1006 1005 1003 1004 1002
        time        | 1002 1004 1003 1005 1006 1001
        -turnover   | 1001 1003 1002 1005 1004 1006
        turnover    | 1006 1004 1005 1002 1003 1001
        -commission | 1001 1005 1002 1006 1004 1003
    """),
    ids=lambda row: row["order"],
)
def test_orders(everything: Viewpoint, row: dict[str, str]) -> None:
    order = Order(row["order"].removeprefix("-"), row["order"].startswith("-"))
    found = CONVERSIONS.page(everything, Filters(), order).rows
    if order.name == "commission":  # the last three have none, and follow in the order of their keys
        assert tokens(found[:3]) == row["tokens"][:14]
        assert {one.order_token for one in found[3:]} == set(row["tokens"][15:].split())
    else:
        assert tokens(found) == row["tokens"]


FILTERED = table("""
        where                                       | tokens
        credited=partner:barb                       | 1001 1006 1005
        credited=partner:barb&credited=channel      | 1001 1006 1005 1003
        credited=channel:email                      | 1003
        credited=none                               | 1004
        credited=partner                            | 1001 1006 1005 1002
        party=channel&party=none                    | 1003 1004
        status=open                                 | 1001 1006 1005 1003 1004 1002
        status=approved&status=rejected             | -
        customer=New                                | 1001 1005
        customer=vip                                | 1004
        customer.is=empty                           | 1006 1003
        customer.is=filled&customer.is=empty        | 1001 1006 1005 1003 1004 1002
        customer=New&customer.is=empty              | 1001 1006 1005 1003
        event=sale&order=1005                       | 1005
        event=lead                                  | -
        order.starts=100                            | 1001 1006 1005 1003 1004 1002
        order.contains=05                           | 1005
        order=1001&order=1004                       | 1001 1004
        order=1%25                                  | -
        order.starts=1_0                            | -
        ad=banner                                   | 1001
        ad.contains=ANN                             | 1001
        ad=Banner                                   | -
        ad.is=filled                                | 1001
        device=mobile                               | 1001
        country=us&customer=New                     | 1005
        category=gift-card                          | 1006
        order_codes.contains=wow                    | 1005
        code.is=filled                              | 1005
        turnover.from=50&turnover.until=80          | 1005 1003 1002
        turnover.from=50.00&turnover.currency=EUR   | -
        turnover.until=19.999                       | 1006
        commission.from=0.01                        | 1001 1005 1002
        currency=USD&reason=no_candidate            | 1004
        item_count.from=1                           | 1002
        item_count.from=3&item_count.until=3        | 1002
        item_count.until=0                          | 1001 1006 1005 1003 1004
        signed.is=empty                             | 1001 1006 1005 1003 1004 1002
        signed=yes                                  | -
        contract.is=empty                           | 1003 1004
        since=2026-03-01                            | 1001 1006 1005 1003 1004
        time.until=2026-02-28                       | 1002
        q=1005                                      | 1005
        time.from=2026-03-01&until=2026-03-01&customer=New | 1001 1005
    """)


def test_filters(everything: Viewpoint) -> None:
    wrong = []
    for row in FILTERED:
        filters, expected = where(row["where"]), row["tokens"].replace("-", "")
        found = tokens(CONVERSIONS.page(everything, filters, Order()).rows)
        counted = sum(total.rows for total in CONVERSIONS.totals(everything, filters))
        if (found, counted) != (expected, len(expected.split())) or CONVERSIONS.filters_from(
            filters.parameters()
        ) != filters:
            wrong.append(f"{row['where']}: {found}, {counted}, not {expected}")
    assert wrong == []


def test_kept_totals_are_not_read_from_the_rows(
    everything: Viewpoint, as_owner: Callable[[], AbstractContextManager[None]]
) -> None:
    program = everything.program
    assert check_ledger(program).is_empty()
    with connection.cursor() as db, pytest.raises(ProgrammingError), transaction.atomic():
        db.execute("update conversions_conversiontotal set rows = rows + 1")
    with as_owner(), connection.cursor() as db:
        db.execute(
            "update conversions_conversiontotal set rows = rows + 1 where partner = 'barb' and customer_status = 'New'"
        )
    assert sum(total.rows for total in CONVERSIONS.totals(everything, where("credited=partner:barb"))) == 4
    assert (
        sum(
            total.rows
            for total in CONVERSIONS.totals(everything, where("credited=partner:barb&event=sale&ad.is=empty"))
        )
        == 2
    )
    [(rule, finding)] = check_ledger(program).rows()
    assert rule == "The totals that are kept are those of the conversions"
    assert finding.startswith("sale, open, customer New, partner barb, USD: 3 of ")
    assert " minor units are kept, and there are 2 of " in finding


def test_a_contract_is_a_version_of_terms(everything: Viewpoint) -> None:
    terms, version = Conversion.objects.filter(order_token="1001").values_list("terms", "terms_version").get()
    of = {text: tokens(CONVERSIONS.page(everything, where(f"contract={text}"), Order()).rows) for text in (
        f"{terms}:{version}", f"{terms}", f"{terms}:99",
    )}  # fmt: skip
    assert of == {f"{terms}:{version}": "1001 1006 1005", terms: "1001 1006 1005", f"{terms}:99": ""}


def test_a_conversion_is_found_by_its_id(everything: Viewpoint) -> None:
    wanted = Conversion.objects.get(order_token="1003")
    assert tokens(CONVERSIONS.page(everything, where(f"id={key_to_text(PREFIX, wanted.id)}"), Order()).rows) == "1003"


def test_days_are_those_of_the_programs_zone() -> None:
    program = install()
    load(program, orders=orders("""
        order | at         | turnover
        late  | T-7h-1min  | 1.00
        early | T-7h       | 1.00
    """))  # fmt: skip
    view = Viewpoint(program, None)  # in New York, T is seven o'clock in the morning
    days = {day: tokens(CONVERSIONS.page(view, where(f"time.from={day}&time.until={day}"), Order()).rows)
            for day in (date(2026, 2, 28), date(2026, 3, 1))}  # fmt: skip
    assert days == {date(2026, 2, 28): "late", date(2026, 3, 1): "early"}


def test_a_partner_sees_and_sums_its_own_conversions_only(everything: Viewpoint) -> None:
    barb = replace(everything, partners=frozenset({"barb"}))
    assert tokens(CONVERSIONS.page(barb, Filters(), Order()).rows) == "1001 1006 1005"
    assert tokens(CONVERSIONS.page(barb, where("credited=partner:ann"), Order()).rows) == ""
    assert CONVERSIONS.totals(barb, Filters()) == [Total("USD", "open", 3, 19827, 2246 + 0 + 750)]
    for hidden in ("order_codes.contains=wow", "party=partner", "signed=yes", "recorded.from=2026-01-01"):
        with pytest.raises(FilterError):
            CONVERSIONS.page(barb, where(hidden), Order())
    other = CONVERSIONS.page(everything, where("credited=channel"), Order()).rows[0]
    with pytest.raises(Conversion.DoesNotExist):
        CONVERSIONS.one(barb, other.id)
    assert CONVERSIONS.one(everything, other.id) == other


def many() -> Viewpoint:
    """Sixty orders; many share their time, their turnover or both, some are in another currency, some say nothing."""
    program = install()
    text = "order | at | turnover | currency | visitor | status | category\n" + "\n".join(
        f"{n} | T-{n % 7}h | {n % 5}.00 | {'EUR' if n % 9 == 0 else 'USD'} | v{n} | {'-NE'[n % 3]}"
        f" | {('-', 'a', 'a.b', 'Ü%~', 'a_b')[n % 5]}"
        for n in range(60)
    )
    journeys = "click | at | visitor | party | device\n" + "\n".join(
        f"c{n} | T-1d | v{n} | barb | {'-' if n % 4 else 'mobile'}" for n in range(0, 60, 2)
    )
    load(program, clicks(journeys), orders(text))
    return Viewpoint(program, None)


def walk(view: Viewpoint, filters: Filters, order: Order, rows: int) -> list[Conversion]:
    """The rows of all pages from the first on, each cursor sent through its text, and every page also backwards."""
    seen: list[Conversion] = []
    cursor: Cursor | None = None
    while True:
        page = CONVERSIONS.page(view, filters, order, cursor, rows=rows)
        assert page.rows_before == len(seen)
        if page.before:
            behind = CONVERSIONS.page(view, filters, order, again(page.before, order), rows=rows)
            assert behind.rows == seen[-rows:]
            assert behind.rows_before == len(seen) - rows
        else:
            assert not seen
        seen += page.rows
        if page.after is None:
            return seen
        cursor = again(page.after, order)


def again(cursor: Cursor, order: Order) -> Cursor:
    return CONVERSIONS.cursor_from_text(cursor.to_text(), order, backwards=cursor.backwards)


FILTERS = (
    "", "status=open", "customer.is=empty", "customer=New&customer=Existing", "category.starts=a", "device=mobile",
    "category.contains=B&turnover.from=2", "time.until=2026-02-28", "item_count.from=1", "credited=partner",
)  # fmt: skip


def test_pages_hold_every_row_that_is_filtered_once_in_order() -> None:
    view = many()

    @settings(max_examples=40, database=None, deadline=None, derandomize=True)
    @given(st.sampled_from(FILTERS), st.sampled_from(both(SORTED)), st.sampled_from([7, 20, 60]))
    def walked(text: str, order: Order, rows: int) -> None:
        filters = where(text)
        found = walk(view, filters, order, rows)
        wanted = {row.id for row in CONVERSIONS.filtered(view, filters)}
        assert len(found) == len(wanted)
        assert {row.id for row in found} == wanted
        places = [place_of(row, order) for row in found]
        assert places == sorted(places, reverse=order.descending)

    walked()


def place_of(row: Conversion, order: Order) -> tuple[object, ...]:
    """What the list sorts by, as Python compares it: what is not there stands before everything else."""
    fields = [*COLUMNS[order.name].sort, "id"]
    values = [getattr(row, field) for field in fields]
    return tuple((0 if field == "terms_version" else "") if value is None else value
                 for field, value in zip(fields, values, strict=True))  # fmt: skip


def test_amounts_of_different_currencies_are_not_compared() -> None:
    rows = CONVERSIONS.page(many(), Filters(), Order("turnover", descending=False)).rows
    keys = [(row.currency, row.turnover_minor) for row in rows]
    assert keys == sorted(keys)
    assert len({currency for currency, _minor in keys}) == 2


def test_a_later_page_is_found_through_an_index_without_sorting() -> None:
    view = many()
    for order in both(INDEXED):
        plan = plan_of(
            partial(
                CONVERSIONS.page,
                view,
                Filters(),
                order,
                CONVERSIONS.page(view, Filters(), order, rows=20).after,
                rows=20,
            )
        )
        assert "Index Cond" in plan
        assert "Sort" not in plan
        assert "ROW(" in plan or order.name in ("id", "recorded")  # those are the key alone


SERVED = table("""
        where                | index
        customer=vip         | conversion_by_customer_status
        sub1=x               | conversion_by_sub_id1
        sub6.starts=x        | conversion_by_sub_id6
        order_codes=x        | conversion_by_promo_code
    """)


def test_few_among_many_are_found_through_an_index(as_owner: Callable[[], AbstractContextManager[None]]) -> None:
    view = many()
    with as_owner(), connection.cursor() as db:  # what the tests before left would decide
        db.execute("analyze conversions_conversion")
    plans = {
        row["where"]: plan_of(partial(list, CONVERSIONS.filtered(view, where(row["where"])).order_by()))
        for row in SERVED
    }
    assert [row["where"] for row in SERVED if row["index"] not in plans[row["where"]]] == []


def plan_of(asked: Callable[[], object]) -> str:
    """How the database goes about a query of conversions where it may not read the whole table."""
    with connection.cursor() as db:
        for way in ("seqscan", "bitmapscan", "sort"):
            db.execute(f"set local enable_{way} = off")
        db.execute("set local cpu_index_tuple_cost = 1000")  # as if there were more rows to look at
    queries: list[str] = []

    def explained(execute: Callable[..., object], query: str, params: object, *rest: object) -> object:
        if "conversions_conversion" in query:
            with connection.cursor() as db:
                db.cursor.execute(f"explain {query}", params)
                queries.append("\n".join(line for (line,) in db.fetchall()))
        return execute(query, params, *rest)

    with connection.execute_wrapper(explained):
        asked()
    (plan,) = queries
    return plan


def test_what_takes_too_long_ends_and_leaves_the_connection_as_it_was(everything: Viewpoint) -> None:
    with pytest.raises(TakesTooLong), patient(1), connection.cursor() as db:
        db.execute("select pg_sleep(60)")
    assert len(CONVERSIONS.page(everything, Filters(), Order()).rows) == 6
    with connection.cursor() as db:
        db.execute("show statement_timeout")
        assert db.fetchone() == ("0",)


@pytest.mark.parametrize(
    "text",
    ["", "1", "x.1.cv_00000000000000000000000000", "1.1.cv_0", "1.9999999999999999999999.cv_00000000000000000000000000",
     "1.USD.5.cv_00000000000000000000000000", "1.1.rq_00000000000000000000000000",
     "-1.1.cv_00000000000000000000000000", "١.1.cv_00000000000000000000000000"],
)  # fmt: skip
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        CONVERSIONS.cursor_from_text(text, Order("time"), backwards=False)


def test_what_is_held_back_has_a_mark_until_it_is_released() -> None:
    shop, now = open_shop(), datetime(2026, 4, 1, tzinfo=UTC)
    view, user, order = Viewpoint(shop.program, None), shop.users["owner"], Order("order", descending=False)
    key = key_from_text(PREFIX, shop.keys["1002"])
    hold(shop.program, key, reason="looks odd", user=user, now=now)
    for held, others in (("1002", "1001 1003 1004 1005 1006"), ("", "1001 1002 1003 1004 1005 1006")):
        assert tokens(CONVERSIONS.page(view, where("held=yes"), order).rows) == held
        assert tokens(CONVERSIONS.page(view, where("held=no"), order).rows) == others
        rows = CONVERSIONS.page(view, Filters(), order, columns=[COLUMNS["held"]]).rows
        assert tokens([row for row in rows if getattr(row, "held")]) == held  # noqa: B009 - no field of the model
        if held:
            release(shop.program, key, user=user, now=now)
    with pytest.raises(FilterError):
        CONVERSIONS.filtered(Viewpoint(shop.program, frozenset({"barb"})), where("held=yes"))
