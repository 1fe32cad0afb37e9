"""Clicks and orders go in once, are credited by the log, and say the same as on files."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from django.db import connection

from accredit.conversions.models import Conversion, Decision, Item, Rate
from accredit.conversions.operations import OrdersNotPriced, load_frames
from accredit.demo.input import PROGRAM_FILE, DemoInput, demo_input
from accredit.engine.deciding import decide
from accredit.files.results import explanations, results
from accredit.programs.models import Program
from accredit.programs.operations import apply_program
from accredit.programs.queries import program_value
from tests.factories.installing import NOW, SHOP, clicks, install, items, load, orders, shop
from tests.factories.tables import T, table

pytestmark = pytest.mark.django_db

CLICKS = """
    click | at      | visitor | party   | device | sub_id1
    k1    | T-40d   | v1      | barb    | -      | -
    k2    | T-2d    | v1      | ann     | mobile | blog
    k3    | T-1d    | v1      | c:email | -      | -
    k4    | T-1h    | v2      | barb    | mobile | -
    k5    | T-3h    | v3      | c:email | -      | -
    k6    | T+1d    | v3      | barb    | -      | -
    k7    | T-1d    | v4      | ann     | -      | -
"""
ORDERS = """
    order | at | turnover | visitor | click | codes          | status      | country | device  | category
    1     | T  | 100.00   | v1      | -     | -              | N           | DE      | -       | -
    2     | T  | 60.00    | v2      | -     | -              | first order | de      | -       | -
    3     | T  | 80.00    | v3      | -     | -              | -           | -       | -       | -
    4     | T  | 40.00    | v4      | -     | ANN-77; nobody | vip         | -       | desktop | -
    5     | T  | 70.00    | -       | k4    | -              | E           | US      | -       | gift-card
    6     | T  | 10.00    | v5      | gone  | -              | -           | -       | -       | -
    7     | T  | 20.00    | -       | -     | anvil10        | -           | -       | -       | -
"""
ITEMS = """
    order | item | quantity | turnover | sku | category
    4     | b    | 1        | 30.00    | B1  | gift-card
    4     | a    | 2        | 10.00    | A1  | shoes
    2     | a    | 1        | 60.00    | A1  | -
"""


def everything() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    placed = orders(ORDERS)
    return clicks(CLICKS), placed, items(ITEMS, placed)


def rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def content(program: Program) -> dict[str, list[tuple[Any, ...]]]:
    """All that loads into a program wrote, without the keys and times that are new in each load."""
    conversion = "join conversions_conversion conversion on conversion.id = conversion_id"
    queries = {
        "clicks": "select click_id, clicked_at, visitor_id, partner, channel, device from tracking_click kept",
        "foreign clicks": "select click_id, visitor_id from tracking_foreign_click kept",
        "events": "select order_token, outcome, digest, received::text from tracking_conversion_event kept",
        "conversions": "select order_token, partner, channel, commission_minor, rate_id, customer_status, model"
        " from conversions_conversion kept",
        "decisions": "select order_token, number, explanation::text, without_winner, cause"
        f" from conversions_decision kept {conversion}",
        "items": "select order_token, kept.decision, item_id, kept.turnover_minor, kept.rate_id"
        f" from conversions_item kept {conversion}",
        "rates": "select id, terms, percent_ppm, adjustments::text from conversions_rate kept",
    }
    return {
        name: rows(f"{query} where kept.program_id = %s order by 1, 2", program.id) for name, query in queries.items()
    }


def test_orders_are_credited_by_the_log_and_priced() -> None:
    loaded = load(install(), *everything())
    assert (loaded.clicks.new, loaded.new_conversions) == (7, 7)
    expected = table("""
        order | to      | party | click | reason       | code       | group     | terms    | commission | model               | adjustments    | restriction
        1     | channel | email | k3    | last_click   | -          | standard  | -        | 0          | -                   | -              | -
        2     | partner | barb  | k4    | last_click   | -          | preferred | standard | 1045       | New customers 15 %  | Mobile;Welcome | -
        3     | channel | email | k5    | last_click   | -          | standard  | -        | 0          | -                   | -              | -
        4     | partner | ann   | k7    | last_click   | ANN-[0-9]+ | standard  | items    | 125        | Items 12.5 %        | -              | No gift cards
        5     | partner | barb  | k4    | last_click   | -          | preferred | standard | 0          | -                   | -              | No gift cards
        6     | none    | -     | -     | no_candidate | -          | -         | -        | 0          | -                   | -              | -
        7     | partner | barb  | -     | promo_code   | ANVIL10    | preferred | standard | 200        | Standard 10 %       | -              | -
    """)  # noqa: E501 - a table
    found = [
        {
            "order": one.order_token,
            "to": one.credited_to,
            "party": one.partner or one.channel or "",
            "click": one.credited_click_id or "",
            "reason": one.reason,
            "code": one.credited_promo_code or "",
            "group": one.credit_group or "",
            "terms": one.terms or "",
            "commission": str(one.commission_minor),
            "model": one.model or "",
            "adjustments": one.adjustments or "",
            "restriction": one.restriction or "",
        }
        for one in Conversion.objects.order_by("order_token")
    ]
    assert found == expected


def test_a_conversion_keeps_what_it_was_decided_by() -> None:
    load(install(), *everything())
    second = Conversion.objects.get(order_token="2")
    assert second.occurred_at == T
    assert (second.status, second.decision, second.recorded_at) == ("open", 1, NOW)
    assert (second.customer_status_word, second.customer_status) == ("first order", "New")
    assert (second.device, second.order_fields) == ("mobile", None)
    fourth = Conversion.objects.get(order_token="4")
    assert (fourth.device, fourth.order_fields) == ("desktop", {"device": "desktop"})
    assert fourth.promo_code == "ANN-77; nobody"
    assert fourth.rate_id is None
    lines = Item.objects.filter(conversion_id=fourth.id).order_by("item_id")
    assert [(line.item_id, line.quantity, line.sku, line.commission_minor) for line in lines] == [
        ("a", 2, "A1", 125),
        ("b", 1, "B1", 0),
    ]
    decision = Decision.objects.get(conversion_id=Conversion.objects.get(order_token="1").id)
    assert decision.explanation == [
        ["c:email", "k3", _us(T - timedelta(days=1)), None, "standard", "won"],
        ["p:ann", "k2", _us(T - timedelta(days=2)), None, "standard", "earlier_click"],
        ["p:barb", "k1", _us(T - timedelta(days=40)), None, "preferred", "outside_referral_window"],
    ]
    assert (decision.without_winner, decision.explanation_more) == ("partner:ann", 0)
    assert second.rate_id
    rate = Rate.objects.get(id=second.rate_id)
    assert (rate.model, rate.payout_group, rate.percent_ppm) == ("New customers 15 %", 1, 150_000)
    assert rate.adjustments == [
        {"name": "Mobile", "percent_ppm": 50_000, "amount_minor": None},
        {"name": "Welcome", "percent_ppm": None, "amount_minor": 100},
    ]


def _us(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_no_visitor_and_no_customer_outside_the_conversion_and_the_click_log() -> None:
    placed = orders("""
        order | at | turnover | visitor         | customer_id
        1     | T  | 10.00    | visitor-4711    | customer-4711
    """)
    load(install(), clicks("click | at | visitor | party\n k1 | T | visitor-4711 | barb"), placed)
    for history in ("tracking_conversion_event", "conversions_decision", "conversions_item", "conversions_rate"):
        assert not rows(f"select 1 from {history} row where row::text like '%%4711%%'"), history
    assert rows("select received ->> 'order_token' from tracking_conversion_event") == [("1",)]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 2, 4, 59, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 5, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 6, 2, 4, tzinfo=UTC), date(2026, 6, 2)),
    ],
)
def test_the_day_is_that_of_the_program_s_time_zone(at: datetime, day: date) -> None:
    placed = orders("order | at | turnover\n 1 | T | 10.00").with_columns(pl.lit(at).alias("occurred_at"))
    load(install(), orders=placed)
    assert Conversion.objects.get().occurred_date == day


def test_the_second_time_changes_nothing() -> None:
    program = install()
    load(program, *everything())
    before = content(program)
    again = load(program, *everything())
    assert (again.clicks.new, again.clicks.known, len(again.clicks.conflicting)) == (0, 7, 0)
    assert (again.new_conversions, again.known_conversions, len(again.conflicting_orders)) == (0, 7, 0)
    assert content(program) == before


def test_neither_the_order_of_rows_nor_the_size_of_batches_matters() -> None:
    program, other = install(), install(SHOP.replace('code = "anvils"', 'code = "hammers"'))
    load(program, *everything())
    placed = orders(ORDERS).reverse()
    load(other, clicks(CLICKS).reverse(), placed, items(ITEMS, placed).reverse(), batch_orders=2)
    assert content(other) == content(program)


def test_later_clicks_count_for_later_orders_only() -> None:
    program = install()
    for number, ago in ((1, "1h"), (2, "1min")):
        click = clicks(f"click | at | visitor | party\n k{number} | T-{ago} | v1 | barb")
        load(program, click, orders(f"order | at | turnover | visitor\n {number} | T | 10.00 | v1"))
    assert [*Conversion.objects.order_by("order_token").values_list("credited_click_id", flat=True)] == ["k1", "k2"]
    assert len(Decision.objects.get(conversion_id=Conversion.objects.get(order_token="2").id).explanation) == 2


def test_an_order_with_other_content_stays_as_it_was_and_what_came_is_kept_once() -> None:
    program = install()
    load(program, *everything())
    before = content(program)
    placed = orders(ORDERS.replace("100.00", "110.00").replace("60.00", "66.00"))
    for _ in range(2):
        again = load(program, clicks(CLICKS), placed, items(ITEMS, placed))
        assert (again.new_conversions, again.known_conversions) == (0, 5)
        assert again.conflicting_orders.rows() == [("sale", "1"), ("sale", "2")]
    after = content(program)
    assert {**after, "events": before["events"]} == before
    kept = [event for event in after["events"] if event[1] == "conflict"]
    assert [event[0] for event in kept] == ["1", "2"]
    assert '"turnover_minor":11000' in str(kept[0][3])


def test_another_item_is_other_content_and_the_order_of_items_is_not() -> None:
    program = install()
    load(program, *everything())
    placed = orders(ORDERS)
    turned = load(program, clicks(CLICKS), placed, items(ITEMS, placed).reverse())
    assert (turned.known_conversions, len(turned.conflicting_orders)) == (7, 0)
    fewer = load(program, clicks(CLICKS), placed, items(ITEMS, placed)[:2])
    assert fewer.conflicting_orders.rows() == [("sale", "2")]


def test_one_order_token_may_be_a_sale_and_a_lead() -> None:
    program = install()
    placed = pl.concat([orders(ORDERS), orders(ORDERS, "lead")])
    assert load(program, clicks(CLICKS), placed).new_conversions == 14
    assert Conversion.objects.get(order_token="2", event_type="lead").restriction == "event_type_not_paid"


def test_clicks_with_other_content_stay_as_they_were() -> None:
    program = install()
    load(program, clicks(CLICKS))
    before = content(program)
    changed = CLICKS.replace("v2      | barb", "v2      | ann ").replace("T-3h", "T-4h").replace("blog", "shop")
    appended = load(program, clicks(changed + "    k8 | T | v9 | ann | - | -")).clicks
    assert (appended.new, appended.known) == (1, 4)
    assert sorted(appended.conflicting) == ["k2", "k4", "k5"]
    assert [row for row in content(program)["clicks"] if row[0] != "k8"] == before["clicks"]


def test_two_programs_do_not_see_each_other() -> None:
    first = install()
    second = install(SHOP.replace('code = "anvils"', 'code = "hammers"'))
    load(first, clicks(CLICKS))
    load(second, orders=orders(ORDERS))
    assert set(Conversion.objects.values_list("credited_click_id", flat=True)) == {None}
    load(second, clicks(CLICKS.replace("ann ", "barb")))
    assert rows("select count(*) from tracking_click where visitor_id = 'v1'") == [(6,)]


def test_a_set_up_changed_between_two_loads_counts_for_the_second() -> None:
    program = install()
    load(program, clicks(CLICKS), orders(ORDERS)[:2])
    apply_program(shop(("referral_window_days = 14", "referral_window_days = 1")))
    load(program, clicks(CLICKS), orders(ORDERS))
    assert [*Conversion.objects.filter(partner="ann")] == []


def test_clicks_of_a_partner_that_was_removed_are_told_and_count_for_nobody() -> None:
    program = install()
    load(program, clicks(CLICKS))
    text = SHOP[: SHOP.index('[[contract]]\npartner = "ann"')].replace(
        '[[partner]]\ncode = "ann"\nname = "Ann Dover"', ""
    )
    start = text.index('[[promo_code]]\ncode = "ANN')
    install(text[:start] + text[text.index("[[ad]]") :])
    load(program, orders=orders(ORDERS)[3:4])
    assert Conversion.objects.get().credited_to == "none"
    assert Decision.objects.get().explanation[0][::5] == ["p:ann", "unknown_partner"]


def test_a_commission_too_large_names_its_orders_and_records_nothing_of_its_batch() -> None:
    program = install(SHOP.replace('percent = "10"', 'percent = "1000"'))
    placed = orders("""
        order | at   | turnover         | codes
        1     | T-1d | 10.00            | anvil10
        2     | T    | 9999999999999.99 | anvil10
        3     | T    | 20.00            | anvil10
    """)
    with pytest.raises(OrdersNotPriced, match=r"^Not priced: 2. Of each, .*10\^15 minor units"):
        load(program, orders=placed, batch_orders=1)
    assert [*Conversion.objects.values_list("order_token", flat=True)] == ["1"]


def test_texts_of_every_kind_come_back_as_they_were() -> None:
    odd = ['"', "\\", "a,b", "x;y", "\n", "\t", "'", "é", "漢字", "\x01", "\\N", "\\.", "null", "{}", "%s", " "]
    placed = pl.concat([orders(f"order | at | turnover\n {n} | T | 1.00") for n in range(len(odd))]).with_columns(
        pl.Series("category", odd), pl.Series("visitor_id", odd), pl.Series("sub_id1", odd)
    )
    journeys = pl.concat(
        [clicks(f"click | at | visitor | party\n {n} | T | v | ann") for n in range(len(odd))]
    ).with_columns(pl.Series("click_id", odd), pl.Series("visitor_id", odd))
    load(install(), journeys, placed)
    found = rows(
        "select conversion.order_token, category, conversion.credited_click_id, order_fields ->> 'sub_id1',"
        " explanation -> 0 ->> 1, received ->> 'category' from conversions_conversion conversion"
        " join conversions_decision on conversion_id = conversion.id"
        " join tracking_conversion_event event on event.id = event_id order by conversion.order_token::integer"
    )
    assert found == [(str(number), text, text, text, text, text) for number, text in enumerate(odd)]


def test_of_a_long_journey_all_candidates_and_the_latest_200_others_are_kept() -> None:
    journey = pl.concat(
        [
            clicks("click | at | visitor | party\n w | T-1h | v1 | barb\n x | T-2h | v1 | ann"),
            *(clicks(f"click | at | visitor | party\n old{n:03} | T-40d-{n}min | v1 | ann") for n in range(150)),
            *(clicks(f"click | at | visitor | party\n new{n:03} | T+{n}min+1us | v1 | ann") for n in range(100)),
        ]
    )
    placed = orders("order | at | turnover | visitor | codes\n 1 | T | 1.00 | v1 | odd\n 2 | T | 1.00 | v2 | -")
    load(install(), journey, placed)
    conversion = Conversion.objects.get(order_token="1")
    decision = Decision.objects.get(conversion_id=conversion.id)
    kept = [row[1] or row[3] for row in decision.explanation]
    assert kept == [
        "w", "x", *(f"new{n:03}" for n in reversed(range(100))), *(f"old{n:03}" for n in range(100)), "odd"
    ]  # fmt: skip
    assert decision.explanation_more == 50
    other = Decision.objects.get(conversion_id=Conversion.objects.get(order_token="2").id)
    assert (other.explanation, other.explanation_more) == ([], 0)


def a_part_of_the_demo() -> DemoInput:
    """Every fifteenth order of the generated demo, with its items and its visitor's clicks."""
    whole = demo_input(None)
    taken = whole.conversions.with_row_index("conversion").gather_every(15)
    places = taken.select("conversion").with_row_index("place")
    of_taken = (
        whole.items.join(places, on="conversion", maintain_order="left")
        .with_columns(conversion=pl.col("place"))
        .select(whole.items.columns)
    )
    named = whole.clicks.join(taken, on="click_id", how="semi")["visitor_id"]
    visitors = pl.concat([taken["visitor_id"].drop_nulls(), named])
    journeys = whole.clicks.filter(pl.col("visitor_id").is_in(visitors.implode()))
    return replace(whole, clicks=journeys, conversions=taken.drop("conversion"), items=of_taken)


def test_the_database_says_what_the_files_say() -> None:
    demo = a_part_of_the_demo()
    program = install(PROGRAM_FILE.read_text())
    load_frames(program.id, demo.clicks, demo.conversions, demo.items, now=NOW, batch_orders=200)
    decided = decide(program_value(program.id), demo.conversions, demo.clicks, demo.items)

    texts = pl.selectors.enum().cast(pl.String)
    said = results(decided).with_columns(texts)
    names = {
        "click_id": "credited_click_id", "promo_code": "credited_promo_code", "turnover": "turnover_minor",
        "commission": "commission_minor",
    }  # fmt: skip
    ordered = Conversion.objects.order_by("occurred_at", "event_type", "order_token")
    assert [*ordered.values_list(*(names.get(name, name) for name in said.columns))] == said.rows()

    explained = explanations(decided).with_columns(texts, pl.col("clicked_at").dt.epoch("us"))
    found = rows(
        "select event_type, order_token, rank, case when row ->> 0 like 'p:%%' then substr(row ->> 0, 3) end,"
        " case when row ->> 0 like 'c:%%' then substr(row ->> 0, 3) end, row ->> 1, (row ->> 2)::bigint, row ->> 3,"
        " row ->> 4, row ->> 5, case rank when 1 then without_winner end"
        " from conversions_conversion conversion join conversions_decision decision on conversion_id = conversion.id,"
        " jsonb_array_elements(explanation) with ordinality as explained (row, rank)"
        " order by occurred_at, event_type, order_token, rank"
    )
    assert len(found) > 1000
    assert found == explained.rows()


def test_a_large_load_after_a_small_one_looks_each_key_up_once(
    as_owner: Callable[[], AbstractContextManager[None]],
) -> None:
    program = install()
    load(program, *numbered("A", 20))
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("analyze conversions_conversion, conversions_decision")
    load(program, *numbered("B", 20))  # plans the checks while the tables are known to be small
    load(program, *numbered("C", 2_000))
    read = "select sum(seq_tup_read + idx_tup_fetch) from pg_stat_xact_user_tables where relname = any(%s)"
    [(rows_read,)] = rows(read, ["conversions_conversion", "conversions_decision"])
    assert rows_read < 100_000  # a scan for each row would read some millions


def numbered(prefix: str, count: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """No clicks, and orders of one item each."""
    names = [f"{prefix}{n}" for n in range(count)]
    placed = orders("\n".join(["order | at | turnover", *(f"{name} | T | 10.00" for name in names)]))
    basket = [
        "order | item | quantity | turnover | sku | category",
        *(f"{name} | a | 1 | 10.00 | - | -" for name in names),
    ]
    return clicks("click | at | visitor | party"), placed, items("\n".join(basket), placed)
