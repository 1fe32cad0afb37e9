"""Conversions that come in: what is answered, and what is in the database then."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import polars as pl
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accredit.config import environment
from accredit.conversions.received import received
from accredit.programs.models import Program
from accredit.programs.signing_keys import add_key, key_text
from accredit.tracker.limits import Room
from accredit.tracker.receiving import MAX_BODY_BYTES, MAX_ORDERS
from accredit.tracker.signing import signature
from tests.factories.arriving import arrive
from tests.factories.installing import NO_ITEMS
from tests.factories.installing import orders as frame_of
from tests.factories.tables import T
from tests.tracker.conftest import Client

ORDER = {"order_token": "A-1", "occurred_at": "2026-03-01T12:00:00Z", "turnover": "12.50"}
COOKIE = "vi_" + 26 * "0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BATCHES = [
    (ORDER, "recorded"),
    (ORDER, "known"),
    ({**ORDER, "turnover": "1"}, "conflict"),
    ({**ORDER, "turnover": "x"}, "refused"),
    ({**ORDER, "order_token": "A-2"}, "recorded"),
    (17, "refused"),
]


def read(columns: str, table: str, program_id: UUID) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"select {columns} from tracking_{table} where program_id = %s order by id", [program_id])
        return list(cursor.fetchall())


def events(program: Program) -> Sequence[tuple[Any, ...]]:
    return read("event_type, order_token, outcome", "conversion_event", program.id)


def test_an_order_is_recorded_once(client: Client, program: Program) -> None:
    first = client.post("/t/anvils/sale", ORDER)
    assert (first.status, first.json["outcome"]) == (201, "recorded")
    again = client.post("/t/anvils/sale", {**ORDER, "turnover": 12.50})
    assert (again.status, again.json["outcome"]) == (200, "known")
    assert "nothing is changed" in again.json["message"]
    other = client.post("/t/anvils/sale", {**ORDER, "turnover": "12.51"})
    assert (other.status, other.json["outcome"]) == (409, "conflict")
    as_lead = client.post("/t/anvils/lead", ORDER)
    assert as_lead.status == 201
    assert events(program) == [("sale", "A-1", "recorded"), ("sale", "A-1", "conflict"), ("lead", "A-1", "recorded")]
    assert read("event_type, order_token, program, reason", "pending", program.id) == [
        ("sale", "A-1", "anvils", None), ("lead", "A-1", "anvils", None),
    ]  # fmt: skip


def test_what_is_stored_is_what_a_file_would_store(client: Client, program: Program) -> None:
    sent = {**ORDER, "visitor_id": "v1", "customer_id": "c1", "city": "a\\b\t\n", "sub_id1": "ä😀"}
    client.post("/t/anvils/sale", sent)
    table = "order | at | turnover | visitor | customer_id | sub_id1\nA-1 | T | 12.50 | v1 | c1 | ä😀"
    came = received(frame_of(table).with_columns(city=pl.lit("a\\b\t\n")), NO_ITEMS)
    assert read("received::text, digest", "conversion_event", program.id) == [
        (came["received"].item(), UUID(came["digest"].item()))
    ]
    assert read("visitor_id, customer_id, received::text", "pending", program.id) == [
        ("v1", "c1", came["received"].item())
    ]


def test_a_list_is_answered_order_by_order(client: Client, program: Program) -> None:
    answer = client.post("/t/anvils/sale", [order for order, _ in BATCHES])
    assert answer.status == 200
    results = answer.json["results"]
    assert [result["outcome"] for result in results] == [outcome for _, outcome in BATCHES]
    assert results[3]["errors"][0]["field"] == "turnover"
    assert events(program) == [("sale", "A-1", "recorded"), ("sale", "A-1", "conflict"), ("sale", "A-2", "recorded")]
    many = [{**ORDER, "order_token": f"B-{number}"} for number in range(MAX_ORDERS)]
    assert {result["outcome"] for result in client.post("/t/anvils/sale", many).json["results"]} == {"recorded"}
    assert {result["outcome"] for result in client.post("/t/anvils/sale", many).json["results"]} == {"known"}
    for wrong, error in (([], "no_orders"), ([*many, ORDER], "too_many_orders")):
        refused = client.post("/t/anvils/sale", wrong)
        assert (refused.status, refused.json["error"]) == (400, error)
    assert client.tracker.conversions.figures.rows.sum == 4 + 2 * MAX_ORDERS
    assert len(events(program)) == 3 + MAX_ORDERS


def test_all_wrong_fields_are_answered_at_once(client: Client, program: Program) -> None:
    answer = client.post("/t/anvils/sale", {"order_token": "A-1", "turnover": "12,50", "promocode": "A"})
    assert answer.status == 400
    assert answer.json["outcome"] == "refused"
    assert [(error["field"], error["value"]) for error in answer.json["errors"]] == [
        ("promocode", "A"), ("turnover", "12,50"),
    ]  # fmt: skip
    assert events(program) == []


def test_what_the_program_does_not_have_yet_is_held(client: Client, program: Program) -> None:
    no_type = client.post("/t/anvils/newsletter", ORDER)
    assert (no_type.status, no_type.json["outcome"]) == (202, "held")
    assert "no event type 'newsletter'" in no_type.json["message"]
    assert client.post("/t/anvils/newsletter", ORDER).json["outcome"] == "known"
    future = {**ORDER, "order_token": f"for {program.id}"}  # unknown programs have no end in the tests' database
    missing = client.post("/t/to%20come/sale", future)
    assert missing.status == 400
    assert missing.json["errors"][0]["field"] == "currency"
    no_program = client.post("/t/to%20come/sale", {**future, "currency": "EUR"})
    assert (no_program.status, no_program.json["outcome"]) == (202, "held")
    kept = read("program, order_token", "pending", uuid5(NAMESPACE_URL, "accredit:program:to come"))
    assert ("to come", future["order_token"]) in kept


def test_what_is_not_signed_is_held_where_the_program_wants_that(client: Client, program: Program) -> None:
    Program.objects.filter(id=program.id).update(hold_unsigned=True)
    client.reread()
    answer = client.post("/t/anvils/sale", ORDER)
    assert (answer.status, answer.json["outcome"]) == (202, "held")
    assert "not signed" in answer.json["message"]


REFUSED = [
    ("PUT", "/t/anvils/sale", b"{}", 405, "method"),
    ("POST", "/t/anvils", b"{}", 404, "no_event_type"),
    ("POST", "/t//sale", b"{}", 404, "no_event_type"),
    ("POST", "/t/anvils/sa%00le", b"{}", 400, "bad_code"),
    ("POST", "/t/anvils/%FF", b"{}", 400, "bad_code"),
    ("POST", "/t/anvils/" + 501 * "x", b"{}", 400, "bad_code"),
    ("POST", "/t/anvils/sale", b"{", 400, "not_readable"),
    ("POST", "/t/anvils/sale", b" " * (MAX_BODY_BYTES + 1), 413, "too_large"),
    ("GET", "/t/anvils/sale?city=%FF", b"", 400, "not_readable"),
    ("GET", "/t/anvils/sale", b"", 400, "wrong_fields"),
    ("GET", "/t/anvils/sale?order_token=1&turnover=1&items=1", b"", 400, "wrong_fields"),
]


def test_what_is_no_order_is_refused_with_a_word(client: Client, program: Program) -> None:
    for method, address, body, status, error in REFUSED:
        answer = client.ask(method, address, body)
        assert (answer.status, answer.json["error"], answer.json["outcome"]) == (status, error, "refused"), address
        assert answer.json["message"]
    assert events(program) == []


def test_codes_may_hold_slashes(client: Client, program: Program) -> None:
    assert client.post("/t/anvils/sale%2Fonline", ORDER).json["outcome"] == "held"
    assert events(program) == [("sale/online", "A-1", "recorded")]


def test_every_way_is_told_apart(client: Client, program: Program) -> None:
    query = "&occurred_at=2026-03-01T12:00:00Z&turnover=12.50"
    client.ask("GET", f"/t/anvils/sale?order_token=1{query}")
    pixel = client.ask("GET", f"/t/anvils/sale?order_token=2{query}", accept="image/avif,*/*", user_agent=FIREFOX)
    assert (pixel.status, pixel.headers["content-type"], len(pixel.body)) == (201, "image/gif", 43)
    known = client.ask("GET", f"/t/anvils/sale?order_token=2{query}", sec_fetch_dest="image")
    assert (known.status, known.body) == (200, pixel.body)
    client.post("/t/anvils/sale", {**ORDER, "order_token": "3"}, content_type="application/json", user_agent=FIREFOX)
    client.post("/t/anvils/sale", {**ORDER, "order_token": "4"}, content_type="text/plain;charset=UTF-8")
    rows = read("order_token, source, signed, browser, address_hash is null", "conversion_event", program.id)
    assert rows == [
        ("1", "postback", False, None, True),
        ("2", "pixel", False, "Firefox", False),
        ("3", "server", False, None, True),
        ("4", "tag", False, None, False),
    ]


OF_COOKIE = {"cookie": f"accredit_visitor={COOKIE}"}
OF_TAG = {"content_type": "text/plain;charset=UTF-8"}
VISITORS: Sequence[tuple[dict[str, str], dict[str, str], str | None, str | None]] = [
    ({}, OF_COOKIE, COOKIE, None),
    ({"visitor_id": "v1"}, OF_COOKIE, "v1", None),
    ({"visitor_id": "tag_1", "click_id": "k1"}, OF_COOKIE | OF_TAG, COOKIE, "k1"),
    ({"visitor_id": "tag_1"}, OF_TAG, "tag_1", None),
    ({"visitor_id": "v1", "click_id": "k1"}, {"sec_gpc": "1"}, None, None),
    ({"visitor_id": "v1", "click_id": "k1"}, {"cookie": f"accredit_optout=1; accredit_visitor={COOKIE}"}, None, None),
]


def test_the_visitor_is_the_one_of_the_order_or_of_the_cookie(client: Client, program: Program) -> None:
    for number, (sent, headers, _, _) in enumerate(VISITORS):
        assert client.post("/t/anvils/sale", {**ORDER, **sent, "order_token": str(number)}, **headers).status == 201
    stored = read("visitor_id, click_id", "pending", program.id)
    assert stored == [(visitor, click) for _, _, visitor, click in VISITORS]


FROM_BROWSER = {"visitor_id": "tag_1", "click_id": "k1"}
FROM_SERVER = {"customer_id": "c1"}
TWO_WAYS: Sequence[tuple[dict[str, str], dict[str, str], tuple[str | None, ...]]] = [
    (FROM_BROWSER, FROM_SERVER, ("tag_1", "k1", "c1")),
    (FROM_SERVER, FROM_BROWSER, ("tag_1", "k1", "c1")),
    (FROM_BROWSER, {"visitor_id": "v2", "click_id": "k2"}, ("tag_1", "k1", None)),
    ({}, {}, (None, None, None)),
]


def test_an_order_that_two_ways_report_is_one_and_names_what_either_knows(client: Client, program: Program) -> None:
    reports = [[{**ORDER, **report, "order_token": str(n)} for n, report in enumerate(way)]
               for way in zip(*((first, second) for first, second, _ in TWO_WAYS), strict=True)]  # fmt: skip
    for apart, (first, second) in enumerate([reports, [[], [*reports[0], *reports[1]]]]):
        event_type = ("sale", "lead")[apart]
        if first:
            client.post(f"/t/anvils/{event_type}", first)
        outcomes = [row["outcome"] for row in client.post(f"/t/anvils/{event_type}", second).json["results"]]
        assert outcomes == ["recorded"] * (len(second) - len(TWO_WAYS)) + ["known"] * len(TWO_WAYS)
    named = [what for _, _, what in TWO_WAYS]
    assert read("visitor_id, click_id, customer_id", "pending", program.id) == [*named, *named]


def test_what_is_booked_takes_nothing_more(client: Client, program: Program) -> None:
    """The worker holds the order: the tracker does not wait for it."""
    client.post("/t/anvils/sale", ORDER)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select id from tracking_pending where program_id = %s for update", [program.id])
        assert client.post("/t/anvils/sale", {**ORDER, **FROM_BROWSER}).json["outcome"] == "known"
    assert read("visitor_id, click_id", "pending", program.id) == [(None, None)]


def test_of_two_trackers_that_are_told_at_once_the_second_sees_what_the_first_did(
    client: Client, program: Program
) -> None:
    """Somebody made the order up; then the shop sends the true one, and sends it again before it is answered."""
    Program.objects.filter(id=program.id).update(hold_unsigned=True)
    table = "order | at | turnover\n A-1 | T | {}"
    arrive(program.id, "anvils", frame_of(table.format("0.01")), signed=False)
    now = datetime.now(UTC)
    key, secret = add_key("anvils", now=now, secret_key=environment.secret_key(environment.state_folder()))
    client.reread()
    body = json.dumps({"order_token": "A-1", "occurred_at": f"{T:%Y-%m-%dT%H:%M:%SZ}", "turnover": "90.00"}).encode()
    moment = int(now.timestamp())
    digest = signature(secret.encode(), moment, "POST", "/t/anvils/sale", body)
    signed = {"accredit_signature": f"key={key_text(key)}, time={moment}, sha256={digest}"}
    with transaction.atomic():
        arrive(program.id, "anvils", frame_of(table.format("90.00")), signed=True)
        second = client.loop.create_task(client.asked("POST", "/t/anvils/sale", body, **signed))
        client.loop.run_until_complete(asyncio.wait([second], timeout=0.2))
        assert not second.done()
    assert client.loop.run_until_complete(second).json["outcome"] == "known"
    assert read("received ->> 'turnover_minor', signed", "pending", program.id) == [("9000", True)]


def test_the_cookie_does_not_make_it_another_order(client: Client) -> None:
    assert client.post("/t/anvils/sale", ORDER, cookie=f"accredit_visitor={COOKIE}").json["outcome"] == "recorded"
    assert client.post("/t/anvils/sale", ORDER).json["outcome"] == "known"


def test_a_page_of_the_shop_may_read_the_answer(client: Client) -> None:
    answer = client.post("/t/anvils/sale", ORDER, origin="https://shop.example")
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "access-control-allow-origin" not in client.post("/t/anvils/sale", ORDER).headers


def test_who_comes_when_too_many_wait_is_told_to_come_again(client: Client, program: Program) -> None:
    client.tracker.conversions.max_waiting = 1
    two = [ORDER, {**ORDER, "order_token": "A-2"}]
    refused = client.post("/t/anvils/sale", two)
    assert (refused.status, refused.json["error"]) == (503, "unavailable")
    assert client.post("/t/anvils/sale", two[:1]).status == 200
    assert events(program) == [("sale", "A-1", "recorded")]


def test_bodies_that_wait_are_bounded_in_bytes(client: Client, program: Program) -> None:
    client.tracker.room = Room(200)
    refused = client.post("/t/anvils/sale", {**ORDER, "city": "x" * 200})
    assert (refused.status, refused.json["error"]) == (503, "unavailable")

    async def at_once() -> list[int]:
        bodies = [json.dumps({**ORDER, "order_token": f"A-{n}"}).encode() for n in range(4)]
        answers = await asyncio.gather(*(client.asked("POST", "/t/anvils/sale", body) for body in bodies))
        return [answer.status for answer in answers]

    assert sorted(client.loop.run_until_complete(at_once())) == [201, 201, 503, 503]
    assert (client.tracker.room.left, len(events(program))) == (200, 2)


def test_nothing_is_taken_before_the_set_up_is_read(client: Client, program: Program) -> None:
    client.tracker.setup._programs = None
    answer = client.post("/t/anvils/sale", ORDER)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert events(program) == []


bodies = st.binary(max_size=80) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["order_token", "turnover", "currency", "items", "visitor_id", "quantity"])
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())
near_orders = st.fixed_dictionaries(
    {"order_token": st.text(min_size=1, max_size=3) | st.integers(0, 9), "turnover": st.sampled_from([1, "2.50", 0.5])},
    optional={"visitor_id": st.text(max_size=3), "items": st.lists(st.none(), max_size=1)},
)
near = (near_orders | st.lists(near_orders, max_size=4)).map(lambda value: json.dumps(value).encode())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies | near)
def test_whatever_comes_is_answered_and_every_good_answer_is_a_row(
    client: Client, program: Program, body: bytes
) -> None:
    answer = client.ask("POST", "/t/anvils/sale", body)
    assert answer.status in (200, 201, 400, 409)
    results = answer.json.get("results", [answer.json])
    tokens = {result["order_token"] for result in results if result["outcome"] != "refused"}
    assert tokens <= {token for _, token, _ in events(program)}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60))
def test_whatever_the_query_it_is_answered(client: Client, query: str) -> None:
    answer = client.ask("GET", f"/t/anvils/sale?{query}")
    assert answer.status in (400, 401)
