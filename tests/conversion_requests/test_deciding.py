"""Who decides what, and what decides itself."""

from datetime import timedelta

import pytest

from accredit.access.models import AuditEntry
from accredit.conversion_requests.deciding import accept_due
from accredit.conversion_requests.models import Request
from accredit.conversion_requests.raising import withdraw
from accredit.conversion_requests.ruling import change_rules
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.programs.models import Program
from tests.factories.installing import install
from tests.factories.requesting import accepted, decided, raised, somebody, stages, view_of
from tests.factories.validating import LATER

pytestmark = pytest.mark.django_db
NEW = "kind | partner | order | at | turnover"


@pytest.fixture
def program() -> Program:
    return install()


def rule(program: Program, days: int | None, up_to: int | None = None, *, own: bool = False) -> None:
    change_rules(
        program, period_days=180, own_decisions=own, accept_after_days=days, accept_up_to_minor=up_to, user=somebody(),
        now=LATER,
    )  # fmt: skip


def test_what_a_rule_allows_is_accepted_at_once_and_the_rest_waits_for_somebody(program: Program) -> None:
    rule(program, 0, 1000)
    told = raised(program, f"{NEW}\n create | barb | 10 | T | 100.00\n create | barb | 11 | T | 100.10")
    assert told.new["stage"].to_list() == ["accepted", "inquired"]
    assert stages(program) == "1 accepted, 2 inquired"
    assert AuditEntry.objects.get(action="request_rules_changed").detail == {
        "accept_after_days": "– → 0", "accept_up_to_minor": "– → 1000",
    }  # fmt: skip


def test_after_some_days_requests_accept_themselves(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 100.00")
    assert accept_due(program, now=LATER + timedelta(days=100)) == 0
    rule(program, 3)
    assert accept_due(program, now=LATER + timedelta(days=2)) == 0
    assert accept_due(program, now=LATER + timedelta(days=3)) == 1
    assert stages(program) == "1 accepted"


def test_nobody_decides_their_own_unless_the_rules_allow_it(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 100.00", by="Dora")
    assert accepted(program, by="Dora").undone["why"].to_list() == ["own_request"]
    rule(program, None, own=True)
    assert accepted(program, by="Dora").undone.is_empty()


def test_what_cannot_be_decided_is_told_and_the_rest_is_done(program: Program) -> None:
    rows = "\n".join(f"create | barb | {order} | T | 100.00" for order in range(10, 15))
    raised(program, f"{NEW}\n{rows}")
    moved = decided(program, """
        number | verdict   | reason
        1      | rejected  | -
        2      | rejected  | late
        3      | accepted  | returned
        4      | postponed | -
        5      | rejected  | returned
    """)  # fmt: skip
    told = ["reason_missing", "reason_unknown", "reason_of_acceptance", "verdict"]
    assert (moved.undone["why"].to_list(), moved.done["number"].to_list()) == (told, [5])


def test_requests_are_withdrawn_by_their_partners_people_and_whoever_raised_them(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 1.00\n create | ann | 11 | T | 1.00")
    keys = list(Request.objects.order_by("number").values_list("id", flat=True))
    barb = Actor(Way.PAGE, somebody("Barb").id)
    moved = withdraw(view_of(program, "barb"), keys, actor=barb, now=LATER)
    assert (moved.done["number"].to_list(), moved.undone.select("number", "why").rows()) == ([1], [(None, "unknown")])
    moved = withdraw(view_of(program), keys, actor=Actor(Way.PAGE, somebody().id), now=LATER)
    assert (moved.done["number"].to_list(), moved.undone["why"].to_list()) == ([2], ["decided"])
    assert raised(program, f"{NEW}\n create | barb | 10 | T | 1.00").new["number"].to_list() == [3]
