"""The editor of a version of terms. Everything that was typed is in the form, and comes back with every answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversions.models import Conversion
from accredit.conversions.replaying import CONVERSIONS_REPLAYED, replay
from accredit.engine.program import NUMBER_FIELDS, PPM_PER_PERCENT, TEXT_FIELDS, Program, Terms
from accredit.engine.trace import CommissionTooLarge
from accredit.files.program_file import ValuesRefused, values_of
from accredit.programs.changing import PartChanged, Setup, change_program, digest, setup_of
from accredit.programs.operations import ChangesRefused
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.conversions.summing import Sum
from accredit.web.pages import for_permitted, show, wants_part
from accredit.web.sentences import translated
from accredit.web.setup import telling
from accredit.web.terms.changing import change
from accredit.web.terms.drafting import PayoutDraft, TermsDraft, operators_of, unreadable_numbers
from accredit.web.terms.judging import judged, shadowed
from accredit.web.terms.pages import earlier, found_version, is_used, show_terms
from accredit.web.terms.sampling import TEXTS, Editor, SampleDraft, earned, order_of, taken
from accredit.web.terms.wording import FIELDS, LEVELS, OPERATORS

ALL_OF_IT = 100 * PPM_PER_PERCENT
ALWAYS_SAMPLED = ("customer_status", "category", "country")


@dataclass(frozen=True, slots=True)
class Editing:
    """What is edited where. `own`: the version as it is installed, None where it is new; `start`: what the form shows
    at first; `against`: the version that it is compared with."""

    view: Viewpoint
    setup: Setup
    title: str
    code: str
    version: int
    own: Terms | None
    start: Terms
    against: Terms | None

    @property
    def program(self) -> Program:
        return self.setup.program

    @property
    def seen(self) -> str:
        """By which the form knows whether what it showed still holds."""
        return digest(self.own)


@for_permitted(Permission.SET_UP)
def new_terms(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The first version of new template terms."""
    setup = setup_of(view.program.code)
    code = (request.POST.get("code") or "").strip()
    start = Terms(code, 1, ())
    return _answer(request, Editing(view, setup, _("New template terms"), code, 1, None, start, None))


@for_permitted(Permission.SET_UP)
def next_version(request: HttpRequest, view: Viewpoint, terms: str, version: int) -> HttpResponse:
    """The next version, which begins with what this one says."""
    setup = setup_of(view.program.code)
    found = found_version(setup.program, terms, version)
    return _answer(request, _next(view, setup, found, request.POST.get("version", "")))


def _next(view: Viewpoint, setup: Setup, found: Terms, shown: str = "") -> Editing:
    """A new version of the terms found: the one that the form `shown` was about, so that a second click makes no second
    version; else the next one."""
    newest = max(one.version for one in setup.program.terms if one.code == found.code)
    number = next((known for known in range(found.version + 1, newest + 1) if str(known) == shown), newest + 1)
    title = _("%(terms)s, new version %(version)s") % {"terms": found.code, "version": number}
    return Editing(view, setup, title, found.code, number, None, replace(found, version=number), found)


@for_permitted(Permission.SET_UP)
def edit_version(request: HttpRequest, view: Viewpoint, terms: str, version: int) -> HttpResponse:
    """A version that no contract uses yet."""
    setup = setup_of(view.program.code)
    found = found_version(setup.program, terms, version)
    if is_used(setup.program, found):
        messages.info(request, _("Contracts use this version: it stays as it is. Make a new version of it."))
        return HttpResponseRedirect(reverse("web:terms-version", args=[view.program.code, terms, version]))
    title = _("%(terms)s, version %(version)s") % {"terms": terms, "version": version}
    return _answer(request, Editing(view, setup, title, terms, version, found, found, earlier(setup.program, found)))


@require_http_methods(["GET", "HEAD", "POST"])
def _answer(request: HttpRequest, editing: Editing) -> HttpResponse:
    if request.method != "POST":
        editor = Editor(draft=TermsDraft.of(editing.start))
        if not editor.draft.payouts:
            editor.draft.payouts.append(PayoutDraft(editing.program.event_types[0].code))
        editor.sample = SampleDraft.first(editing.program, editing.start)
        editor.renumber()
        return _show(request, editing, editor)
    editor = Editor(
        draft=TermsDraft.typed(request.POST, code=editing.code, version=editing.version),
        sample=SampleDraft.typed(request.POST),
    )
    do = request.POST.get("do", "save")
    if do == "save":
        return _save(request, editing, editor)
    if do == "earn" and wants_part(request):
        editor.renumber()
        return show(request, "web/terms/earned.html", _earned(editing, editor))
    if do == "replay" and wants_part(request):
        editor.renumber()
        return show(request, "web/terms/replay.html", _replayed(editing, editor))
    focus = ""
    if do == "take":
        _take(editing, editor)
    else:
        focus = change(editor, do)
    return _show(request, editing, editor, focus=focus, judge=bool(request.POST.get("tried")))


def _save(request: HttpRequest, editing: Editing, editor: Editor) -> HttpResponse:
    editor.renumber()
    terms = judged(editor.draft, editing.program)
    if terms is not None and editing.own is None and _is_there(editing, terms):
        return go(request, _address(editing.view, terms))  # a second click on Save
    if editing.own is None and any(one.code == editing.code for one in editing.program.terms) and editing.version == 1:
        editor.draft.errors["code"] = _("There are terms of this code already.")
        terms = None
    if terms is None:
        return _show(request, editing, editor, judge=True, status=422)
    try:
        change_program(
            editing.view.program.code,
            edit=_put(terms, seen=request.POST.get("seen", "")),
            accept=lambda _changes: True,
            actor=cast(User, request.user),
            now=datetime.now(UTC),
        )
    except PartChanged:
        wrong = _("Somebody else changed these terms in the meantime. What you typed is still here.")
        if editing.own is None and editing.against is not None:
            setup = setup_of(editing.view.program.code)
            if _is_there(replace(editing, setup=setup), terms):
                return go(request, _address(editing.view, terms))
            editing = _next(editing.view, setup, editing.against)
            text = _(
                "Version %(taken)s is there by now. What you typed is still here: saved, it becomes version %(next)s."
            )
            wrong = text % {"taken": terms.version, "next": editing.version}
        return _show(request, editing, editor, wrong=wrong, judge=True, status=409)
    except (ChangesRefused, ValuesRefused) as error:
        return _show(request, editing, editor, wrong=refusals(error, editing.view), judge=True, status=409)
    messages.success(
        request,
        _("Version %(version)s of %(terms)s is saved. No contract uses it until you announce it.")
        % {"version": terms.version, "terms": terms.code},
    )
    return go(request, _address(editing.view, terms))


def _is_there(editing: Editing, terms: Terms) -> bool:
    """Whether the new version that would be saved is saved already, word for word."""
    key = (terms.code, terms.version)
    return any((one.code, one.version) == key and one.payouts == terms.payouts for one in editing.program.terms)


def _address(view: Viewpoint, terms: Terms) -> str:
    return reverse("web:terms-version", args=[view.program.code, terms.code, terms.version])


def refusals(error: ChangesRefused | ValuesRefused, view: Viewpoint) -> str:
    """Why an edit was refused, in the reader's language."""
    if isinstance(error, ValuesRefused):
        return " ".join(translated(finding.message) for finding in error.findings)
    return " ".join(telling.refusal(one, ZoneInfo(view.program.timezone)) for one in error.refusals)


def go(request: HttpRequest, address: str) -> HttpResponse:
    """To another page, also where htmx asked."""
    if wants_part(request):
        return HttpResponse(status=200, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _put(terms: Terms, *, seen: str) -> Callable[[Setup], None]:
    """The edit that adds a version, or changes one that is as it was `seen`; what an announcement says of it stays."""

    def edit(setup: Setup) -> None:
        key = (terms.code, terms.version)
        there = next((one for one in setup.program.terms if (one.code, one.version) == key), None)
        if digest(there) != seen:
            raise PartChanged
        if there is None:
            versions = (*setup.program.terms, terms)
        else:
            changed = replace(there, payouts=terms.payouts)
            versions = tuple(changed if one is there else one for one in setup.program.terms)
        write(setup, replace(setup.program, terms=versions))

    return edit


def write(setup: Setup, program: Program) -> None:
    """Edit the values so that they say this program."""
    setup.values.clear()
    setup.values.update(values_of(program))


def _take(editing: Editing, editor: Editor) -> None:
    """A real conversion as the sample, found by its order number."""
    token = editor.sample.token
    found = Conversion.objects.filter(program=editing.view.program, order_token=token).order_by("event_type").first()
    if found is None:
        editor.sample.errors["token"] = _("There is no conversion of this order number.")
    else:
        editor.sample = taken(found)


def _show(
    request: HttpRequest,
    editing: Editing,
    editor: Editor,
    *,
    focus: str = "",
    judge: bool = False,
    wrong: str = "",
    status: int = 200,
) -> HttpResponse:
    editor.draft.offer_amounts(editing.program.currency)
    editor.renumber()
    sums = _earned(editing, editor, judge=judge)
    context = {
        "editing": editing,
        "editor": editor,
        "url": request.path,
        "focus": focus,
        "seen": request.POST.get("seen") or editing.seen,
        "judge": judge,
        "wrong": wrong,
        "errors": sum(len(part.errors) for part in editor.draft.inside()),
        **offered(editing.program),
        "sample_fields": _sample_fields(editor),
        "suggestions_url": reverse("web:terms-suggestions", args=[editing.view.program.code]),
        "back_url": _back(editing),
        **sums,
    }
    if wants_part(request):
        # htmx leaves out what is refused; the form comes back as it is.
        return show(request, "web/terms/editor.html", context)
    return show_terms(request, editing.view, "web/terms/edit.html", context, status=status)


def offered(program: Program) -> Mapping[str, Any]:
    """What the fields of the editor offer."""
    return {
        "event_types": [one.code for one in program.event_types],
        "levels": list(LEVELS.items()),
        "fields": list(FIELDS.items()),
        "operators": {
            kind: [(name, OPERATORS[name]) for name in operators_of(rule_field)]
            for kind, rule_field in (("text", TEXT_FIELDS[0]), ("number", NUMBER_FIELDS[0]))
        },
    }


def _back(editing: Editing) -> str:
    program = editing.view.program.code
    if editing.against is None and editing.own is None:
        return reverse("web:terms", args=[program])
    terms = editing.own or editing.against
    assert terms is not None
    return reverse("web:terms-version", args=[program, terms.code, terms.version])


def _sample_fields(editor: Editor) -> Mapping[str, Sequence[tuple[str, str, str]]]:
    """Name, title and text of the sample's fields: those that rules look at first, the others out of the way."""
    used = editor.used_fields() | set(ALWAYS_SAMPLED)
    texts = editor.sample.texts
    rows = [(name, str(title), texts.get(name, "")) for name, title in FIELDS.items() if name in TEXTS]
    return {
        "shown": [row for row in rows if row[0] in used or row[2]],
        "more": [row for row in rows if not (row[0] in used or row[2])],
    }


def _earned(editing: Editing, editor: Editor, *, judge: bool = False) -> Mapping[str, Any]:
    """What the sample earns under the draft, and under the version that it is compared with."""
    terms = judged(editor.draft, editing.program)
    unreadable = unreadable_numbers(editor.draft)
    if not judge:  # what is not finished yet is not wrong yet
        for part in editor.draft.inside():
            part.errors.clear()
    order = order_of(editor.sample)
    against = editing.against
    program, key = editing.program, editing.view.program.id
    return {
        "sum": _sum(lambda: earned(order, terms, program, key)) if order and terms else None,
        "sum_against": _sum(lambda: earned(order, against, program, key)) if order and against else None,
        "against": against,
        "incomplete": terms is None,
        "unreadable": unreadable,
        "sample_wrong": order is None,
        "notes": [*_never_reached(terms), *_more_than_all(terms)] if terms else [],
        "sample": editor.sample,
    }


def _sum(work: Callable[[], Sum]) -> Sum | str:
    try:
        return work()
    except CommissionTooLarge:
        return _("The commission would reach 10^15 minor units: look at the amounts again.")


def _never_reached(terms: Terms) -> Sequence[str]:
    text = _("The payout group “%(group)s” is never reached: “%(before)s” stands before it and asks for no more.")
    return [
        text % {"group": payout.groups[place].model, "before": before.model}
        for payout in terms.payouts
        for place, before in shadowed(payout)
    ]


def _more_than_all(terms: Terms) -> Sequence[str]:
    text = _("“%(name)s” pays %(percent)s, more than the whole turnover.")
    paying = [(one.model, one.rate) for one in terms.payouts]
    paying += [(group.model, group.rate) for one in terms.payouts for group in one.groups]
    rates = [(name, rate.percent_ppm or 0) for name, rate in paying]
    return [text % {"name": name, "percent": formats.percent(ppm)} for name, ppm in rates if ppm > ALL_OF_IT]


def _replayed(editing: Editing, editor: Editor) -> Mapping[str, Any]:
    """What recent conversions would earn under the draft, by partner."""
    terms = judged(editor.draft, editing.program)
    if terms is None:
        return {"incomplete": True}
    anybody = not any(period.terms == terms.code for one in editing.program.contracts for period in one.periods)
    try:
        found = replay(editing.view.program.id, editing.program, terms, anybody=anybody)
    except CommissionTooLarge:
        return {"wrong": _("The commission would reach 10^15 minor units: look at the amounts again.")}
    found = with_money(found)
    names = {partner.code: partner.name for partner in editing.program.partners}
    totals = found.drop("partner").group_by("currency").sum().sort("currency")
    return {
        "anybody": anybody,
        "limit": formats.number(CONVERSIONS_REPLAYED),
        "rows": [_difference(row, names.get(row["partner"], row["partner"])) for row in found.iter_rows(named=True)],
        "totals": [_difference(row, _("All partners")) for row in totals.iter_rows(named=True)],
    }


def with_money(found: pl.DataFrame) -> pl.DataFrame:
    """Without the currencies in which no partner has any money: each would be a line more for every partner."""
    amounts = pl.max_horizontal(pl.col("turnover_minor", "commission_minor", "proposed_minor").abs())
    paid = found.filter(amounts.max().over("currency") > 0)
    return found if paid.is_empty() else paid


def _difference(row: Mapping[str, Any], name: str) -> Mapping[str, str]:
    change_minor = row["proposed_minor"] - row["commission_minor"]
    sign = "+" if change_minor > 0 else ""
    return {
        "name": name,
        "conversions": formats.number(row["conversions"]),
        "turnover": formats.money(row["turnover_minor"], row["currency"]),
        "commission": formats.money(row["commission_minor"], row["currency"]),
        "proposed": formats.money(row["proposed_minor"], row["currency"]),
        "change": f"{sign}{formats.money(change_minor, row['currency'])}",
        "direction": "more" if change_minor > 0 else "less" if change_minor < 0 else "same",
    }
