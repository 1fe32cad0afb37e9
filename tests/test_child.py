"""Processes that end with the one that started them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SERVER = """
import multiprocessing, os, signal, sys, time
from accredit import child

def worker(server, late):
    while late and os.getppid() == server:
        time.sleep(0.01)
    child.end_with_server()
    print("asked", flush=True)
    time.sleep(60)
    print("outlived", flush=True)

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    late = sys.argv[2] == "late"
    multiprocessing.Process(target=worker, args=(os.getpid(), late)).start()
    if not late:
        sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""
SECONDS = 50
"""Less than the worker would live."""


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells a process that its parent died.")
@pytest.mark.parametrize("start_method", ["fork", "spawn"])
@pytest.mark.parametrize("when", ["late", "in time"])
def test_a_worker_ends_with_its_server_also_where_that_died_before_the_worker_asked_for_it(
    start_method: str, when: str, tmp_path: Path
) -> None:
    program = tmp_path / "server.py"
    program.write_text(SERVER)
    server = subprocess.Popen(
        [sys.executable, str(program), start_method, when],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "ACCREDIT_ENDS_WITH_PARENT": "1"},
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    if when == "in time":
        assert server.stdout.readline() == "asked\n"
        server.stdin.write("\n")
        server.stdin.flush()
    rest, _nothing = server.communicate(timeout=SECONDS)  # to its end: the worker holds the pipe while it lives
    assert rest == ""
