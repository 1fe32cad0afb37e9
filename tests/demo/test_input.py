"""The demo as files."""

from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from accredit.cli import app
from accredit.demo.generate import generate_lines
from accredit.demo.input import PROGRAM_FILE, demo_input
from accredit.demo.orders import RULES
from accredit.files import read_inputs, read_program

INVOICES = Path(__file__).with_name("invoices.csv")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["demo", "files", *arguments])
    return f"{result.exit_code}\n{result.output}"


def test_the_files_say_what_the_demo_says(tmp_path: Path) -> None:
    output = run("--orders", str(INVOICES), "--out", str(tmp_path / "demo"))

    inputs = read_inputs(*(tmp_path / "demo" / f for f in ("program.toml", "clicks.csv", "orders.csv", "items.csv")))
    demo = demo_input(INVOICES)
    assert output.startswith("0\n")
    assert all(rule in output for rule in RULES)
    assert "2 orders with 3 items" in output
    assert inputs.program == read_program(PROGRAM_FILE)
    assert_frame_equal(inputs.conversions, demo.conversions)
    assert_frame_equal(inputs.items, demo.items)
    assert_frame_equal(inputs.clicks.sort("click_id"), demo.clicks.sort("click_id"))


def test_every_command_takes_the_same_invoices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCREDIT_DEMO_ORDERS", str(INVOICES))
    assert "2 orders with 3 items" in run("--out", str(tmp_path / "named"))
    assert run("--out", str(tmp_path / "both"), "--orders", str(INVOICES), "--generated").startswith("2\n")
    assert not (tmp_path / "both").exists()
    monkeypatch.setattr("accredit.demo.input.generate_lines", lambda: generate_lines(invoices=20))
    assert "2 orders with 3 items" not in run("--out", str(tmp_path / "made"), "--generated")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "program.toml").write_text("mine")

    assert run("--out", str(tmp_path)).startswith("2\n")
    assert (tmp_path / "program.toml").read_text() == "mine"


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_another_file_is_refused_and_nothing_is_written(tmp_path: Path, content: str) -> None:
    (tmp_path / "orders.csv").write_text(content)

    assert run("--orders", str(tmp_path / "orders.csv"), "--out", str(tmp_path / "demo")).startswith("1\n")
    assert not (tmp_path / "demo").exists()
