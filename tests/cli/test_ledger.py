"""`accredit ledger`: what it says and how it ends."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from django.db import connection
from typer.testing import CliRunner, Result

from accredit.cli import app
from accredit.ledger.checks import check
from accredit.ledger.operations import post
from accredit.ledger.queries import month_to_close
from accredit.worker.tasks import close_months
from tests.factories.installing import install, load, orders
from tests.factories.validating import approve
from tests.ledger.entries import NOW, postings

pytestmark = pytest.mark.django_db

APPROVALS = """
    key | at    | from | to   | amount  | currency
    a   | T-40d | owes | barb | 1000.00 | USD
    b   | T-1d  | owes | barb | 5.00    | USD
    c   | T-1d  | owes | ann  | 700     | JPY
"""


@pytest.fixture
def shop() -> UUID:
    """The program `anvils` with entries of January and February 2026."""
    program = install()
    post(program.id, postings(APPROVALS), now=NOW)
    return program.id


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["ledger", *arguments])


@pytest.fixture
def validated_shop() -> UUID:
    """The program `anvils` with two approved orders: Barb earned 10.00 and 5.00."""
    program = install()
    load(program, orders=orders("order | at | turnover | codes\n 1 | T | 100.00 | anvil10\n 2 | T | 50.00 | anvil10"))
    approve("1")
    approve("2")
    return program.id


def test_a_ledger_that_is_right_is_said_to_be(validated_shop: UUID) -> None:
    for arguments in (["check"], ["check", "--program", "anvils"]):
        result = run(*arguments)
        assert (result.exit_code, result.output) == (0, "The ledger of 'anvils' is right.\n")


def test_every_finding_is_printed(validated_shop: UUID, as_owner: Callable[[], AbstractContextManager[None]]) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("alter table ledger_posting disable trigger user")
        cursor.execute("delete from ledger_posting where program_id = %s and entry = 2", [validated_shop])
    result = run("check")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "anvils: entry 2 says 1 and has 0. The rule: An entry has all of its postings.\n"
        "anvils: barb, USD: 1500 minor units are approved and unpaid, and the ledger has 1000."
        " The rule: A partner's balance is the sum of its approved, unpaid commissions.\n"
    )


def test_what_no_conversion_approves_is_found(shop: UUID) -> None:
    result = run("check")
    assert result.exit_code == 1
    assert "anvils: ann, JPY: 0 minor units are approved and unpaid, and the ledger has 700." in result.stderr


def test_months_that_are_over_are_closed_in_turn(shop: UUID) -> None:
    refused = run("close", "--program", "anvils", "--month", "2026-02")
    assert (refused.exit_code, refused.stderr) == (1, "2026-02 is not the month to close next: 2026-01 is\n")
    closed = run("close", "--program", "anvils", "--month", "2026-01")
    assert (closed.exit_code, closed.output) == (0, "2026-01 is closed.\n")
    again = run("close", "--program", "anvils", "--month", "2026-01")
    assert (again.exit_code, again.output) == (0, "2026-01 was closed already.\n")

    # The clock waits for a day, in which what began before may still be posted.
    close_months(timestamp=int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()))
    assert month_to_close(shop) == date(2026, 2, 1)
    close_months(timestamp=int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()))
    assert month_to_close(shop) == date(2026, 3, 1)
    rest = run("close", "--program", "anvils")
    assert rest.exit_code == 0
    assert rest.stdout.startswith("2026-03 is closed.\n2026-04 is closed.\n")
    assert f"{datetime.now(UTC):%Y-%m}" not in rest.stdout
    nothing = run("close", "--program", "anvils")
    assert (nothing.exit_code, nothing.output) == (
        0, "There is no month to close: every month that is over is closed.\n"
    )  # fmt: skip
    assert check(shop).is_empty()


def test_balances_are_shown_in_major_units(shop: UUID) -> None:
    shown = run("balances", "--program", "anvils")
    assert shown.exit_code == 0
    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["advertiser", "owes", "-700", "JPY"],
        ["partner", "earned", "ann", "700", "JPY"],
        ["advertiser", "owes", "-1,005.00", "USD"],
        ["partner", "earned", "barb", "1,005.00", "USD"],
        ["4", "accounts."],
    ]
    assert run("balances", "--program", "anvils", "--partner", "ann").stdout.endswith("700 JPY\n1 account.\n")


@pytest.mark.parametrize("command", ["check", "close", "balances"])
def test_an_unknown_program_is_a_sentence(command: str) -> None:
    result = run(command, "--program", "anvils")
    assert result.exit_code == 1
    assert result.stderr.startswith("There is no program 'anvils'. There is none yet;")
