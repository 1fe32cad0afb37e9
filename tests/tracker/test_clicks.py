"""Clicks: what is recorded, where visitors are sent, what is answered without being counted, and what is refused."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from zlib import crc32

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accredit.database.keys import key_from_text
from accredit.programs.models import ContractPeriod, Program
from accredit.tracker.answers import Refusal
from accredit.tracker.chance import BLOCK_BYTES
from accredit.tracker.clicks import MAX_QUERY, new_ids, read_query
from accredit.tracker.moments import microseconds, moment_at
from accredit.tracker.visitors import new_visitor
from tests.tracker.conftest import Client

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
          " Version/17.4 Mobile/15E148 Safari/604.1")  # fmt: skip
FIELDS = ("partner", "channel", "ad", "project", "device", "browser", *(f"sub_id{n}" for n in range(1, 7)))


def recorded() -> list[dict[str, Any]]:
    """All clicks of the program, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from tracking_click where program_id = (select id from programs_program) order by clicked_at, id"
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def click_id_of(location: str) -> str:
    return parse_qs(urlsplit(location).query)["ref"][0]


def test_a_click_is_on_disk_once_the_visitor_is_sent_on(client: Client, program: Program) -> None:
    before = datetime.now(UTC)
    answer = client.ask("GET", r"/c/anvils:barb/banner?p=spring&s1=a%5Cb+c&s6=%C3%BC&x=y", user_agent=IPHONE)
    (click,) = recorded()
    click_id = click_id_of(answer.headers["location"])
    assert answer.status == 302
    assert answer.headers["location"] == f"https://anvils.example/sale?ref={click_id}"
    assert answer.headers["set-cookie"] == (
        f"accredit_visitor={click['visitor_id']}; Max-Age=34560000; Path=/; Secure; HttpOnly; SameSite=Lax"
    )
    assert answer.headers["cache-control"] == "no-store"
    filled = {name: click[name] for name in FIELDS if click[name] is not None}
    assert filled == {
        "partner": "barb", "ad": "banner", "project": "spring", "device": "mobile", "browser": "Mobile Safari",
        "sub_id1": r"a\b c", "sub_id6": "ü",
    }  # fmt: skip
    assert click["program_id"] == program.id
    assert before <= click["clicked_at"] <= datetime.now(UTC)
    assert (click["click_id"], click["id"]) == (click_id, key_from_text("ck", click_id))
    assert click["address_hash"] is not None


def test_an_id_carries_its_time_and_a_part_of_its_visitor() -> None:
    now, visitor = moment_at(1773995415123456), new_visitor()
    assert (now.text, now.millisecond.day) == ("2026-03-20 08:30:15.123456+00", date(2026, 3, 20))
    assert microseconds(datetime.fromisoformat(now.text)) == now.us
    key, click_id = new_ids(now.millisecond, visitor)
    assert key_from_text("ck", click_id).hex == key
    assert int(key[:12], 16) == 1773995415123
    assert (key[12], key[16]) == ("7", "8")
    assert int(key[24:], 16) == crc32(visitor.encode())
    assert len({new_ids(now.millisecond, visitor) for _ in range(2 * BLOCK_BYTES)}) == 2 * BLOCK_BYTES


LINKS = [
    ("/c/anvils:barb/banner", "https://anvils.example/sale", "barb", "banner"),
    ("/c/anvils:barb/", "https://anvils.example/", "barb", None),
    ("/c/anvils:barb", "https://anvils.example/", "barb", None),
    ("/c/anvils:barb/none", "https://anvils.example/", "barb", "none"),
    ("/c/anvils:barb/none?u=https://anvils.example/x", "https://anvils.example/x", "barb", "none"),
    ("/c/anvils:nobody/banner", "https://anvils.example/", "nobody", "banner"),
    ("/c/anvils:nobody/a/b?u=https://anvils.example/x", "https://anvils.example/", "nobody", "a/b"),
    ("/c/anvils:email/banner", "https://anvils.example/", "email", "banner"),
    ("/h/anvils:email/banner", "https://anvils.example/sale", "c:email", "banner"),
    ("/h/anvils:barb/banner", "https://anvils.example/", "c:barb", "banner"),
    ("/c/anvils:b%25%C3%A4:r/x", "https://anvils.example/", "b%ä:r", "x"),
]
"""Path, page, party with `c:` before a channel, ad."""


def test_where_links_lead(client: Client) -> None:
    for path, page, party, ad in LINKS:
        answer = client.ask("GET", path, user_agent=FIREFOX)
        click = recorded()[-1]
        assert (path, answer.headers["location"]) == (path, f"{page}?ref={click['click_id']}")
        assert (path, click["partner"] or f"c:{click['channel']}", click["ad"]) == (path, party, ad)
    assert len(recorded()) == len(LINKS)


def test_a_partner_without_a_live_contract_leads_to_the_fallback_page(client: Client) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    ContractPeriod.objects.filter(contract__partner__code="ann").update(starts_at=tomorrow)
    client.reread()
    answer = client.ask("GET", "/c/anvils:ann/banner", user_agent=FIREFOX)
    assert answer.headers["location"].startswith("https://anvils.example/?ref=ck_")
    assert [click["partner"] for click in recorded()] == ["ann"]


def test_a_visitor_comes_again(client: Client) -> None:
    known = new_visitor()
    for cookie in (f"a=b; accredit_visitor={known}", f"accredit_visitor={known}; c=d"):
        answer = client.ask("GET", "/c/anvils:barb/banner", cookie=cookie, user_agent=FIREFOX)
        assert answer.headers["set-cookie"].startswith(f"accredit_visitor={known};")
    for cookie in (f"accredit_visitor={known}x", "accredit_visitor=", f"accredit_visitor={known.upper()}", "vi_1"):
        answer = client.ask("GET", "/c/anvils:barb/banner", cookie=cookie, user_agent=FIREFOX)
        assert known not in answer.headers["set-cookie"]
    assert [click["visitor_id"] == known for click in recorded()] == [True, True, False, False, False, False]


NOT_RECORDED: list[tuple[str, dict[str, str], str]] = [
    ("HEAD", {"user_agent": FIREFOX}, "not_counted"),
    ("GET", {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "not_counted"),
    ("GET", {"user_agent": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"}, "not_counted"),
    ("GET", {"user_agent": "WhatsApp/2.23.20.0 A"}, "not_counted"),
    ("GET", {"user_agent": FIREFOX, "sec_purpose": "prefetch;prerender"}, "not_counted"),
    ("GET", {"user_agent": FIREFOX, "sec_gpc": "1"}, "opted_out"),
    ("GET", {"user_agent": FIREFOX, "dnt": "1"}, "opted_out"),
    ("GET", {"user_agent": FIREFOX, "cookie": "a=b; accredit_optout=1"}, "opted_out"),
]  # fmt: skip


def test_answered_without_being_recorded(client: Client) -> None:
    for method, headers, counted_as in NOT_RECORDED:
        client.tracker.counts.clicks.clear()
        answer = client.ask(method, "/c/anvils:barb/banner", b"", **headers)
        assert (answer.status, answer.headers["location"]) == (302, "https://anvils.example/sale")
        assert "set-cookie" not in answer.headers
        assert (headers, client.tracker.counts.clicks) == (headers, {counted_as: 1})
    assert recorded() == []


REFUSED = [
    ("GET", "/c/nobody:barb/banner", 404, "unknown_program"),
    ("GET", "/c/anvils/banner", 404, "unknown_program"),
    ("GET", "/c/", 404, "unknown_program"),
    ("GET", "/nothing", 404, "no_page"),
    ("POST", "/c/anvils:barb/banner", 405, "method"),
    ("GET", "/c/anvils:barb/banner?u=https://evil.example/", 400, "host_not_allowed"),
    ("GET", "/c/anvils:nobody/banner?u=javascript:alert(1)", 400, "bad_link"),
    ("GET", "/c/anvils:barb/banner?u=https://anvils.example/%0d%0aset-cookie:a=b", 400, "bad_link"),
    ("GET", "/c/anvils:barb/banner?s1=%FF", 400, "not_utf8"),
    ("GET", "/c/anvils:barb/banner?s1=a%00b", 400, "control_character"),
    ("GET", "/c/anvils:barb/ban%FFner", 400, "control_character"),
    ("GET", "/c/anvils:barb/a%0ab", 400, "control_character"),
    ("GET", f"/c/anvils:barb/banner?s1={'a' * 501}", 400, "too_long"),
    ("GET", f"/c/anvils:{'b' * 501}/banner", 400, "too_long"),
    ("GET", f"/c/anvils:barb/banner?x={'a' * MAX_QUERY}", 400, "too_long"),
]


def test_refused_with_a_word(client: Client) -> None:
    for method, address, status, reason in REFUSED:
        client.tracker.counts.refused.clear()
        answer = client.ask(method, address, user_agent=FIREFOX)
        assert (address, answer.status, client.tracker.counts.refused) == (address, status, {reason: 1})
        assert answer.body.endswith(b".\n")
        assert ("location" in answer.headers, "set-cookie" in answer.headers) == (False, False)
    assert recorded() == []


@given(query=st.one_of(st.text(max_size=60), st.from_regex(r"(u|p|s[1-6])=[%0-9a-fA-F+&=]{0,30}", fullmatch=True)))
def test_no_query_breaks_anything(query: str) -> None:
    with suppress(Refusal):
        values = read_query(query)
        assert set(values) <= {"u", "p", "s1", "s2", "s3", "s4", "s5", "s6"}
        assert all(len(value) > 0 for value in values.values())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(values=st.lists(st.text(min_size=1, max_size=20), min_size=6, max_size=6), ad=st.text(max_size=20))
def test_whatever_is_taken_is_stored_as_it_came(client: Client, values: list[str], ad: str) -> None:
    query = "&".join(f"s{n}={quote(value)}" for n, value in enumerate(values, 1))
    answer = client.ask("GET", f"/c/anvils:barb/{quote(ad, safe='')}?{query}", user_agent=FIREFOX)
    assert answer.status in (302, 400)
    if answer.status == 302:
        with connection.cursor() as cursor:
            key = key_from_text("ck", click_id_of(answer.headers["location"]))
            cursor.execute(
                "select sub_id1, sub_id2, sub_id3, sub_id4, sub_id5, sub_id6, ad from tracking_click where id = %s",
                [key],
            )
            assert cursor.fetchone() == (*values, ad or None)


def test_a_day_without_a_partition_gets_one(
    client: Client, as_owner: Callable[[], AbstractContextManager[None]]
) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"drop table tracking_click_{datetime.now(UTC):%Y%m%d}")
    assert client.ask("GET", "/c/anvils:barb/banner", user_agent=FIREFOX).status == 302
    assert len(recorded()) == 1


def test_the_visitors_own_page(client: Client) -> None:
    page = client.ask("GET", "/privacy")
    assert "Your clicks are recorded." in page.body.decode()
    assert "Ihre Klicks werden festgehalten." in page.body.decode()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    out = client.ask("POST", "/opt-out")
    assert (out.status, out.headers["location"]) == (303, "/privacy")
    told = client.ask("GET", "/privacy", cookie="accredit_optout=1").body.decode()
    assert ("Your clicks are not recorded" in told, 'action="/opt-in"' in told) == (True, True)
    assert ("delete the shop's cookies" in told, "Löschen Sie Cookies" in told) == (True, True)
    assert "color-scheme:light dark" in told
    assert "Max-Age=0" in client.ask("POST", "/opt-in").headers["set-cookie"]
    assert client.ask("GET", "/opt-out").status == 405
