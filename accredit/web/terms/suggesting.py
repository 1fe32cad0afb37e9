"""What the editor suggests as values of rules: what the set-up names, and what recent orders carried."""

from collections.abc import Mapping, Sequence

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accredit.access.permissions import Permission
from accredit.engine.program import Program
from accredit.money import decimals_by_currency
from accredit.programs.queries import program_value
from accredit.programs.visibility import Viewpoint
from accredit.web import words
from accredit.web.pages import for_permitted, show

ORDERS = 2_000
"""Only so many of the latest orders are looked at."""
MOST = 200
SEEN = ("category", "country", "region", "city", "postcode", "device", *(f"sub_id{n}" for n in range(1, 7)))


@require_safe
@for_permitted(Permission.SET_UP)
def suggestions(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Lists of values by field; of customer statuses one for each event type."""
    program = program_value(view.program.id)
    lists = {
        **_seen(view),
        "ad": [one.code for one in program.ads],
        "promo_code": [one.code for one in program.promo_codes if one.match == "exact"][:MOST],
        "currency": sorted(decimals_by_currency()),
        **_statuses(program),
    }
    return show(request, "web/terms/suggestions.html", {"lists": list(lists.items())})


def _statuses(program: Program) -> Mapping[str, Sequence[str]]:
    return {
        f"customer_status-{number}": list(dict.fromkeys([*words.CUSTOMER_STATUSES, *(one.customer_status or ())]))
        for number, one in enumerate(program.event_types)
    }


def _seen(view: Viewpoint) -> Mapping[str, Sequence[str]]:
    """The values of recent orders, the most frequent first."""
    columns = ", ".join(f"({name!r}, latest.{name})" for name in SEEN)
    query = f"""
        with latest as (
            select * from conversions_conversion where program_id = %(program)s
            order by occurred_at desc limit %(orders)s
        ), value as (
            select field, text, count(*) orders from (
                select field, text from latest, lateral (values {columns}) of_order (field, text)
                union all
                select of_item.field, of_item.text from latest join conversions_item item
                    on item.program_id = latest.program_id and item.conversion_id = latest.id
                    and item.decision = latest.decision,
                    lateral (values ('category', item.category), ('sku', item.sku)) of_item (field, text)
            ) seen where text is not null group by field, text
        ), ranked as (
            select *, row_number() over (partition by field order by orders desc, text) place from value
        )
        select field, text from ranked where place <= %(most)s order by field, place
    """  # noqa: S608 the names of columns are ours
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query, {"program": view.program.id, "orders": ORDERS, "most": MOST})
        for field, text in cursor.fetchall():
            found.setdefault(field, []).append(text)
    return found
