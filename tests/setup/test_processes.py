"""Accredit as it is run: it answers, it heals, it ends, and it leaves no process behind however it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from accredit.processes import NotServed, hold_port

PATIENCE_SECONDS = 300


@pytest.fixture(scope="module")
def state(open_folder: Path) -> Iterator[Path]:
    """A state folder that the tests of this module share, as an installation that is started again and again does."""
    yield open_folder
    left = processes_of(open_folder)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def environment(state: Path) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")}
    return {**variables, "ACCREDIT_STATE_DIR": str(state)}


def processes_of(state: Path) -> dict[int, str]:
    """Pid → command line of every process that runs for the installation in `state`, as /proc tells."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment, command = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(f"ACCREDIT_STATE_DIR={state}") in environment and command:
                found[int(entry.name)] = command.replace(b"\0", b" ").decode()
    return found


def gone(state: Path, pids: set[int]) -> bool:
    return pids.isdisjoint(processes_of(state))


def eventually(what: str, true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} seconds: {what}"
        time.sleep(0.1)


class Installation:
    """`accredit up` in a process, and the address that it printed."""

    def __init__(self, state: Path, *arguments: str, under: tuple[str, ...] = ()) -> None:
        self.state = state
        self.said = state / "said"
        command = [*under, sys.executable, "-m", "accredit", "up", "--workers", "1", *arguments]
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(command, env=environment(state), stdout=said, stderr=said)
        eventually("it says where it answers", lambda: self.process.poll() is not None or self._address())
        assert self._address(), self.said.read_text()
        self.address = self._address()

    def _address(self) -> str:
        match = re.search(r"answers at (http://\S+)/", self.said.read_text())
        return match[1] if match else ""

    def answers(self) -> bool:
        try:
            with urlopen(f"{self.address}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False

    def pids(self, words: str) -> list[int]:
        """The processes of this installation whose command lines have `words`, the eldest first."""
        return sorted(pid for pid, command in processes_of(self.state).items() if words in command)

    def stop(self, with_signal: signal.Signals) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait()


def tracker_answers(installation: Installation) -> bool:
    """Whether the tracker answers, as the installation said where."""
    match = re.search(r"clicks and orders at (http://\S+)/", installation.said.read_text())
    assert match
    try:
        with urlopen(f"{match[1]}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def test_it_ends_when_asked_and_leaves_nothing_behind(state: Path) -> None:
    installation = Installation(state)
    assert installation.answers()
    assert tracker_answers(installation)
    second = subprocess.run(
        [sys.executable, "-m", "accredit", "up"], env=environment(state), capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert second.stderr == (
        f"Accredit runs already for {state}: it answers at {installation.address}/. End that one first, or set"
        " ACCREDIT_STATE_DIR to another folder\n"
    )
    assert installation.answers()
    assert installation.stop(signal.SIGHUP) == 0
    assert not processes_of(state)
    assert (state / "postgres.log").read_text().rstrip().endswith("database system is shut down")


def test_it_leaves_nothing_behind_when_it_is_killed(state: Path) -> None:
    installation = Installation(state)
    installation.stop(signal.SIGKILL)
    eventually("nothing runs", lambda: not processes_of(state))


def test_it_starts_again_what_was_killed_and_ends_with_the_process_that_started_it(state: Path) -> None:
    parent = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    installation = Installation(state, "--stop-with-parent", under=(sys.executable, "-c", parent))
    pages, tracker = installation.pids("accredit.config.wsgi"), installation.pids("accredit.tracker.app")
    [worker] = installation.pids("-m accredit worker")
    for victims, die_with_them in [
        ([installation.pids("bin/postgres")[0]], installation.pids("postgres: ")),
        ([pages[-1], worker], []),
        ([pages[0], tracker[0]], [*pages, *tracker]),
    ]:
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        eventually(f"{victims} are gone", partial(gone, state, {*victims, *die_with_them}))
        eventually(f"the pages answer after {victims} were killed", installation.answers)
        eventually(f"the tracker answers after {victims} were killed", partial(tracker_answers, installation))
    eventually("another worker runs", partial(installation.pids, "-m accredit worker"))
    installation.stop(signal.SIGKILL)
    eventually("nothing runs", lambda: not processes_of(state))


def test_a_taken_port_is_said_in_a_sentence(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "accredit", "up", "--port", str(port)]
        ended = subprocess.run(command, env=environment(state), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"Port {port} of 127.0.0.1 is taken by another program: choose another with --port\n"
    assert not processes_of(state)


def test_a_port_that_is_held_is_for_ones_own_servers_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        first = free.getsockname()[1]
    with hold_port("127.0.0.1", None, first, "--port") as held, hold_port("127.0.0.1", None, first, "--port") as next_:
        port = held.getsockname()[1]
        assert next_.getsockname()[1] > port >= first
        with pytest.raises(NotServed, match=f"Port {port} of 127.0.0.1 is taken"):
            hold_port("127.0.0.1", port, port, "--port")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with socket.create_server(("127.0.0.1", port), reuse_port=True) as server:
            for _call in range(20):  # all of them reach the one that listens
                with socket.create_connection(("127.0.0.1", port)), server.accept()[0]:
                    pass
    with hold_port("127.0.0.1", port, port, "--port"):
        pass
