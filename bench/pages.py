"""The conversion list as the pages answer it, under the filters and orders that people use, at growing numbers of
conversions, beside the bare SQL of its rows.

A page must be there within 250 ms, its rows within 150 ms, and its rows nearly as fast in a large program as in a small
one; totals follow within 3 s. Every repetition asks for another partner, week or number, so that not everything that is
asked for lies in memory. Large and small programs are asked in turns, so that whatever else the machine does meets both
alike.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import md5
from statistics import median, quantiles
from typing import Any

import psycopg
from psycopg import sql

from accredit.database import embedded
from bench.installation import installation
from bench.report import Report, timed

SMALL = 100_000
SIZE, LARGE = 500_000, 10_000_000
REPEATS, REPEATS_LARGE = 10, 20
PAGE_SECONDS, ROWS_SECONDS, TOTALS_SECONDS, GROWTH = 0.25, 0.15, 3, 2
BATCH = 500_000
PARTNERS, CHANNELS, DAYS = 200, 8, 700
PROGRAM = (
    """
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
customer_status = { New = ["N"], Existing = ["E"], vip = ["V"] }
[[event_type]]
code = "lead"
"""
    + "".join(f'[[partner]]\ncode = "p{n}"\nname = "Partner {n}"\n' for n in range(PARTNERS))
    + "".join(
        f'[[channel]]\ncode = "c{n}"\nname = "Channel {n}"\ncredit_group = "standard"\nreferral_window_days = 30\n'
        for n in range(CHANNELS)
    )
)
FILL = """
insert into conversions_conversion (
    program_id, id, event_type, order_token, occurred_at, occurred_date, recorded_at, status, decision,
    credited_to, partner, channel, reason, credit_group, terms, terms_version, blocked, currency, turnover_minor,
    commission_minor, customer_status, model, rejection_reason, promo_code, credited_promo_code, credited_click_id,
    category, country, ad, project, device, sub_id1, sub_id2
)
select %(program)s, uuidv7(at - now()), case when lead then 'lead' else 'sale' end,
    upper(substr(md5(n::text), 1, 4)) || n, at, at::date, at, status, 1,
    party, case when party = 'partner' then 'p' || floor(%(partners)s * random() ^ 3)::int end,
    case when party = 'channel' then 'c' || floor(%(channels)s * random())::int end,
    case party when 'none' then 'no_candidate' else (array['last_click', 'promo_code'])[1 + (random() < 0.1)::int] end,
    case when party <> 'none' then 'standard' end, case when party = 'partner' then 'standard' end,
    case when party = 'partner' then 1 + floor(random() * 5)::int end, false,
    case when lead then 'EUR' else (array['EUR', 'GBP', 'USD'])[1 + (dice > 0.9)::int + (dice > 0.98)::int] end,
    turnover,
    case when party = 'partner' then turnover / 10 else 0 end,
    case when random() < 0.001 then 'vip' when random() < 0.4 then 'New' when random() < 0.85 then 'Existing' end,
    case when party = 'partner' then (array['Default', 'New customers', 'Gifts'])[1 + floor(random() * 3)::int] end,
    case when status = 'rejected' then 'r' || floor(random() * 4)::int end,
    case when random() < 0.1 then 'CODE' || floor(random() * 500)::int end,
    case when party = 'partner' and random() < 0.05 then 'CODE' || floor(random() * 500)::int end,
    case when party <> 'none' then md5((n * 7)::text) end,
    'category ' || floor(random() * 30)::int,
    (array['de', 'at', 'ch', 'fr', 'nl', 'us', 'gb'])[1 + floor(random() ^ 2 * 7)::int],
    'ad ' || floor(random() * 40)::int, 'project ' || floor(random() * 20)::int,
    (array['mobile', 'desktop', 'tablet'])[1 + floor(random() ^ 2 * 3)::int],
    case when random() < 0.4 then 'sub-' || floor(random() * %(subs)s)::int end,
    case when random() < 0.1 then 'camp-' || floor(random() * 50)::int end
from generate_series(%(first)s::bigint, %(last)s::bigint) n,
    lateral (select timestamptz '2026-06-30 00:00+00' - %(days)s * interval '1 day' * (1 - n::float / %(size)s),
        random(), random(), random() < 0.1) facts(at, dice, fate, lead),
    lateral (select case when lead then 0 else floor(exp(random() * 5 + 6))::bigint end,
        case when fate < 0.8 then 'partner' when fate < 0.92 then 'channel' else 'none' end,
        case when random() < case when at > timestamptz '2026-05-01' then 0.9 else 0.02 end then 'open'
            when random() < 0.87 then 'approved' else 'rejected' end) more(turnover, party, status)
"""
ASKED = {
    "newest first": "",
    "oldest first": "sort=time",
    "a page in the middle": "after={place}",
    "largest turnover first": "sort=-turnover",
    "smallest commission first": "sort=commission",
    "of one partner": "credited=partner:p{partner}",
    "of one partner, largest turnover first": "credited=partner:p{partner}&sort=-turnover",
    "of three partners, open": "credited=partner:p{n}&credited=partner:p{partner}&credited=partner:p199&status=open",
    "of one channel": "credited=channel:c{channel}",
    "of nobody, largest turnover first": "credited=none&sort=-turnover",
    "open, oldest first": "status=open&sort=time",
    "rejected, of new customers": "status=rejected&customer=New",
    "rejected for one reason": "rejection=r{reason}",
    "leads": "event=lead",
    "a rare customer status, largest turnover first": "customer=vip&sort=-turnover",
    "no customer status": "customer.is=empty",
    "one week": "time.from=2026-0{month}-02&time.until=2026-0{month}-08",
    "a partner's week, by customer status": (
        "credited=partner:p{reason}&time.from=2026-0{month}-02&time.until=2026-0{month}-08&sort=customer"
    ),
    "a month's turnovers over 300": "time.from=2026-0{month}-01&time.until=2026-0{month}-28&turnover.from=300",
    "one sub id": "sub1=sub-{sub}",
    "sub ids that begin alike": "sub1.starts=sub-{n}7",
    "sub ids that contain a word, in a week": "sub1.contains=-{n}9&time.from=2026-03-02&time.until=2026-03-08",
    "one campaign on phones, largest commission first": "sub2=camp-{n}&device=mobile&sort=-commission",
    "an order number's beginning": "order.starts={n}",
    "fifty order numbers": "{orders}",
    "one promo code": "order_codes=CODE{sub}",
    "of three ads, in one country": "ad=ad+{n}&ad=ad+{partner}&ad=ad+1&country=at",
}
"""What is asked for → the query."""


def order_token(number: int) -> str:
    """As FILL makes it."""
    return f"{md5(str(number).encode()).hexdigest()[:4].upper()}{number}"


def facts(turn: int, size: int) -> Mapping[str, object]:
    """What the queries name the n-th time. The larger partners are asked for more often, as they are looked at."""
    return {
        "n": turn,
        "partner": 7 * turn % PARTNERS,
        "channel": turn % CHANNELS,
        "reason": turn % 4,
        "month": 1 + turn % 5,
        "sub": turn * 31 % 500,
        "orders": "&".join(f"order={order_token(size - 50 * turn - n)}" for n in range(50)),
    }


def fill(url: str, code: str, size: int) -> None:
    """Conversions of two years, as many a day as the other, in the order of time; the indexes are made afterwards."""
    with psycopg.connect(url, autocommit=True) as owner:
        (program,) = owner.execute("select id from programs_program where code = %s", [code]).fetchone() or [None]
        for first in range(1, size + 1, BATCH):
            facts = {"program": program, "first": first, "last": min(first + BATCH - 1, size), "size": size}
            facts |= {"partners": PARTNERS, "channels": CHANNELS, "days": DAYS, "subs": size // 40}
            owner.execute(FILL, facts)


def without_indexes(owner: "psycopg.Connection[Any]", table: str) -> Sequence[str]:
    """Takes the indexes of a table off, but for those of its constraints; what makes them again."""
    found = owner.execute(
        "select index.indexrelid::regclass::text, pg_get_indexdef(index.indexrelid) from pg_index index"
        " where index.indrelid = %s::regclass and not index.indisunique",
        [table],
    ).fetchall()
    for name, _definition in found:
        owner.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    return [definition for _name, definition in found]


def seconds_of(asked: Callable[[], object]) -> float:
    with timed() as timer:
        asked()
    return timer.seconds


def measure(name: str, addresses: Mapping[str, Sequence[str]], sizes: Mapping[str, int], what: str) -> None:
    """Print the figures of one list: its addresses by program."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accredit.access.models import User

    browser = Client(HTTP_HOST="localhost")
    browser.force_login(User.objects.get())
    pages: dict[str, list[float]] = {code: [] for code in sizes}
    rows: dict[str, list[float]] = {code: [] for code in sizes}
    for turn in range(len(addresses["small"])):
        for code in sizes:
            page = addresses[code][turn]
            connection.queries_log.clear()  # it holds so many, and no more
            with CaptureQueriesContext(connection) as captured, timed() as timer:
                answer = browser.get(page)
            assert answer.status_code == 200, page
            assert "would take too long" not in answer.text, page
            pages[code].append(timer.seconds)
            (query,) = [one["sql"] for one in captured if '"order_token"' in one["sql"].partition("FROM")[0]]
            with connection.cursor() as cursor:
                rows[code].append(seconds_of(lambda text=query: cursor.cursor.execute(text).fetchall()))  # type: ignore[misc]
    for code, size in sizes.items():
        p95 = quantiles(pages[code], n=20)[-1]
        yardstick = quantiles(rows[code], n=20)[-1]
        Report(f"page of {size:,} {what}, {name}", p95, yardstick, p95 / PAGE_SECONDS, "<= 1").show()
        if code != "small":
            Report("  its rows alone", yardstick, None, yardstick / ROWS_SECONDS, "<= 1").show()
    small, large = (median(rows[code]) for code in sizes)
    Report("  its rows beside those of the small program", large, small, large / small, f"<= {GROWTH}").show()


def main(large: bool) -> None:
    """The figures of a small and a large program in one database."""
    sizes = {"small": SMALL, "large": LARGE if large else SIZE}
    with installation(with_django=True) as installed:
        for code in sizes:
            installed.apply(PROGRAM.replace("CODE", code))
        with psycopg.connect(installed.url(embedded.OWNER), autocommit=True) as owner:
            indexes = without_indexes(owner, "conversions_conversion")
            for code, size in sizes.items():
                fill(installed.url(embedded.OWNER), code, size)
            for definition in indexes:
                owner.execute(definition.encode())
            owner.execute("vacuum analyze conversions_conversion")
        ask(sizes, REPEATS_LARGE if large else REPEATS)


def ask(sizes: Mapping[str, int], repeats: int) -> None:
    """Asks for everything in ASKED, and for totals."""
    from django.test import Client

    from accredit.access.models import Membership, Organization, Role, User

    user = User.objects.create_user("bench@example.com", name="Bench")
    Membership.objects.create(user=user, organization=Organization.objects.get(code="bench"), role=Role.VIEWER)
    places = {code: middle_of(code) for code in sizes}
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(user)
    browser.get("/programs/small/conversions")  # the first page of a process imports and compiles
    for name, query in ASKED.items():
        asked = {
            code: [
                f"/programs/{code}/conversions?{query.format(place=places[code], **facts(turn, size))}"
                for turn in range(repeats)
            ]
            for code, size in sizes.items()
        }
        measure(name, asked, sizes, "conversions")
    for code, size in sizes.items():
        for name, query in {
            "everything": "",
            "a partner": "credited=partner:p0",
            "rejected": "status=rejected",
            "a month": "time.from=2026-03-01&time.until=2026-03-31",
            "new customers": "customer=New",
            "on phones": "device=mobile",
        }.items():
            seconds = seconds_of(partial(browser.get, f"/programs/{code}/conversions/totals?{query}"))
            Report(f"totals of {size:,} conversions, {name}", seconds, None, seconds / TOTALS_SECONDS, "<= 1").show()


def middle_of(code: str) -> str:
    """The place in the middle of a program's list by time."""
    from accredit.conversions.columns import PREFIX
    from accredit.conversions.models import Conversion
    from accredit.lists.places import Cursor
    from accredit.programs.models import Program

    found = Conversion.objects.filter(program=Program.objects.get(code=code)).order_by("occurred_at")
    row = found[found.count() // 2]
    return Cursor(100, (row.occurred_at, row.id), backwards=False, prefix=PREFIX).to_text()
