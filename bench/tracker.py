"""Clicks that the tracker takes in a second, each on disk before its answer: beside an empty redirect on the same
server with the same flags, in turns, and beside a view of a web framework that inserts row by row.

`wrk` asks over 64 connections on loopback. After it the log holds as many clicks as were answered; at most those that
were under way when a round ended come on top.
"""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from statistics import median

import psycopg

from accredit.cli.tracker import server_arguments
from accredit.database import embedded
from accredit.tracker.answers import Reply, Scope
from bench.installation import PROGRAM, Server, installation, serving, tracking
from bench.report import Report

FILL = """
insert into tracking_click (program_id, visitor_id, clicked_at, id, click_id, partner, ad, device)
select program.id, 'vi_' || md5(n::text), at, uuidv7(), 'ck_' || md5((-n)::text), 'barb', 'banner', 'mobile'
from programs_program program, generate_series(1, %s) n,
    lateral (select date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'
        - n %% %s * interval '1 day' + n * interval '1 ms') moment(at)
"""
CONNECTIONS = 64
ROUNDS, SECONDS = 3, 4
LONG_SECONDS = 600
DAYS = 10
SMALL, SIZE, LARGE = 100_000, 1_000_000, 10_000_000
LIMIT_MS = 25
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


async def empty(_scope: Scope, protocol: Reply) -> None:
    """The empty redirect."""
    protocol.response_empty(302, [("location", "https://anvils.example/sale")])


@dataclass(frozen=True, slots=True)
class Round:
    """What `wrk` saw: redirects, those in a second, and the slowest but one percent in milliseconds."""

    answered: int
    rate: float
    p99_ms: float


def ask(server: Server, seconds: int = SECONDS) -> Round:
    """A round of clicks. Raises where anything but a redirect was answered."""
    said = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--latency", "-H", f"User-Agent: {AGENT}",
         f"http://127.0.0.1:{server.port}/c/anvils:barb/banner?s1=mail&s2=42"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    slowest, answered = re.search(r"99%\s+([0-9.]+)(us|ms|s)", said), re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    if slowest is None or answered is None or rate is None or "Non-2xx" in said:
        raise RuntimeError(said)
    milliseconds = float(slowest[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slowest[2]]
    return Round(int(answered[1]), float(rate[1]), milliseconds)


def measure_turns(tracker: Server, yardstick: Server, url: str) -> None:
    """Print the tracker's rate and its slowest answers beside the empty redirect, and count what is on disk."""
    before = count(url)
    bare, taken = [], []
    for _ in range(ROUNDS):
        bare.append(ask(yardstick))
        taken.append(ask(tracker))
    written, answered = count(url) - before, sum(one.answered for one in taken)
    if not answered <= written <= answered + ROUNDS * CONNECTIONS:
        raise RuntimeError(f"{answered} clicks were answered and {written} are in the log")
    rate, of_empty = (median(one.rate for one in rounds) for rounds in (taken, bare))
    Report("clicks on disk, beside an empty redirect", rate, of_empty, rate / of_empty, ">= 0.35", unit="/s").show()
    slowest, bare_slowest = (median(one.p99_ms for one in rounds) for rounds in (taken, bare))
    Report(f"  p99, in parts of {LIMIT_MS} ms", slowest, bare_slowest, slowest / LIMIT_MS, "<= 1", unit="ms").show()
    Report(f"  clicks answered, and found in the log ({ROUNDS} rounds)", answered, written, unit="").show()


def measure_growth(tracker: Server, url: str, owner_url: str, size: int) -> None:
    """Print what a click costs with few and with many clicks in the log."""
    costs = []
    for clicks in (SMALL, size):
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute(
                "select tracking_make_partitions('tracking_click', array(select current_date - n"
                " from generate_series(0, %s) n))",
                [DAYS],
            )
            owner.execute(FILL, [max(clicks - count(url), 0), DAYS])
            owner.execute("vacuum analyze tracking_click")

        costs.append(1e6 / median(ask(tracker).rate for _ in range(ROUNDS)))
    name = f"cost of a click with {size:,} clicks in the log, and with {SMALL:,}"
    Report(name, costs[1], costs[0], costs[1] / costs[0], "<= 1.25", unit="us").show()


def measure_memory(tracker: Server, at_first: float, seconds: int) -> None:
    """Print what the tracker takes after so many seconds more of load."""
    long = ask(tracker, seconds)
    Report(f"clicks in {seconds} s without a pause (p99 {long.p99_ms:.0f} ms)", long.rate, unit="/s").show()
    grown = tracker.memory_mb()
    Report(
        "memory of the tracker at the end, and at first", grown, at_first, grown / at_first, "<= 1.2", unit="MB"
    ).show()


def count(url: str) -> int:
    """How many clicks the log has."""
    with psycopg.connect(url) as connection:
        return int((connection.execute("select count(*) from tracking_click").fetchone() or (0,))[0])


def main(large: bool) -> None:
    """All figures, on a server of their own."""
    if shutil.which("wrk") is None:
        sys.exit("There is no wrk, which makes the load: install it, as in `apt-get install wrk`.")
    with installation() as installed:
        installed.apply(PROGRAM)
        url = installed.url()
        flags = server_arguments("127.0.0.1", 0)
        flags[flags.index("--port") + 1] = "PORT"
        with tracking() as tracker:
            ask(tracker, 1)
            memory = tracker.memory_mb()
            with serving(["granian", *flags, "bench.tracker:empty"]) as yardstick:
                measure_turns(tracker, yardstick, url)
            measure_growth(tracker, url, installed.url(embedded.OWNER), LARGE if large else SIZE)
            measure_memory(tracker, memory, LONG_SECONDS if large else SECONDS)
        view = ["granian", "--interface", "wsgi", "--port", "PORT", "--no-ws", "--blocking-threads", "4",
                "--log-level", "warning", "bench.django_redirect:application"]  # fmt: skip
        with serving(view, ACCREDIT_DATABASE_URL=url) as naive:
            ask(naive, 1)
            one = ask(naive)
            Report(f"a view that inserts row by row (p99 {one.p99_ms:.0f} ms)", one.rate, unit="/s").show()
