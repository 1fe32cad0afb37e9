"""The tracker as an RSGI application: which address is answered by what, and the life of one process."""

import asyncio
import gc
import hmac
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from traceback import extract_tb
from uuid import UUID

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE

from accredit import child
from accredit.config import environment
from accredit.database import embedded
from accredit.tracker import answers, clicks, privacy, receiving
from accredit.tracker.answers import Refusal, Reply, Scope
from accredit.tracker.days import Days
from accredit.tracker.groups import Groups, Unavailable
from accredit.tracker.limits import Limit, Room
from accredit.tracker.logs import log
from accredit.tracker.metrics import Counts, exposition
from accredit.tracker.setup import Setup
from accredit.tracker.visitors import address_of, read_lists

CLICK_WRITERS, CONVERSION_WRITERS = 1, 2
"""One writer makes the largest groups; of orders the database has more to do than of clicks, and two cores to do it."""
MAX_WAITING_CLICKS, MAX_WAITING_CONVERSIONS = 2_000, 20_000
"""Who comes when so many rows wait is told to come again."""
MAX_ROWS = 1_000
"""Of one group."""
ROOM_BYTES = 64_000_000
"""Of the bodies of all requests that are being answered."""


def database_url() -> str:
    """Where the database answers: a server of one's own, or the embedded one, which somebody else starts."""
    embedded_url = embedded.cluster_in(environment.state_folder()).url(embedded.APPLICATION)
    return environment.own_database_url() or embedded_url


def _line_of(error: BaseException) -> str:
    """Where it was raised. What it says may hold what somebody sent."""
    *_, last = extract_tb(error.__traceback__)
    return f"{Path(last.filename).name}:{last.lineno}"


class Tracker:
    """What one process of the tracker holds, for whoever answers a request."""

    def __init__(self) -> None:
        url = database_url()
        self.setup = Setup(url, environment.secret_key(environment.state_folder()))
        self.links = clicks.Links()
        self.counts = Counts()
        self.days = Days(url)
        self.trusted = environment.trusted_proxies()
        self.address_limit: Limit[str] = Limit(environment.tracker_address_limit())
        self.room = Room(ROOM_BYTES)
        self.key_limit: Limit[UUID] = Limit(environment.tracker_key_limit())
        self.clicks = Groups(
            "clicks", url, clicks.write,
            writers=CLICK_WRITERS, max_waiting=MAX_WAITING_CLICKS, max_rows=MAX_ROWS,
        )  # fmt: skip
        self.conversions = Groups(
            "conversions", url, receiving.write, receiving.prepare,
            writers=CONVERSION_WRITERS, max_waiting=MAX_WAITING_CONVERSIONS, max_rows=MAX_ROWS, count=len,
        )  # fmt: skip
        self._metrics_token = environment.metrics_token()
        self._tasks: list[asyncio.Task[None]] = []
        self._pages: Mapping[str, Callable[[Scope, Reply], None]] = {
            "/healthz": self._health,
            "/readyz": self._readiness,
            "/metrics": self._metrics,
            "/accredit.js": receiving.tag,
            "/privacy": privacy.page,
            "/opt-out": privacy.opt_out,
            "/opt-in": privacy.opt_in,
        }

    @property
    def ready(self) -> bool:
        """Whether clicks and conversions are taken at the moment."""
        return self.setup.read and self.days.made and self.clicks.ready and self.conversions.ready

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect, and follow the set-up, from when the loop runs."""
        child.end_with_server()
        read_lists()
        gc.freeze()  # what is there now stays: collections look at what requests leave behind
        self.clicks.start(loop)
        self.conversions.start(loop)
        self._tasks = [loop.create_task(self.setup.follow()), loop.create_task(self.days.keep())]
        log("tracker started")

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write what waits, and let go of the database."""
        loop.run_until_complete(self._stop())

    async def _stop(self) -> None:
        await asyncio.gather(self.clicks.stop(), self.conversions.stop())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        log("tracker stopped")

    async def __rsgi__(self, scope: Scope, protocol: Reply) -> None:
        """Answer a request."""
        try:
            path = scope.path
            if path.startswith(("/c/", "/h/")):
                if taken := clicks.take(self, scope, protocol, of_channel=path[1] == "h"):
                    await taken.written
                    clicks.send_on(self, protocol, taken)
            elif page := self._pages.get(path):
                page(scope, protocol)
            elif path.startswith("/t/"):
                await receiving.receive(self, scope, protocol)
            else:
                raise Refusal(404, "no_page", "There is nothing at this address.")
        except Refusal as refusal:
            self.refuse(protocol, refusal)
        except Unavailable:
            self.refuse(protocol, answers.unavailable())
        except Exception as error:  # a row that the database refuses, or a mistake of ours
            log("request failed", error=type(error).__name__, at_line=_line_of(error))
            self.refuse(protocol, Refusal(500, "failed", "This cannot be recorded; the log of the tracker says more."))

    def refuse(self, protocol: Reply, refusal: Refusal) -> None:
        """Answer that a request is not taken, and count it."""
        self.counts.refused[refusal.reason] += 1
        answers.refuse(protocol, refusal)

    def _health(self, _scope: Scope, protocol: Reply) -> None:
        protocol.response_str(200, [*answers.TEXT, *answers.NOT_STORED], "ok\n")

    def _readiness(self, _scope: Scope, protocol: Reply) -> None:
        if not self.ready:
            raise answers.unavailable()
        protocol.response_str(200, [*answers.TEXT, *answers.NOT_STORED], "ready\n")

    def _metrics(self, scope: Scope, protocol: Reply) -> None:
        given = scope.headers.get("authorization", "").removeprefix("Bearer ")
        if self._metrics_token:
            allowed = hmac.compare_digest(given.encode(), self._metrics_token.encode())
        else:
            address = ip_address(address_of(scope, self.trusted))
            allowed = address.is_loopback and "x-forwarded-for" not in scope.headers
        if not allowed:
            raise Refusal(403, "metrics", "Metrics are for this machine, or for the bearer of ACCREDIT_METRICS_TOKEN.")
        groups = {groups.name: groups.figures for groups in (self.clicks, self.conversions)}
        headers = [("content-type", CONTENT_TYPE), *answers.NOT_STORED]
        protocol.response_bytes(200, headers, exposition(self.counts, groups, ready=self.ready))
