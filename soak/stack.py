"""The services under test, in a state folder of their own, and how they are killed and started again."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg

from accredit import child
from accredit.database import embedded

DISK_BYTES = 3 << 30
TRACKERS, WORKERS = 2, 2
READY_SECONDS = 600
PROGRAM = """
format = 1
[program]
code = "soak"
name = "Soak"
advertiser = "soak"
currency = "EUR"
timezone = "Europe/Berlin"
referral_window_days = 30
[program.tracking]
allowed_hosts = ["shop.example"]
click_parameter = "ck"
fallback_page = "https://shop.example/"
[[event_type]]
code = "sale"
[[ad]]
code = "banner"
name = "Banner"
landing_page = "https://shop.example/landing"
[[promo_code]]
code = "ANN"
match = "exact"
partner = "ann"
policy = "always"
[[terms]]
code = "standard"
version = 1
  [[terms.payout]]
  event_type = "sale"
  level = "order"
  model = "Ten"
  percent = "10"
""" + "".join(
    f'[[partner]]\ncode = "{code}"\nname = "{code.title()}"\n[[contract]]\npartner = "{code}"\n'
    '[[contract.period]]\nstarts_at = 2020-01-01T00:00:00Z\nterms = "standard"\nversion = 1\n'
    for code in ("ann", "barb", "carl")
)
# Fails at the commit, when everything has been written already.
SWITCH = """
create table soak_switch (failing boolean not null);
insert into soak_switch values (false);
grant select on soak_switch to public;
create function soak_fail() returns trigger language plpgsql as $$
begin
    if (select failing from soak_switch) then
        raise exception 'the commit fails, as it was told to';
    end if;
    return null;
end
$$;
create constraint trigger soak_fail after insert on tracking_order
    deferrable initially deferred for each row execute function soak_fail();
create constraint trigger soak_fail after insert on tracking_click
    deferrable initially deferred for each row execute function soak_fail();
create constraint trigger soak_fail after insert on conversions_conversion
    deferrable initially deferred for each row execute function soak_fail();
"""


class Stack:
    """PostgreSQL, two trackers and two workers. Use it from the main thread. `key`: id and secret of a key that signs
    for the program, once it has started."""

    def __init__(self) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="accredit-soak-"))
        self.state.chmod(0o755)  # PostgreSQL may run as somebody else
        self.has_own_disk = _mount(self.state)
        self.cluster = embedded.cluster_in(self.state)
        self.ports = [_free_port() for _ in range(TRACKERS)]
        self.key = ("", "")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")},
            "ACCREDIT_STATE_DIR": str(self.state),
            "ACCREDIT_TRACKER_ADDRESS_LIMIT": "0",
            "ACCREDIT_ENDS_WITH_PARENT": "1",
        }
        self.log = (self.state.parent / f"{self.state.name}.log").open("wb")
        self.database: subprocess.Popen[bytes] | None = None
        self.services: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Bring everything up, with the program installed, and wait until the trackers answer."""
        self.database = embedded.start(self.cluster)
        self._run("prepare")
        program = self.state / "program.toml"
        program.write_text(PROGRAM)
        self._run("program", "apply", str(program))
        _, key, _, secret = self._run("key", "add", "soak").split()
        self.key = key, secret
        with self.owner() as connection:
            connection.execute(SWITCH)
        self.revive()
        self.wait_for_answers()

    def owner(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection as the owner of the database; there is one once the server is up again."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                return psycopg.connect(self.cluster.url(embedded.OWNER), autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def revive(self) -> None:
        """Start again whatever does not run."""
        if self.database is None or self.database.poll() is not None:
            self.database = embedded.start(self.cluster)
        commands = {f"worker {number}": ["worker"] for number in range(WORKERS)}
        for number, port in enumerate(self.ports):
            commands[f"tracker {number}"] = ["tracker", "--host", "127.0.0.1", "--port", str(port)]
        for name, command in commands.items():
            process = self.services.get(name)
            if process is None or process.poll() is not None:
                self.services[name] = child.start(
                    [sys.executable, "-m", "accredit", *command],
                    environment=self.environment,
                    output=self.log,
                    errors=self.log,
                )

    def wait_for_answers(self) -> None:
        """Wait until the trackers are ready."""
        deadline = time.monotonic() + READY_SECONDS
        while not all(map(_is_ready, self.ports)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"A tracker is not ready after {READY_SECONDS} seconds; see {self.log.name}")
            self.revive()
            time.sleep(0.05)

    def faults(self) -> dict[str, Callable[[random.Random], None]]:
        """What can be done to it, by name. Afterwards `revive` brings back what is gone."""
        faults: dict[str, Callable[[random.Random], None]] = {
            "tracker": lambda chance: self._kill_one_of(f"tracker {chance.randrange(TRACKERS)}", chance),
            "worker": lambda chance: self._kill_one_of(f"worker {chance.randrange(WORKERS)}", chance),
            "a session of PostgreSQL": self._kill_session,
            "PostgreSQL": lambda _chance: self._kill_database(),
            "failing commits": self._fail_commits,
        }
        if self.has_own_disk:
            faults["a full disk"] = self._fill_disk
        return faults

    def _kill_one_of(self, name: str, chance: random.Random) -> None:
        """Kill the service's process in front or one behind it; in either case all of it ends, by itself."""
        process = self.services[name]
        os.kill(chance.choice([process.pid, *_children(process.pid)]), signal.SIGKILL)
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None or _is_alive(process.pid):
            if time.monotonic() > deadline:
                raise TimeoutError(f"Processes of the {name} stay alive after one of them was killed")
            time.sleep(0.02)

    def _kill_database(self) -> None:
        assert self.database is not None
        self.database.kill()
        self.database.wait()

    def _kill_session(self, chance: random.Random) -> None:
        assert self.database is not None
        with suppress(ProcessLookupError, IndexError):
            os.kill(chance.choice(_children(self.database.pid)), signal.SIGKILL)

    def _fail_commits(self, chance: random.Random) -> None:
        for failing in (True, False):
            with self.owner() as connection:
                connection.execute("update soak_switch set failing = %s", [failing])
            if failing:
                time.sleep(chance.uniform(0.2, 1))

    def _fill_disk(self, chance: random.Random) -> None:
        filler = self.state / "filler"
        try:
            with filler.open("wb") as file, suppress(OSError):
                block = bytes(1 << 20)
                while True:
                    file.write(block)
            time.sleep(chance.uniform(0.5, 2))
        finally:
            filler.unlink()

    def stop_workers(self) -> None:
        """End the workers in order, so that nothing changes any more."""
        for name, process in self.services.items():
            if name.startswith("worker"):
                process.terminate()
                process.wait(READY_SECONDS)

    def end(self) -> None:
        """Stop everything and remove what it stored; the log stays."""
        for process in self.services.values():
            process.kill()
            process.wait()
        if self.database is not None:
            embedded.stop(self.database)
        embedded.remove(self.cluster)
        if self.has_own_disk:
            subprocess.run(["umount", "--lazy", str(self.state)], check=True)
        shutil.rmtree(self.state)
        self.log.close()

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "accredit", *arguments]
        return subprocess.run(
            command, check=True, env=self.environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        ).stdout


def _mount(folder: Path) -> bool:
    """Give the folder a small disk of its own, where this user may."""
    if os.getuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "accredit-soak", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _is_ready(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(5)
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return connection.recv(64).startswith(b"HTTP/1.1 200")
    return False


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _is_alive(group: int) -> bool:
    """Whether a process of this process group lives."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
