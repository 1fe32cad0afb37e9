"""Who decides what, and what decides itself."""

from datetime import timedelta

import polars as pl
import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from accredit.access.models import AuditEntry
from accredit.conversion_requests.deciding import accept_due, impact
from accredit.conversion_requests.models import Request
from accredit.conversion_requests.queries import rules_of
from accredit.conversion_requests.raising import withdraw
from accredit.conversion_requests.ruling import by_rule, change_rules, newly_paid
from accredit.conversion_requests.tasks import accept, accept_requests
from accredit.conversion_requests.waking import ACCEPT
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.money import to_major
from accredit.programs.models import Program
from tests.conversions.test_validating import CLICKS, ORDERS
from tests.factories.installing import clicks, install, load, orders
from tests.factories.requesting import accepted, decided, raised, somebody, stages, view_of
from tests.factories.tables import table
from tests.factories.validating import LATER, approve, asked, validated

pytestmark = pytest.mark.django_db
ORDERED = [(7, 200), (8, 60), (11, 100), (12, 100), (13, 100)]
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


UP_TO_FIVE = table("""
    kind   | partner | order | at | turnover | status   | reason   | currency | stage    | newly | why
    create | barb    | 20    | T  | 50.00    | -        | -        | -        | accepted | 5.00  | all of it is new
    create | barb    | 21    | T  | 50.10    | -        | -        | -        | inquired | 5.01  | more than that
    create | barb    | 22    | T  | 1.00     | -        | -        | EUR      | inquired | 0.10  | in another currency
    change | barb    | 1     | -  | 150.00   | -        | -        | -        | accepted | 5.00  | by so much it grows
    change | barb    | 11    | -  | 99.00    | approved | -        | -        | inquired | 9.90  | nobody approved it
    change | barb    | 2     | -  | -        | approved | -        | -        | accepted | 5.00  | approved by it
    change | barb    | 7     | -  | 250.00   | -        | -        | -        | accepted | 5.00  | approved before
    change | barb    | 8     | -  | -        | approved | -        | -        | inquired | 6.00  | it is rejected
    change | barb    | 12    | -  | 10.00    | -        | -        | -        | accepted | 0.00  | it becomes less
    change | barb    | 13    | -  | -        | rejected | returned | -        | accepted | 0.00  | it becomes nothing
    create | barb    | 4     | T  | 1.00     | -        | -        | -        | inquired | 4.00  | a claim
    create | barb    | 3     | T  | 80.00    | -        | -        | -        | inquired | 0.00  | a claim that is free
""")


def test_a_rule_counts_what_is_newly_paid_and_accepts_no_claims(program: Program) -> None:
    """Orders 1, 2 and 11 to 13 are open, 7 is approved with 20.00, 8 rejected with 6.00; 3 and 4 are of others."""
    more = "\n".join(f"{order} | T | {turnover}.00 | v1" for order, turnover in ORDERED)
    load(program, clicks(CLICKS), pl.concat([orders(ORDERS), orders(f"order | at | turnover | visitor\n{more}")]))
    approve("7")
    validated(asked("order | to | reason\n 8 | rejected | returned"))
    wishes = [{name: value or "-" for name, value in row.items()} for row in UP_TO_FIVE]
    names = [name for name in wishes[0] if name not in ("stage", "newly", "why")]
    raised(program, "\n".join([" | ".join(names), *(" | ".join(map(wish.__getitem__, names)) for wish in wishes)]))
    rule(program, 0, 500)
    planned = impact(program, list(Request.objects.order_by("number").values_list("id", flat=True))).rows
    newly = [str(to_major(one, "USD")) for one in planned.select(newly_paid()).to_series()]
    assert accept_due(program, now=LATER) == len(by_rule(program, rules_of(program), planned))
    found = Request.objects.order_by("number").values_list("stage", flat=True)
    told = [{**row, "stage": stage, "newly": one} for row, stage, one in zip(UP_TO_FIVE, found, newly, strict=True)]
    assert told == UP_TO_FIVE


def test_after_some_days_requests_accept_themselves(program: Program) -> None:
    raised(program, f"{NEW}\n create | barb | 10 | T | 100.00")

    def by_the_clock(days: int) -> str:
        accept_requests(int((LATER + timedelta(days=days)).timestamp()))
        return stages(program)

    assert by_the_clock(100) == "1 inquired"
    rule(program, 10_000)
    rule(program, 3)
    assert ProcrastinateJob.objects.filter(task_name=ACCEPT).count() == 1
    assert by_the_clock(2) == "1 inquired"
    assert by_the_clock(3) == "1 accepted"
    raised(program, f"{NEW}\n create | barb | 11 | T | 100.00")
    accept(str(program.id))
    assert stages(program) == "1 accepted, 2 accepted"


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
