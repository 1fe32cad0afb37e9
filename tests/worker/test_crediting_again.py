"""Conversions decided anew: late clicks, corrected set-ups, and an order that does not matter."""

import random
from datetime import timedelta

import polars as pl
import pytest
from django.db import connection

from accredit.conversions.crediting_again import CreditedAgain, Selection, credit_again
from accredit.conversions.models import Cause, Conversion, Decision, Item
from accredit.conversions.queries import trace
from accredit.programs.models import Program
from accredit.programs.operations import ChangesRefused, apply_program
from tests.conversions.test_loading import CLICKS, ITEMS, ORDERS, content
from tests.factories.arriving import arrive
from tests.factories.installing import NOW, SHOP, clicks, install, items, load, orders, shop
from tests.factories.tables import T
from tests.factories.validating import approve
from tests.worker.test_booking import book_all

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


EVERYTHING = Selection()


def again(selection: Selection = EVERYTHING, *, dry_run: bool = False) -> CreditedAgain:
    parts = list(credit_again("anvils", selection, now=LATER, dry_run=dry_run))
    return CreditedAgain(
        pl.concat([part.changes for part in parts]),
        sum(part.unchanged for part in parts),
        sum(part.closed for part in parts),
        sum(part.without_clicks for part in parts),
    )


def told(result: CreditedAgain) -> list[tuple[object, ...]]:
    columns = ("order_token", "party_before", "party", "commission_before_minor", "commission_minor")
    return result.changes.select(columns).sort("order_token").rows()


def holding(program: Program) -> list[tuple[object, ...]]:
    """What holds of every conversion, with the items and the explanation of the decision that counts."""
    names = [
        field.attname
        for field in Conversion._meta.concrete_fields
        if field.attname not in ("program_id", "id", "recorded_at", "decision", "signed")
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {', '.join(f'kept.{name}' for name in names)}, explanation::text, without_winner,"
            " (select array_agg((item_id, quantity, item.rate_id, item.commission_minor) order by item_id)::text"
            "  from conversions_item item where item.conversion_id = kept.id and item.decision = kept.decision)"
            " from conversions_conversion kept join conversions_decision on conversion_id = kept.id"
            " and number = kept.decision where kept.program_id = %s order by kept.order_token",
            [program.id],
        )
        return list(cursor.fetchall())


def test_where_nothing_changes_nothing_is_written() -> None:
    program = install()
    placed = orders(ORDERS)
    load(program, clicks(CLICKS), placed, items(ITEMS, placed))
    before = content(program)
    result = again()
    assert (told(result), result.unchanged) == ([], 7)
    assert content(program) == before


def test_clicks_that_came_late_count_once_conversions_are_decided_anew() -> None:
    in_order, late = install(SHOP.replace('code = "anvils"', 'code = "hammers"')), install()
    placed = orders(ORDERS)
    for program, first in ((in_order, clicks(CLICKS)), (late, clicks(CLICKS)[:0])):
        load(program, first, placed, items(ITEMS, placed))
    load(late, clicks(CLICKS))
    assert told(again(dry_run=True)) == told(changed := again())
    assert told(changed) == [
        ("1", "none", "channel:email", 0, 0),
        ("2", "none", "partner:barb", 0, 1045),
        ("3", "none", "channel:email", 0, 0),
        ("4", "none", "partner:ann", 0, 125),
        ("5", "none", "partner:barb", 0, 0),
    ]
    assert changed.unchanged == 2
    assert holding(late) == holding(in_order)
    second = Conversion.objects.get(program=late, order_token="2")
    causes = Decision.objects.filter(conversion_id=second.id).order_by("number").values_list("number", "cause")
    assert [*causes] == [(1, Cause.RECORDED), (2, Cause.CREDITED_AGAIN)]
    assert [*Item.objects.filter(conversion_id=second.id).values_list("decision", flat=True)] == [1, 2]
    assert trace(late.id, [second.id]).orders["commission_minor"].to_list() == [1045]
    assert told(again()) == []


def test_only_what_is_open_and_selected_is_decided_anew() -> None:
    program = install()
    load(program, orders=orders("""
        order | at   | turnover | visitor
        1     | T    | 10.00    | v1
        2     | T    | 10.00    | v1
        3     | T-1d | 10.00    | v1
        4     | T    | 10.00    | v1
    """))  # fmt: skip
    approve("1")
    load(program, clicks("click | at | visitor | party\n k | T-5d | v1 | barb"))
    day = T.date()
    assert again(Selection(event_type="lead"), dry_run=True).changes.is_empty()
    picked = again(Selection(order_tokens=["1", "2", "3"], first_date=day, last_date=day))
    assert (told(picked), picked.closed) == ([("2", "none", "partner:barb", 0, 100)], 1)
    assert {*Conversion.objects.filter(partner="barb").values_list("order_token", flat=True)} == {"2"}


def test_a_contract_that_was_missing_pays_once_it_is_there() -> None:
    program = install(SHOP[: SHOP.index('[[contract]]\npartner = "ann"')])
    load(program, clicks("click | at | visitor | party\n k | T-1d | v1 | ann"))
    arrive(program.id, "anvils", orders("order | at | turnover | visitor\n 1 | T | 10.00 | v1"))
    book_all()
    assert Decision.objects.get().explanation[0][-1] == "no_live_contract"
    apply_program(shop())
    assert told(again()) == [("1", "none", "partner:ann", 0, 125)]


@pytest.mark.parametrize(
    ("reason", "event_type", "currency"),
    [("event_type_not_paid", "lead", "USD"), ("no_amount_in_currency", "club", "EUR")],
)
def test_terms_that_said_nothing_of_an_order_pay_it_once_the_contract_names_others(
    reason: str, event_type: str, currency: str
) -> None:
    lacking = SHOP.replace('code = "lead"', 'code = "lead"\n[[event_type]]\ncode = "club"').replace(
        '[[terms.payout]]\n  event_type = "sale"\n  level = "item"',
        '[[terms.payout]]\n  event_type = "club"\n  level = "order"\n  model = "Club"\n  fixed = { USD = "1.00" }\n'
        '  [[terms.payout]]\n  event_type = "sale"\n  level = "item"',
    )
    payout = f'  event_type = "{event_type}"\n  level = "order"\n  model = "Ten"\n  percent = "10"'
    mended = lacking.replace(
        '[[contract]]\npartner = "barb"',
        f'[[terms]]\ncode = "items"\nversion = 2\n  [[terms.payout]]\n{payout}\n[[contract]]\npartner = "barb"',
    ).replace('terms = "items"\n  version = 1', 'terms = "items"\n  version = 2')
    program = install(lacking)
    load(program, clicks("click | at | visitor | party\n k | T-1d | v1 | ann"))
    placed = f"order | at | turnover | visitor | currency\n 1 | T | 10.00 | v1 | {currency}"
    arrive(program.id, "anvils", orders(placed, event_type))
    book_all()
    assert Conversion.objects.values_list("partner", "commission_minor", "restriction").get() == ("ann", 0, reason)
    assert told(again()) == []
    moved = mended.replace('credit_group = "standard"\n  referral_window_days = 14', "referral_window_days = 14")
    with pytest.raises(ChangesRefused):
        install(moved)
    install(mended)
    assert told(again()) == [("1", "partner:ann", "partner:ann", 0, 100)]
    with pytest.raises(ChangesRefused):  # now it is what that version paid
        install(lacking)


def test_a_customer_status_is_mapped_once() -> None:
    program = install()
    load(program, orders=orders("order | at | turnover | status | visitor\n 1 | T | 10.00 | N | v1"))
    apply_program(shop(('New = ["N", "first order"]', 'New = ["first order"]')))
    load(program, clicks("click | at | visitor | party\n k | T-1d | v1 | barb"))
    assert told(again()) == [("1", "none", "partner:barb", 0, 150)]
    assert Conversion.objects.get().customer_status == "New"


def test_what_was_won_by_a_click_that_is_gone_stays() -> None:
    program = install()
    placed = orders(ORDERS)
    load(program, clicks(CLICKS), placed, items(ITEMS, placed))
    with connection.cursor() as cursor:
        cursor.execute("delete from tracking_click")
    before = content(program)
    result = again()
    assert (told(result), result.unchanged, result.without_clicks) == ([], 2, 5)
    assert content(program) == before


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_order_in_which_clicks_and_orders_come_the_result_is_that_of_one_file(seed: int) -> None:
    """Clicks come before or after their orders, orders in any order and in groups of any size."""
    chance = random.Random(seed)
    parties, visitors = ["barb", "ann", "c:email", "c:display", "nobody"], [f"v{n}" for n in range(8)]
    lines = [
        f"k{n} | T-{chance.randrange(40)}d+{n}h | {chance.choice(visitors)} | {chance.choice(parties)}"
        for n in range(60)
    ]
    log = clicks("\n".join(["click | at | visitor | party", *lines]))
    lines = [
        f"o{n:02} | T-{chance.randrange(20)}d | {chance.randrange(1, 90)}.00 | {chance.choice([*visitors, '-'])}"
        f" | {chance.choice(['-', f'k{chance.randrange(70)}'])} | {chance.choice(['-', '-', 'anvil10', 'ANN-7', 'x'])}"
        f" | {chance.choice(['-', 'N', 'vip'])}"
        for n in range(40)
    ]
    placed = orders("\n".join(["order | at | turnover | visitor | click | codes | status", *lines]))
    whole, live = install(SHOP.replace('code = "anvils"', 'code = "hammers"')), install()
    load(whole, log, placed)

    steps = [(kind, part) for kind, frame in (("clicks", log), ("orders", placed)) for part in _parts(frame, chance)]
    chance.shuffle(steps)
    for kind, part in steps:
        if kind == "clicks":
            load(live, part)
        else:
            arrive(live.id, "anvils", part)
            book_all()
    again()
    assert len(holding(live)) == 40
    # A decision is added where credit or payment changes, and not where there are only more clicks without credit.
    without_explanation = [[row[:-3] + row[-1:] for row in holding(program)] for program in (live, whole)]
    assert without_explanation[0] == without_explanation[1]


def _parts(frame: pl.DataFrame, chance: random.Random) -> list[pl.DataFrame]:
    shuffled = frame.sample(fraction=1, shuffle=True, seed=chance.randrange(1000))
    parts = []
    while len(shuffled):
        size = chance.randrange(1, 20)
        parts.append(shuffled[:size])
        shuffled = shuffled[size:]
    return parts
