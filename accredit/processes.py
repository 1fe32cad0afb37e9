"""What runs while Accredit serves: the database, the worker, the tracker, the pages, and for the demo its shop; one
process in front starts, watches and ends them.

Everything heavy happens in its children, and all of them end with it, also when it is killed (see `child`). A child
that ends by itself is started again, at most MAX_RESTARTS times a minute.
"""

import errno
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from accredit import child
from accredit.config import environment
from accredit.database import embedded

MAX_RESTARTS = 5
"""A minute; more of them mean that something is wrong for good."""
ANSWER_SECONDS = 180
STOP_SECONDS = 15
THREADS = 4
"""Requests that one worker process of the pages answers at a time, each with a connection to the database."""
PORTS_TRIED = 20
PAGES_PORT, TRACKER_PORT, SHOP_PORT = 8000, 8100, 8200
"""From where on a free port is looked for."""
LOCK_NAME = "serving.json"
"""In the state folder: locked by the process that serves, and where it answers."""


class NotServed(RuntimeError):
    """Accredit cannot be started or kept running. The message says why and what to do."""


class Stopped(Exception):
    """Somebody wants this process to end: Ctrl-C, `kill`, or a closed terminal."""


@dataclass(slots=True)
class Service:
    """A child that is to run all the time."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    address: str = ""
    """What answers once it works; empty: nothing does."""
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


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen; None takes the first free port. `shop` is of the demo."""

    pages: int | None = None
    tracker: int | None = None
    shop: int | None = None


def serve(
    *,
    host: str,
    ports: Ports,
    workers: int,
    prepare: Sequence[Sequence[str]],
    stop_with_parent: bool,
    with_shop: bool = False,
) -> None:
    """Run Accredit in the foreground until a signal ends it. `prepare` are commands of `accredit` to run before the
    services open; what they print is shown once these answer. `with_shop`: the demo's shop too.
    Raises NotServed, also where the state folder is served already, and DatabaseNotStarted."""
    if stop_with_parent:
        child.end_with_parent(signal.SIGTERM, os.getppid())
    state = environment.state_folder()
    cluster = None if environment.own_database_url() else embedded.cluster_in(state)
    services: list[Service] = []
    with _alone(state) as tell, ExitStack() as holding:

        def held(holder: socket.socket) -> int:
            return int(holding.enter_context(holder).getsockname()[1])

        try:
            with _signals_raise():
                pages = held(hold_port(host, ports.pages, PAGES_PORT, "--port"))
                tracker = held(hold_port(host, ports.tracker, TRACKER_PORT, "--tracker-port"))
                shop = held(hold_port(host, ports.shop, SHOP_PORT, "--shop-port")) if with_shop else None
                _tell_children(host, tracker, shop)
                tell(json.dumps({"pages": f"http://{_browser_name(host)}:{pages}/"}))
                if cluster:
                    services.append(Service("PostgreSQL", lambda: embedded.start(cluster)))
                    services[-1].ensure()
                greeting = "".join(_output_of(["accredit", *command]) for command in prepare)
                services += _services(host, pages, tracker, shop, workers)
                for service in services:
                    service.ensure()
                for service in services:
                    _wait_for_answer(service, services)
                _say(f"{greeting}{_answers_at(host, pages, tracker, shop)}")
                while True:
                    time.sleep(0.2)
                    for service in services:
                        service.ensure()
        except Stopped:
            _say("Stopping.")
        finally:
            for service in reversed(services):
                service.stop(signal.SIGINT if service.name == "PostgreSQL" else signal.SIGTERM)


def _services(host: str, pages: int, tracker: int, shop: int | None, workers: int) -> Sequence[Service]:
    """What runs beside the database, in the order in which it starts."""
    shops = [Service("The shop", lambda: _start_shop(host, shop), _url(host, shop, "/healthz"))] if shop else []
    return [
        Service("The worker", lambda: _start(["accredit", "worker"])),
        Service("The tracker", lambda: _start_tracker(host, tracker), _url(host, tracker, "/readyz")),
        *shops,
        Service("The server of the pages", lambda: _start_pages(host, pages, workers), _url(host, pages, "/healthz")),
    ]


def pages_address(state: Path) -> str | None:
    """Where people reach the pages: ACCREDIT_PUBLIC_URL, else where those of this state folder are served; None where
    nobody serves it."""
    told = (state / LOCK_NAME).read_text() if (state / LOCK_NAME).exists() else ""
    served = str(json.loads(told)["pages"]).rstrip("/") if told else None
    return environment.public_url() or served


@contextmanager
def _alone(state: Path) -> Iterator[Callable[[str], None]]:
    """Nobody else serves this state folder for the length of the block; what the block tells is kept for those who
    try, and is gone with it. Raises NotServed where somebody does."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / LOCK_NAME).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            told = file.read()
            where = f"answers at {json.loads(told)['pages']}" if told else "is being started"
            raise NotServed(
                f"Accredit runs already for {state}: it {where}. End that one first, or set ACCREDIT_STATE_DIR to"
                " another folder"
            ) from None

        def tell(text: str) -> None:
            file.truncate(0)
            file.write(text)
            file.flush()

        tell("")
        try:
            yield tell
        finally:
            tell("")


def _tell_children(host: str, tracker: int, shop: int | None) -> None:
    """Where tracker and shop answer, unless somebody says that they are reached by other addresses."""
    os.environ.setdefault("ACCREDIT_TRACKER_URL", f"http://{_browser_name(host)}:{tracker}")
    if shop:
        os.environ.setdefault("ACCREDIT_DEMO_SHOP_URL", f"http://{_browser_name(host)}:{shop}")
    os.environ["ACCREDIT_ENDS_WITH_PARENT"] = "1"


def _answers_at(host: str, pages: int, tracker: int, shop: int | None) -> str:
    lines = [f"The tracker takes clicks and orders at http://{_browser_name(host)}:{tracker}/"]
    if shop:
        lines.append(f"The demo shop is open at http://{_browser_name(host)}:{shop}/")
    lines.append(f"Accredit answers at http://{_browser_name(host)}:{pages}/ — Ctrl-C ends it.")
    return "\n".join(lines)


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


def hold_port(host: str, port: int | None, first: int, option: str) -> socket.socket:
    """A socket that holds the wanted port, else the first that is free, for the children of this process to listen on
    until it is closed. Raises NotServed."""
    for candidate in [port] if port else range(first, first + PORTS_TRIED):
        try:
            holder = socket.create_server((host, candidate))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise NotServed(f"Cannot listen on {host}, port {candidate}: {error.strerror}") from error
        else:
            # Bound and not listening: the servers of our own user share it, and whoever looks for a free port does not.
            # Granian alone would share a port with a server of another installation, each answering half of the calls.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            holder.shutdown(socket.SHUT_RD)
            return holder
    if port:
        raise NotServed(f"Port {port} of {host} is taken by another program: choose another with {option}")
    raise NotServed(f"Ports {first} to {first + PORTS_TRIED - 1} of {host} are all taken: choose another with {option}")


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


def _start(command: Sequence[str], **variables: str) -> subprocess.Popen[bytes]:
    return child.start([sys.executable, "-m", *command], environment={**os.environ, **variables})


def _start_tracker(host: str, port: int) -> subprocess.Popen[bytes]:
    return _start(["accredit", "tracker", "--host", host, "--port", str(port), "--port-is-held"])


def _start_pages(host: str, port: int, workers: int) -> subprocess.Popen[bytes]:
    threads = ["--workers", str(workers), "--blocking-threads", str(THREADS)]
    return _start(
        [*_granian(host, port), *threads, "accredit.config.wsgi:application"], ACCREDIT_DATABASE_POOL_SIZE=str(THREADS)
    )


def _start_shop(host: str, port: int) -> subprocess.Popen[bytes]:
    threads = ["--workers", "1", "--blocking-threads", str(THREADS)]
    return _start([*_granian(host, port), *threads, "accredit.demo.shop.wsgi:application"])


def _granian(host: str, port: int) -> Sequence[str]:
    return [
        "granian", "--interface", "wsgi", "--host", host, "--port", str(port), "--respawn-failed-workers",
        "--workers-kill-timeout", "10", "--no-ws", "--log-level", "warning",
    ]  # fmt: skip


def _wait_for_answer(service: Service, services: Sequence[Service]) -> None:
    """Until the service answers, if it has an address; the others are watched in the meantime."""
    if not service.address:
        return
    parts = urlsplit(service.address)
    allowed = environment.allowed_hosts()[0].replace("*", "localhost").removeprefix(".")
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        for one in services:
            one.ensure()
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", parts.path, headers={"Host": allowed})
            if connection.getresponse().status == 200:
                return
        connection.close()
        time.sleep(0.05)
    raise NotServed(f"{service.name} does not answer within {ANSWER_SECONDS} seconds")


def _url(host: str, port: int, path: str) -> str:
    name = _reachable_name(host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}{path}"


def _browser_name(host: str) -> str:
    """What browsers call this machine: shop and tracker are one site there, and cookies and passkeys for https work."""
    return "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0", "::") else host  # noqa: S104 - compared, not bound


def _reachable_name(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        print(text, file=sys.stderr, flush=True)
