"""`accredit conversions turnover`: what it says and how it ends."""

import pytest
from typer.testing import CliRunner, Result

from accredit.cli import app
from accredit.conversions.models import Change, Conversion
from accredit.programs.queries import program_by_code
from tests.factories.installing import load, orders
from tests.factories.people import open_shop
from tests.factories.validating import asked, validated

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop() -> None:
    open_shop()


def run(order: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["conversions", "turnover", "--program", "anvils", "--order", order, *arguments])


def test_the_turnover_changes_and_the_history_says_so() -> None:
    preview = run("1001", "--to", "100.00", "--dry-run")
    figures = "turnover 136.27 → 100.00, commission 22.46 → 16.75 USD.\n"
    assert (preview.exit_code, preview.output) == (0, f"sale 1001 would change: {figures}")
    assert not Change.objects.exists()
    done = run("1001", "--to", "100", "--comment", "One came back")
    assert (done.exit_code, done.output) == (0, f"sale 1001 changed: {figures}")
    change = Change.objects.get()
    assert (change.way, change.user_id, change.comment) == ("command", None, "One came back")
    again = run("1001", "--to", "100")
    assert (again.exit_code, again.output) == (1, "sale 1001: It says so already.\n")


@pytest.mark.parametrize(
    ("items", "figures"),
    [
        (["2=1"], "turnover 61.00 → 40.99, commission 3.87 → 1.37"),
        (["2=1:12.00", "1=0"], "turnover 61.00 → 42.00, commission 3.87 → 1.50"),
    ],
)
def test_items_change(items: list[str], figures: str) -> None:
    done = run("1002", *[part for item in items for part in ("--item", item)])
    assert (done.exit_code, done.output) == (0, f"sale 1002 changed: {figures} USD.\n")


@pytest.mark.parametrize(
    ("order", "arguments", "code", "sentence"),
    [
        ("9", ["--to", "1"], 1, "9: the program has no such conversion."),
        ("1001", ["--to", "1,00"], 1, "'1,00' is no amount: write it like 12.34"),
        ("1001", ["--to", "1.001"], 1, "1.001 has more decimals than USD, which has 2"),
        ("1002", ["--item", "9=1"], 1, "It has no such item"),
        ("1005", ["--to", "1"], 1, "It is rejected: nothing is paid for it"),
        ("1001", [], 2, "say either --to AMOUNT or --item"),
        ("1001", ["--to", "1", "--item", "1=1"], 2, "say either --to AMOUNT or --item"),
        ("1002", ["--item", "one"], 2, "is not ITEM=QUANTITY"),
    ],
)
def test_what_is_refused_says_why(order: str, arguments: list[str], code: int, sentence: str) -> None:
    validated(asked("order | to | reason\n 1005 | rejected | returned"))
    before = {one.order_token: one.decision for one in Conversion.objects.all()}
    result = run(order, *arguments)
    assert result.exit_code == code
    assert sentence in " ".join(result.output.replace("│", " ").split())
    assert {one.order_token: one.decision for one in Conversion.objects.all()} == before


def test_a_token_of_two_event_types_asks_which() -> None:
    load(program_by_code("anvils"), orders=orders("order | at | turnover\n 1001 | T | 5.00", "lead"))
    result = run("1001", "--to", "1")
    assert (result.exit_code, result.output) == (
        1,
        "1001: there is one of each of lead, sale; say which with --event-type.\n",
    )
    assert run("1001", "--to", "1", "--event-type", "lead").exit_code == 0
