"""A request is corrected, or asked again after it was rejected, by another that takes its place."""

import pytest

from accredit.conversion_requests.deciding import accept_due
from accredit.conversion_requests.models import Request, Rules
from accredit.conversion_requests.raising import Raised, RequestsRefused, raise_requests
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.programs.models import Program
from tests.factories.installing import install, load, orders
from tests.factories.requesting import accepted, decided, processed, raised, somebody, stages, view_of, wanted
from tests.factories.sessions import together
from tests.factories.validating import LATER

NEW = "kind | partner | order | at | turnover"
ASKED = f"{NEW}\n create | barb | 10 | T | 100.00"
CORRECTED = f"{NEW}\n create | barb | 11 | T | 100.00"


@pytest.fixture
def program() -> Program:
    return install()


def instead(program: Program, number: int, text: str, *partners: str, by: str = "Petra") -> Raised:
    """Raise this in place of a request."""
    old = Request.objects.get(program=program, number=number).id
    actor = Actor(Way.PAGE, somebody(by).id)
    return raise_requests(view_of(program, *partners), wanted(text), actor=actor, now=LATER, replaces=old)


def why(program: Program, number: int, text: str, **who: str) -> str:
    with pytest.raises(RequestsRefused) as refused:
        instead(program, number, text, **who)
    return " ".join(refused.value.faults["code"])


@pytest.mark.django_db
def test_a_failed_one_is_corrected_once_whoever_presses_twice(program: Program) -> None:
    raised(program, ASKED)
    accepted(program)
    load(program, orders=orders("order | at | turnover | codes\n 10 | T | 100.00 | anvil10"))
    processed(program)
    assert stages(program) == "1 failed partners_own"
    new = instead(program, 1, CORRECTED, "barb", by="Barb")
    assert stages(program) == "1 withdrawn, 2 inquired"
    assert str(Request.objects.get(number=1).replaced_by) == new.new["id"].item()
    again = instead(program, 1, CORRECTED)
    assert (len(again.new), again.known["number"].to_list()) == (0, [2])
    assert why(program, 1, f"{NEW}\n create | barb | 12 | T | 100.00") == "not_correctable"
    assert len(raised(program, ASKED).known) == 1  # the file of which it was raised raises nothing more


@pytest.mark.django_db
def test_what_was_rejected_stays_so_and_is_asked_again_once(program: Program) -> None:
    raised(program, ASKED)
    decided(program, "number | verdict | reason\n 1 | rejected | returned")
    assert len(raised(program, ASKED).known) == 1
    assert instead(program, 1, ASKED).new["number"].to_list() == [2]
    assert instead(program, 1, ASKED).known["number"].to_list() == [2]
    assert stages(program) == "1 rejected returned, 2 inquired"
    decided(program, "number | verdict | reason\n 2 | rejected | returned")
    assert why(program, 1, f"{NEW}\n create | barb | 10 | T | 99.00") == "not_correctable"
    assert instead(program, 2, ASKED).new["number"].to_list() == [3]


@pytest.mark.django_db
def test_no_rule_accepts_what_somebody_has_rejected(program: Program) -> None:
    raised(program, ASKED)
    decided(program, "number | verdict | reason\n 1 | rejected | returned")
    Rules.objects.create(program=program, accept_after_days=0)
    instead(program, 1, f"{NEW}\n create | barb | 12 | T | 100.00")  # by another number
    instead(program, 2, CORRECTED)
    raised(program, f"{NEW}\n create | barb | 10 | T | 99.00\n create | ann | 10 | T | 99.00")
    assert stages(program) == "1 rejected returned, 2 withdrawn, 3 inquired, 4 inquired, 5 accepted"
    assert accept_due(program, now=LATER) == 0


@pytest.mark.django_db
def test_only_ones_own_and_only_what_is_not_accepted(program: Program) -> None:
    raised(program, f"{ASKED}\n create | ann | 20 | T | 1.00")
    with pytest.raises(Request.DoesNotExist):
        instead(program, 2, CORRECTED, "barb", by="Barb")
    with pytest.raises(Request.DoesNotExist):
        instead(program, 1, CORRECTED, by="Dora")
    accepted(program, 1)
    assert why(program, 1, CORRECTED) == "not_correctable"
    assert why(program, 2, f"{NEW}\n create | barb | 10 | T | 9.00") == "open_request"
    assert stages(program) == "1 accepted, 2 inquired"


@pytest.mark.django_db(transaction=True)
def test_corrected_at_once_by_two_it_is_corrected_once(program: Program) -> None:
    raised(program, ASKED)

    def correct(order: int) -> bool:
        try:
            return len(instead(program, 1, f"{NEW}\n create | barb | {order} | T | 100.00").new) == 1
        except RequestsRefused:
            return False

    assert sorted(together([lambda: correct(11), lambda: correct(12)])) == [False, True]
    assert stages(program) == "1 withdrawn, 2 inquired"
