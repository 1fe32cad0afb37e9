"""What is accepted is done: conversions are created, claimed and changed, priced, kept in the history and booked."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection

from accredit.conversion_requests.deciding import impact
from accredit.conversion_requests.models import Request
from accredit.conversion_requests.processing import Processed
from accredit.conversions.booking import book_next
from accredit.conversions.checking import check_ledger
from accredit.conversions.crediting_again import Selection, credit_again
from accredit.conversions.history import timeline
from accredit.conversions.intake import came_in
from accredit.conversions.models import Conversion, Decision, Item
from accredit.conversions.turnover import change_turnover
from accredit.money import to_major
from accredit.programs.models import Program
from tests.conversions.test_validating import CLICKS, ORDERS
from tests.factories.arriving import arrive
from tests.factories.installing import SHOP, clicks, install, items, load, orders
from tests.factories.requesting import accepted, decided, processed, raised, stages
from tests.factories.validating import COMMAND, LATER, approve, asked, asked_turnovers, validated
from tests.ledger.entries import standing


@pytest.fixture
def program() -> Program:
    """Orders 1, 2 and 6 are credited to Barb at 10 %, 3 to Ann at 12.5 %, 4 to a channel, 5 to nobody."""
    program = install()
    placed = orders(ORDERS)
    load(program, clicks(CLICKS), placed, items("order | item | quantity | turnover\n 3 | a | 2 | 80.00", placed))
    return program


NEW = "kind | partner | order | at | turnover"
CHANGE = "kind | partner | order"
ENDED = (
    '  starts_at = 2026-01-01T00:00:00Z\n  terms = "items"',
    '  starts_at = 2026-01-01T00:00:00Z\n  ends_at = {}\n  terms = "items"',
)
"""Of Ann's contract."""


def ended(at: str) -> str:
    text = SHOP.replace(ENDED[0], ENDED[1].format(at))
    assert text != SHOP
    return text


def holds(order: str) -> str:
    """Such as `barb 80.00 8.00 open 2`: partner, turnover, commission, status, decision."""
    one = Conversion.objects.get(order_token=order)
    amounts = (str(to_major(amount, one.currency)) for amount in (one.turnover_minor, one.commission_minor))
    return " ".join([one.partner or one.channel or "nobody", *amounts, one.status, str(one.decision)])


@pytest.mark.django_db
def test_a_create_makes_a_conversion_priced_by_the_terms_of_its_time(program: Program) -> None:
    raised(
        program,
        """
        kind   | partner | order | at | turnover | customer | status   | sub_id1 | claimed
        create | barb    | 10    | T  | 100.00   | -        | -        | shoop-1 | -
        create | barb    | 11    | T  | 100.00   | N        | approved | -       | -
        create | ann     | 12    | T  | 100.00   | -        | -        | -       | 30.00
    """,
    )
    assert stages(program) == "1 inquired, 2 inquired, 3 inquired"
    accepted(program)
    assert processed(program).done == 3
    assert stages(program) == "1 processed, 2 processed, 3 processed"
    assert holds("10") == "barb 100.00 10.00 open 1"
    assert holds("11") == "barb 100.00 15.00 approved 1"
    assert holds("12") == "ann 100.00 30.00 open 1"
    one = Conversion.objects.get(order_token="10")
    assert (one.reason, one.sub_id1, one.order_fields) == ("request 1", "shoop-1", {"sub_id1": "shoop-1"})
    assert Conversion.objects.get(order_token="12").model == "set by hand"
    assert standing(program.id) == "owes USD -15.00, barb USD 15.00"
    assert check_ledger(program).is_empty()


@pytest.mark.django_db
def test_changes_and_claims(program: Program) -> None:
    approve("1", "3")
    validated(asked("order | to | reason\n 2 | rejected | returned"))
    raised(
        program,
        """
        kind   | partner | order | at  | turnover | customer | status   | claimed
        change | barb    | 1     | -   | 80.00    | -        | -        | -
        change | barb    | 2     | -   | -        | -        | approved | -
        change | barb    | 6     | -   | 10.00    | New      | -        | -
        create | barb    | 3     | T   | 80.00    | -        | -        | -
        create | barb    | 4     | T   | 40.00    | -        | -        | 7.00
    """,
    )
    assert standing(program.id) == "owes USD -20.00, ann USD 10.00, barb USD 10.00"
    accepted(program)
    assert processed(program).done == 5
    assert [holds(order) for order in "12634"] == [
        "barb 80.00 8.00 approved 2",
        "barb 50.00 5.00 approved 2",
        "barb 10.00 1.50 open 2",
        "barb 80.00 8.00 approved 2",
        "barb 40.00 7.00 open 2",
    ]
    assert standing(program.id) == "owes USD -21.00, ann USD 0.00, barb USD 21.00"
    assert check_ledger(program).is_empty()
    first = Conversion.objects.get(order_token="3")
    last = timeline(program.id, first.id).tail(1).row(0, named=True)
    assert (last["way"], last["user"], last["source"], last["cause"]) == ("request", "Dora", "request 4", "requested")
    assert Decision.objects.get(conversion_id=first.id, number=2).request_id is not None


@pytest.mark.django_db
def test_what_was_validated_is_decided_otherwise_and_never_open_again(program: Program) -> None:
    approve("1", "4")
    validated(asked("order | to | reason\n 2 | rejected | returned\n 3 | rejected | returned"))
    raised(
        program,
        """
        kind   | partner | order | at | turnover | status   | reason
        change | barb    | 1     | -  | -        | rejected | returned
        change | barb    | 2     | -  | -        | approved | -
        create | barb    | 3     | T  | 80.00    | -        | -
        create | barb    | 4     | T  | 40.00    | open     | -
    """,
    )
    accepted(program)
    assert processed(program).done == 4
    assert [holds(order) for order in "1234"] == [
        "barb 100.00 10.00 rejected 2",
        "barb 50.00 5.00 approved 2",
        "barb 80.00 8.00 approved 2",
        "barb 40.00 4.00 approved 2",
    ]
    assert standing(program.id, partner="barb") == "barb USD 17.00"
    assert check_ledger(program).is_empty()


@pytest.mark.django_db
def test_everything_of_a_conversion_can_be_changed(program: Program) -> None:
    raised(
        program,
        """
        kind   | partner | order | category  | country | device | ad | project | sub_id2 | promo_code | new_order
        change | barb    | 1     | gift-card | -       | -      | -  | -       | -       | -          | -
        change | barb    | 2     | -         | de      | mobile | b2 | spring  | two     | ANVIL10    | 2b
        change | ann     | 3     | -         | -       | -      | -  | -       | -       | -          | -
        """,
        "row | item | quantity | turnover\n 3 | a | 1 | 30.00",
    )
    accepted(program)
    assert processed(program).done == 3
    assert holds("1") == "barb 100.00 0.00 open 2"
    assert Conversion.objects.get(order_token="1").restriction == "No gift cards"
    assert holds("2b") == "barb 50.00 5.00 open 2"  # fields alone are not priced again
    two = Conversion.objects.get(order_token="2b")
    assert (two.country, two.device, two.ad, two.project, two.promo_code) == ("de", "mobile", "b2", "spring", "ANVIL10")
    assert two.order_fields == {"ad": "b2", "device": "mobile", "project": "spring", "sub_id2": "two"}
    assert holds("3") == "ann 30.00 3.75 open 2"
    assert [(one.quantity, one.turnover_minor) for one in Item.objects.filter(decision=2)] == [(1, 3000)]
    assert came_in(program.id, "sale", "2b").source == "request 2"  # type: ignore[union-attr]
    request = Request.objects.get(number=2)
    assert request.before == {
        "country": None, "device": None, "ad": None, "project": None, "sub_id2": None, "promo_code": None,
        "new_order_token": "2",
    }  # fmt: skip
    items_before = (Request.objects.get(number=3).before or {})["items"]
    assert [line["quantity"] for line in items_before] == [2]


@pytest.mark.django_db
def test_what_the_shop_reports_later_is_no_second_conversion(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 100.00")
    raised(program, f"{CHANGE} | new_order\n change | barb | 1 | 1b")
    accepted(program)
    processed(program)
    loaded = load(program, orders=orders("order | at | turnover\n 10 | T | 90.00\n 1b | T | 100.00\n 1 | T | 100.00"))
    assert (loaded.new_conversions, Conversion.objects.count()) == (0, 7)
    assert credited_again(program) == (6, 1)
    assert holds("10") == "barb 100.00 10.00 open 1"


def credited_again(program: Program) -> tuple[int, int]:
    """How many would stay, and how many were left since a request credited them."""
    parts = list(credit_again(program.code, Selection(), now=LATER))
    return sum(part.unchanged for part in parts), sum(part.requested for part in parts)


@pytest.mark.django_db
def test_what_changed_since_fails_and_can_be_accepted_after_another_look(program: Program) -> None:
    raised(program, f"{CHANGE} | turnover\n change | barb | 1 | 80.00\n change | barb | 6 | 70.00")
    assert accepted(program).undone.is_empty()
    change_turnover("anvils", asked_turnovers("order | turnover\n 1 | 90.00"), actor=COMMAND, now=LATER)
    approve("6")
    assert processed(program).failed == 2
    assert stages(program) == "1 failed changed_since, 2 failed changed_since"
    assert (holds("1"), holds("6")) == ("barb 90.00 9.00 open 2", "barb 0.00 0.00 approved 1")
    assert accepted(program).undone.is_empty()
    assert processed(program).done == 2
    assert (holds("1"), holds("6")) == ("barb 80.00 8.00 open 3", "barb 70.00 7.00 approved 2")
    assert standing(program.id, partner="barb") == "barb USD 7.00"


@pytest.mark.django_db
def test_of_two_who_ask_for_the_same_order_the_second_claims_it(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 100.00\n create | ann | 10 | T | 100.00")
    raised(program, f"{NEW}\n create | barb | 4 | T | 40.00\n create | ann | 4 | T | 40.00", by="Ann")
    accepted(program)
    assert processed(program) == Processed(done=2, failed=2)
    assert stages(program) == "1 processed, 2 failed recorded_meanwhile, 3 processed, 4 failed changed_since"
    assert Request.objects.get(number=2).kind == "claim"
    assert decided(program, "number | verdict | reason\n 4 | rejected | returned").undone.is_empty()
    accepted(program)
    assert processed(program) == Processed(done=1)
    assert (holds("10"), holds("4")) == ("ann 100.00 12.50 open 2", "barb 40.00 4.00 open 2")


@pytest.mark.django_db
def test_an_order_that_came_meanwhile_is_the_partners_own_or_waits(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 100.00\n create | barb | 11 | T | 100.00")
    accepted(program)
    load(program, orders=orders("order | at | turnover | codes\n 10 | T | 100.00 | anvil10"))
    arrive(program.id, "anvils", orders("order | at | turnover\n 11 | T | 100.00"))
    processed(program)
    assert stages(program) == "1 failed partners_own, 2 failed waiting"
    assert [row["why"] for row in accepted(program, 2).undone.iter_rows(named=True)] == []
    assert book_next(program.id, "anvils", now=LATER)
    processed(program)
    assert stages(program) == "1 failed partners_own, 2 failed recorded_meanwhile"


@pytest.mark.django_db
def test_a_partner_who_left_is_paid_for_what_was_before() -> None:
    program = install()
    raised(program, f"{NEW}\n create | ann | 10 | T | 100.00\n create | ann | 11 | T+3d | 100.00")
    accepted(program)
    install(ended("2026-03-02T00:00:00Z"))
    assert processed(program) == Processed(done=1, failed=1)
    assert stages(program) == "1 processed, 2 failed no_live_contract"
    assert holds("10") == "ann 100.00 12.50 open 1"
    impact_now = impact(program, list(Request.objects.filter(number=2).values_list("id", flat=True)))
    assert impact_now.rows["why"].to_list() == ["no_live_contract"]
    install()
    accepted(program)
    assert processed(program).done == 1
    assert holds("11") == "ann 100.00 12.50 open 1"


@pytest.mark.django_db
def test_a_reason_that_went_and_a_status_that_changed(program: Program) -> None:
    rejects, changes = "change | barb | 1 | rejected | returned | -", "change | barb | 2 | - | - | 9.00"
    raised(program, f"{CHANGE} | status | reason | turnover\n {rejects}\n {changes}")
    accepted(program, 1)
    install(SHOP.replace('code = "returned"', 'code = "late"'))
    validated(asked("order | to | reason\n 2 | rejected | late"))
    accepted(program, 2)
    processed(program)
    assert stages(program) == "1 failed reason_unknown, 2 failed rejected"
    assert holds("1") == "barb 100.00 10.00 open 1"


@pytest.mark.django_db
def test_what_nobody_knew_of_fails_alone(
    program: Program, as_owner: Callable[[], AbstractContextManager[None]]
) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("""
            create function refuse_order() returns trigger language plpgsql as $$
            begin
                if new.order_token = '11' then raise exception 'no'; end if;
                return new;
            end $$;
            create trigger refuse_order before insert on conversions_conversion
                for each row execute function refuse_order()
        """)
    rows = "\n".join(f"create | barb | {order} | T | 100.00" for order in (10, 11, 12))
    raised(program, f"{NEW}\n{rows}")
    accepted(program)
    assert processed(program) == Processed(done=2, failed=1)
    assert stages(program) == "1 processed, 2 failed error, 3 processed"
    assert check_ledger(program).is_empty()
