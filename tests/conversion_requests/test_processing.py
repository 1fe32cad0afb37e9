"""What is accepted is done: conversions are created, claimed and changed, priced, kept in the history and booked."""

import pytest

from accredit.conversions.checking import check_ledger
from accredit.conversions.history import timeline
from accredit.conversions.models import Conversion, Decision
from accredit.money import to_major
from accredit.programs.models import Program
from tests.conversions.test_validating import CLICKS, ORDERS
from tests.factories.installing import clicks, install, items, load, orders
from tests.factories.requesting import accepted, processed, raised, stages
from tests.factories.validating import approve, asked, validated
from tests.ledger.entries import standing


@pytest.fixture
def program() -> Program:
    """Orders 1, 2 and 6 are credited to Barb at 10 %, 3 to Ann at 12.5 %, 4 to a channel, 5 to nobody."""
    program = install()
    placed = orders(ORDERS)
    load(program, clicks(CLICKS), placed, items("order | item | quantity | turnover\n 3 | a | 2 | 80.00", placed))
    return program


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
