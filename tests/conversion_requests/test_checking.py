"""Every fault of every row is told at once, with its column."""

import polars as pl
import pytest

from accredit.conversion_requests.checking import FAULTS, check
from accredit.conversion_requests.deciding import impact
from accredit.conversion_requests.models import Request
from accredit.conversion_requests.planning import WHY
from accredit.conversion_requests.raising import RequestsRefused
from accredit.conversions.models import Conversion
from accredit.conversions.turnover import change_turnover
from accredit.programs.models import Program
from tests.conversions.test_validating import CLICKS, ORDERS
from tests.factories.arriving import arrive
from tests.factories.installing import SHOP, install, items, load, orders
from tests.factories.installing import clicks as clicks_of
from tests.factories.requesting import accepted, decided, processed, raised, view_of, wanted, wanted_items
from tests.factories.validating import COMMAND, LATER, asked, asked_turnovers, validated

NEW = "kind | partner | order | at | turnover"
CHANGE = "kind | partner | order"
TOYS = SHOP.replace(
    '[[contract]]\npartner = "barb"',
    '[[terms]]\ncode = "toys"\nversion = 1\n[[terms.payout]]\nevent_type = "sale"\nlevel = "order"\n'
    'model = "Toys"\npercent = "1"\n[[terms.payout.restriction]]\nname = "No toys"\n'
    'when = [{ field = "category", in = ["toys"] }]\n'
    '[[contract]]\npartner = "barb"',
    1,
)
"""A program that knows toys, as a category of its terms."""


@pytest.fixture
def program() -> Program:
    """Orders 1, 2 and 6 are credited to Barb at 10 %, 3 to Ann at 12.5 % an item, 4 to a channel, 5 to nobody; 2 is
    rejected, and `held` waits in the intake."""
    program = install()
    placed = orders(ORDERS)
    load(program, clicks_of(CLICKS), placed, items("order | item | quantity | turnover\n 3 | a | 2 | 80.00", placed))
    validated(asked("order | to | reason\n 2 | rejected | returned"))
    arrive(program.id, "anvils", orders("order | at | turnover\n held | T | 10.00"))
    return program


def faults(program: Program, text: str, lines: str = "", *partners: str) -> list[str]:
    """Such as `1 order_token unknown_order`."""
    found = check(view_of(program, *partners), wanted(text), wanted_items(lines), now=LATER).faults
    assert {*found["code"]} <= FAULTS.keys()
    return [" ".join(filter(None, row)) for row in found.select(pl.col("row").cast(pl.String), "column", "code").rows()]


CASES = [
    (NEW, "create | barb | 10 | T | 10.00", []),
    (NEW, "new | barb | 10 | T | 10.00", ["1 kind unknown_kind"]),
    (NEW, "create | bob | 10 | T | 10.00", ["1 partner unknown_partner"]),
    (NEW, "create | - | 10 | T | 10.00", ["1 partner missing"]),
    (NEW, "create | barb | - | T | -", ["1 order_token missing", "1 turnover_minor missing"]),
    (NEW, "create | barb | 10 | - | 10.00", ["1 occurred_at missing"]),
    (f"{NEW} | event", "create | barb | 10 | T | 10.00 | visit", ["1 event_type unknown_event_type"]),
    (f"{NEW} | event", "create | barb | 10 | T | 10.00 | -", ["1 event_type missing"]),
    (f"{NEW} | status", "create | barb | 10 | T | 10.00 | done", ["1 status unknown_status"]),
    (f"{NEW} | status", "create | barb | 10 | T | 10.00 | rejected", ["1 status status_of_create"]),
    (f"{NEW} | customer", "create | barb | 10 | T | 10.00 | loyal", ["1 customer_status unknown_customer_status"]),
    (f"{NEW} | customer", "create | barb | 10 | T | 10.00 | first order", []),
    (f"{NEW} | category", "create | barb | 10 | T | 10.00 | toys", ["1 category unknown_category"]),
    (f"{NEW} | category", "create | barb | 10 | T | 10.00 | Gift-Card", []),
    (f"{NEW} | project", "create | barb | 10 | T | 10.00 | spring", []),
    (f"{NEW} | project", "create | ann | 10 | T | 10.00 | spring", ["1 project unknown_project"]),
    (f"{CHANGE} | project", "change | - | 3 | spring", ["1 project unknown_project"]),
    (f"{NEW} | new_order", "create | barb | 10 | T | 10.00 | 11", ["1 new_order_token not_of_create"]),
    (f"{NEW} | claimed", "create | barb | 10 | T | 10.00 | -1.00", ["1 claimed_minor claimed_out_of_range"]),
    (f"{NEW} | sub_id1", f"create | barb | 10 | T | 10.00 | {'x' * 501}", ["1 sub_id1 too_long"]),
    (NEW, "create | barb | 10 | T | -10.00", ["1 turnover_minor turnover_out_of_range"]),
    (NEW, "create | barb | 10 | T+30d | 10.00", ["1 occurred_at in_future"]),
    (NEW, "create | barb | 10 | T-50d | 10.00", []),
    (NEW, "create | barb | 10 | T-300d | 10.00", ["1 occurred_at outside_period", "1 partner no_live_contract"]),
    (NEW, "create | barb | 10 | T-100d | 10.00", ["1 partner no_live_contract"]),
    (NEW, "create | barb | 1 | T | 10.00", ["1 order_token partners_own"]),
    (NEW, "create | barb | held | T | 10.00", ["1 order_token waiting"]),
    (NEW, "create | barb | 4 | T | 10.00", []),
    (f"{CHANGE} | turnover", "change | barb | 10 | 10.00", ["1 order_token unknown_order"]),
    (f"{CHANGE} | turnover", "change | ann | 1 | 10.00", ["1 order_token not_partners"]),
    (f"{CHANGE} | turnover", "change | barb | 4 | 10.00", ["1 order_token not_partners"]),
    (f"{CHANGE} | turnover", "change | - | 1 | 10.00", []),
    (f"{CHANGE} | turnover", "change | - | 4 | 10.00", ["1 partner missing"]),
    (f"{CHANGE} | turnover", "change | - | 10 | 10.00", ["1 order_token unknown_order"]),
    (f"{CHANGE} | turnover", "change | barb | 1 | 100.00", ["1 no_change"]),
    (f"{CHANGE} | claimed", "change | barb | 1 | 10.00", ["1 no_change"]),
    (f"{CHANGE} | turnover | event", "change | barb | 1 | 10.00 | -", []),
    (f"{CHANGE} | turnover", "change | barb | 2 | 10.00", ["1 status rejected"]),
    (f"{CHANGE} | turnover | status", "change | barb | 2 | 10.00 | approved", []),
    (f"{CHANGE} | status", "change | barb | 1 | rejected", ["1 rejection_reason reason_missing"]),
    (f"{CHANGE} | status | reason", "change | barb | 1 | rejected | late", ["1 rejection_reason reason_unknown"]),
    (f"{CHANGE} | reason", "change | barb | 1 | returned", ["1 rejection_reason reason_without_rejection"]),
    (f"{CHANGE} | status", "change | barb | 2 | open", ["1 status status_once"]),
    (f"{NEW} | claimed | currency", "create | barb | 4 | T | 10.00 | 5.00 | EUR", ["1 currency currency_differs"]),
    (f"{NEW} | currency", "create | barb | 4 | T | 10.00 | EUR", []),
    (
        f"{CHANGE} | status | category | reason",
        "change | barb | 1 | rejected | gift-card | returned",
        ["1 status rejected"],
    ),
    (f"{CHANGE} | turnover | currency", "change | barb | 1 | 10.00 | EUR", ["1 currency currency_differs"]),
    (f"{CHANGE} | country | currency", "change | barb | 1 | de | USX", ["1 currency unknown_currency"]),
    (f"{CHANGE} | turnover | at", "change | barb | 1 | 10.00 | T-1d", ["1 occurred_at time_differs"]),
    (f"{CHANGE} | turnover | at", "change | barb | 1 | 10.00 | T+1h", []),
    (f"{CHANGE} | new_order", "change | barb | 1 | 3", ["1 new_order_token order_taken"]),
    (f"{CHANGE} | new_order", "change | barb | 1 | held", ["1 new_order_token order_taken"]),
    (f"{CHANGE} | new_order", "change | barb | 1 | 1b", []),
    (f"{CHANGE} | claimed", "change | barb | 1 | -0.01", ["1 claimed_minor claimed_out_of_range"]),
    (f"{CHANGE} | turnover | category", "change | barb | 6 | 9999999999999.99 | gift-card", []),
]
"""Columns, what is asked, and what is wrong with it."""


@pytest.mark.django_db
def test_what_is_wrong_is_told(program: Program) -> None:
    assert [(*case, faults(program, "\n".join(case))) for *case, _ in CASES] == CASES


ITEMS = [
    ("create | barb | 10 | T | 30.00", "1 | a | 1 | 10.00\n 1 | b | 2 | 20.00", []),
    ("create | barb | 10 | T | 31.00", "1 | a | 1 | 10.00\n 1 | b | 2 | 20.00", ["1 turnover_minor sum_of_items"]),
    ("create | barb | 10 | T | 20.00", "1 | a | 1 | 10.00\n 1 | a | 1 | 10.00", ["1 items item_wrong"]),
    ("create | barb | 10 | T | 0.00", "1 | a | 0 | 0.00", ["1 items item_wrong"]),
    ("change | ann | 3 | - | -", "1 | a | 1 | -", []),
    ("change | ann | 3 | - | -", "1 | a | 2 | 80.00", ["1 no_change"]),
    ("change | ann | 3 | - | -", "1 | z | 1 | 80.00", ["1 items unknown_item"]),
    ("change | ann | 3 | - | 10.00", "1 | a | 1 | -", ["1 items changed_twice"]),
    ("change | ann | 3 | - | -", "1 | a | 0 | 5.00", ["1 items quantity_out_of_range"]),
    ("change | ann | 3 | - | -", "1 | a | 1 | -5.00", ["1 turnover_minor turnover_out_of_range"]),
]


@pytest.mark.django_db
def test_items_are_checked(program: Program) -> None:
    head = "row | item | quantity | turnover"
    told = [(row, lines, faults(program, f"{NEW}\n{row}", f"{head}\n{lines}")) for row, lines, _ in ITEMS]
    assert told == ITEMS


@pytest.mark.django_db
def test_a_turnover_of_nothing_cannot_be_shared_by_items(program: Program) -> None:
    placed = orders("order | at | turnover | visitor\n 20 | T | 0.00 | v2")
    load(program, orders=placed, items=items("order | item | quantity | turnover\n 20 | a | 1 | 0.00", placed))
    found = faults(program, f"{CHANGE} | turnover\n change | ann | 20 | 10.00")
    assert found == ["1 turnover_minor turnover_not_scalable"]


@pytest.mark.django_db
def test_a_commission_beyond_what_accredit_computes_with_is_refused() -> None:
    program = install(SHOP.replace('percent = "10"', 'percent = "1000"'))
    load(program, clicks_of(CLICKS), orders("order | at | turnover | visitor\n 1 | T | 100.00 | v1"))
    found = faults(
        program, f"{NEW}\n create | barb | 10 | T | 5000000000000.00\n change | barb | 1 | - | 9999999999999.00"
    )
    assert found == ["1 turnover_minor commission_too_large", "2 turnover_minor commission_too_large"]


@pytest.mark.django_db
def test_all_faults_of_all_rows_come_at_once_and_nothing_is_raised(program: Program) -> None:
    text = f"""{NEW} | status
        create | barb | 1  | T     | 10.00 | -
        create | bob  | 10 | T     | 10.00 | done
        create | barb | 11 | T+30d | 10.00 | -
        create | barb | 12 | T     | 10.00 | -
    """
    assert faults(program, text) == [
        "1 order_token partners_own", "2 partner unknown_partner", "2 status unknown_status", "3 occurred_at in_future",
    ]  # fmt: skip
    with pytest.raises(RequestsRefused, match="3 requests are wrong, so none was raised: row 1, order_token"):
        raised(program, text)
    assert not Request.objects.exists()


@pytest.mark.django_db
def test_partners_ask_for_themselves_and_learn_nothing_of_others(program: Program) -> None:
    assert faults(program, f"{NEW}\n create | ann | 10 | T | 10.00", "", "barb") == ["1 partner unknown_partner"]
    assert faults(program, f"{NEW}\n create | - | 10 | T | 10.00", "", "barb") == []
    checked = check(view_of(program, "barb"), wanted(f"{NEW}\n create | - | 3 | T | 80.00"), now=LATER)
    told = checked.planned.row(0, named=True)
    assert {name for name, value in told.items() if value is not None} == {"row", "kind", "partner", "currency"}
    assert (told["kind"], told["partner"]) == ("claim", "barb")
    everything = check(view_of(program), wanted(f"{NEW}\n create | barb | 3 | T | 80.00"), now=LATER)
    told = everything.planned.row(0, named=True)
    assert (told["partner_before"], told["commission_before_minor"], told["commission_minor"]) == ("ann", 1000, 800)


@pytest.mark.django_db
def test_the_same_is_raised_once_and_an_order_has_one_open_request(program: Program) -> None:
    text = f"{NEW} | sub_id1\n create | barb | 10 | T | 10.00 | a\n create | barb | 11 | T | 10.00 | a"
    first = raised(program, text)
    assert first.new.select("row", "number", "stage").rows() == [(1, 1, "inquired"), (2, 2, "inquired")]
    again = raised(program, text)
    assert len(again.new) == 0
    assert again.known.select("row", "number", "stage").rows() == [(1, 1, "inquired"), (2, 2, "inquired")]
    assert faults(program, text.replace("| a\n", "| b\n") + "b") == [
        "1 order_token open_request",
        "2 order_token open_request",
    ]
    assert faults(program, text) == ["1 raised_before", "2 raised_before"]
    accepted(program)
    processed(program)
    assert faults(program, text) == ["1 raised_before", "2 raised_before"]  # and not that the orders are there
    assert len(raised(program, text).known) == 2


@pytest.mark.django_db
def test_the_same_is_another_request_once_the_conversion_has_changed(program: Program) -> None:
    text = f"{CHANGE} | turnover\n change | barb | 1 | 80.00\n change | barb | 6 | 5.00"
    raised(program, text)
    validated(asked("order | to\n 1 | approved"))  # what is still to be decided was raised before
    assert faults(program, text) == ["1 raised_before", "2 raised_before"]
    accepted(program, 1)
    processed(program)
    decided(program, "number | verdict | reason\n 2 | rejected | returned")
    assert faults(program, text) == ["1 raised_before", "2 raised_before"]
    assert len(raised(program, text).new) == 0
    later = asked_turnovers("order | turnover\n 1 | 100.00\n 6 | 1.00")
    change_turnover("anvils", later, actor=COMMAND, now=LATER)
    assert raised(program, text).new["number"].to_list() == [3, 4]
    accepted(program)
    processed(program)
    later = asked_turnovers("order | turnover\n 1 | 80.00\n 6 | 5.00")
    change_turnover("anvils", asked_turnovers("order | turnover\n 1 | 90.00"), actor=COMMAND, now=LATER)
    change_turnover("anvils", later, actor=COMMAND, now=LATER)
    assert faults(program, text) == ["1 raised_before", "2 raised_before"]  # nothing would come of it


@pytest.mark.django_db
def test_in_which_currency_somebody_elses_order_is_whoever_decides_sees(program: Program) -> None:
    raised(program, f"{NEW} | claimed | currency\n create | - | 4 | T | 10.00 | 5.00 | EUR", partners=("barb",))
    request = Request.objects.get()
    assert impact(program, [request.id]).rows.select("kind", "why").rows() == [("claim", "currency_differs")]


@pytest.mark.django_db
def test_a_change_is_the_same_by_order_or_by_conversion(program: Program) -> None:
    key = Conversion.objects.get(order_token="1").id
    raised(program, f"{CHANGE} | turnover\n change | barb | 1 | 10.00")
    again = raised(program, f"kind | partner | conversion_id | turnover\n change | barb | {key} | 10.00")
    assert again.known["number"].to_list() == [1]
    text = f"kind | partner | order | conversion_id | turnover\n change | barb | 6 | {key} | 11.00"
    assert faults(program, text) == ["1 order_token order_differs"]


@pytest.mark.django_db
def test_a_category_that_went_is_refused_and_what_was_asked_is_done(program: Program) -> None:
    install(TOYS)
    raised(program, f"{CHANGE} | category\n change | barb | 1 | toys")
    for partners, known in (((), "gift-card, toys"), (("barb",), "gift-card")):
        text = f"{NEW} | category\n create | barb | 10 | T | 10.00 | cakes"
        found = check(view_of(program, *partners), wanted(text), now=LATER).faults
        assert found.select("code", "details").rows() == [("unknown_category", f'{{"known":"{known}"}}')]
    install(SHOP)
    assert faults(program, f"{CHANGE} | category\n change | barb | 6 | toys") == ["1 category unknown_category"]
    accepted(program)
    assert processed(program).done == 1
    assert faults(program, f"{CHANGE} | category\n change | barb | 6 | toys", "") == []


def test_every_reason_has_a_sentence() -> None:
    assert all(sentence[0].isupper() and sentence[-1] != "." for sentence in {**FAULTS, **WHY}.values())
