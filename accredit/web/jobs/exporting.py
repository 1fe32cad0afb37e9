"""Exports of the list: started at the list, written by the worker, fetched from the job's page."""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_POST

from accredit.access.models import User
from accredit.conversions.columns import COLUMNS
from accredit.conversions.exporting import Export, Format, export
from accredit.conversions.filters import FilterError, filters_from
from accredit.conversions.listing import Order
from accredit.jobs.kinds import AsFile, Tell, Work, Written, register
from accredit.jobs.models import Job
from accredit.jobs.operations import NotPermitted, start
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.conversions.cells import Cells
from accredit.web.conversions.filtering import state_of
from accredit.web.jobs.pages import url_of
from accredit.web.jobs.saying import Said, say
from accredit.web.naming import Names
from accredit.web.pages import for_program

KIND = "export"


@require_POST
@for_program
def start_export(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Starts the export of the list that the address describes, and goes to its job."""
    format_ = request.POST.get("format")
    if format_ not in list(Format):
        return HttpResponseBadRequest(f"format is one of {', '.join(Format)}")
    state = state_of(Names(view), request.GET)
    asked = {
        "format": format_,
        "filters": state.filters.parameters(),
        "columns": [one.column.name for one in state.columns],
        "sort": state.order.name,
        "descending": state.order.descending,
    }
    return HttpResponseRedirect(url_of(start(KIND, program=view.program, user=cast(User, request.user), asked=asked)))


def _write(work: Work, path: Path, tell: Tell) -> Written:
    with override(work.job.user.language):
        format_ = Format(work.job.asked["format"])
        asked = _asked(work)
        rows = export(asked, format_, path, Cells(Names(work.view)).text, tell)
        name = f"{_('conversions')}-{work.view.program.code.replace('/', '-')}-{work.now:%Y-%m-%d}.{format_}"
    return Written(name, rows, {"conversions": rows})


def _asked(work: Work) -> Export:
    """What was asked for, as far as the user may see it by now. Raises NotPermitted where it was filtered by what they
    no longer see: the rest would be something else than was asked for."""
    asked, view = work.job.asked, work.view
    try:
        filters = filters_from((name, text) for name, text in asked["filters"])
    except FilterError:
        raise NotPermitted from None
    order = Order(asked["sort"], descending=asked["descending"])
    columns = [COLUMNS[name] for name in asked["columns"] if COLUMNS[name].shown_to(view)]
    if not all(column.shown_to(view) for column in (*filters.columns, COLUMNS[order.name])):
        raise NotPermitted
    return Export(view, filters, order, columns, facts_of(view, asked["filters"], work.now))


def facts_of(view: Viewpoint, parameters: list[list[str]], now: datetime) -> list[tuple[str, str]]:
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
    if "conversions" not in job.outcome:
        return []
    count = job.outcome["conversions"]
    text = ngettext("%(n)s conversion in the file.", "%(n)s conversions in the file.", count)
    return [text % {"n": formats.number(count)}]


def declare() -> None:
    """Let exports be started and run."""
    register(AsFile(KIND, None, _write))
    say(KIND, Said(_title, _outcome, lambda _view, row: (row.why, "")))
