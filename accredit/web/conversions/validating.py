"""Approving and rejecting from the list: what is asked before, with figures, and what became of it.

The window says how many conversions become what, for how much, and that it is for good. It sends along which decision
of each conversion it showed, so that nobody approves a commission that they have not seen; where it is all that match
the filters, a digest of that.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, cast
from uuid import UUID

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversions import validating
from accredit.conversions.columns import PREFIX
from accredit.conversions.history import COMMENT_CHARACTERS, timeline
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Conversion, Status
from accredit.conversions.validating import ASKED, UNCHANGED
from accredit.conversions.validation_job import MOST, TooMany, asked_of, digest_of, matching, start_validation
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.lists.filters import Filters
from accredit.lists.listing import Total
from accredit.lists.patience import TakesTooLong
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.conversions.acting import actor_of, by_whom, too_long, typed
from accredit.web.conversions.history import reason_titles
from accredit.web.conversions.page import PAGE
from accredit.web.jobs.pages import show_job
from accredit.web.lists.state import state_of
from accredit.web.lists.totals import sums_of
from accredit.web.naming import Names
from accredit.web.pages import for_permitted, show

TICKED = 1_000
"""How many conversions are named one by one at most; what is more goes on in the background."""
SHOWN = 100
DECISION = re.compile("[0-9]{1,9}")
DONE = (Status.APPROVED.value, Status.REJECTED.value)


@dataclass(frozen=True, slots=True)
class Left:
    """A conversion that did not change, why, and who was first."""

    order: str
    why: str
    first: str


def named(request: HttpRequest) -> Mapping[UUID, int | None]:
    """The conversions that a form names (`id`, joined by commas or repeated), each with the decision that was looked at
    (`decision`, in the same order) where it says so; what is no key is left out."""
    keys, decisions = (",".join(request.POST.getlist(name)).split(",") for name in ("id", "decision"))
    found: dict[UUID, int | None] = {}
    for text, decision in zip_longest(keys, decisions, fillvalue=""):
        with suppress(KeyTextError):
            found[key_from_text(PREFIX, text)] = int(decision) if DECISION.fullmatch(decision) else None
    return found


@require_POST
@for_permitted(Permission.VALIDATE)
def ask(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The window before conversions are validated: those that are ticked, or all that the list's address leaves."""
    status = typed(request, "status")
    every = bool(typed(request, "all"))
    names = Names(view)
    found: Sequence[Conversion] = []
    query = digest = ""
    try:
        if every:
            state = state_of(PAGE, names, request.GET)
            # In this order: what changes between the two is no longer what the digest says, and is refused.
            query, digest = state.query(), digest_of(matching(view, state.filters))
            totals = CONVERSIONS.totals(view, state.filters)
        else:
            found = list(CONVERSIONS.filtered(view, Filters()).filter(id__in=named(request)).order_by("id"))
            totals = _totals(found)
    except TakesTooLong:
        return show(request, "web/conversions/validation.html", {"program": view.program, "too_long": True})
    except TooMany:
        return _nothing_done(request, _too_many())
    still_open = [total for total in totals if total.status == Status.OPEN]
    count = sum(total.rows for total in still_open)
    context = {
        "program": view.program,
        "title": _title(status, count, found),
        "status": status if status in DONE else "",
        "keys": ",".join(key_to_text(PREFIX, one.id) for one in found),  # what is done already is told afterwards
        "decisions": ",".join(str(one.decision) for one in found),
        "digest": digest,
        "query": query,
        "count": count,
        "credited": names.credited(found[0]) if len(found) == 1 else "",
        "turnovers": sums_of(view, still_open, "turnover_minor"),
        "commissions": sums_of(view, still_open, "commission_minor"),
        "books": any(total.commission_minor for total in still_open),
        "others": _others(totals),
        "first": _first(view, found[0]) if len(found) == 1 and not count else "",
        "reasons": reason_titles(view).items() if status == Status.REJECTED else (),
        "comment_characters": COMMENT_CHARACTERS,
    }
    return show(request, "web/conversions/validation.html", context)


def _totals(found: Sequence[Conversion]) -> Sequence[Total]:
    """One total a currency and status."""
    groups = defaultdict(list)
    for one in sorted(found, key=lambda one: (one.currency, one.status)):
        groups[one.currency, one.status].append(one)
    return [
        Total(*kind, len(ones), sum(one.turnover_minor for one in ones), sum(one.commission_minor for one in ones))
        for kind, ones in groups.items()
    ]


def _title(status: str, count: int, found: Sequence[Conversion]) -> str:
    if len(found) == 1:
        text = _("Approve order %(token)s") if status == Status.APPROVED else _("Reject order %(token)s")
        return text % {"token": found[0].order_token}
    if status == Status.APPROVED:
        text = ngettext("Approve %(n)s conversion", "Approve %(n)s conversions", count)
    else:
        text = ngettext("Reject %(n)s conversion", "Reject %(n)s conversions", count)
    return text % {"n": formats.number(count)}


def _others(totals: Sequence[Total]) -> str:
    """How many are not open, and stay as they are."""
    count = sum(total.rows for total in totals if total.status != Status.OPEN)
    text = ngettext(
        "%(n)s more is approved or rejected already, and stays as it is.",
        "%(n)s more are approved or rejected already, and stay as they are.",
        count,
    )
    return text % {"n": formats.number(count)} if count else ""


def _first(view: Viewpoint, conversion: Conversion) -> str:
    """Who validated it, through what and when."""
    rows = timeline(view.program.id, conversion.id).filter(pl.col("status_before") != pl.col("status"))
    row = rows.row(-1, named=True)
    status = words.word(words.STATUSES, row["status"])
    return f"{status}: {by_whom(row['way'], row['user'], row['changed_at'], view)}"


def outcome(view: Viewpoint, status: str, changed: int, unchanged: pl.DataFrame) -> Mapping[str, Any]:
    """The context of `web/conversions/validated.html`: how many conversions became what, and those that did not
    (`validating.UNCHANGED`), with why and who was first."""
    if status == Status.APPROVED:
        text = ngettext("%(n)s conversion approved.", "%(n)s conversions approved.", changed)
    else:
        text = ngettext("%(n)s conversion rejected.", "%(n)s conversions rejected.", changed)
    left = len(unchanged)
    remain = ngettext("%(n)s did not change:", "%(n)s did not change:", left)
    return {
        "done": text % {"n": formats.number(changed)},
        "changed": changed,
        "left": left,
        "left_text": remain % {"n": formats.number(left)},
        "rows": [_left(view, row) for row in unchanged.head(SHOWN).iter_rows(named=True)],
        "more": formats.number(left - SHOWN) if left > SHOWN else "",
    }


def _left(view: Viewpoint, row: Mapping[str, Any]) -> Left:
    first = ""
    if row["why"] == "validated":
        status = words.word(words.STATUSES, row["status"])
        first = f"{status}: {by_whom(row['changed_through'], row['changed_by'], row['changed_at'], view)}"
    return Left(row["order_token"] or row["id"], words.word(words.NOT_VALIDATED, row["why"]), first)


@require_POST
@for_permitted(Permission.VALIDATE)
def validate(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Approves or rejects what `ask` showed: those that are named, or all that the list's address leaves, if nothing
    of that has changed since."""
    status, reason, comment = typed(request, "status"), typed(request, "rejection_reason"), typed(request, "comment")
    if sentence := _refused(view, status, reason, comment):
        return _nothing_done(request, sentence)
    given = {"status": status, "rejection_reason": reason or None, "comment": comment or None}
    if digest := typed(request, "digest"):
        state = state_of(PAGE, Names(view), request.GET)
        try:
            rows = matching(view, state.filters)
        except TooMany:
            return _nothing_done(request, _too_many())
        except TakesTooLong:
            text = _(
                "The conversions that match the filters were not found in time: nothing was changed. Narrow the period."
            )
            return _nothing_done(request, text)
        if digest != digest_of(rows) or state.left_out:
            text = _("What matches the filters has changed since you looked: nothing was done. Close this, look again.")
            return _nothing_done(request, text)
        asked = asked_of(rows, status=status, rejection_reason=reason or None, comment=comment or None)
    else:
        ticked = [{"id": str(key), "decision": decision, **given} for key, decision in named(request).items()]
        asked = pl.DataFrame(ticked, schema=dict(ASKED), orient="row")
    if len(asked) > TICKED:
        job = start_validation(view, cast(User, request.user), asked, said={"status": status})
        return show_job(request, view, job, template="web/jobs/started.html")
    parts = list(validating.validate(view.program.code, asked, actor_of(request), now=datetime.now(UTC)))
    unchanged = pl.concat([part.unchanged for part in parts]) if parts else pl.DataFrame(schema=dict(UNCHANGED))
    context = outcome(view, status, sum(len(part.changes) for part in parts), unchanged)
    return show(request, "web/conversions/validated.html", context)


def _refused(view: Viewpoint, status: str, reason: str, comment: str) -> str:
    """Why a form cannot be done as a whole; empty where it can."""
    if status not in DONE:
        return words.word(words.NOT_VALIDATED, "status")
    if status == Status.REJECTED and reason not in reason_titles(view):
        return words.word(words.NOT_VALIDATED, "reason_unknown" if reason else "reason_missing")
    return too_long(comment)


def _too_many() -> str:
    text = _("At most %(n)s conversions are validated at once: nothing was changed. Narrow the period.")
    return text % {"n": formats.number(MOST)}


def _nothing_done(request: HttpRequest, sentence: str) -> HttpResponse:
    return show(request, "web/conversions/validated.html", {"done": sentence, "changed": 0, "left": 0, "refused": True})
