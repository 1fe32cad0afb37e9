"""The service itself: limits, addresses, health, metrics, the set-up that it follows; and as a process of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network

import pytest
from django.db import connection
from typer.testing import CliRunner

from accredit.cli import app
from accredit.programs.models import Ad, Program
from accredit.tracker.limits import BURST_SECONDS, MAX_ASKERS, Limit
from accredit.tracker.visitors import _agent, address_of
from tests.factories import rsgi
from tests.factories.tables import table
from tests.tracker.conftest import Client

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
WAIT_SECONDS = 300


def test_a_limit_gives_a_burst_and_then_so_many_a_second() -> None:
    limit = Limit[str](10)
    burst = sum(limit.allows("a", 100.0) for _ in range(1000))
    assert burst == 10 * BURST_SECONDS
    assert sum(limit.allows("a", 100.0 + n / 100) for n in range(1, 201)) == 20
    assert limit.allows("b", 102.0)
    assert sum(limit.allows("a", 200.0) for _ in range(1000)) == burst
    assert all(Limit[str](0).allows("a", 100.0) for _ in range(1000))


def test_a_limit_remembers_a_bounded_number() -> None:
    limit = Limit[int](10)
    for asker in range(3 * MAX_ASKERS):
        assert limit.allows(asker, 100.0)
    assert len(limit._earned) + len(limit._earlier) <= 2 * MAX_ASKERS


def test_whoever_asks_too_often_is_told(client: Client) -> None:
    client.tracker.address_limit = Limit(1)
    statuses = [client.ask("GET", "/c/anvils:barb/banner", user_agent=FIREFOX).status for _ in range(BURST_SECONDS + 1)]
    assert statuses == [*[302] * BURST_SECONDS, 429]
    assert client.ask("GET", "/c/anvils:barb/banner", user_agent=FIREFOX).headers["retry-after"] == "2"


AGENTS = """
    device  | browser             | is_bot | agent
    desktop | Firefox             | no     | Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0
    mobile  | Mobile Safari       | no     | Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1
    tablet  | Mobile Safari       | no     | Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Mobile/15E148 Safari/604.1
    mobile  | Chrome Mobile       | no     | Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
    tablet  | Chrome              | no     | Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
    desktop | FacebookBot         | yes    | facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
    desktop | TelegramBot         | yes    | TelegramBot (like TwitterBot)
    desktop | curl                | yes    | curl/8.5.0
"""  # noqa: E501


def test_of_a_user_agent_device_and_browser_are_kept() -> None:
    for row in table(AGENTS):
        found = _agent(row["agent"])
        assert (row["agent"], found.device, found.browser, found.is_bot) == (
            row["agent"], row["device"], row["browser"], row["is_bot"] == "yes",
        )  # fmt: skip
    assert (_agent("").device, _agent("").is_bot) == (None, False)


@pytest.mark.parametrize(
    ("client", "said", "trusted", "address"),
    [
        ("203.0.113.7:1", "", "", "203.0.113.7"),
        ("203.0.113.7:1", "1.1.1.1", "", "203.0.113.7"),
        ("203.0.113.7:1", "1.1.1.1", "10.0.0.0/8", "203.0.113.7"),
        ("10.0.0.2:1", "1.1.1.1", "10.0.0.0/8", "1.1.1.1"),
        ("10.0.0.2:1", "6.6.6.6, 1.1.1.1, 10.9.9.9", "10.0.0.0/8", "1.1.1.1"),
        ("10.0.0.2:1", "", "10.0.0.0/8", "10.0.0.2"),
        ("10.0.0.2:1", "1.1.1.1, rubbish", "10.0.0.0/8", "rubbish"),
        ("[::ffff:10.0.0.2]:1", "2001:db8::1", "10.0.0.0/8", "2001:db8::1"),
    ],
)
def test_whose_address_counts(client: str, said: str, trusted: str, address: str) -> None:
    headers = rsgi.Headers({"x-forwarded-for": said} if said else {})
    networks = [ip_network(trusted)] if trusted else []
    assert address_of(rsgi.Scope("GET", "/", "", headers, client=client), networks) == address


def test_metrics_are_for_this_machine_or_for_a_token(client: Client) -> None:
    client.ask("GET", "/c/anvils:barb/banner", user_agent=FIREFOX)
    assert client.ask("GET", "/metrics").status == 403
    client.tracker._metrics_token = "a token that nobody guesses"
    text = client.ask("GET", "/metrics", authorization="Bearer a token that nobody guesses").body.decode()
    assert 'accredit_clicks_total{outcome="recorded"} 1.0' in text
    assert 'accredit_refused_total{reason="metrics"} 1.0' in text
    assert 'accredit_group_rows_sum{of="clicks"} 1.0' in text
    assert 'accredit_commit_seconds_count{of="clicks"} 1.0' in text


def test_a_change_of_the_set_up_is_followed_by_itself(client: Client, program: Program) -> None:
    page = "https://anvils.example/other"
    with connection.cursor():
        Ad.objects.filter(program=program, code="banner").update(landing_page=page)
    deadline = time.monotonic() + WAIT_SECONDS
    while client.tracker.setup.programs["anvils"].ads["banner"].plain != page:
        assert time.monotonic() < deadline
        client.ask("GET", "/healthz")  # lets the loop run
    assert client.ask("HEAD", "/c/anvils:barb/banner").headers["location"] == page


def test_everything_is_well_and_said_so(client: Client) -> None:
    assert [client.ask("GET", path).status for path in ("/healthz", "/readyz")] == [200, 200]
    client.tracker.setup._programs = None
    assert [client.ask("GET", path).status for path in ("/healthz", "/readyz")] == [200, 503]
    assert client.ask("GET", "/c/anvils:barb/banner").headers["retry-after"] == "2"


def test_a_process_of_its_own(program: Program, free_port: Callable[[], int]) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "accredit", "tracker", "--port", str(port)], stderr=subprocess.PIPE,
        env={**os.environ, "ACCREDIT_ENDS_WITH_PARENT": "1"},
    )  # fmt: skip
    try:
        _wait_until_ready(port)
        answered = _get(port, "/c/anvils:barb/banner?s1=a%20b")
        assert answered.status == 302
        with connection.cursor() as cursor:
            cursor.execute("select sub_id1 from tracking_click where program_id = %s", [program.id])
            assert cursor.fetchall() == [("a b",)]
        assert _get(port, "/metrics").status == 200
        second = CliRunner().invoke(app, ["tracker", "--port", str(port)])
        assert second.exit_code == 1
        assert f"Port {port} of 127.0.0.1 is taken by another program: choose another with --port" in second.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=WAIT_SECONDS)
    assert b'"event": "tracker stopped"' in said
    assert b"127.0.0.1" not in said


def _get(port: int, path: str) -> http.client.HTTPResponse:
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
    asking.request("GET", path, headers={"User-Agent": FIREFOX})
    answer = asking.getresponse()
    answer.read()
    asking.close()
    return answer


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            if _get(port, "/readyz").status == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the tracker does not answer")


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return int(server.getsockname()[1])

    return find
