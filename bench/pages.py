"""The conversion list as the pages answer it, beside the bare SQL of its rows, at growing numbers of conversions.

A page must answer within 200 ms, and its rows as fast in a large program as in a small one: the ratio of a page is its
95th percentile in parts of those 200 ms, that of growth the median beside the one of the smallest size.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from accredit.database import embedded
from bench.load import accredit
from bench.report import Report

SIZES = (20_000, 1_000_000)
LARGE = (20_000, 10_000_000)
REPEATS = 40
LIMIT_SECONDS = 0.2
ADDRESS = "/programs/bench/conversions"
PROGRAM = """
format = 1
[program]
code = "bench"
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
    program_id, id, event_type, order_token, occurred_at, occurred_date, recorded_at, digest, status, decision,
    credited_to, partner, reason, credit_group, terms, terms_version, blocked, currency, turnover_minor,
    commission_minor, customer_status
)
select program.id, uuidv7(), 'sale', 'o' || n, at, at::date, at, gen_random_uuid(),
    (array['open', 'open', 'approved', 'approved', 'rejected'])[1 + n %% 5], 1, 'partner', 'p' || n %% 50,
    'last_click', 'preferred', 'standard', 1, false, 'EUR', n * 7919 %% 100000, n * 7919 %% 100000 / 10,
    (array['New', 'Existing', null])[1 + n %% 3]
from programs_program program, generate_series(%s::bigint, %s::bigint) n,
    lateral (select timestamptz '2026-01-01 00:00+00' + n * interval '37 seconds') moment(at)
"""


def lists() -> dict[str, str]:
    """What is asked for → the query of the address. The middle is where somebody leafed to."""
    from accredit.conversions.listing import Cursor, Order, page_of
    from accredit.conversions.models import Conversion
    from accredit.programs.models import Program
    from accredit.programs.visibility import Viewpoint

    view = Viewpoint(Program.objects.get(), None)
    newest = page_of(view, _everything(), Order()).rows[0]
    oldest = page_of(view, _everything(), Order(descending=False)).rows[0]
    middle = oldest.occurred_at + (newest.occurred_at - oldest.occurred_at) / 2
    row = Conversion.objects.filter(occurred_at__gte=middle).order_by("occurred_at")[0]
    place = Cursor(100, (row.occurred_at, row.id), backwards=False).to_text()
    return {
        "newest first": "",
        "a page in the middle": f"?after={place}",
        "largest turnover first": "?sort=-turnover",
        "of one partner": "?credited=partner:p7",
        "rejected, of new customers": "?status=rejected&customer=New",
        "one month": "?since=2026-01-05&until=2026-02-04",
    }


def _everything() -> Any:
    from accredit.conversions.listing import Filters

    return Filters()


def times(repeat: Callable[[], object]) -> Sequence[float]:
    """Seconds of every run but the first few, in order."""
    seconds = []
    for run in range(REPEATS + 5):
        start = perf_counter()
        repeat()
        if run >= 5:
            seconds.append(perf_counter() - start)
    return sorted(seconds)


def measure(conversions: int, medians: dict[str, float]) -> None:
    """Print the figures of one size; `medians` of the smallest size are filled in, and compared with afterwards."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accredit.access.models import User

    browser = Client(HTTP_HOST="localhost")
    browser.force_login(User.objects.get())
    for name, query in lists().items():
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(ADDRESS + query).status_code == 200
        (rows,) = [one["sql"] for one in captured if 'FROM "conversions_conversion"' in one["sql"]]
        with connection.cursor() as cursor:
            bare = times(lambda sql=rows, cursor=cursor: cursor.cursor.execute(sql).fetchall())  # type: ignore[misc]
        page = times(lambda query=query: browser.get(ADDRESS + query))  # type: ignore[misc]
        p95, median = page[int(0.95 * len(page))], page[len(page) // 2]
        title = f"page of {conversions:,} conversions, {name}"
        Report(title, p95, bare[int(0.95 * len(bare))], p95 / LIMIT_SECONDS, "<= 1").show()
        if name in medians:
            Report(
                "  its median beside the smallest list's", median, medians[name], median / medians[name], "<= 1.3"
            ).show()
        else:
            medians[name] = median
    start = perf_counter()
    assert browser.get(f"{ADDRESS}/totals").status_code == 200
    Report(f"totals of {conversions:,} conversions, after the rows", perf_counter() - start).show()


def main(large: bool) -> None:
    """The figures of all sizes, in one database that grows."""
    state = Path(tempfile.mkdtemp(prefix="accredit-bench-"))
    state.chmod(0o755)  # the server may run as somebody else
    os.environ.update(ACCREDIT_STATE_DIR=str(state), DJANGO_SETTINGS_MODULE="accredit.config.settings")
    cluster = embedded.cluster_in(state)
    server = embedded.start(cluster)
    try:
        accredit(state, "prepare")
        (state / "program.toml").write_text(PROGRAM)
        accredit(state, "program", "apply", str(state / "program.toml"))

        import django

        django.setup()
        from accredit.access.models import Membership, Organization, Role, User

        user = User.objects.create_user("bench@example.com", name="Bench")
        Membership.objects.create(user=user, organization=Organization.objects.get(code="bench"), role=Role.VIEWER)
        medians: dict[str, float] = {}
        filled = 0
        with psycopg.connect(cluster.url(embedded.OWNER), autocommit=True) as owner:
            for conversions in LARGE if large else SIZES:
                owner.execute(FILL, (filled + 1, conversions))
                owner.execute("vacuum analyze conversions_conversion")
                filled = conversions
                measure(conversions, medians)
    finally:
        from django.db import connection

        connection.close()
        embedded.stop(server)
        embedded.remove(cluster)
        shutil.rmtree(state)
