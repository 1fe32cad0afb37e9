"""How a program deals with requests: how old they may be, who decides, and which accept themselves. The page says what
the rule that stands in the form would accept of those that are open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accredit.access.models import User
from accredit.conversion_requests.deciding import impact
from accredit.conversion_requests.models import Request, Rules, Stage
from accredit.conversion_requests.queries import rules_of
from accredit.conversion_requests.ruling import by_rule, change_rules
from accredit.money import AmountError
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.amounts import amount_from_text
from accredit.web.conversions.acting import typed
from accredit.web.pages import show
from accredit.web.setup.frame import for_setup, show_page

MOST_DAYS = 36_500
MOST_LOOKED_AT = 500
"""Requests of which the preview says what would come: it is asked for while somebody types."""
PAGE = "request-rules"


@dataclass(slots=True)
class Form:
    """What stands in the fields; `errors` by field."""

    period_days: str
    own_decisions: bool
    accepts: bool
    accept_after_days: str
    accept_up_to: str
    errors: dict[str, str] = field(default_factory=dict)


def form_of(rules: Rules, currency: str) -> Form:
    """The form as it opens."""
    up_to = rules.accept_up_to_minor
    return Form(
        period_days=str(rules.period_days),
        own_decisions=rules.own_decisions,
        accepts=rules.accept_after_days is not None,
        accept_after_days="" if rules.accept_after_days is None else str(rules.accept_after_days),
        accept_up_to="" if up_to is None else formats.amount(up_to, currency),
    )


def form_from(request: HttpRequest) -> Form:
    """The form as it was sent."""
    return Form(
        period_days=typed(request, "period_days"),
        own_decisions=bool(typed(request, "own_decisions")),
        accepts=bool(typed(request, "accepts")),
        accept_after_days=typed(request, "accept_after_days"),
        accept_up_to=typed(request, "accept_up_to"),
    )


def read(form: Form, currency: str) -> Mapping[str, Any] | None:
    """What the form says, as `change_rules` takes it; None, with `errors`, where it cannot be read."""
    period = _days(form, "period_days", form.period_days, least=1)
    after, up_to = None, None
    if form.accepts:
        after = _days(form, "accept_after_days", form.accept_after_days or "0", least=0)
        if form.accept_up_to:
            try:
                up_to = amount_from_text(form.accept_up_to, currency)
            except AmountError as error:
                form.errors["accept_up_to"] = str(error)
    if form.errors:
        return None
    return {
        "period_days": period,
        "own_decisions": form.own_decisions,
        "accept_after_days": after,
        "accept_up_to_minor": up_to,
    }


def _days(form: Form, name: str, text: str, *, least: int) -> int:
    if text.isascii() and text.isdigit() and len(text) < 6 and least <= int(text) <= MOST_DAYS:
        return int(text)
    facts = {"least": formats.number(least), "most": formats.number(MOST_DAYS)}
    form.errors[name] = _("Days are a whole number from %(least)s to %(most)s.") % facts
    return 0


def would_accept(view: Viewpoint, rules: Mapping[str, Any], now: datetime) -> str:
    """What the rule would accept of the open requests, in a sentence: now, and of all of them once they are old
    enough."""
    if rules["accept_after_days"] is None:
        return _("No request accepts itself: somebody decides each of them.")
    found = Request.objects.filter(program=view.program, stage=Stage.INQUIRED)
    raised_at = dict(found.order_by("raised_at", "id").values_list("id", "raised_at")[:MOST_LOOKED_AT])
    currency, rows = view.program.currency, impact(view.program, list(raised_at)).rows
    of_rule = by_rule(view.program, Rules(**rules), rows)
    old = now - timedelta(days=rules["accept_after_days"])
    sums = of_rule.group_by("currency").agg(pl.col("newly_minor").sum()).sort("currency").iter_rows()
    count = found.count()
    facts = {
        "all": formats.number(len(of_rule)),
        "open": formats.number(count),
        "due": formats.number(sum(raised_at[UUID(key)] <= old for key in of_rule["id"])),
        "sums": " + ".join(formats.money(amount, code) for code, amount in sums) or formats.money(0, currency),
    }
    text = ngettext(
        "Of %(open)s open request, %(all)s would accept itself by this rule, %(due)s of them once you save;"
        " %(sums)s would newly be paid in all.",
        "Of %(open)s open requests, %(all)s would accept themselves by this rule, %(due)s of them once you save;"
        " %(sums)s would newly be paid in all.",
        count,
    )
    if count > MOST_LOOKED_AT:
        text = " ".join([text, _("Only the oldest %(most)s were looked at for this.")])
        facts["most"] = formats.number(MOST_LOOKED_AT)
    return text % facts


@require_http_methods(["GET", "HEAD", "POST"])
@for_setup
def rules_page(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The rules, and what was typed into them, saved."""
    currency, now = view.program.currency, datetime.now(UTC)
    if request.method != "POST":
        return _page(request, view, form_of(rules_of(view.program), currency), now)
    form = form_from(request)
    wanted = read(form, currency)
    if wanted is None:
        return _page(request, view, form, now, status=422)
    change_rules(view.program, **wanted, user=cast(User, request.user), now=now)
    said = _("The rules for requests are saved.")
    if wanted["accept_after_days"] is not None:
        said = " ".join([said, _("What they accept of the open requests is accepted within seconds.")])
    messages.success(request, said)
    return HttpResponseRedirect(reverse(f"web:{PAGE}", args=[view.program.code]))


@require_POST
@for_setup
def rules_preview(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """What the rule that is typed would accept."""
    return show(request, "web/requests/rules_preview.html", _would(view, form_from(request), datetime.now(UTC)))


def _would(view: Viewpoint, form: Form, now: datetime) -> Mapping[str, str]:
    wanted = read(form, view.program.currency)
    return {"would": would_accept(view, wanted, now) if wanted else " ".join(form.errors.values())}


def _page(request: HttpRequest, view: Viewpoint, form: Form, now: datetime, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "currency": view.program.currency, **_would(view, form, now)}
    return show_page(request, view, PAGE, "web/requests/rules.html", context, status=status)
