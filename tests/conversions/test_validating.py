"""Conversions are validated once, by whoever comes first, and every approval is booked."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accredit.access.models import User
from accredit.conversions import validating
from accredit.conversions.checking import check_ledger
from accredit.conversions.history import Actor
from accredit.conversions.models import Change, Conversion, Way
from accredit.conversions.validating import WHY, Planned, validate
from accredit.ledger.queries import balances
from accredit.programs.models import Program
from accredit.programs.operations import ChangesRefused, apply_program
from tests.factories.installing import SHOP, clicks, install, items, load, orders, shop
from tests.factories.sessions import together
from tests.factories.validating import COMMAND, LATER, approve, asked, validated
from tests.ledger.entries import standing

CLICKS = """
    click | at   | visitor | party
    k1    | T-1d | v1      | barb
    k2    | T-1d | v2      | ann
    k3    | T-1d | v3      | c:email
"""
ORDERS = """
    order | at | turnover | visitor
    1     | T  | 100.00   | v1
    2     | T  | 50.00    | v1
    3     | T  | 80.00    | v2
    4     | T  | 40.00    | v3
    5     | T  | 30.00    | -
    6     | T  | 0.00     | v1
"""


@pytest.fixture
def program() -> Program:
    """Orders 1, 2 and 6 are credited to Barb at 10 %, 3 to Ann at 12.5 %, 4 to a channel, 5 to nobody."""
    program = install()
    placed = orders(ORDERS)
    load(program, clicks(CLICKS), placed, items("order | item | quantity | turnover\n 3 | a | 2 | 80.00", placed))
    return program


def told(planned: Planned) -> list[tuple[Any, ...]]:
    """Order and why of what did not change."""
    assert {*planned.unchanged["why"]} <= WHY.keys()
    return planned.unchanged.select("order_token", "why").rows()


def statuses() -> str:
    found = Conversion.objects.order_by("order_token").values_list("order_token", "status", "rejection_reason")
    return ", ".join(" ".join(filter(None, row)) for row in found)


def is_right(program: Program) -> bool:
    return check_ledger(program).is_empty()


@pytest.mark.django_db
def test_approvals_are_booked_and_rejections_carry_their_reason(program: Program) -> None:
    planned = validated(asked("""
        order | to       | reason   | comment
        1     | approved | -        | -
        2     | rejected | returned | All of it, unopened
        3     | approved | -        | -
        4     | approved | -        | -
        5     | rejected | returned | -
        6     | approved | -        | -
    """))  # fmt: skip
    assert (len(planned.changes), told(planned)) == (6, [])
    assert statuses() == "1 approved, 2 rejected returned, 3 approved, 4 approved, 5 rejected returned, 6 approved"
    assert Conversion.objects.get(order_token="2").rejection_comment == "All of it, unopened"
    assert standing(program.id) == "owes USD -20.00, ann USD 10.00, barb USD 10.00"
    assert is_right(program)


@pytest.mark.django_db
def test_a_preview_is_the_plan_and_changes_nothing(program: Program) -> None:
    rows = asked("order | to\n 1 | approved\n nobody | approved")
    preview = validated(rows, dry_run=True)
    assert statuses().count("open") == 6
    done = validated(rows)
    assert preview.changes.equals(done.changes)
    assert preview.unchanged.equals(done.unchanged)


@pytest.mark.django_db
def test_what_cannot_be_is_told_and_the_rest_is_done(program: Program) -> None:
    approve("6")
    planned = validated(asked("""
        order | to       | reason   | comment | decision | source
        none  | approved | -        | -       | -        | a.csv, row 2
        1     | open     | -        | -       | -        | a.csv, row 3
        2     | rejected | -        | -       | -        | a.csv, row 4
        3     | rejected | tired    | -       | -        | a.csv, row 5
        4     | approved | returned | -       | -        | a.csv, row 6
        6     | rejected | returned | -       | -        | a.csv, row 7
        5     | approved | -        | -       | 1        | a.csv, row 8
    """))  # fmt: skip
    assert planned.unchanged.select("source", "why").rows() == [
        ("a.csv, row 2", "unknown"),
        ("a.csv, row 3", "status"),
        ("a.csv, row 4", "reason_missing"),
        ("a.csv, row 5", "reason_unknown"),
        ("a.csv, row 6", "reason_of_approval"),
        ("a.csv, row 7", "validated"),
    ]
    assert planned.changes["order_token"].to_list() == ["5"]
    assert told(validated(asked("order | to | decision\n 1 | approved | 2"))) == [("1", "changed_since")]
    assert told(validated(asked("order | to | comment\n 1 | approved | Fine"))) == [("1", "reason_of_approval")]
    twice = asked("order | to | reason\n 1 | approved | -\n 2 | approved | -\n 1 | rejected | returned")
    assert told(validated(twice)) == [("1", "named_twice"), ("1", "named_twice")]
    assert statuses().startswith("1 open, 2 approved")


@pytest.mark.django_db
def test_who_comes_second_is_told_who_was_first_and_when(program: Program) -> None:
    wile = User.objects.create_user("wile@acme.example", "x", name="Wile E.")
    approve("1", actor=Actor(Way.PAGE, wile.id))
    late = approve("1", now=LATER + timedelta(hours=1)).unchanged
    assert late.select("why", "status", "changed_by", "changed_through", "changed_at").rows() == [
        ("validated", "approved", "Wile E.", "page", LATER)
    ]
    assert Change.objects.count() == 1


@pytest.mark.django_db
def test_a_program_without_reasons_rejects_nothing() -> None:
    start = SHOP.index("[[rejection_reason]]")
    load(install(SHOP[:start] + SHOP[SHOP.index("[[terms]]") :]), orders=orders(ORDERS))
    assert told(validated(asked("order | to | reason\n 1 | rejected | returned"))) == [("1", "reason_unknown")]


@pytest.mark.django_db
def test_a_reason_that_was_given_stays(program: Program) -> None:
    validated(asked("order | to | reason\n 1 | rejected | returned"))
    without = shop(('[[rejection_reason]]\ncode = "returned"', '[[rejection_reason]]\ncode = "other"'))
    with pytest.raises(ChangesRefused, match="rejected for this reason"):
        apply_program(without)


@pytest.mark.django_db
@pytest.mark.parametrize("again", ["open", "rejected"])
def test_the_database_refuses_a_second_status_whoever_asks(
    program: Program, again: str, as_owner: Callable[[], AbstractContextManager[None]]
) -> None:
    approve("1")
    change = f"update conversions_conversion set status = '{again}' where order_token = '1'"
    for acting in (transaction.atomic, as_owner):
        with pytest.raises(IntegrityError, match="is approved already"), transaction.atomic(), acting():
            execute(change)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "status = 'approved'",
        "status = 'rejected', rejection_reason = 'returned'",
        "turnover_minor = 1",
        "commission_minor = 0",
        "decision = 2",
        "partner = 'ann'",
    ],
)
def test_the_database_changes_nothing_that_its_history_does_not_say(
    program: Program, change: str, as_owner: Callable[[], AbstractContextManager[None]]
) -> None:
    with pytest.raises(IntegrityError, match="history of the conversion"), transaction.atomic(), as_owner():
        execute(f"update conversions_conversion set {change} where order_token = '1'")


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["update conversions_change set number = number", "delete from conversions_change"])
def test_history_stays(program: Program, change: str, as_owner: Callable[[], AbstractContextManager[None]]) -> None:
    approve("1")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        execute(change)
    with pytest.raises(IntegrityError, match="is append-only"), transaction.atomic(), as_owner():
        execute(change)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ('{"number": 2, "decision": 9, "decision_before": 8}', "decision that there is not"),
        ('{"number": 2, "decision": 2}', "decision that there is not"),
        ('{"number": 2, "decision_before": 0}', "decision that there is not"),
        ('{"number": 2, "conversion_id": "00000000-0000-7000-8000-000000000000"}', "decision that there is not"),
        ('{"number": 2, "status_before": "approved"}', "change_of_something"),
        ('{"number": 2, "rejection_reason": "returned"}', "change_rejected"),
        ('{"number": 2, "status": "rejected", "rejection_reason": "whim"}', "change_rejection_reason"),
        ('{"number": 2, "way": "magic"}', "change_way"),
        ('{"number": 1}', "conversions_change_pkey"),
    ],
)
def test_history_that_cannot_be_is_refused(program: Program, change: str, rule: str) -> None:
    approve("1")
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        execute(
            f"insert into conversions_change select (jsonb_populate_record(row, '{change}')).*"
            " from conversions_change row"
        )


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_validate_the_same_each_conversion_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validating, "BATCH_CONVERSIONS", 7)
    program = install()
    rows = "\n".join(f"{number} | T | {number}.00 | v1" for number in range(1, 31))
    load(program, clicks(CLICKS), orders(f"order | at | turnover | visitor\n{rows}"))
    numbers = [str(number) for number in range(1, 31)]

    def as_table(order: list[str], rest: str) -> pl.DataFrame:
        return asked("order | to | reason\n" + "\n".join(f"{token} | {rest}" for token in order))

    asks = [
        as_table(numbers, "approved | -"),
        as_table(numbers[::-1], "rejected | returned"),
        as_table(numbers[10:] + numbers[:10], "approved | -"),
        as_table(numbers[::2] + numbers[1::2], "rejected | returned"),
        as_table(numbers, "approved | -"),
        as_table(numbers[::-1], "approved | -"),
    ]
    done = together([lambda rows=rows: validated(rows) for rows in asks])  # type: ignore[misc]
    assert sum(len(planned.changes) for planned in done) == 30
    assert sum(len(planned.unchanged) for planned in done) == 30 * 5
    lost = pl.concat([planned.unchanged for planned in done])
    assert lost["why"].unique().to_list() == ["validated"]
    assert lost["changed_at"].null_count() == 0
    assert Change.objects.count() == 30
    approved = sum(Conversion.objects.filter(status="approved").values_list("commission_minor", flat=True))
    earned = balances(program.id, partner="barb")["balance_minor"].sum()
    assert earned == approved
    assert is_right(program)


@pytest.mark.django_db(transaction=True)
def test_what_was_cut_off_is_finished_by_doing_it_again(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    monkeypatch.setattr(validating, "BATCH_CONVERSIONS", 2)
    rows = asked("order | to\n" + "\n".join(f"{number} | approved" for number in range(1, 7)))

    assert len(next(validate("anvils", rows, COMMAND, now=LATER)).changes) == 2
    with monkeypatch.context() as patch:
        patch.setattr(validating, "post", _breaks)
        with pytest.raises(RuntimeError):
            validated(rows)
    assert statuses().count("approved") == 2
    assert Change.objects.count() == 2
    again = validated(rows)
    assert (len(again.changes), [why for _, why in told(again)]) == (4, ["validated"] * 2)
    assert is_right(program)


def _breaks(*_: object, **__: object) -> None:
    raise RuntimeError
