"""`accredit conversions validate | re-rate | map-again | export`: what they say and how they end."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from accredit.access.models import User
from accredit.cli import app
from accredit.conversions.history import Actor
from accredit.conversions.models import Change, Conversion, Decision, Way
from tests.factories.installing import SHOP, clicks, install, load, orders
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


def again(command: str, *more: str) -> str:
    result = CliRunner().invoke(app, ["conversions", command, "--program", "anvils", *more])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_words_are_mapped_and_orders_priced_again_by_a_named_act() -> None:
    """The word `first order` was not known when the order came; the order of another party is left to credit-again."""
    program = install(SHOP.replace('New = ["N", "first order"]', 'New = ["N"]'))
    load(
        program,
        clicks("click | at | visitor | party\n k | T-1d | v1 | barb"),
        orders("order | at | turnover | visitor | status\n 7 | T | 100.00 | v1 | first order\n 8 | T | 9.00 | v2 | N"),
    )
    install()
    load(program, clicks("click | at | visitor | party\n late | T-1d | v2 | barb"))
    assert again("re-rate") == "0 changed, 3 stay as they are.\n1 are approved or rejected, and were left.\n" + LEFT
    preview = again("map-again", "--dry-run")
    mapped = "sale 7: partner:barb 10.00 USD → partner:barb 15.00 USD, customer first order → New\n"
    assert preview.startswith(f"{mapped}1 would change, 2 stay as they are.\n")
    assert again("map-again").startswith(f"{mapped}1 changed, 2 stay as they are.\n")
    one = Conversion.objects.get(order_token="7")
    assert (one.customer_status_word, one.customer_status, one.commission_minor) == ("first order", "New", 1500)
    assert Decision.objects.get(conversion_id=one.id, number=2).cause == "mapped_again"
    assert again("map-again").startswith("0 changed, 3 stay as they are.\n")
    assert "none 0.00 USD → partner:barb 1.35 USD" in again("credit-again")


LEFT = "1 were left because they would be credited otherwise today: credit-again does it.\n"


@pytest.mark.django_db(transaction=True)
def test_the_list_of_an_address_is_written_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    query = "?status=open&columns=order.turnover.status&sort=order"
    result = CliRunner().invoke(
        app, ["conversions", "export", "--program", "anvils", "--out", str(path), "--query", query, "--language", "de"]
    )
    assert (result.exit_code, result.stdout) == (0, f"2 conversions in {path}.\n")
    assert path.read_text().splitlines() == [
        "Ordernummer,Umsatz,Währung,Status",
        "1,100.00,USD,Offen",
        "2,50.00,USD,Offen",
    ]
    wrong = CliRunner().invoke(
        app, ["conversions", "export", "--program", "anvils", "--out", str(path), "--query", "status=foo"]
    )
    assert (wrong.exit_code, wrong.stderr) == (1, "Not understood: Status “foo”.\n")
    assert [one.name for one in tmp_path.iterdir()] == ["open.csv"]
