"""A shop is connected as docs/connecting-a-shop.md says: its own examples, over HTTP, with the tracker as a process."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.db import connection
from typer.testing import CliRunner

from accredit.cli import app
from accredit.config.environment import CHECKOUT
from tests.factories.installing import SHOP, install

DOCUMENT = (CHECKOUT / "docs" / "connecting-a-shop.md").read_text()
WAIT_SECONDS = 300


def example(language: str) -> str:
    """The document's example in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(found)


def accredit(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def shop(transactional_db: None) -> Mapping[str, str]:
    """The program `shop` and a key of it, as the examples want them in their environment."""
    install(SHOP.replace('code = "anvils"', 'code = "shop"').replace('currency = "USD"', 'currency = "EUR"', 1))
    words = accredit("key", "add", "shop").split()
    assert accredit("key", "list", "shop").startswith(words[1])
    return {"KEY": words[1], "SECRET": words[3]}


@pytest.fixture
def tracker(shop: Mapping[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of a tracker that runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "accredit", "tracker", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=CHECKOUT, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while not answers(f"{address}/readyz"):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.02)
        yield address
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_examples_of_the_document_work(shop: Mapping[str, str], tracker: str) -> None:
    environment = {**os.environ, **shop, "TRACKER": tracker}

    def run(*command: str) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    assert run(sys.executable, "-c", example("python")).startswith('201 {"outcome":"recorded"')
    assert run(sys.executable, "-c", example("python")).startswith('200 {"outcome":"known"')
    changed = example("python").replace("ANNA10", "ANNA20")
    refused = subprocess.run([sys.executable, "-c", changed], capture_output=True, text=True, env=environment)
    assert (refused.returncode, refused.stderr[:28]) == (1, '409 {"outcome":"conflict","o')
    tokens = ["10042", "10042"]  # with the one that was refused
    if shutil.which("curl") and shutil.which("openssl"):
        assert json.loads(run("sh", "-c", example("sh")))["outcome"] == "recorded"
        tokens.append("10043")
    pixel = re.findall(r'<img src="https://track\.shop\.example([^"]+)"', DOCUMENT)[0].replace("&amp;", "&")
    request = urllib.request.Request(
        tracker + pixel.replace("…", "1").replace("=10042", "=10044"), headers={"Accept": "image/*"}
    )
    with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
        assert (answer.status, answer.headers["content-type"]) == (201, "image/gif")
    with urllib.request.urlopen(f"{tracker}/accredit.js", timeout=WAIT_SECONDS) as answer:
        assert b"accredit_click" in answer.read()
    with connection.cursor() as cursor:
        cursor.execute(
            "select order_token, signed from tracking_conversion_event where program_id in"
            " (select id from programs_program) order by id"
        )
        assert cursor.fetchall() == [*((token, True) for token in tokens), ("10044", False)]
    assert accredit("key", "end", shop["KEY"]).startswith(f"{shop['KEY']} ends at ")


@pytest.mark.django_db
def test_keys_are_shown_without_their_secrets_and_end_when_wanted() -> None:
    install()
    nothing = CliRunner().invoke(app, ["key", "list", "anvils"])
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "`accredit key add anvils`" in nothing.stderr
    _, key, _, secret = accredit("key", "add", "anvils").split()
    assert accredit("key", "end", key, "--at", "2999-01-01T01:00:00+01:00") == f"{key} ends at 2999-01-01T00:00:00Z.\n"
    shown = accredit("key", "list", "anvils")
    assert shown.startswith(f"{key}  since ")
    assert shown.endswith("until 2999-01-01T00:00:00Z\n")
    assert secret not in shown


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["add", "nails"], 1, "There is no program 'nails'"),
        (["end", "sk_1"], 1, "There is no key 'sk_1'"),
        (["end", "sk_1", "--at", "2026-01-01T00:00:00"], 2, "is no time with an offset"),
        (["end", "sk_1", "--at", "soon"], 2, "is no time with an offset"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], code: int, words: str) -> None:
    result = CliRunner().invoke(app, ["key", *arguments])
    assert result.exit_code == code
    assert words in " ".join(result.output.split())
