"""Files to take along: a sample with the headings, and an uploaded table with what comes of each row beside it."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from psycopg import sql

from accredit.access.permissions import Permission
from accredit.conversions.file_validating import outcomes
from accredit.conversions.models import Conversion, Status
from accredit.conversions.validation_file import table_of
from accredit.files.formulas import defused
from accredit.imports import samples
from accredit.imports import words as imports
from accredit.imports.models import Upload
from accredit.imports.operations import frame
from accredit.imports.rows import load
from accredit.imports.sheets import ROW
from accredit.jobs.models import Job, JobRow
from accredit.programs.models import RejectionReason
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.pages import for_permitted
from accredit.web.validation import saying
from accredit.web.validation.pages import found

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Table = Iterator[Sequence[str]]


@require_safe
@for_permitted(Permission.VALIDATE)
def sample(request: HttpRequest, view: Viewpoint, name: str) -> HttpResponse:  # noqa: ARG001 - the guard takes it
    """`de.csv`, `en.xlsx`, …: the headings in a language, and how rows look."""
    language, _dot, kind = name.partition(".")
    if language not in ("de", "en") or kind not in TYPES:
        raise Http404(f"no sample {name!r}")
    with translation.override(language):
        if kind == "csv":
            return _answer(_csv(_sample_lines(view)), kind, _("validation-sample"))
        return _answer(samples.sample(table_of(view.program), _examples(view)), kind, _("validation-sample"))


def _examples(view: Viewpoint) -> Sequence[samples.Example]:
    """How rows look: an approval, a rejection, and a new turnover."""
    tokens = list(
        Conversion.objects.filter(program=view.program, status=Status.OPEN)
        .order_by("-occurred_at", "-id")
        .values_list("order_token", flat=True)[:3]
    )
    tokens += ["1001", "1002", "1003"][len(tokens) :]
    reason = RejectionReason.objects.filter(program=view.program).order_by("id").first()
    title = getattr(reason, f"title_{formats.language()}", "")
    approved, rejected = (str(words.STATUSES[status]).lower() for status in (Status.APPROVED, Status.REJECTED))
    return [
        {"order_token": tokens[0], "status": approved},
        {
            "order_token": tokens[1],
            "status": rejected,
            "rejection_reason": title,
            "comment": _("Came back damaged"),
        },
        {
            "order_token": tokens[2],
            "status": approved,
            "comment": _("One item came back"),
            "turnover": Decimal("12.50"),
        },
    ]


def _sample_lines(view: Viewpoint) -> Table:
    """The same for a CSV file, without what most need not."""
    names = ("order_token", "status", "rejection_reason", "comment", "turnover")
    table = table_of(view.program)
    yield [imports.title(table.column(name)) for name in names]
    point = "," if formats.language() == "de" else "."
    for example in _examples(view):
        yield [str(example.get(name, "")).replace(".", point if name == "turnover" else ".") for name in names]


@require_safe
@for_permitted(Permission.VALIDATE)
def rows(request: HttpRequest, view: Viewpoint, upload: str, kind: str) -> HttpResponse:
    """The uploaded table as CSV or XLSX, with what came or would come of each row."""
    kept = found(request, view, upload)
    if kind not in TYPES or kept.plan is None:
        raise Http404(f"no rows of {upload!r} as {kind!r}")
    name = kept.file_name.rpartition(".")[0] or kept.file_name
    lines = _annotated(view, kept)
    return _answer(_csv(lines) if kind == "csv" else _xlsx(lines), kind, f"{name}-{_('checked')}")


def _annotated(view: Viewpoint, kept: Upload) -> Table:
    planned = frame(kept.plan or b"")
    done, refusals = _done(kept)
    yield [*kept.names, _("Row"), _("Outcome"), _("Why")]
    loaded = load(kept, sql.SQL("true")).rows
    cells = loaded.select(str(place) for place in range(len(kept.names)))
    for place, (texts, row, outcome) in enumerate(
        zip(cells.iter_rows(), planned.iter_rows(named=True), outcomes(planned), strict=True)
    ):
        refusal = refusals.get(row[ROW]) or (row if row["why"] else None)
        if refusal is not None:
            said = [_("Nothing changed") if kept.job else _("Would change nothing"), saying.why(refusal, view)]
        else:
            word = words.word(saying.OUTCOMES, outcome)
            said = [word if place < done or not kept.job else _("Not yet: %(outcome)s") % {"outcome": word}, ""]
        yield [*(text or "" for text in texts), str(row[ROW]), *said]


def _done(kept: Upload) -> tuple[int, Mapping[int, Mapping[str, Any]]]:
    """How many rows are dealt with, and those that changed nothing then, by their number."""
    job = Job.objects.filter(id=kept.job).first() if kept.job else None
    if job is None:
        return 0, {}
    rows = JobRow.objects.filter(job=job).values_list("why", "facts")
    return job.done, {int(facts["row"]): saying.row_of(facts, why) for why, facts in rows.iterator() if facts}


def _answer(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{_ascii(name)}.{kind}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _ascii(name: str) -> str:
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in name)[:80]


def _csv(table: Table) -> bytes:
    """As spreadsheets of the language open it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if formats.language() == "de" else ",")
    writer.writerows([defused(cell) for cell in row] for row in table)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(table: Table) -> bytes:
    """Every cell as text, so that no order number becomes a number and nothing a formula."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        page = book.add_worksheet()
        as_text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True})
        for number, row in enumerate(table):
            for column, cell in enumerate(row):
                page.write_string(number, column, cell, bold if number == 0 else as_text)
        page.freeze_panes(1, 0)
        page.set_column(0, 30, 18)
    return content.getvalue()
