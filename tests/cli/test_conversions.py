"""`accredit conversions validate`: what it says and how it ends."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from accredit.access.models import User
from accredit.cli import app
from accredit.conversions.history import Actor
from accredit.conversions.models import Change, Conversion, Way
from tests.factories.installing import install, load, orders
from tests.factories.validating import LATER, approve

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop() -> None:
    """Barb's orders 1 to 3, of which 3 is approved."""
    program = install()
    load(
        program,
        orders=orders("""
            order | at   | turnover | codes
            1     | T    | 100.00   | anvil10
            2     | T-1d | 50.00    | anvil10
            3     | T    | 10.00    | anvil10
        """),
    )
    wile = User.objects.create_user("wile@acme.example", "x", name="Wile E.")
    approve("3", actor=Actor(Way.PAGE, wile.id))


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["conversions", "validate", "--program", "anvils", *arguments], input=answer)


def statuses() -> list[str]:
    return [*Conversion.objects.order_by("order_token").values_list("status", flat=True)]


def test_what_is_open_and_selected_is_approved() -> None:
    preview = run("--approve", "--since", "2026-03-01", "--dry-run")
    assert (preview.exit_code, preview.output) == (0, "1 conversion would be approved.\n")
    assert statuses() == ["open", "open", "approved"]
    done = run("--approve", "--since", "2026-03-01", "--yes")
    assert (done.exit_code, done.output) == (0, "1 conversion approved.\n")
    assert statuses() == ["approved", "open", "approved"]
    change = Change.objects.get(conversion_id=Conversion.objects.get(order_token="1").id)
    assert (change.way, change.user_id) == ("command", None)
    assert change.changed_at <= datetime.now(UTC)


def test_it_asks_before() -> None:
    assert run("--approve", answer="n\n").exit_code == 1
    assert statuses() == ["open", "open", "approved"]
    asked = run("--approve", answer="y\n")
    assert asked.output.startswith("Approve 2 conversions for good? [y/N]: y\n2 conversions approved.")
    assert statuses() == ["approved"] * 3


def test_what_does_not_change_is_named_with_why() -> None:
    arguments = ["--reject", "returned", "--comment", "Unopened", "--yes"]
    done = run(*arguments, "--order", "1", "--order", "3", "--order", "9")
    assert done.exit_code == 1
    assert done.stdout == "1 conversion rejected.\n"
    assert done.stderr == (
        f"sale 3: It was validated before: approved by Wile E. at {LATER:%Y-%m-%d %H:%M} UTC.\n"
        "9: the program has no such conversion.\n"
    )
    rejected = Conversion.objects.get(order_token="1")
    assert (rejected.status, rejected.rejection_reason, rejected.rejection_comment) == (
        "rejected", "returned", "Unopened"
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [[], ["--approve", "--reject", "returned"]])
def test_one_of_two_is_said(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "either --approve or --reject" in result.stderr


def test_a_reason_that_there_is_not_is_a_sentence() -> None:
    result = run("--reject", "tired", "--order", "1", "--yes")
    assert (result.exit_code, result.stderr) == (1, "sale 1: The program has no such rejection reason.\n")


def test_an_unknown_program_is_a_sentence() -> None:
    result = CliRunner().invoke(app, ["conversions", "validate", "--program", "anvil", "--approve", "--yes"])
    assert result.exit_code == 1
    assert result.stderr.startswith("There is no program 'anvil'.")
