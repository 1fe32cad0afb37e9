"""The service itself: limits, addresses, health, metrics, the set-up that it follows; and as a process of its own."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from django.db import connection
from typer.testing import CliRunner

from accredit.cli import app
from accredit.config import environment
from accredit.programs.models import Ad, ContractPeriod, Program
from accredit.programs.signing_keys import add_key, key_text
from accredit.tracker.limits import BURST_SECONDS, MAX_ASKERS, Limit
from accredit.tracker.setup import REREAD_SECONDS
from accredit.tracker.signing import signature
from accredit.tracker.visitors import _agent, address_of, asker_of
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
    for method, path in (("HEAD", "/c/anvils:barb/banner"), ("GET", "/c/nails:barb"), ("GET", "/c/anvils:barb?s1=%FF")):
        assert client.ask(method, path, user_agent="curl/8.5.0").status == 429, (method, path)
    assert client.ask("GET", "/privacy").status == 200


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::8", True),
        ("2001:db8:1:2::7", "2001:db8:1:3::7", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("not:an:address", "not:another", False),
    ],
)
def test_whose_requests_are_counted_together(one: str, other: str, together: bool) -> None:
    assert (asker_of(one) == asker_of(other)) is together


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
    desktop | HeadlessChrome      | yes    | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36
    mobile  | Chrome Mobile       | yes    | Mozilla/5.0 (Linux; Android 11; moto g power) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse
    desktop | Slackbot-LinkExpanding | yes | Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
    desktop | Discordbot          | yes    | Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)
    desktop | -                   | yes    | Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5
    desktop | Go-http-client      | yes    | Go-http-client/2.0
    desktop | -                   | yes    | aiohttp/3.9
    mobile  | Telegram            | no     | Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36 Telegram-Android/11.4.2 (Google Pixel 8; Android 14; SDK 34; AVERAGE)
    mobile  | WhatsApp            | no     | Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 WhatsApp/2.24.1
    mobile  | Chrome Mobile       | no     | Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
    mobile  | Chrome Mobile       | no     | Mozilla/5.0 (Linux; Android 10; CUBOT) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
    mobile  | Chrome Mobile       | no     | Mozilla/5.0 (Linux; Android 9; Scanner PDA Build/PPR1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/86.0.4240.198 Mobile Safari/537.36
    desktop | Electron            | no     | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.39.95 Chrome/124.0.6367.243 Electron/30.1.2 Safari/537.36
    desktop | Electron            | no     | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) discord/1.0.9152 Chrome/120.0.6099.291 Electron/28.2.10 Safari/537.36
"""  # noqa: E501


def test_of_a_user_agent_device_and_browser_are_kept() -> None:
    for row in table(AGENTS):
        found = _agent(row["agent"])
        assert (row["agent"], found.device, found.browser, found.is_bot) == (
            row["agent"], row["device"], row["browser"] or None, row["is_bot"] == "yes",
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
    for turnover in (1, 1, 2, "x"):
        client.post("/t/anvils/sale", {"order_token": "A-1", "turnover": turnover})
    assert client.ask("GET", "/metrics").status == 403
    client.tracker._metrics_token = "a token that nobody guesses"
    text = client.ask("GET", "/metrics", authorization="Bearer a token that nobody guesses").body.decode()
    assert 'accredit_clicks_total{outcome="recorded"} 1.0' in text
    for outcome in ("recorded", "known", "conflict", "refused"):
        assert f'accredit_conversions_total{{outcome="{outcome}"}} 1.0' in text
    assert "accredit_ready 1.0" in text
    assert 'accredit_refused_total{reason="metrics"} 1.0' in text
    assert 'accredit_group_rows_sum{of="clicks"} 1.0' in text
    assert 'accredit_commit_seconds_count{of="clicks"} 1.0' in text


def test_a_change_of_the_set_up_is_followed_by_itself(client: Client, program: Program) -> None:
    """Within a second where the machine has time, and in any case before the set-up is read anew by the clock."""
    page = "https://anvils.example/other"

    def change_ad() -> bool:
        Ad.objects.filter(program=program, code="banner").update(landing_page=page)
        return client.ask("HEAD", "/c/anvils:barb/banner").headers["location"] == page

    def change_hosts() -> bool:
        Program.objects.filter(id=program.id).update(allowed_hosts=["anvils.example", "new.example"])
        return client.ask("HEAD", "/c/anvils:barb?u=https://new.example/").status == 302

    def change_contract() -> bool:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        ContractPeriod.objects.filter(contract__partner__code="ann").update(starts_at=tomorrow)
        return client.ask("HEAD", "/c/anvils:ann/banner").headers["location"] == "https://anvils.example/"

    def make_key() -> bool:
        key, secret = made
        moment = int(time.time())
        query = f"order_token=1&turnover=1&key={key_text(key)}&time={moment}"
        digest = signature(secret.encode(), moment, "GET", f"/t/anvils/sale?{query}")
        return client.ask("GET", f"/t/anvils/sale?{query}&signature={digest}").status in (200, 201)

    made = add_key("anvils", now=datetime.now(UTC), secret_key=environment.secret_key(environment.state_folder()))
    for followed in (make_key, change_ad, change_hosts, change_contract):
        began = time.monotonic()
        while not followed():
            client.loop.run_until_complete(asyncio.sleep(0.005))
            assert time.monotonic() - began < REREAD_SECONDS / 2, followed.__name__


def test_everything_is_well_and_said_so(client: Client) -> None:
    assert [client.ask("GET", path).status for path in ("/healthz", "/readyz")] == [200, 200]
    client.tracker.setup._programs = None
    assert [client.ask("GET", path).status for path in ("/healthz", "/readyz")] == [200, 503]
    assert client.ask("GET", "/c/anvils:barb/banner").headers["retry-after"] == "2"


def test_a_mistake_of_the_tracker_itself_is_one_line_and_an_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client.tracker, "links", None)
    assert client.ask("GET", "/c/anvils:barb/banner?s1=secret", user_agent=FIREFOX).status == 500
    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (said["event"], said["error"], said["at_line"][:10]) == ("request failed", "AttributeError", "clicks.py:")


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
        assert _get(port, "/t/anvils/sale?order_token=A-17&turnover=1&visitor_id=somebody").status == 201
        assert _get(port, "/t/anvils/sale?order_token=A-17&turnover=nothing").status == 400
        with connection.cursor() as cursor:
            cursor.execute(
                "select sub_id1, visitor_id, click_id from tracking_click where program_id = %s", [program.id]
            )
            [(sub_id, *ids)] = cursor.fetchall()
            assert sub_id == "a b"
        assert _get(port, "/metrics").status == 200
        second = CliRunner().invoke(app, ["tracker", "--port", str(port)])
        assert second.exit_code == 1
        assert f"Port {port} of 127.0.0.1 is taken by another program: choose another with --port" in second.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines[0]["event"] == "tracker started"
    assert lines[-1]["event"] == "tracker stopped"
    for personal in ("127.0.0.1", "a b", "a%20b", "A-17", "somebody", "Firefox", *ids):
        assert personal not in said.decode()


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
