"""Whatever is asked, decided and changed in whatever order: the preview is what is booked, and the ledger agrees."""

import random
from datetime import timedelta

import polars as pl
import pytest

from accredit.conversion_requests.deciding import impact
from accredit.conversion_requests.models import Kind, Request, Stage
from accredit.conversion_requests.raising import RequestsRefused
from accredit.conversions.checking import check_ledger
from accredit.conversions.models import Conversion, Status
from accredit.conversions.turnover import change_turnover
from accredit.ledger.queries import balances
from accredit.programs.models import Program
from tests.conversions.test_validating import CLICKS, ORDERS
from tests.factories.installing import clicks, install, items, load, orders
from tests.factories.requesting import accepted, processed, raised
from tests.factories.validating import COMMAND, LATER, asked, asked_turnovers, validated

HEAD = "kind | partner | order | at | turnover | claimed | status | reason | customer | category | sub_id1"
STEPS = 8


def one_of(chance: random.Random, *values: str) -> str:
    """A value, and more often none."""
    return chance.choice([*values, "-", "-", "-"])


def wish(chance: random.Random, number: int) -> str:
    """What somebody may ask for, sensible or not."""
    tokens = [*Conversion.objects.order_by("order_token").values_list("order_token", flat=True), f"new-{number}"]
    kind = chance.choice(["create", "change", "change"])
    turnover = f"{chance.randint(0, 200)}.00"
    return " | ".join([
        kind,
        chance.choice(["barb", "ann"]),
        chance.choice(tokens),
        "T" if kind == "create" else "-",
        turnover if kind == "create" else one_of(chance, turnover),
        one_of(chance, f"{chance.randint(0, 30)}.00"),
        one_of(chance, *Status.values),
        one_of(chance, "returned"),
        one_of(chance, "New", "Existing"),
        one_of(chance, "gift-card"),
        one_of(chance, "asked"),
    ])  # fmt: skip


def earned(program: Program) -> dict[str, int]:
    """What each partner earned by the ledger."""
    rows = balances(program.id).filter(pl.col("kind") == "partner_earned")
    return dict(rows.select("partner", "balance_minor").iter_rows())


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(2))
def test_the_preview_is_what_is_booked_and_the_ledger_agrees(seed: int) -> None:
    chance = random.Random(seed)
    program = install()
    placed = orders(ORDERS)
    load(program, clicks(CLICKS), placed, items("order | item | quantity | turnover\n 3 | a | 2 | 80.00", placed))
    previewed = 0
    for step in range(STEPS):
        now = LATER + timedelta(minutes=step)
        for number in range(3):
            try:
                raised(program, f"{HEAD}\n{wish(chance, 10 * step + number)}", now=now)
            except RequestsRefused:
                continue
        _meanwhile(chance)
        open_ = Request.objects.filter(program=program, stage__in=[Stage.INQUIRED, Stage.FAILED]).order_by("number")
        request = chance.choice([*open_, None])
        if request is None:
            continue
        (planned,) = impact(program, [request.id]).rows.iter_rows(named=True)
        assert accepted(program, request.number, now=now).undone.is_empty()
        before = earned(program)
        processed(program, now=now)
        request.refresh_from_db()
        assert (request.stage == Stage.PROCESSED) == (planned["why"] is None), planned
        if planned["why"] is None:
            previewed += 1
            _agrees(request, planned, before, earned(program))
        assert check_ledger(program).is_empty()
    assert previewed > 1


def _meanwhile(chance: random.Random) -> None:
    """Somebody else validates, or changes a turnover, or does not."""
    order = str(chance.randint(1, 6))
    match chance.randint(0, 4):
        case 0:
            validated(asked(f"order | to\n {order} | approved"))
        case 1:
            validated(asked(f"order | to | reason\n {order} | rejected | returned"))
        case 2:
            rows = asked_turnovers(f"order | turnover\n {order} | {chance.randint(1, 99)}.00")
            change_turnover("anvils", rows, actor=COMMAND, now=LATER)


def _agrees(request: Request, planned: dict[str, object], before: dict[str, int], after: dict[str, int]) -> None:
    """What was shown is what the conversion says, what the request says, and what was booked."""
    assert request.conversion_id is not None
    one = Conversion.objects.get(id=request.conversion_id)
    paid = 0 if one.status == Status.REJECTED else one.commission_minor
    shown = (planned["partner"], planned["status"], planned["turnover_minor"], planned["commission_minor"])
    assert shown == (one.partner, one.status, one.turnover_minor, paid)
    assert (request.commission_minor, request.model) == (paid, one.model)
    was = {str(planned["partner_before"]): _owed(planned, "status_before", "commission_before_minor")}
    will_be = {str(planned["partner"]): _owed(planned, "status", "commission_minor")}
    for partner in ("barb", "ann"):
        booked = after.get(partner, 0) - before.get(partner, 0)
        assert booked == will_be.get(partner, 0) - was.get(partner, 0)
    assert request.kind != Kind.CREATE or planned["partner_before"] is None


def _owed(planned: dict[str, object], status: str, commission: str) -> int:
    amount = planned[commission]
    return amount if planned[status] == Status.APPROVED and isinstance(amount, int) else 0
