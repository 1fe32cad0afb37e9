"""The Explorer as the pages answer it, at growing numbers of conversion requests, beside the bare SQL of its rows.

A page must be there within 250 ms and its rows within 150 ms, as those of the conversion list (`bench.pages`, which
measures in the same way), nearly as fast in a large program as in a small one, and as fast as one of as many
conversions; totals follow within 3 s.
"""

from collections.abc import Mapping
from functools import partial
from statistics import median
from uuid import UUID

import psycopg

from accredit.database import embedded
from bench import pages
from bench.installation import installation
from bench.pages import PROGRAM, REPEATS, REPEATS_LARGE, TOTALS_SECONDS, measure, seconds_of, without_indexes
from bench.report import Report

SMALL = 10_000
SIZE, LARGE = 100_000, 1_000_000
BATCH = 250_000
TABLES = ("conversion_requests_request", "conversions_conversion")
BESIDE = 1.2
"""A page may take so many times as long as one of conversions."""
FILL = """
insert into conversion_requests_request (
    program_id, id, number, kind, stage, stages, partner, event_type, order_token, conversion_id, raised_at,
    raised_by_id, way, digest, changed_at, answer_from, occurred_at, currency, turnover_minor, category,
    customer_status, sub_id1, turnover_shown_minor, commission_before_minor, commission_minor, model
)
select %(program)s, uuidv7(at - now()), n, kind, stage, 1 + (stage <> 'inquired')::int,
    'p' || floor(200 * random() ^ 3)::int, 'sale', upper(substr(md5(n::text), 1, 4)) || n,
    case when kind <> 'create' or stage = 'processed' then uuidv7(at - now()) end, at,
    %(user)s, (array['file', 'page'])[1 + (random() < 0.05)::int], md5(n::text || %(program)s)::uuid,
    at + interval '1 day', case when random() < 0.02 then 'partner' when stage = 'inquired' then 'advertiser' end,
    case when kind <> 'change' then at - interval '9 days' end,
    (array['EUR', 'GBP', 'USD'])[1 + (dice > 0.9)::int + (dice > 0.98)::int], turnover,
    'category ' || floor(random() * 30)::int,
    case when random() < 0.4 then 'New' when random() < 0.85 then 'Existing' end,
    'sub-' || floor(random() * %(size)s / 40)::int, turnover,
    case when kind = 'change' then turnover / 12 end, case when random() < 0.97 then turnover / 10 end,
    (array['Default', 'New customers', 'Gifts'])[1 + floor(random() * 3)::int]
from generate_series(%(first)s::bigint, %(last)s::bigint) n,
    lateral (select date_trunc('day', now()) - interval '700 days' * (1 - n::float / %(size)s),
        random(), random(), random()) facts(at, dice, fate, type),
    lateral (select floor(exp(random() * 5 + 6))::bigint,
        case when type < 0.7 then 'create' when type < 0.95 then 'change' else 'claim' end,
        case when at > now() - interval '20 days' and fate < 0.8 then 'inquired'
            when fate < 0.005 then 'failed' when fate < 0.01 then 'accepted' when fate < 0.8 then 'processed'
            when fate < 0.98 then 'rejected' else 'withdrawn' end) more(turnover, kind, stage)
"""
OPEN = "status=inquired&status=accepted&status=failed"
ASKED = {
    "as it opens": OPEN + "&time.from={since}",
    "everything, newest first": "sort=-time",
    "oldest first": "sort=time",
    "a page in the middle": "sort=-time&after={place}",
    "by number": "sort=number",
    "largest turnover first": "sort=-turnover",
    "smallest commission first": "sort=commission",
    "failed, oldest first": "status=failed&sort=time",
    "rejected": "status=rejected",
    "of one partner": "partner=p{partner}",
    "of one partner, open, largest commission first": OPEN + "&partner=p{partner}&sort=-commission",
    "claims": "type=claim",
    "that the partner has to answer": "answer=partner",
    "changes of one week": "type=change&time.from={week}&time.until={week_end}",
    "open, with why and by whom": OPEN + "&columns=time.by.status.reason.order.partner.advertiser",
    "an order number's beginning": "order.starts={n}",
    "fifty order numbers": "{orders}",
}
"""What is asked for → the query."""


def facts(turn: int, size: int) -> Mapping[str, object]:
    """What the queries name the n-th time."""
    from datetime import UTC, datetime, timedelta

    from bench.pages import order_token

    today = datetime.now(UTC).date()
    return {
        "n": turn,
        "partner": 7 * turn % 200,
        "since": today - timedelta(days=14),
        "week": today - timedelta(days=60 + 7 * turn),
        "week_end": today - timedelta(days=54 + 7 * turn),
        "orders": "&".join(f"order={order_token(size - 50 * turn - n)}" for n in range(50)),
    }


def fill(url: str, code: str, size: int) -> None:
    """Requests of two years, as many a day as the other; those of the last days are open."""
    with psycopg.connect(url, autocommit=True) as owner:
        (program,) = owner.execute("select id from programs_program where code = %s", [code]).fetchone() or [None]
        (user,) = owner.execute("select id from access_user").fetchone() or [None]
        for first in range(1, size + 1, BATCH):
            given = {"program": program, "user": user, "first": first, "last": min(first + BATCH - 1, size)}
            owner.execute(FILL, {**given, "size": size})


def main(large: bool) -> None:
    """The figures of a small and a large program in one database."""
    sizes = {"small": SMALL, "large": LARGE if large else SIZE}
    with installation(with_django=True) as installed:
        from accredit.access.models import Membership, Organization, Role, User

        for code in sizes:
            installed.apply(PROGRAM.replace("CODE", code))
        user = User.objects.create_user("bench@example.com", name="Bench")
        Membership.objects.create(user=user, organization=Organization.objects.get(code="bench"), role=Role.VIEWER)
        with psycopg.connect(installed.url(embedded.OWNER), autocommit=True) as owner:
            indexes = [definition for table in TABLES for definition in without_indexes(owner, table)]
            for code, size in sizes.items():
                fill(installed.url(embedded.OWNER), code, size)
            pages.fill(installed.url(embedded.OWNER), "large", sizes["large"])
            for definition in indexes:
                owner.execute(definition.encode())
            owner.execute(f"vacuum analyze {', '.join(TABLES)}")
        ask(user.pk, sizes, REPEATS_LARGE if large else REPEATS)


def ask(user: UUID, sizes: Mapping[str, int], repeats: int) -> None:
    """Asks for everything in ASKED, and for totals."""
    from django.test import Client

    from accredit.access.models import User

    places = {code: middle_of(code) for code in sizes}
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(User.objects.get(pk=user))
    browser.get("/programs/small/requests?sort=-time")  # the first page of a process imports and compiles
    for name, query in ASKED.items():
        asked = {
            code: [
                f"/programs/{code}/requests?{query.format(place=places[code], **facts(turn, size))}"
                for turn in range(repeats)
            ]
            for code, size in sizes.items()
        }
        measure(name, asked, sizes, "requests")
    for name, query in {"newest first": "sort=-time", "largest turnover first": "sort=-turnover"}.items():
        both: dict[str, list[float]] = {"requests": [], "conversions": []}
        for _turn in range(3 * repeats):
            for what, taken in both.items():
                taken.append(seconds_of(partial(browser.get, f"/programs/large/{what}?{query}")))
        ours, theirs = median(both["requests"]), median(both["conversions"])
        title = f"page of {sizes['large']:,} requests beside that of as many conversions, {name}"
        Report(title, ours, theirs, ours / theirs, f"<= {BESIDE}").show()
    for code, size in sizes.items():
        for name, query in {"everything": "", "a partner": "partner=p0", "open": OPEN}.items():
            seconds = seconds_of(partial(browser.get, f"/programs/{code}/requests/totals?{query}"))
            Report(f"totals of {size:,} requests, {name}", seconds, None, seconds / TOTALS_SECONDS, "<= 1").show()


def middle_of(code: str) -> str:
    """The place in the middle of a program's list by time."""
    from accredit.conversion_requests.models import PREFIX, Request
    from accredit.lists.places import Cursor

    found = Request.objects.filter(program__code=code).order_by("raised_at")
    row = found[found.count() // 2]
    return Cursor(100, (row.raised_at, row.id), backwards=False, prefix=PREFIX).to_text()
