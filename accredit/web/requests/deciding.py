"""Accepting and rejecting requests: what is asked before, with the impact, and what became of it.

The window shows the plan that would be applied. It sends along how far each request and its conversion had come, so
that what was looked at is what is accepted; where it is all that match the filters, a digest of that.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversion_requests.deciding import decide, impact
from accredit.conversion_requests.decision_job import start_decision
from accredit.conversion_requests.frames import ASKED
from accredit.conversion_requests.listing import seen_from
from accredit.conversion_requests.models import PREFIX, Request, Stage
from accredit.conversion_requests.queries import rules_of
from accredit.conversion_requests.raising import withdraw
from accredit.conversion_requests.ruling import newly_paid
from accredit.conversions.history import COMMENT_CHARACTERS
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.lists.patience import TakesTooLong
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.conversions.acting import actor_of, too_long, typed
from accredit.web.conversions.history import reason_titles
from accredit.web.jobs.pages import show_job
from accredit.web.naming import Names
from accredit.web.pages import for_permitted, show
from accredit.web.requests.acting import joined
from accredit.web.requests.impact import planned_changes, signed
from accredit.web.requests.matching import matching
from accredit.web.requests.page import PAGE
from accredit.web.requests.words import FAILURES, NOT_DECIDED, rate_of

AT_ONCE = 500
"""How many are decided while one waits; more go on in the background."""
MOST = 20_000
SHOWN = 100
DECIDABLE = (Stage.INQUIRED.value, Stage.FAILED.value)
ACCEPTED, REJECTED, WITHDRAWN = Stage.ACCEPTED.value, Stage.REJECTED.value, Stage.WITHDRAWN.value


class TooMany(ValueError):
    """More requests than one looks at in a window. `last`: the number of the last one that would be."""

    def __init__(self, last: int) -> None:
        self.last = last
        super().__init__(f"more requests than those up to number {last}")


@dataclass(frozen=True, slots=True)
class Left:
    """A request that is left out, or was not decided: which, why, and who was first."""

    number: str
    order: str
    why: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a window is about. `rows`: the requests that can be decided, with PLANNED, `id`, `number`, `stages`,
    `order_token`, `asks` (which partner) and `newly_minor`; `left`: the others; `totals`: by currency."""

    rows: pl.DataFrame
    left: Sequence[Left]
    totals: Sequence[Mapping[str, Any]]

    @property
    def digest(self) -> str:
        """Of how far requests and conversions had come."""
        text = self.rows.sort("id").select("id", "stages", "changes").write_csv()
        return sha256(text.encode()).hexdigest()


def chosen(request: HttpRequest, view: Viewpoint) -> Sequence[UUID]:
    """The requests that a form names (`id`, joined by commas or repeated), or all that the list's address leaves and
    that can still be decided. Raises TakesTooLong and TooMany: of one file all have the same time, so that their
    numbers tell which are the first."""
    if typed(request, "all"):
        keys = matching(view, request.GET, DECIDABLE, limit=MOST + 1)
    else:
        keys = []
        for text in ",".join(request.POST.getlist("id")).split(","):
            with suppress(KeyTextError):
                keys.append(key_from_text(PREFIX, text))
    if len(keys) > MOST:
        raise TooMany(seen_from(view).filter(id__in=keys).order_by("number").values_list("number", flat=True)[MOST - 1])
    return list(dict.fromkeys(keys))


def look_at(view: Viewpoint, user: User, verdict: str, keys: Sequence[UUID]) -> Looked:
    """Requests with what would come of each."""
    known = {one.id: one for one in seen_from(view).filter(id__in=keys)}
    own = _undecidable(view, user, verdict)
    left = [_left(one, _stage_sentence(one)) for one in known.values() if one.stage not in DECIDABLE]
    open_ = [one for one in known.values() if one.stage in DECIDABLE]
    left += [_left(one, words.word(NOT_DECIDED, "own_request")) for one in open_ if one.raised_by_id in own]
    rows = impact(view.program, [one.id for one in open_ if one.raised_by_id not in own]).rows.sort("number")
    if verdict == ACCEPTED:
        refused = rows.filter(pl.col("why").is_not_null())
        left += [
            _left(known[UUID(key)], words.word(FAILURES, why)) for key, why in refused.select("id", "why").iter_rows()
        ]
        rows = rows.filter(pl.col("why").is_null())
    rows = rows.with_columns(
        order_token=pl.Series([known[UUID(key)].order_token for key in rows["id"]], dtype=pl.String),
        asks=pl.Series([known[UUID(key)].partner for key in rows["id"]], dtype=pl.String),
        newly_minor=newly_paid(),
    )
    return Looked(rows, left, totals_of(rows))


def _undecidable(view: Viewpoint, user: User, verdict: str) -> Collection[UUID]:
    """Whose requests the user does not decide."""
    return () if rules_of(view.program).own_decisions or verdict == WITHDRAWN else (user.id,)


def totals_of(rows: pl.DataFrame) -> Sequence[Mapping[str, Any]]:
    """What a currency comes to: requests, commission now, then, the difference, and what is newly paid."""
    sums = [pl.col(f"{name}_minor").sum() for name in ("commission_before", "commission", "difference", "newly")]
    return rows.group_by("currency").agg(pl.len().alias("requests"), *sums).sort("currency").to_dicts()


def _left(one: Request, why: str) -> Left:
    return Left(str(one.number), one.order_token, why)


def _stage_sentence(one: Request) -> str:
    return _("It is %(stage)s by now.") % {"stage": words.word(words.REQUEST_STAGES, one.stage).lower()}


@require_POST
@for_permitted(Permission.DECIDE_REQUESTS)
def ask(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The window before requests are decided, with the impact."""
    verdict = typed(request, "verdict")
    return _ask(request, view, verdict if verdict in (ACCEPTED, REJECTED) else ACCEPTED, reverse_name="request-decide")


@require_POST
@for_permitted(Permission.RAISE_REQUESTS, partners_too=True)
def ask_withdraw(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The window before requests are withdrawn."""
    return _ask(request, view, WITHDRAWN, reverse_name="request-withdraw")


def _ask(request: HttpRequest, view: Viewpoint, verdict: str, *, reverse_name: str) -> HttpResponse:
    shown: dict[str, Any] = {"program": view.program, "view": view, "verdict": verdict}
    try:
        keys = chosen(request, view)
    except TakesTooLong:
        return show(request, "web/requests/decision.html", {**shown, "too_long": True})
    except TooMany as error:
        return show(request, "web/requests/decision.html", {**shown, **_too_many(request, view, error)})
    looked = look_at(view, cast(User, request.user), verdict, keys)
    every = bool(typed(request, "all"))
    query = f"?{request.GET.urlencode()}" if every and request.GET else ""
    rows = looked.rows
    context = {
        **shown,
        "url": reverse(f"web:{reverse_name}", args=[view.program.code]) + query,
        "title": _title(verdict, rows),
        "count": len(rows),
        "all": every,
        "keys": "" if every else ",".join(key_to_text(PREFIX, UUID(key)) for key in rows["id"]),
        "stages": "" if every else ",".join(map(str, rows["stages"])),
        "changes": "" if every else ",".join("" if one is None else str(one) for one in rows["changes"]),
        "digest": looked.digest,
        "totals": [_total(one) for one in looked.totals],
        **_page_of(request, view, rows.head(SHOWN), after=rows["number"].head(SHOWN).max(), more=len(rows) - SHOWN),
        "left_text": _left_out(len(looked.left)),
        "left": looked.left[:SHOWN],
        "reasons": reason_titles(view).items() if verdict == REJECTED else (),
        "comment_characters": COMMENT_CHARACTERS,
        "shows_before": view.sees_everything,
    }
    return show(request, "web/requests/decision.html", context)


def _too_many(request: HttpRequest, view: Viewpoint, error: TooMany) -> Mapping[str, str]:
    """Up to which number they are not too many, with the address of a list that ends there."""
    query = request.GET.copy()
    query["number.until"] = str(error.last)
    url = PAGE.url(view, f"?{query.urlencode()}")
    return {"too_many": formats.number(MOST), "until": str(error.last), "until_url": url}


def _page_of(request: HttpRequest, view: Viewpoint, rows: pl.DataFrame, *, after: Any, more: int) -> Mapping[str, Any]:
    """The context of `web/requests/impact_rows.html`: rows of a window, and where those after a number are asked
    for."""
    names = Names(view)
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return {
        "rows": [_row(names, row) for row in rows.iter_rows(named=True)],
        "rows_url": reverse("web:request-ask-rows", args=[view.program.code]) + query,
        "after": str(after),
        "more": formats.number(more) if more > 0 else "",
        "next": formats.number(min(more, SHOWN)),
    }


@require_POST
@for_permitted(Permission.DECIDE_REQUESTS)
def ask_rows(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The next rows of a window: those after the number that it has come to."""
    after = _count(typed(request, "after")) or 0
    try:
        keys = chosen(request, view)
    except (TakesTooLong, TooMany):
        keys = []
    verdict = typed(request, "verdict")
    own = _undecidable(view, cast(User, request.user), verdict)
    found = seen_from(view).filter(id__in=keys, stage__in=DECIDABLE, number__gt=after).exclude(raised_by__in=own)
    further = list(found.order_by("number").values_list("number", "id"))
    shown = further[:SHOWN]
    rows = look_at(view, cast(User, request.user), verdict, [key for _number, key in shown]).rows
    last, more = shown[-1][0] if shown else after, len(further) - SHOWN
    return show(request, "web/requests/impact_rows.html", _page_of(request, view, rows, after=last, more=more))


def _title(verdict: str, rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return _("Nothing to decide")
    if len(rows) == 1:
        one = {
            ACCEPTED: _("Accept request %(number)s"),
            REJECTED: _("Reject request %(number)s"),
            WITHDRAWN: _("Withdraw request %(number)s"),
        }
        return one[verdict] % {"number": rows["number"][0]}
    count = len(rows)
    match verdict:
        case Stage.ACCEPTED.value:
            text = ngettext("Accept %(n)s request", "Accept %(n)s requests", count)
        case Stage.REJECTED.value:
            text = ngettext("Reject %(n)s request", "Reject %(n)s requests", count)
        case _:
            text = ngettext("Withdraw %(n)s request", "Withdraw %(n)s requests", count)
    return text % {"n": formats.number(count)}


def _left_out(count: int) -> str:
    text = ngettext("%(n)s more is left out:", "%(n)s more are left out:", count)
    return text % {"n": formats.number(count)} if count else ""


def _total(one: Mapping[str, Any]) -> Mapping[str, str]:
    currency = one["currency"]
    return {
        "currency": currency,
        "requests": formats.number(one["requests"]),
        "before": formats.money(one["commission_before_minor"] or 0, currency),
        "after": formats.money(one["commission_minor"] or 0, currency),
        "difference": signed(one["difference_minor"] or 0, currency),
        "newly": formats.money(one["newly_minor"] or 0, currency),
    }


def _row(names: Names, row: Mapping[str, Any]) -> Mapping[str, Any]:
    currency = row["currency"]
    before, after, difference = (row[f"{name}_minor"] for name in ("commission_before", "commission", "difference"))
    return {
        "number": str(row["number"]),
        "order": row["order_token"],
        "name": names.partners.get(row["asks"], row["asks"]),
        "kind": words.word(words.REQUEST_KINDS, row["kind"]),
        "changes": planned_changes(names, row),
        "before": formats.money(before, currency) if before is not None else "–",
        "after": formats.money(after, currency) if after is not None else "–",
        "difference": signed(difference, currency) if difference is not None else "",
        "model": rate_of(row["model"], row["restriction"]),
        "claimed": row["by_rate_minor"] is not None,
        "why": words.word(FAILURES, row["why"]) if row["why"] else "",
    }


@require_POST
@for_permitted(Permission.DECIDE_REQUESTS)
def decide_requests(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Accepts or rejects what `ask` showed."""
    verdict, reason, comment = typed(request, "verdict"), typed(request, "reason"), typed(request, "comment")
    if sentence := _refused(view, verdict, reason, comment):
        return _nothing_done(request, sentence)
    try:
        looked_at = _looked_at(request, view, verdict)
    except (TakesTooLong, TooMany):
        text = _("At most %(n)s requests are decided at once: nothing was changed. Close this and look again.")
        return _nothing_done(request, text % {"n": formats.number(MOST)})
    if looked_at is None:
        return _nothing_done(
            request, _("Something changed since you looked: nothing was decided. Close this and look again.")
        )
    given = {"verdict": verdict, "reason": reason or None, "comment": comment or None}
    asked = looked_at.with_columns(pl.lit(value, pl.String).alias(name) for name, value in given.items())
    asked = asked.select(*ASKED)
    if len(asked) > AT_ONCE:
        job = start_decision(view, cast(User, request.user), asked, verdict=verdict)
        return show_job(request, view, job, template="web/jobs/started.html")
    moved = decide(view.program, asked, actor=actor_of(request), now=datetime.now(UTC))
    return show(request, "web/requests/decided.html", outcome(view, verdict, moved.done, moved.undone))


def _looked_at(request: HttpRequest, view: Viewpoint, verdict: str) -> pl.DataFrame | None:
    """`id`, `stages` and `changes` of what the window showed; None where it would show something else by now."""
    if typed(request, "all"):
        looked = look_at(view, cast(User, request.user), verdict, chosen(request, view))
        return looked.rows if looked.digest == typed(request, "digest") else None
    keys, stages, changes = (typed(request, name).split(",") for name in ("id", "stages", "changes"))
    if not len(keys) == len(stages) == len(changes):
        return None
    rows = []
    for key, stage, change in zip(keys, stages, changes, strict=True):
        with suppress(KeyTextError):
            named = str(key_from_text(PREFIX, key))
            rows.append({"id": named, "stages": _count(stage), "changes": _count(change)})
    return pl.DataFrame(rows, schema={name: ASKED[name] for name in ("id", "stages", "changes")}, orient="row")


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


@require_POST
@for_permitted(Permission.RAISE_REQUESTS, partners_too=True)
def withdraw_requests(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Withdraws what `ask_withdraw` showed."""
    try:
        looked_at = _looked_at(request, view, WITHDRAWN)
    except (TakesTooLong, TooMany):
        looked_at = None
    if looked_at is None:
        return _nothing_done(
            request, _("Something changed since you looked: nothing was decided. Close this and look again.")
        )
    keys = [UUID(key) for key in looked_at["id"]]
    moved = withdraw(view, keys, actor=actor_of(request), now=datetime.now(UTC))
    return show(request, "web/requests/decided.html", outcome(view, WITHDRAWN, moved.done, moved.undone))


def outcome(view: Viewpoint, verdict: str, done: pl.DataFrame, undone: pl.DataFrame) -> Mapping[str, Any]:
    """The context of `web/requests/decided.html`: how many came to what, and those that did not (UNDECIDED), with why
    and who was first."""
    left = len(undone)
    orders = dict(seen_from(view).filter(id__in=list(undone["id"][:SHOWN])).values_list("id", "order_token"))
    remain = undone_text(left)
    return {
        "done": remain if done.is_empty() else done_text(verdict, len(done)),
        "changed": len(done),
        "left": left,
        "left_text": "" if done.is_empty() else remain,
        "rows": [_undecided(view, row, orders) for row in undone.head(SHOWN).iter_rows(named=True)],
        "more": formats.number(left - SHOWN) if left > SHOWN else "",
    }


def done_text(verdict: str, count: int) -> str:
    """How many requests came to a stage."""
    match verdict:
        case Stage.ACCEPTED.value:
            text = ngettext("%(n)s request accepted.", "%(n)s requests accepted.", count)
        case Stage.REJECTED.value:
            text = ngettext("%(n)s request rejected.", "%(n)s requests rejected.", count)
        case _:
            text = ngettext("%(n)s request withdrawn.", "%(n)s requests withdrawn.", count)
    return text % {"n": formats.number(count)}


def undone_text(count: int) -> str:
    """How many requests did not come to a stage."""
    text = ngettext("%(n)s request was not changed.", "%(n)s requests were not changed.", count)
    return text % {"n": formats.number(count)}


def _undecided(view: Viewpoint, row: Mapping[str, Any], orders: Mapping[UUID, str]) -> Left:
    number = "" if row["number"] is None else str(row["number"])
    first = first_of(view, row["stage"], row["changed_by"], row["changed_at"]) if row["why"] == "decided" else ""
    return Left(number, orders.get(UUID(row["id"]), ""), words.word(NOT_DECIDED, row["why"]), first)


def first_of(view: Viewpoint, stage: str | None, by: str | None, at: datetime | None) -> str:
    """Who decided what on a request, and when (UNDECIDED); partners read no names."""
    if stage is None or at is None:
        return ""
    who = (by or _("by the program’s rule")) if view.sees_everything else ""
    when = formats.instant(at, ZoneInfo(view.program.timezone), seconds=True)
    return joined([words.word(words.REQUEST_STAGES, stage), who, when], ", ")


def _refused(view: Viewpoint, verdict: str, reason: str, comment: str) -> str:
    """Why a form cannot be done as a whole; empty where it can."""
    if verdict not in (ACCEPTED, REJECTED):
        return words.word(NOT_DECIDED, "verdict")
    if verdict == REJECTED and reason not in reason_titles(view):
        return words.word(NOT_DECIDED, "reason_unknown" if reason else "reason_missing")
    return too_long(comment)


def _nothing_done(request: HttpRequest, sentence: str) -> HttpResponse:
    return show(request, "web/requests/decided.html", {"done": sentence, "changed": 0, "left": 0, "refused": True})
