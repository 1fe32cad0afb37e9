"""An installation for one benchmark: an empty database with all its durability, commands, and servers beside it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from accredit import child
from accredit.database import embedded

PROGRAM = """
format = 1
[program]
code = "anvils"
name = "Anvil Shop"
advertiser = "ACME"
currency = "USD"
timezone = "UTC"
referral_window_days = 30
[program.tracking]
allowed_hosts = ["anvils.example"]
click_parameter = "ref"
[[event_type]]
code = "sale"
[[partner]]
code = "barb"
[[ad]]
code = "banner"
name = "Banner"
landing_page = "https://anvils.example/sale"
[[terms]]
code = "standard"
version = 1
[[contract]]
partner = "barb"
  [[contract.period]]
  starts_at = 2026-01-01T00:00:00Z
  terms = "standard"
  version = 1
"""
UNLIMITED = {"ACCREDIT_TRACKER_ADDRESS_LIMIT": "0", "ACCREDIT_TRACKER_KEY_LIMIT": "0"}
READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Installation:
    """One that runs, in its state folder, which this process's settings name."""

    state: Path

    def url(self, role: str = embedded.APPLICATION) -> str:
        """The address of its database."""
        return embedded.cluster_in(self.state).url(role, embedded.DATABASE)

    def run(self, *arguments: str) -> None:
        """Run a command of Accredit."""
        subprocess.run([sys.executable, "-m", "accredit", *arguments], check=True, stdout=subprocess.DEVNULL)

    def apply(self, program: str) -> None:
        """Install a program by the text of its file."""
        file = self.state / "program.toml"
        file.write_text(program)
        self.run("program", "apply", str(file))


@contextmanager
def installation(*, with_django: bool = False) -> Iterator[Installation]:
    """A fresh one, which is gone after the block; `with_django`: for this process too."""
    state = Path(tempfile.mkdtemp(prefix="accredit-bench-"))
    state.chmod(0o755)  # the server may run as somebody else
    os.environ.update(ACCREDIT_STATE_DIR=str(state), DJANGO_SETTINGS_MODULE="accredit.config.settings")
    cluster = embedded.cluster_in(state)
    server = embedded.start(cluster)
    try:
        installed = Installation(state)
        installed.run("prepare")
        if with_django:
            import django

            django.setup()
        yield installed
        if with_django:
            from django.db import connections

            connections.close_all()
    finally:
        embedded.stop(server)
        embedded.remove(cluster)
        shutil.rmtree(state, ignore_errors=True)


def empty(owner: psycopg.Connection, tables: Sequence[str]) -> None:
    """Empty tables, also such as keep what is in them for good."""
    query = "select tgrelid::regclass::text from pg_trigger where tgname = 'never_emptied'"
    kept = [name for (name,) in owner.execute(query)]
    for name in kept:
        owner.execute(f"alter table {name} disable trigger never_emptied".encode())
    owner.execute(f"truncate {', '.join(tables)} cascade".encode())
    for name in kept:
        owner.execute(f"alter table {name} enable trigger never_emptied".encode())


@dataclass(frozen=True, slots=True)
class Server:
    """One that answers, and the process in front of it."""

    port: int
    pid: int

    def memory_mb(self) -> float:
        """What the processes behind it have in RAM."""
        workers = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        pages = sum(int(Path(f"/proc/{worker}/statm").read_text().split()[1]) for worker in workers)
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def serving(arguments: Sequence[str], **variables: str) -> Iterator[Server]:
    """A server that answers, run as a module with these arguments; its port takes the place of PORT."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [str(port) if argument == "PORT" else argument for argument in arguments]
    process = child.start([sys.executable, "-m", *command], environment={**os.environ, **variables})
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} does not answer")
            time.sleep(0.05)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def tracking() -> Iterator[Server]:
    """A tracker without limits."""
    with serving(["accredit", "tracker", "--port", "PORT"], **UNLIMITED) as tracker:
        yield tracker


def _answers(port: int) -> bool:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_arguments: object) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code == 302
    except OSError:
        return False
    return True
