"""The Explorer's list: who sees which requests, what they are found by, in which order, and as what they go out."""

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client

from accredit.access.models import Membership, Role, User
from accredit.conversion_requests.listing import REQUESTS
from accredit.conversion_requests.models import OPEN_STAGES, Request
from accredit.database.keys import key_to_text
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from accredit.lists.filters import FilterError, Filters
from accredit.lists.listing import Total
from accredit.lists.places import Order
from accredit.programs.visibility import Viewpoint, viewpoint
from accredit.web.requests.matching import matching
from tests.factories.people import Shop
from tests.factories.requesting import decided, processed, raised, somebody
from tests.factories.tables import table
from tests.factories.validating import LATER

As = Callable[[str | None], Client]
LIST = "/programs/anvils/requests"
PART = {"HX-Request-Type": "partial"}
ALL = "sort=-time"


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """Four requests of barb's: 1 processed, 2 rejected, 3 a change, 4 a claim; and 5 of ann's."""
    program = shop.program
    barbs = shop.users["partner"].memberships.get().organization
    Membership.objects.create(user=somebody("Petra"), organization=barbs, role=Role.EDITOR)
    ask = partial(raised, program, by="Petra")
    times = [LATER + timedelta(minutes=n) for n in range(5)]
    ask("kind | partner | order | at | turnover\n create | barb | n-1 | T-2d | 10.00", now=times[0])
    decided(program, "number | verdict\n 1 | accepted")
    processed(program, now=LATER)
    ask("kind | partner | order | at | turnover\n create | barb | n-2 | T-2d | 20.00", now=times[1])
    decided(program, "number | verdict | reason\n 2 | rejected | returned")
    ask("kind | partner | order | turnover\n change | barb | 1001 | 150.00", now=times[2])
    ask("kind | partner | order | at | turnover\n create | barb | 1002 | T-1d | 61.00", now=times[3])
    raised(
        program, "kind | partner | order | at | turnover\n create | ann | n-5 | T-2d | 50.00", by="Olga", now=times[4]
    )
    return shop


def grid(page: str) -> Any:
    found = re.search(r'<script id="grid-data" type="application/json">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def numbers(view: Viewpoint, query: str, order: Order | None = None) -> str:
    found = REQUESTS.page(view, REQUESTS.filters_from(parse_qsl(query)), order or Order("number", descending=False))
    return " ".join(str(one.number) for one in found.rows)


FILTERED = table("""
        where                             | owner     | partner
        status=inquired                   | 3 4 5     | 3 4
        status=processed&status=rejected  | 1 2       | 1 2
        type=claim                        | 4         | 4
        type=create                       | 1 2 5     | 1 2
        partner=ann                       | 5         |
        order=1001&order=n-5              | 3 5       | 3
        order.starts=n-                   | 1 2 5     | 1 2
        number.from=2&number.until=3      | 2 3       | 2 3
        turnover.from=50&turnover.until=61 | 4 5      | 4
        turnover.from=1&turnover.currency=EUR | -     | -
        reason=returned                   | 2         | 2
        reason.is=empty                   | 1 3 4 5   | 1 3 4
        way=page                          | 1 2 3 4 5 | 1 2 3 4
        time.from=2026-03-21&time.until=2026-03-21 | 1 2 3 4 5 | 1 2 3 4
        time.until=2026-03-20             | -         | -
        program.contains=anvil            | 1 2 3 4 5 | 1 2 3 4
        advertiser=ACME&type=change       | 3         | 3
        currency=USD&model.is=filled&type=change | 3  | 3
        conversion.is=empty               | 2 5       | refused
        before.from=0&type=change         | 3         | refused
    """)


def test_filters_leave_what_the_viewer_may_see(asked: Shop) -> None:
    wrong = []
    for row in FILTERED:
        for who in ("owner", "partner"):
            view, expected = viewpoint(asked.users[who], "anvils"), row[who].replace("-", "")
            try:
                found = numbers(view, row["where"])
            except FilterError:
                found = "refused"
            if found != expected:
                wrong.append(f"{row['where']} by {who}: {found}, not {expected}")
    assert wrong == []


def test_every_column_sorts_every_row_once_and_amounts_do_through_an_index(asked: Shop) -> None:
    view = viewpoint(asked.users["owner"], "anvils")
    for column in [column for column in REQUESTS.columns.values() if column.sort]:
        for descending in (False, True):
            order, cursor, seen = Order(column.name, descending), None, []
            while True:
                page = REQUESTS.page(view, Filters(), order, cursor, rows=2)
                seen += [one.number for one in page.rows]
                if page.after is None:
                    break
                cursor = REQUESTS.cursor_from_text(page.after.to_text(), order, backwards=False)
            assert sorted(seen) == [1, 2, 3, 4, 5], column.name
            assert numbers(view, "", order).split() == list(map(str, seen))
    with connection.cursor() as db:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            db.execute(f"set local enable_{way} = off")
    for name in ("time", "turnover", "commission", "id"):
        order = Order(name)
        cursor = REQUESTS.page(view, Filters(), order, rows=2).after
        plan = _plan(partial(REQUESTS.page, view, Filters(), order, cursor, rows=2))
        assert "Sort" not in plan
        assert "Index Cond" in plan


def test_it_opens_with_what_is_still_to_be_done(asked: Shop, as_: As) -> None:
    browser = as_("owner")
    opened = browser.get(LIST)
    today = datetime.now(UTC).date()
    assert opened.status_code == 302
    assert opened.headers["Location"].startswith(f"{LIST}?status=inquired&status=accepted&status=failed&time.from=")
    assert opened.headers["Location"][-10:] in {f"{today - timedelta(days=days)}" for days in (13, 14, 15)}
    nothing = browser.get(opened.headers["Location"]).text  # all of that was long ago
    assert f'href="{LIST}?sort=-time"' in nothing
    assert [row["order"] for row in grid(browser.get(f"{LIST}?sort=-time").text)["rows"]] == [
        "n-5", "1002", "1001", "n-2", "n-1"
    ]  # fmt: skip
    browser.post(f"{LIST}/columns?{ALL}", {"column": ["order", "status"]})
    kept = browser.get(LIST).headers["Location"]
    assert kept.startswith(f"{LIST}?status=inquired&")
    assert kept.endswith("&columns=order.status")


def test_rows_are_ready_to_read(asked: Shop, as_: As) -> None:
    rows = {row["number"]: row for row in grid(as_("owner").get(f"{LIST}?{ALL}").text)["rows"]}
    key = key_to_text("rq", Request.objects.get(number=4).id)
    assert rows["4"] == {
        "id": key,
        "url": f"{LIST}/{key}?sort=-time",
        "token": "1002",
        "faint": [],
        "time": "21 Mar 2026, 04:03",
        "number": "4",
        "by": "Petra",
        "status": {"code": "inquired", "word": "Inquired"},
        "type": "Claim",
        "order": "1002",
        "advertiser": "ACME",
        "program": "Anvil Shop",
        "partner": "Barb Dwyer",
        "turnover": "US$61.00",
        "commission": rows["4"]["commission"],
        "model": rows["4"]["model"],
        "answer": rows["4"]["answer"],
    }
    every = ".".join(REQUESTS.columns)
    rows = {row["number"]: row for row in grid(as_("owner").get(f"{LIST}?{ALL}&columns={every}").text)["rows"]}
    assert (rows["2"]["reason"], rows["2"]["advertiser"], rows["2"]["program"]) == ("Returned", "ACME", "Anvil Shop")
    assert rows["1"]["conversion"].startswith("cv_")
    assert rows["5"]["by"] == "Olga"


def test_a_partner_reads_of_its_own_requests_and_people(asked: Shop, as_: As) -> None:
    raised(asked.program, "kind | partner | order | at | turnover\n create | barb | n-6 | T-2d | 6.00", by="Olga")
    browser = as_("partner")
    every = ".".join(REQUESTS.columns)
    page = browser.get(f"{LIST}?{ALL}&columns={every}").text
    rows = {row["number"]: row for row in grid(page)["rows"]}
    assert set(rows) == {"1", "2", "3", "4", "6"}
    assert (rows["3"]["by"], rows["6"]["by"]) == ("Petra", "the advertiser")
    assert not {"before", "conversion"} & set(rows["3"])
    assert "Olga" not in page
    olga = User.objects.get(name="Olga").id
    assert "Not understood" in browser.get(f"{LIST}?{ALL}&by={olga}").text
    assert "Olga" not in browser.get(f"{LIST}/filter/by?{ALL}").text
    assert browser.get(f"{LIST}/filter/before").status_code == 404


def test_totals_and_all_that_match_are_of_what_is_filtered(asked: Shop, as_: As) -> None:
    view = viewpoint(asked.users["owner"], "anvils")
    commissions = dict(Request.objects.values_list("number", "commission_minor"))
    assert REQUESTS.totals(view, Filters()) == [
        Total("USD", "inquired", 3, 26100, sum(commissions[n] or 0 for n in (3, 4, 5))),
        Total("USD", "processed", 1, 1000, commissions[1] or 0),
        Total("USD", "rejected", 1, 2000, commissions[2] or 0),
    ]
    totals = text(as_("partner").get(f"{LIST}/totals?type=claim", headers=PART).text)
    assert totals.startswith("All Conversion requests 1 Turnover US$61.00 Commission")
    keys = matching(view, QueryDict("order.starts=n-"), [stage.value for stage in OPEN_STAGES], limit=10)
    assert [Request.objects.get(id=key).number for key in keys] == [5]
    assert len(matching(view, QueryDict(""), ["inquired"], limit=2)) == 2


@pytest.mark.django_db(transaction=True)
def test_an_export_says_exactly_what_is_filtered(asked: Shop, as_: As, tmp_path: Path, settings: Any) -> None:
    settings.JOB_FOLDER = tmp_path
    browser = as_("partner")
    browser.post("/preferences", {"language": "de"})
    text = "kind | partner | order | at | turnover | sub_id1\n create | barb | =1+2 | T | 1.00 | +49"
    raised(asked.program, text, by="Petra", now=LATER + timedelta(hours=1))
    query = f"type=change&type=claim&order=1001&order=1002&order={quote('=1+2')}&type=create"
    query += "&sort=number&columns=number.status.type.order.turnover.by.sub1"
    started = browser.post(f"{LIST}/export?{query}", {"format": "csv"})
    take_turn(Job.objects.get(kind="export").id, stopping=lambda: False)
    page = browser.get(started.headers["Location"]).text
    assert "3 Conversion Requests in der Datei." in page
    file: Any = browser.get(f"{started.headers['Location']}/file")
    rows = list(csv.DictReader(b"".join(file.streaming_content).decode().splitlines()))
    said = [tuple(row[name] for name in ("Nummer", "Stufe", "Typ", "Ordernummer", "Umsatz")) for row in rows]
    assert said == [
        ("3", "Angefragt", "Änderung", "1001", "150.00"),
        ("4", "Angefragt", "Anspruch", "1002", "61.00"),
        ("6", "Angefragt", "Neu", "'=1+2", "1.00"),
    ]
    assert {row["Erstellt von"] for row in rows} == {"Petra"}


def _plan(asked: Callable[[], object]) -> str:
    plans: list[str] = []

    def explained(execute: Callable[..., object], query: str, params: object, *rest: object) -> object:
        if query.startswith("SELECT") and "conversion_requests_request" in query:
            with connection.cursor() as db:
                db.cursor.execute(f"explain {query}", params)
                plans.append("\n".join(line for (line,) in db.fetchall()))
        return execute(query, params, *rest)

    with connection.execute_wrapper(explained):
        asked()
    (plan,) = plans
    return plan
