"""The commands of the installation itself, on a state folder of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from accredit.database import embedded


def accredit(state: Path, *arguments: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")}
    return subprocess.run(
        [sys.executable, "-m", "accredit", *arguments], input=given, capture_output=True, text=True, check=False,
        env={**variables, "ACCREDIT_STATE_DIR": str(state), **more},
    )  # fmt: skip


def test_an_installation_from_its_first_command_to_its_last(open_folder: Path) -> None:
    state = open_folder / "state"
    found = "from accredit.access.models import Organization as O; O.objects.create(kind='partner', code='p', name='P')"
    assert accredit(state, "manage", "shell", "-v", "0", "-c", found).returncode == 0  # makes the tables first
    with embedded.running(embedded.cluster_in(state)):
        ada = ("Ada@example.com", "--name", "Ada", "--organization", "p")
        added = accredit(state, "user", "add", *ada, given="correct horse battery\n")
        refused = accredit(state, "user", "add", "ada", "--name", "A", "--organization", "q", given="x\n")
    assert (added.stdout, added.stderr) == ("ada@example.com may sign in as viewer of P.\n", "")
    assert (refused.returncode, refused.stderr) == (1, "There is no organization 'q'; there are: p\n")
    assert accredit(state, "clean", given="n\n").returncode == 1
    assert (state / "postgres").exists()
    assert accredit(state, "clean", "--yes").returncode == 0
    assert not state.exists()
    assert accredit(state, "clean", "--yes").returncode == 0


@pytest.mark.parametrize("command", [("prepare",), ("up",), ("manage", "check"), ("demo", "ensure")])
def test_a_setting_that_is_wrong_is_said_in_a_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    ended = accredit(tmp_path, *command, ACCREDIT_DATABASE_URL="postgresql://nobody@/none", ACCREDIT_SECRET_KEY="short")
    assert ended.returncode == 1
    assert ended.stderr.startswith("ACCREDIT_SECRET_KEY is shorter than 50 characters: choose it at random\n")


def test_a_server_that_does_not_answer_is_said_without_a_trace_of_code(tmp_path: Path) -> None:
    ended = accredit(
        tmp_path, "manage", "check", ACCREDIT_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        ACCREDIT_SECRET_KEY="k" * 50,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("The database does not answer: ")
    assert "Traceback" not in ended.stderr
