"""The conversion list as the pages answer it, beside the bare SQL of its rows, at growing numbers of conversions.

A page must answer within 200 ms, and its rows as fast in a large program as in a small one. The ratio of a page is its
95th percentile in parts of those 200 ms; that of growth the large program's median beside the small one's, asked for in
turns, so that whatever else the machine does meets both alike.
"""

from collections.abc import Callable, Mapping
from functools import partial
from statistics import median, quantiles

import psycopg

from accredit.database import embedded
from bench.installation import installation
from bench.report import Report, timed

SMALL = 20_000
SIZE, LARGE = 1_000_000, 10_000_000
REPEATS = 40
LIMIT_SECONDS = 0.2
PROGRAM = """
format = 1
[program]
code = "CODE"
name = "Bench"
advertiser = "bench"
currency = "EUR"
timezone = "Europe/Berlin"
referral_window_days = 30
[[event_type]]
code = "sale"
""" + "".join(f'[[partner]]\ncode = "p{n}"\nname = "Partner {n}"\n' for n in range(50))
FILL = """
insert into conversions_conversion (
    program_id, id, event_type, order_token, occurred_at, occurred_date, recorded_at, status, decision,
    credited_to, partner, reason, credit_group, terms, terms_version, blocked, currency, turnover_minor,
    commission_minor, customer_status
)
select program.id, uuidv7(), 'sale', 'o' || n, at, at::date, at,
    (array['open', 'open', 'approved', 'approved', 'rejected'])[1 + n %% 5], 1, 'partner', 'p' || n %% 50,
    'last_click', 'preferred', 'standard', 1, false, 'EUR', n * 7919 %% 100000, n * 7919 %% 100000 / 10,
    (array['New', 'Existing', null])[1 + n %% 3]
from programs_program program, generate_series(1, %s::bigint) n,
    lateral (select timestamptz '2026-01-01 00:00+00' + n * interval '37 seconds') moment(at)
where program.code = %s
"""


def addresses(code: str) -> dict[str, str]:
    """What is asked for → the address of the list. The middle is where somebody leafed to."""
    from accredit.conversions.filters import Filters
    from accredit.conversions.listing import Cursor, Order, page_of
    from accredit.conversions.models import Conversion
    from accredit.programs.models import Program
    from accredit.programs.visibility import Viewpoint

    view = Viewpoint(Program.objects.get(code=code), None)
    newest, oldest = (page_of(view, Filters(), Order(descending=latest)).rows[0] for latest in (True, False))
    middle = oldest.occurred_at + (newest.occurred_at - oldest.occurred_at) / 2
    row = Conversion.objects.filter(program=view.program, occurred_at__gte=middle).order_by("occurred_at")[0]
    place = Cursor(100, (row.occurred_at, row.id), backwards=False).to_text()
    queries = {
        "newest first": "",
        "a page in the middle": f"?after={place}",
        "largest turnover first": "?sort=-turnover",
        "of one partner": "?credited=partner:p7",
        "rejected, of new customers": "?status=rejected&customer=New",
        "one week": "?since=2026-01-02&until=2026-01-08",
    }
    return {name: f"/programs/{code}/conversions{query}" for name, query in queries.items()}


def seconds_of(asked: Callable[[], object]) -> float:
    with timed() as timer:
        asked()
    return timer.seconds


def measure(name: str, pages: Mapping[str, str], sizes: Mapping[str, int]) -> None:
    """Print the figures of one list: `pages` and `sizes` by program, the small one first."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accredit.access.models import User

    browser = Client(HTTP_HOST="localhost")
    browser.force_login(User.objects.get())
    rows = {}
    for code, page in pages.items():
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(page).status_code == 200
        (rows[code],) = [one["sql"] for one in captured if 'FROM "conversions_conversion"' in one["sql"]]
    taken: dict[str, list[float]] = {code: [] for code in pages}
    bare: dict[str, list[float]] = {code: [] for code in pages}
    with connection.cursor() as cursor:
        for _repeat in range(REPEATS):
            for code, page in pages.items():
                taken[code].append(seconds_of(partial(browser.get, page)))
                bare[code].append(seconds_of(lambda sql=rows[code]: cursor.cursor.execute(sql).fetchall()))  # type: ignore[misc]
    for code, size in sizes.items():
        p95 = quantiles(taken[code], n=20)[-1]
        yardstick = quantiles(bare[code], n=20)[-1]
        Report(f"page of {size:,} conversions, {name}", p95, yardstick, p95 / LIMIT_SECONDS, "<= 1").show()
    small, large = (median(taken[code]) for code in sizes)
    Report("  the median of the large program beside the small one's", large, small, large / small, "<= 1.3").show()


def main(large: bool) -> None:
    """The figures of a small and a large program in one database."""
    sizes = {"small": SMALL, "large": LARGE if large else SIZE}
    with installation(with_django=True) as installed:
        with psycopg.connect(installed.url(embedded.OWNER), autocommit=True) as owner:
            for code, size in sizes.items():
                installed.apply(PROGRAM.replace("CODE", code))
                owner.execute(FILL, (size, code))
            owner.execute("vacuum analyze conversions_conversion")
        _ask(sizes)


def _ask(sizes: Mapping[str, int]) -> None:
    from django.test import Client

    from accredit.access.models import Membership, Organization, Role, User

    user = User.objects.create_user("bench@example.com", name="Bench")
    Membership.objects.create(user=user, organization=Organization.objects.get(code="bench"), role=Role.VIEWER)
    pages = {code: addresses(code) for code in sizes}
    for name in pages["small"]:
        measure(name, {code: pages[code][name] for code in sizes}, sizes)
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(user)
    for code, size in sizes.items():
        seconds = seconds_of(partial(browser.get, f"/programs/{code}/conversions/totals"))
        Report(f"totals of {size:,} conversions, after the rows", seconds).show()
