"""Turnover changes with the rate that was kept, and books the difference where the commission is approved."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.db import IntegrityError, connection, transaction

from accredit.access.models import User
from accredit.conversions import turnover
from accredit.conversions.checking import check_ledger
from accredit.conversions.columns import COLUMNS
from accredit.conversions.crediting_again import Selection, credit_again
from accredit.conversions.history import Actor
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Change, Conversion, Decision, Item, Payment, Way
from accredit.conversions.queries import trace
from accredit.conversions.turnover import WHY, Planned, change_turnover
from accredit.lists.places import Order
from accredit.money import to_major
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint
from tests.conversions.test_validating import CLICKS
from tests.factories.installing import SHOP, clicks, install, items, load, orders
from tests.factories.requesting import accepted, processed, raised
from tests.factories.sessions import together
from tests.factories.validating import COMMAND, LATER, approve, asked, asked_items, asked_turnovers, pay, validated
from tests.ledger.entries import standing

NO_ITEMS = pl.DataFrame(schema=dict(turnover.ASKED_ITEMS))
FIXED = ('model = "Standard 10 %"\n  percent = "10"', 'model = "Five"\n  fixed = "5.00"')


def changed(text: str, lines: str = "", *, dry_run: bool = False, actor: Actor = COMMAND) -> Planned:
    asked_lines = asked_items(lines) if lines else NO_ITEMS
    now = LATER + timedelta(days=1)
    return change_turnover("anvils", asked_turnovers(text), asked_lines, actor=actor, now=now, dry_run=dry_run)


def told(planned: Planned) -> list[tuple[Any, ...]]:
    """Order and why of what did not change."""
    assert {*planned.unchanged["why"]} <= WHY.keys()
    return planned.unchanged.select("order_token", "why").rows()


def holds(order: str) -> str:
    """Turnover, commission and decision of an order, such as `80.00 8.00 2`."""
    one = Conversion.objects.get(order_token=order)
    return f"{to_major(one.turnover_minor, 'USD')} {to_major(one.commission_minor, 'USD')} {one.decision}"


def lines_of(order: str) -> list[str]:
    """The items that hold of an order, such as `a 2 × 60.00 → 7.50`."""
    one = Conversion.objects.get(order_token=order)
    found = Item.objects.filter(conversion_id=one.id, decision=one.decision).order_by("item_id")
    return [
        f"{item.item_id} {item.quantity} × {to_major(item.turnover_minor, 'USD')}"
        + ("" if item.commission_minor is None else f" → {to_major(item.commission_minor, 'USD')}")
        for item in found
    ]


@pytest.fixture
def program() -> Program:
    """Order 1 is Barb's at 10 %, 2 Ann's at 12.5 % of each item but gift cards, 3 Barb's with items, 4 nobody's."""
    program = install()
    placed = orders("""
        order | at | turnover | visitor
        1     | T  | 100.00   | v1
        2     | T  | 100.00   | v2
        3     | T  | 60.00    | v1
        4     | T  | 30.00    | -
    """)
    lines = items(
        """
        order | item | quantity | turnover | category
        2     | a    | 3        | 60.00    | shoes
        2     | b    | 1        | 40.00    | gift-card
        3     | a    | 2        | 60.00    | -
        """,
        placed,
    )
    load(program, clicks(CLICKS), placed, lines)
    return program


@pytest.mark.django_db
def test_the_rate_that_was_kept_counts_and_not_todays(program: Program) -> None:
    install(
        SHOP.replace(
            '  [[contract.period]]\n  starts_at = 2026-02-15T00:00:00Z\n  terms = "standard"\n  version = 1',
            "  [[contract.period]]\n  starts_at = 2026-02-15T00:00:00Z\n  ends_at = 2026-03-02T00:00:00Z\n"
            '  terms = "standard"\n  version = 1\n'
            '  [[contract.period]]\n  starts_at = 2026-03-02T00:00:00Z\n  terms = "standard"\n  version = 2',
        ).replace(
            '[[terms]]\ncode = "items"',
            '[[terms]]\ncode = "standard"\nversion = 2\n[[terms.payout]]\nevent_type = "sale"\nlevel = "order"\n'
            'model = "Standard 5 %"\npercent = "5"\n[[terms]]\ncode = "items"',
        )
    )
    load(program, orders=orders("order | at | turnover | codes\n 9 | T+2d | 100.00 | anvil10"))
    changed("order | turnover | comment\n 1 | 80.00 | One came back\n 9 | 80.00 | -")
    assert (holds("1"), holds("9")) == ("80.00 8.00 2", "80.00 4.00 2")
    decision = Decision.objects.get(conversion_id=Conversion.objects.get(order_token="1").id, number=2)
    first = Decision.objects.get(conversion_id=decision.conversion_id, number=1)
    assert (decision.cause, decision.decided_at) == ("turnover_changed", LATER + timedelta(days=1))
    assert (decision.explanation, decision.rate_id, decision.credited_click_id) == (
        first.explanation,
        first.rate_id,
        "k1",
    )
    changed("order | turnover\n 1 | 250.00")
    assert holds("1") == "250.00 25.00 3"


@pytest.mark.django_db
def test_a_fixed_payout_does_not_follow_turnover() -> None:
    text = SHOP.replace(*FIXED)
    assert text != SHOP
    load(install(text), clicks(CLICKS), orders("order | at | turnover | visitor\n 1 | T | 100.00 | v1"))
    changed("order | turnover\n 1 | 80.00")
    assert holds("1") == "80.00 5.00 2"
    approve("1")
    changed("order | turnover\n 1 | 0.00")
    assert holds("1") == "0.00 5.00 3"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asks", "lines", "order", "after", "items_after"),
    [
        ("2 | 80.00", "", "2", "80.00 6.00 2", ["a 3 × 48.00 → 6.00", "b 1 × 32.00 → 0.00"]),
        ("2 | 0.00", "", "2", "0.00 0.00 2", ["a 3 × 0.00 → 0.00", "b 1 × 0.00 → 0.00"]),
        ("2 | -", "2 | a | 2 | 45.00", "2", "85.00 5.63 2", ["a 2 × 45.00 → 5.63", "b 1 × 40.00 → 0.00"]),
        ("2 | -", "2 | a | 2 | -", "2", "80.00 5.00 2", ["a 2 × 40.00 → 5.00", "b 1 × 40.00 → 0.00"]),
        ("2 | -", "2 | a | 0 | -", "2", "40.00 0.00 2", ["a 0 × 0.00 → 0.00", "b 1 × 40.00 → 0.00"]),
        ("3 | -", "3 | a | 1 | -", "3", "30.00 3.00 2", ["a 1 × 30.00"]),
        ("3 | 30.00", "", "3", "30.00 3.00 2", ["a 2 × 60.00"]),
        ("4 | 10.00", "", "4", "10.00 0.00 2", []),
    ],
)
def test_orders_and_items_change(
    program: Program, asks: str, lines: str, order: str, after: str, items_after: list[str]
) -> None:
    changed(f"order | turnover\n {asks}", lines and f"order | item | quantity | turnover\n {lines}")
    assert (holds(order), lines_of(order)) == (after, items_after)
    one = Conversion.objects.get(order_token=order)
    assert trace(program.id, [one.id]).orders["commission_minor"].to_list() == [one.commission_minor]


@pytest.mark.django_db
def test_the_difference_of_what_is_approved_is_booked_either_way(program: Program) -> None:
    approve("1", "2", "4")
    assert standing(program.id) == "owes USD -17.50, ann USD 7.50, barb USD 10.00"
    changed("order | turnover\n 1 | 80.00\n 2 | 100.00\n 3 | 1.00\n 4 | 10.00")
    assert standing(program.id) == "owes USD -15.50, ann USD 7.50, barb USD 8.00"
    changed("order | turnover\n 1 | 120.00")
    assert standing(program.id) == "owes USD -19.50, ann USD 7.50, barb USD 12.00"
    changed("order | turnover\n 1 | 0.00")
    assert standing(program.id, partner="barb") == "barb USD 0.00"
    assert check_ledger(program).is_empty()


@pytest.mark.django_db
def test_what_is_approved_after_its_turnover_changed_earns_what_it_is_then(program: Program) -> None:
    changed("order | turnover\n 1 | 80.00")
    approve("1")
    assert standing(program.id, partner="barb") == "barb USD 8.00"
    assert check_ledger(program).is_empty()


@pytest.mark.django_db
def test_what_is_paid_stays_and_what_a_request_takes_back_goes_with_the_next_payout(program: Program) -> None:
    approve("1", "2")
    pay("1")
    assert standing(program.id, partner="barb") == "barb USD 0.00, paid:barb USD 10.00"
    assert check_ledger(program).is_empty()
    planned = changed("order | turnover\n 1 | 80.00\n 2 | 80.00")
    assert (told(planned), holds("1"), holds("2")) == ([("1", "paid")], "100.00 10.00 1", "80.00 6.00 2")
    view = Viewpoint(program, None)
    for query, orders_found in (("paid=yes", ["1"]), ("paid=no", ["2", "3", "4"])):
        filters = CONVERSIONS.filters_from([tuple(query.split("="))])  # type: ignore[list-item]
        page = CONVERSIONS.page(view, filters, Order("order", descending=False), columns=[COLUMNS["paid"]])
        assert [(one.order_token, one.paid) for one in page.rows] == [  # type: ignore[attr-defined]
            (order, query == "paid=yes") for order in orders_found
        ]
    with pytest.raises(IntegrityError, match="is paid, and stays as it is"), transaction.atomic():
        halved_anyway(Conversion.objects.get(order_token="1"))
    with pytest.raises(IntegrityError, match="is not approved, and nothing is paid for it"), transaction.atomic():
        paid_anyway(Conversion.objects.get(order_token="3"))
    raised(program, "kind | partner | order | status | reason\n change | barb | 1 | rejected | returned")
    accepted(program, 1)
    processed(program)
    assert standing(program.id, partner="barb") == "barb USD -10.00, paid:barb USD 10.00"
    assert check_ledger(program).is_empty()
    pay("1")
    assert standing(program.id, partner="barb") == "barb USD 0.00, paid:barb USD 0.00"
    assert check_ledger(program).is_empty()


def halved_anyway(one: Conversion) -> None:
    """Another turnover, with the decision and the history that belong to it."""
    with connection.cursor() as cursor:
        cursor.execute("""
            insert into conversions_decision select (jsonb_populate_record(decided, '{"number": 2}')).*
            from conversions_decision decided where conversion_id = %s
        """, [one.id])  # fmt: skip
    Change.objects.create(
        program_id=one.program_id, conversion_id=one.id, number=2, changed_at=LATER, way="command", decision=2,
        status_before=one.status, status=one.status, decision_before=1,
    )  # fmt: skip
    Conversion.objects.filter(id=one.id).update(decision=2, turnover_minor=5_000)


def paid_anyway(one: Conversion) -> None:
    """A payment of a conversion, whatever its status."""
    entry = Payment.objects.values_list("entry", flat=True)[0]
    Payment.objects.create(
        program_id=one.program_id, conversion_id=one.id, number=1, paid_at=LATER, partner="barb", currency="USD",
        amount_minor=1, entry=entry,
    )  # fmt: skip


@pytest.mark.django_db
def test_what_cannot_change_is_told_and_the_rest_is_done(program: Program) -> None:
    validated(asked("order | to | reason\n 3 | rejected | returned"))
    planned = changed("""
        order | turnover         | decision
        1     | 80.00            | 1
        2     | 80.00            | 2
        3     | 10.00            | -
        4     | 30.00            | -
        none  | 10.00            | -
    """)
    assert told(planned) == [("2", "changed_since"), ("3", "rejected"), ("4", "no_change"), (None, "unknown")]
    assert (holds("1"), holds("2"), holds("3")) == ("80.00 8.00 2", "100.00 7.50 1", "60.00 6.00 1")
    assert told(changed("order | turnover\n none | 10.00")) == [(None, "unknown")]
    assert told(changed("order | turnover\n 4 | 1.00\n 4 | 2.00")) == [("4", "named_twice")] * 2
    assert told(changed("order | turnover\n 4 | -")) == [("4", "no_change")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asks", "lines", "why"),
    [
        ("2 | -", "2 | z | 1 | -", "unknown_item"),
        ("2 | -", "2 | a | 1 | -\n 2 | a | 2 | -", "changed_twice"),
        ("2 | 10.00", "2 | a | 1 | -", "changed_twice"),
        ("2 | -1.00", "", "turnover_out_of_range"),
        ("2 | -", "2 | a | -1 | 1.00", "quantity_out_of_range"),
        ("2 | -", "2 | a | 0 | 1.00", "quantity_out_of_range"),
    ],
)
def test_what_the_engine_refuses_is_told_and_others_change(program: Program, asks: str, lines: str, why: str) -> None:
    planned = changed(
        f"order | turnover\n {asks}\n 1 | 80.00", lines and f"order | item | quantity | turnover\n {lines}"
    )
    assert told(planned) == [("2", why)]
    assert (holds("1"), holds("2")) == ("80.00 8.00 2", "100.00 7.50 1")


@pytest.mark.django_db
def test_items_have_no_shares_in_a_turnover_that_was_zero(program: Program) -> None:
    changed("order | turnover\n 2 | 0.00")
    assert told(changed("order | turnover\n 2 | 10.00")) == [("2", "turnover_not_scalable")]
    assert told(changed("order | turnover\n 2 | -", "order | item | quantity | turnover\n 2 | a | 3 | 10.00")) == []
    assert holds("2") == "10.00 1.25 3"


@pytest.mark.django_db
def test_a_preview_is_the_plan_and_changes_nothing(program: Program) -> None:
    preview = changed("order | turnover\n 1 | 80.00\n 2 | 80.00", dry_run=True)
    assert holds("1") == "100.00 10.00 1"
    done = changed("order | turnover\n 1 | 80.00\n 2 | 80.00")
    assert preview.changes.equals(done.changes)
    assert preview.items.equals(done.items)
    before_and_after = done.changes.select("commission_before_minor", "commission_minor").rows()
    assert before_and_after == [(1000, 800), (750, 600)]


@pytest.mark.django_db
def test_the_second_sees_who_changed_it_and_what_holds(program: Program) -> None:
    wile = User.objects.create_user("wile@acme.example", "x", name="Wile E.")
    changed("order | turnover | decision\n 1 | 80.00 | 1", actor=Actor(Way.PAGE, wile.id))
    second = changed("order | turnover | decision\n 1 | 70.00 | 1").unchanged
    assert second.select("why", "decision", "turnover_minor", "commission_minor", "changed_by").rows() == [
        ("changed_since", 2, 8000, 800, "Wile E.")
    ]


@pytest.mark.django_db
def test_what_is_open_can_be_credited_again_after_that(program: Program) -> None:
    changed("order | turnover\n 2 | -", "order | item | quantity | turnover\n 2 | a | 0 | -")
    load(program, clicks("click | at | visitor | party\n k9 | T-1h | v2 | barb"))
    list(credit_again("anvils", Selection(), now=LATER + timedelta(days=2)))
    one = Conversion.objects.get(order_token="2")
    assert (one.partner, one.turnover_minor, one.decision) == ("barb", 4000, 3)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_saw_the_same_one_changes_it(program: Program) -> None:
    approve("1")
    amounts = [90, 80, 70, 60, 50]
    calls: list[Callable[[], Planned]] = [
        lambda amount=amount: changed(f"order | turnover | decision\n 1 | {amount}.00 | 1")  # type: ignore[misc]
        for amount in amounts
    ]
    done = together(calls)
    assert sum(len(planned.changes) for planned in done) == 1
    assert [row for planned in done for row in told(planned)] == [("1", "changed_since")] * 4
    assert check_ledger(program).is_empty()


@pytest.mark.django_db
def test_a_commission_that_grows_too_large_is_told() -> None:
    program = install(SHOP.replace('percent = "10"', 'percent = "1000"'))
    load(program, orders=orders("order | at | turnover | codes\n 1 | T | 100.00 | anvil10"))
    assert told(changed("order | turnover\n 1 | 9999999999999.99")) == [("1", "commission_too_large")]
    assert holds("1") == "100.00 1000.00 1"


@pytest.mark.django_db
def test_whatever_happens_in_whatever_order_the_ledger_agrees(program: Program) -> None:
    chance = random.Random(8)
    for _ in range(40):
        order = chance.choice("1234")
        match chance.choice(["approve", "reject", "turnover", "turnover", "items", "again"]):
            case "approve":
                approve(order)
            case "reject" if order != "1":
                validated(asked(f"order | to | reason\n {order} | rejected | returned"))
            case "turnover":
                changed(f"order | turnover\n {order} | {chance.randrange(20_000) / 100:.2f}")
            case "items":
                changed(
                    "order | turnover\n 2 | -",
                    f"order | item | quantity | turnover\n 2 | a | {chance.randrange(4)} | -",
                )
            case "again":
                list(credit_again("anvils", Selection(), now=LATER))
        assert check_ledger(program).is_empty()
    assert {*Conversion.objects.values_list("status", flat=True)} == {"approved", "rejected"}
