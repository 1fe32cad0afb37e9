"""Exports of lists: started at the list, written by the worker, fetched from the job's page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST

from accredit.access.models import User
from accredit.jobs.kinds import AsFile, Tell, Work, Written, register
from accredit.jobs.models import Job
from accredit.jobs.operations import NotPermitted, start
from accredit.lists.exporting import Export, Format, export
from accredit.lists.filters import FilterError
from accredit.lists.places import Order
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.jobs.pages import url_of
from accredit.web.jobs.saying import Said, say
from accredit.web.lists.declaring import ListPage
from accredit.web.lists.state import ListState, state_of
from accredit.web.naming import Names
from accredit.web.pages import for_program

KIND = "export"
PAGES: dict[str, ListPage[Any]] = {}
"""By the name of the list."""


@require_POST
@for_program
def start_export(request: HttpRequest, view: Viewpoint, page: ListPage[Any]) -> HttpResponse:
    """Starts the export of the list that the address describes, and goes to its job."""
    format_ = request.POST.get("format")
    if format_ not in list(Format):
        return HttpResponseBadRequest(f"format is one of {', '.join(Format)}")
    state = state_of(page, Names(view), request.GET)
    asked = {
        "list": page.list.name,
        "format": format_,
        "filters": state.filters.parameters(),
        "columns": [one.column.name for one in state.columns],
        "sort": state.order.name,
        "descending": state.order.descending,
    }
    return HttpResponseRedirect(url_of(start(KIND, program=view.program, user=cast(User, request.user), asked=asked)))


def _write(work: Work, path: Path, tell: Tell) -> Written:
    with override(work.job.user.language):
        page, format_ = _page(work.job), Format(work.job.asked["format"])
        rows = export(_asked(work, page), format_, path, page.cells(page, Names(work.view)).text, tell)
        name = f"{page.title} {work.view.program.code}".lower().replace("/", "-").replace(" ", "-")
    return Written(f"{name}-{work.now:%Y-%m-%d}.{format_}", rows, {page.list.name: rows})


def _page(job: Job) -> ListPage[Any]:
    """Of the list that is exported; before there were others, it was that of conversions."""
    return PAGES[job.asked.get("list", "conversions")]


def _asked(work: Work, page: ListPage[Any]) -> Export:
    """What was asked for, as far as the user may see it by now. Raises NotPermitted where it was filtered by what they
    no longer see: the rest would be something else than was asked for."""
    asked, view = work.job.asked, work.view
    try:
        filters = page.list.filters_from((name, text) for name, text in asked["filters"])
    except FilterError:
        raise NotPermitted from None
    order = Order(asked["sort"], descending=asked["descending"])
    declared = page.list.columns
    columns = [declared[name] for name in asked["columns"] if declared[name].shown_to(view)]
    if not all(column.shown_to(view) for column in (*filters.columns, declared[order.name])):
        raise NotPermitted
    facts = facts_of(view, asked["filters"], work.now)
    return Export(page.list, str(page.title), view, filters, order, columns, facts)


def export_state(state: ListState, format_: Format, path: Path, *, now: datetime) -> int:
    """Write the list of a state, in the language that is active; how many rows are in the file."""
    page, view = state.page, state.view
    facts = facts_of(view, state.filters.parameters(), now)
    columns = [one.column for one in state.columns]
    asked = Export(page.list, str(page.title), view, state.filters, state.order, columns, facts)
    return export(asked, format_, path, page.cells(page, state.names).text)


def facts_of(view: Viewpoint, parameters: Sequence[Sequence[str]], now: datetime) -> list[tuple[str, str]]:
    """What a spreadsheet says of itself."""
    program = view.program
    said = "; ".join(f"{name} = {text}" for name, text in parameters)
    return [
        (_("Program"), program.name),
        (_("Read at"), now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
        (_("Times in"), program.timezone),
        (_("Filters"), said or _("everything")),
    ]


def _title(job: Job) -> str:
    return _("Export as %(format)s") % {"format": str(job.asked["format"]).upper().replace("PARQUET", "Parquet")}


def _outcome(job: Job) -> list[str]:
    page = _page(job)
    if page.list.name not in job.outcome:
        return []
    count = job.outcome[page.list.name]
    return [page.exported(count) % {"n": formats.number(count)}]


def declare(pages: Sequence[ListPage[Any]]) -> None:
    """Let exports of these lists be started and run."""
    PAGES.update({page.list.name: page for page in pages})
    register(AsFile(KIND, None, _write))
    say(KIND, Said(_title, _outcome, lambda _view, row: (row.why, "")))
