"""What runs while Accredit serves: the database, then the pages; one process in front starts, watches and ends them.

Everything heavy happens in its children, and all of them end with it, also when it is killed (see `child`). A child
that ends by itself is started again, at most MAX_RESTARTS times a minute.
"""

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from accredit import child
from accredit.config import environment
from accredit.database import embedded

MAX_RESTARTS = 5
"""A minute; more of them mean that something is wrong for good."""
ANSWER_SECONDS = 60
STOP_SECONDS = 15
THREADS = 4
"""Requests that one worker process of the pages answers at a time, each with a connection to the database."""
PORTS_TRIED = 20


class NotServed(RuntimeError):
    """Accredit cannot be started or kept running. The message says why and what to do."""


class Stopped(Exception):
    """Somebody wants this process to end: Ctrl-C, `kill`, or a closed terminal."""


@dataclass(slots=True)
class Service:
    """A child that is to run all the time."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    started_at: list[float] = field(default_factory=list)

    def ensure(self) -> None:
        """Start it, or start it again where it ended. Raises NotServed where it ends again and again."""
        if self.process and self.process.poll() is None:
            return
        recent = [moment for moment in self.started_at if time.monotonic() - moment < 60]
        if len(recent) > MAX_RESTARTS:
            raise NotServed(f"{self.name} ended {len(recent)} times within a minute; what it said stands above, or in"
                            " the log")  # fmt: skip
        if self.process:
            _say(f"{self.name} ended with {self.process.returncode}; starting it again.")
        self.started_at = [*recent, time.monotonic()]
        self.process = self.start()

    def stop(self, with_signal: signal.Signals) -> None:
        """End it, by force where it does not within STOP_SECONDS."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(with_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def serve(
    *, host: str, port: int | None, workers: int, prepare: Sequence[Sequence[str]], stop_with_parent: bool
) -> None:
    """Run Accredit in the foreground until a signal ends it. `port` None takes the first free one from 8000 on;
    `prepare` are commands of `accredit` to run before the pages open; what they print is shown once the pages answer.
    Raises NotServed, and DatabaseNotStarted."""
    if stop_with_parent:
        child.end_with_parent(signal.SIGTERM, os.getppid())
    cluster = None if environment.own_database_url() else embedded.cluster_in(environment.state_folder())
    services: list[Service] = []
    try:
        with _signals_raise():
            chosen = _free_port(host, port)
            if cluster:
                services.append(Service("PostgreSQL", lambda: embedded.start(cluster)))
                services[-1].ensure()
            greeting = "".join(_output_of(["accredit", *command]) for command in prepare)
            services.append(Service("The server of the pages", lambda: _start_pages(host, chosen, workers)))
            services[-1].ensure()
            _wait_for_answer(host, chosen, services[-1])
            _say(f"{greeting}Accredit answers at http://{_reachable_name(host)}:{chosen}/ — Ctrl-C ends it.")
            while True:
                time.sleep(0.2)
                for service in services:
                    service.ensure()
    except Stopped:
        _say("Stopping.")
    finally:
        for service in reversed(services):
            service.stop(signal.SIGINT if service.name == "PostgreSQL" else signal.SIGTERM)


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Within the block the first of the signals that ask for an end raises Stopped; once the block is left they are
    ignored, so that nothing disturbs the end."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        handle_with(signal.SIG_IGN)
        raise Stopped

    def handle_with(handler: signal.Handlers | Callable[[int, FrameType | None], None]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, handler)

    handle_with(stop)
    try:
        yield
    finally:
        handle_with(signal.SIG_IGN)


def _free_port(host: str, port: int | None) -> int:
    for candidate in [port] if port else range(8000, 8000 + PORTS_TRIED):
        try:
            with socket.create_server((host, candidate)):
                return candidate
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise NotServed(f"Cannot listen on {host}, port {candidate}: {error.strerror}") from error
    if port:
        raise NotServed(f"Port {port} of {host} is taken by another program: choose another with --port")
    raise NotServed(f"Ports 8000 to {7999 + PORTS_TRIED} of {host} are all taken: choose another with --port")


def _output_of(command: Sequence[str]) -> str:
    """Run one of our own commands to its end; what it printed on standard output."""
    step = Service(" ".join(command), lambda: child.start([sys.executable, "-m", *command], output=subprocess.PIPE))
    try:
        step.process = step.start()
        printed, _ = step.process.communicate()
    finally:
        step.stop(signal.SIGTERM)
    if step.process.returncode:
        raise NotServed(f"`{step.name}` failed; what it said stands above")
    return printed.decode()


def _start_pages(host: str, port: int, workers: int) -> subprocess.Popen[bytes]:
    variables: Mapping[str, str] = {
        **os.environ,
        "ACCREDIT_DATABASE_POOL_SIZE": str(THREADS),
        "ACCREDIT_ENDS_WITH_PARENT": "1",
    }
    return child.start(
        [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
            "--workers", str(workers), "--blocking-threads", str(THREADS), "--respawn-failed-workers",
            "--workers-kill-timeout", "10", "--no-ws", "--log-level", "warning", "accredit.config.wsgi:application",
        ],
        environment=variables,
    )  # fmt: skip


def _wait_for_answer(host: str, port: int, service: Service) -> None:
    allowed = environment.allowed_hosts()[0].replace("*", "localhost").removeprefix(".")
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        service.ensure()
        connection = http.client.HTTPConnection(_reachable_name(host), port, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz", headers={"Host": allowed})
            if connection.getresponse().status == 200:
                return
        connection.close()
        time.sleep(0.05)
    raise NotServed(f"The pages do not answer within {ANSWER_SECONDS} seconds")


def _reachable_name(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        print(text, file=sys.stderr, flush=True)
