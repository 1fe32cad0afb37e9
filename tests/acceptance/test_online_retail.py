"""The real file, loaded into PostgreSQL, against figures that were worked out another way.

`online_retail` counts and adds up the raw rows in plain Python; commissions are recomputed here from what the
conversions keep, with fractions; and `accredit credit` has to say the same of every conversion.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker
from typer.testing import CliRunner

from accredit.cli import app
from accredit.demo.operations import LoadedDemo, load_demo
from accredit.demo.queries import credits_of_demo
from accredit.engine.frames import EVENT_TYPE_NOT_PAID, NO_AMOUNT_IN_CURRENCY
from tests.acceptance.online_retail import PATH, Retail, work_out

DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "demo.md"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STATUSES = {"first order": "New", "returning": "Existing", None: None}

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not PATH.exists(), reason=f"the real orders are not there: {PATH}"),
]


@pytest.fixture(scope="module")
def retail() -> Retail:
    return work_out(PATH)


@pytest.fixture(scope="module")
def loaded(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, as_owner: Callable[[], AbstractContextManager[None]]
) -> Iterator[LoadedDemo]:
    """The real file in the database, for all tests of this module; gone after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo = load_demo(PATH, now=NOW)
        with as_owner(), connection.cursor() as cursor:  # autovacuum sees nothing of an open transaction
            cursor.execute("analyze conversions_conversion, conversions_decision")
        yield demo
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Files:
    conversions: list[dict[str, str]]
    explanations: list[dict[str, str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The same input through `accredit credit`."""
    folder = tmp_path_factory.mktemp("demo")
    inputs = [f"--{name}={folder / name}.csv" for name in ("clicks", "orders", "items")]
    outputs = [f"--out={folder / 'conversions.csv'}", f"--explain={folder / 'explanations.csv'}"]
    for arguments in (
        ["demo", "files", f"--orders={PATH}", f"--out={folder}"],
        ["credit", f"--program={folder / 'program.toml'}", *inputs, *outputs],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    return Files(read(folder / "conversions.csv"), read(folder / "explanations.csv"))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def select(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def test_every_rule_meets_as_many_invoices_and_lines_as_a_plain_count(retail: Retail, loaded: LoadedDemo) -> None:
    counted = {rule: (invoices, lines) for rule, invoices, lines in loaded.demo.counts.iter_rows()}

    assert counted == retail.counts


def documented(columns: int) -> set[tuple[str, ...]]:
    """The first cells of every row of the documentation's tables."""
    lines = DOCUMENTATION.read_text(encoding="utf-8").splitlines()
    return {tuple(cell.strip("` ") for cell in line.split("|")[1 : columns + 1]) for line in lines if line[:1] == "|"}


def test_the_documentation_states_what_the_rules_met(retail: Retail) -> None:
    assert {(rule, f"{invoices:,}", f"{lines:,}") for rule, (invoices, lines) in retail.counts.items()} <= documented(3)


def test_the_documentation_states_what_comes_of_it(loaded: LoadedDemo, files: Files) -> None:
    outcomes = Counter(row["outcome"] for row in files.explanations)
    credits = {
        (c.credited_to, c.code or "", f"{c.conversions:,}", *(f"{Decimal(minor).scaleb(-2):,}" for minor in amounts))
        for c in credits_of_demo()
        for amounts in [(c.turnover_minor, c.commission_minor)]
    }

    assert {(outcome, f"{rows:,}") for outcome, rows in outcomes.items()} <= documented(2)
    assert credits <= documented(5)


def test_every_order_is_a_conversion_with_its_turnover_time_country_and_status(
    retail: Retail, loaded: LoadedDemo
) -> None:
    rows = select(
        "select order_token, occurred_at, turnover_minor, currency, country, customer_status_word, customer_status"
        " from conversions_conversion where event_type = 'sale'"
    )

    assert sorted(rows) == sorted(
        (o.token, o.occurred_at, sum(o.pence), "GBP", o.country, o.word, STATUSES[o.word])
        for o in retail.orders.values()
    )


def test_the_sums_are_those_of_the_raw_rows(retail: Retail, loaded: LoadedDemo) -> None:
    [sums] = select(
        "select count(*), sum(turnover_minor), count(*) filter (where customer_status = 'New'),"
        " count(*) filter (where customer_status = 'Existing') from conversions_conversion where event_type = 'sale'"
    )
    words = Counter(order.word for order in retail.orders.values())
    turnover = sum(sum(order.pence) for order in retail.orders.values())

    assert sums == (19_782, 1_055_733_205, 4_334, 14_068)
    assert sums == (len(retail.orders), turnover, words["first order"], words["returning"])


def test_the_items_are_the_lines_of_the_orders(retail: Retail, loaded: LoadedDemo) -> None:
    items: dict[str, list[int]] = defaultdict(list)
    for token, pence in select(
        "select order_token, item.turnover_minor from conversions_item item join conversions_conversion conversion"
        " on conversion.program_id = item.program_id and conversion.id = item.conversion_id"
        " order by order_token, item_id"
    ):
        items[token].append(pence)

    assert sum(map(len, items.values())) == 530_307
    assert items == {order.token: order.pence for order in retail.orders.values()}


def test_one_customer_is_one_pseudonym(retail: Retail, loaded: LoadedDemo) -> None:
    pairs = {
        (retail.orders[token].customer, pseudonym)
        for token, pseudonym in select(
            "select order_token, customer_id from conversions_conversion where event_type = 'sale'"
        )
    }
    customers, pseudonyms = zip(*pairs, strict=True)

    assert len(pairs) == len(set(customers)) == len(set(pseudonyms)) == 4_334 + 1  # and nobody
    assert not set(customers) & set(pseudonyms) - {None}


def commission(rate: dict[str, Any], turnover_minor: int, quantity: int) -> int:
    """Spec 20, "Arithmetic", with fractions."""
    if rate["restriction"]:
        return 0
    if rate["fixed_minor"] is None:
        unadjusted = Fraction(turnover_minor * rate["percent_ppm"], 1_000_000)
    else:
        unadjusted = Fraction(rate["fixed_minor"] * quantity)
    adjusted = unadjusted
    for adjustment in rate["adjustments"]:
        if adjustment["percent_ppm"] is None:
            adjusted += adjustment["amount_minor"]
        else:
            adjusted += unadjusted * Fraction(adjustment["percent_ppm"], 1_000_000)
    return int(max(adjusted, Fraction(0)) + Fraction(1, 2))


def test_the_commission_of_every_partner_follows_from_what_the_conversions_keep(loaded: LoadedDemo) -> None:
    rates = {
        key: {"percent_ppm": ppm, "fixed_minor": fixed, "adjustments": adjustments, "restriction": restriction}
        for key, ppm, fixed, adjustments, restriction in select(
            "select id, percent_ppm, fixed_minor, adjustments::text::json, restriction from conversions_rate"
        )
    }
    of_items: dict[Any, int] = defaultdict(int)
    for conversion, rate, turnover, quantity in select(
        "select conversion_id, rate_id, turnover_minor, quantity from conversions_item where rate_id is not null"
    ):
        of_items[conversion] += commission(rates[rate], turnover, quantity)

    recomputed: dict[str, int] = defaultdict(int)
    for key, partner, rate, turnover, stated in select(
        "select id, partner, rate_id, turnover_minor, commission_minor from conversions_conversion"
        " where partner is not null and event_type = 'sale'"
    ):
        paid = of_items[key] if rate is None else commission(rates[rate], turnover, 1)
        assert paid == stated
        recomputed[partner] += paid

    assert len(recomputed) == 12
    assert recomputed == {c.code: c.commission_minor for c in credits_of_demo() if c.credited_to == "partner"}
    assert select("select count(*) from conversions_conversion where partner is null and commission_minor <> 0") == [
        (0,)
    ]


def test_what_comes_of_the_newsletter_is_documented(loaded: LoadedDemo) -> None:
    outcomes = select(
        "select coalesce(model, restriction, credited_to), count(*), sum(commission_minor)"
        " from conversions_conversion where event_type = 'newsletter' group by 1"
    )
    [(total, turnover)] = select(
        "select count(*), sum(turnover_minor) from conversions_conversion where event_type = 'newsletter'"
    )

    assert {(what, f"{count:,}", f"{Decimal(minor).scaleb(-2):,}") for what, count, minor in outcomes} <= documented(3)
    assert {EVENT_TYPE_NOT_PAID, NO_AMOUNT_IN_CURRENCY} <= {what for what, _count, _minor in outcomes}
    assert (total, turnover) == (576, 0)


def test_every_conversion_is_what_the_files_say(loaded: LoadedDemo, files: Files) -> None:
    columns = (
        *("event_type", "order_token", "occurred_at", "credited_to", "partner", "channel", "credited_click_id"),
        *("reason", "credited_promo_code", "credit_group", "terms", "terms_version", "model", "customer_status"),
        *("currency", "turnover_minor", "commission_minor", "adjustments", "restriction", "status"),
    )
    rows = select(f"select {', '.join(columns)} from conversions_conversion order by occurred_at, order_token")

    assert [[as_text(value, name) for value, name in zip(row, columns, strict=True)] for row in rows] == [
        list(row.values()) for row in files.conversions
    ]


def as_text(value: Any, column: str) -> str:
    """A value of the database as spec 80 writes it."""
    if value is None:
        return ""
    if column.endswith("_minor"):
        return str(Decimal(value).scaleb(-2))
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return str(value)


def test_every_explanation_is_what_the_files_say(loaded: LoadedDemo, files: Files) -> None:
    said: dict[str, list[list[str]]] = defaultdict(list)
    counterfactual: dict[str, str] = {}
    for row in files.explanations:
        party = f"p:{row['partner']}" if row["partner"] else f"c:{row['channel']}" if row["channel"] else ""
        said[row["order_token"]].append(
            [party, *(row[name] for name in ("click_id", "clicked_at", "promo_code", "credit_group", "outcome"))]
        )
        if row["rank"] == "1":
            counterfactual[row["order_token"]] = row["without_winner"]

    compared = 0
    for token, kept, more, without_winner in select(
        "select order_token, explanation::text::json, explanation_more, without_winner"
        " from conversions_decision decision join conversions_conversion conversion"
        " on conversion.program_id = decision.program_id and conversion.id = decision.conversion_id"
    ):
        assert len(kept) + more == len(said[token])
        assert (without_winner or "") == counterfactual.get(token, "")
        if not more:
            assert [explained(*row) for row in kept] == said[token]
            compared += 1
    assert compared > 19_000


def explained(party: str | None, click: str | None, clicked_at_us: int | None, *rest: str | None) -> list[str]:
    clicked_at = None if clicked_at_us is None else EPOCH + timedelta(microseconds=clicked_at_us)
    return [party or "", click or "", as_text(clicked_at, "clicked_at"), *(text or "" for text in rest)]


def test_loading_again_changes_nothing(loaded: LoadedDemo) -> None:
    tables = (
        *("conversions_conversion", "conversions_decision", "conversions_item", "conversions_rate"),
        *("tracking_click", "tracking_foreign_click", "tracking_conversion_event"),
    )

    def state() -> list[Any]:
        return [select(f"select count(*), sum(hashtextextended(t::text, 0)) from {table} t") for table in tables]

    before = state()
    again = load_demo(PATH, now=NOW + timedelta(days=1)).loaded

    assert (again.new_conversions, again.known_conversions) == (0, 19_782 + 576)
    assert (again.clicks.new, again.clicks.known) == (0, loaded.demo.clicks.height)
    assert state() == before
