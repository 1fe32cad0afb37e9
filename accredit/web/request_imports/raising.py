"""Raising the requests of an import: first what they would be, then all that are faultless at once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accredit.access.models import User
from accredit.conversion_requests import import_job, importing
from accredit.conversion_requests.importing import Came
from accredit.conversion_requests.models import Kind
from accredit.jobs.models import Job
from accredit.web import formats, words
from accredit.web.imports.opening import Opened, for_upload
from accredit.web.imports.saying import act
from accredit.web.jobs.pages import url_of
from accredit.web.jobs.saying import Said, say
from accredit.web.pages import show

NUMBERS = 12
"""So many runs of numbers are named, such as 17–28."""


@require_safe
@for_upload
def preview(request: HttpRequest, opened: Opened) -> HttpResponse:
    """What would be raised, in figures."""
    checked = importing.preview(opened.kept, opened.view, now=datetime.now(UTC))
    wrong = checked.faults["row"].n_unique()
    lines = [] if wrong else _lines(checked.planned)
    claims = checked.requests.filter(pl.col("kind") == Kind.CLAIM.value).height
    context = {
        "lines": lines,
        "problem": _became_wrong(wrong) if wrong else "",
        "remarks": [_claims(claims)] if claims else [],
        "raise_text": act(opened).removesuffix(" …"),
        "raise_url": opened.url("raise"),
    }
    return show(request, "web/request_imports/preview.html", context)


def _lines(planned: pl.DataFrame) -> Sequence[Mapping[str, Any]]:
    """Each kind with how many there are, what they would earn, and what the rate alone would give where it is
    claimed."""
    lines = []
    for kind in Kind:
        of_kind = planned.filter(pl.col("kind") == kind.value)
        if of_kind.is_empty():
            continue
        difference = kind == Kind.CHANGE
        amount = pl.col("difference_minor" if difference else "commission_minor")
        claimed = of_kind.filter(pl.col("by_rate_minor").is_not_null())
        lines.append(
            {
                "kind": words.word(words.REQUEST_KINDS, kind.value),
                "count": formats.number(len(of_kind)),
                "commission": _sums(of_kind, amount, signed=difference),
                "claimed": _sums(claimed, pl.col("commission_minor")),
                "claimed_count": formats.number(len(claimed)) if len(claimed) else "",
                "by_rate": _sums(claimed, pl.col("by_rate_minor")),
            }
        )
    return lines


def _sums(rows: pl.DataFrame, amount: pl.Expr, *, signed: bool = False) -> str:
    sums = (
        rows.filter(amount.is_not_null())
        .group_by("currency")
        .agg(amount.cast(pl.Int128).sum().alias("sum"))
        .sort("currency")
    )
    texts = [
        ("+" if signed and total > 0 else "") + formats.money(int(total), currency)
        for currency, total in sums.iter_rows()
        if currency
    ]
    return " · ".join(texts)


def _claims(count: int) -> str:
    text = ngettext(
        "%(n)s order is known already: the request claims its credit, and the advertiser decides.",
        "%(n)s orders are known already: these requests claim their credit, and the advertiser decides.",
        count,
    )
    return text % {"n": formats.number(count)}


def _became_wrong(count: int) -> str:
    text = ngettext(
        "%(n)s row has become wrong since it was checked: nothing was raised. Check the file again.",
        "%(n)s rows have become wrong since they were checked: nothing was raised. Check the file again.",
        count,
    )
    return text % {"n": formats.number(count)}


@require_POST
@for_upload
def raise_them(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Raises what is faultless, or starts the job that does."""
    kept, user, now = opened.kept, cast(User, request.user), datetime.now(UTC)
    came = import_job.raise_or_start(kept, opened.view, user, rows=importing.ready(kept), now=now)
    if isinstance(came, Job):
        return HttpResponseRedirect(url_of(came))
    for sentence in told(came):
        (messages.error if came.wrong else messages.success)(request, sentence)
    return redirect(opened.url())


def told(came: Came) -> Sequence[str]:
    """What came of raising, in sentences."""
    if came.wrong:
        return [_became_wrong(came.wrong)]
    said = []
    if came.new:
        text = ngettext(
            "%(n)s request was raised: %(numbers)s.", "%(n)s requests were raised: %(numbers)s.", len(came.new)
        )
        said.append(text % {"n": formats.number(len(came.new)), "numbers": runs(came.new)})
    if came.known:
        text = ngettext(
            "%(n)s was raised before, and nothing twice: %(numbers)s.",
            "%(n)s were raised before, and nothing twice: %(numbers)s.",
            len(came.known),
        )
        said.append(text % {"n": formats.number(len(came.known)), "numbers": runs(came.known)})
    return said or [_("There is nothing left to raise: it was raised already.")]


def runs(numbers: Sequence[int]) -> str:
    """Numbers as people write them: `3, 17–28`."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    texts = [str(first) if first == last else f"{first}–{last}" for first, last in found[:NUMBERS]]
    return ", ".join(texts) + (" …" if len(found) > NUMBERS else "")


def _title(job: Job) -> str:
    return _("Raise the requests of %(name)s") % {"name": job.asked["file"]}


def _outcome(job: Job) -> Sequence[str]:
    raised, known, wrong = (job.outcome.get(name, 0) for name in ("raised", "known", "wrong"))
    said = [
        (raised, ngettext("%(n)s request raised.", "%(n)s requests raised.", raised)),
        (known, ngettext("%(n)s was raised before.", "%(n)s were raised before.", known)),
    ]
    sentences = [text % {"n": formats.number(count)} for count, text in said if count]
    return [*sentences, *([_became_wrong(wrong)] if wrong else [])]


say(import_job.KIND, Said(_title, _outcome, lambda _view, row: (row.why, "")))
