"""What a file of validations asks and does, in the reader's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accredit.conversions import validation_file_job
from accredit.imports import words as imports
from accredit.imports.declaring import Table
from accredit.jobs.models import Job, JobRow
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.conversions.acting import by_whom
from accredit.web.jobs.saying import Said, say

OUTCOMES: words.Words = {
    "approved": gettext_lazy("Approved"),
    "rejected": gettext_lazy("Rejected"),
    "turnover": gettext_lazy("New turnover"),
    "approved+turnover": gettext_lazy("New turnover, then approved"),
    "rejected+turnover": gettext_lazy("New turnover, then rejected"),
    "open": gettext_lazy("Stays as it is"),
}
"""What a row does."""

REFUSED: words.Words = {
    **words.TURNOVER_NOT_CHANGED,
    **words.NOT_VALIDATED,
    "changed_since": gettext_lazy("It was changed after the file was checked: check it again."),
    "ambiguous": gettext_lazy("Several conversions have this order number: name the event type as well."),
    "mismatch": gettext_lazy("Order number and conversion ID name different conversions."),
    "too_many_decimals": gettext_lazy("The turnover has more decimals than its currency."),
    "cell_error": gettext_lazy("A cell holds an error of the spreadsheet: %(detail)s."),
    "too_many_fields": gettext_lazy("The row has %(detail)s cells, more than there are headings."),
    "digits_lost": gettext_lazy(
        "The spreadsheet took the order number for a number and shortened it (%(detail)s). Format the column as text"
        " and enter it again."
    ),
    "no_order": gettext_lazy("Neither order number nor conversion ID is filled."),
    "key_wrong": gettext_lazy("“%(detail)s” is no conversion ID: they begin with cv_."),
    "event_type_unknown": gettext_lazy("The program has no event type “%(detail)s”."),
    "too_long": gettext_lazy("A cell has more than 1,000 characters."),
    "status_unknown": gettext_lazy(
        "“%(detail)s” is no status: write open, approved or rejected, or 0, 1 or 2."
    ),
    "reason_unknown": gettext_lazy("The program has no rejection reason “%(detail)s”."),
    "control_characters": gettext_lazy("The order number holds characters that are not seen, such as line breaks."),
    "turnover_two_ways": gettext_lazy(
        "“%(detail)s” can be read in two ways: write at least one turnover of the file with decimals, such as 1,234.50"
        " or 1.234,50."
    ),
    "turnover_wrong": gettext_lazy("“%(detail)s” is no amount of zero or more."),
    "nothing_asked": gettext_lazy("Neither status nor turnover is filled."),
}  # fmt: skip
"""Why a row does nothing."""


def problem(table: Table, found: Mapping[str, Any]) -> str:
    """A sentence on a problem of a whole file."""
    return " ".join(text for text in imports.problem(table, found) if text)


def why(row: Mapping[str, Any], view: Viewpoint) -> str:
    """Why a row (`file_validating.PLANNED`) does nothing, and who was first."""
    text = str(REFUSED[row["why"]]) % {"detail": row["detail"] or ""}
    if row["why"] == "validated":
        status = words.word(words.STATUSES, row["status_before"])
        who = by_whom(row["changed_through"], row["changed_by"], row["changed_at"], view)
        text += " " + _("%(status)s: %(who)s") % {"status": status, "who": who}
    return text


def _title(job: Job) -> str:
    return _("Validate by the file %(name)s") % {"name": job.asked["file"]}


def _outcome(job: Job) -> Sequence[str]:
    """How many conversions became what."""
    approved, rejected, turnover, stay, left = (
        job.outcome.get(name, 0) for name in ("approved", "rejected", "turnover", "open", "unchanged")
    )
    said = [
        (approved, ngettext("%(n)s conversion approved.", "%(n)s conversions approved.", approved)),
        (rejected, ngettext("%(n)s conversion rejected.", "%(n)s conversions rejected.", rejected)),
        (turnover, ngettext("%(n)s turnover changed.", "%(n)s turnovers changed.", turnover)),
        (stay, ngettext("%(n)s stays as it is, as asked.", "%(n)s stay as they are, as asked.", stay)),
        (left, ngettext("%(n)s row changed nothing.", "%(n)s rows changed nothing.", left)),
    ]
    return [text % {"n": formats.number(count)} for count, text in said if count]


def row_of(facts: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    """What a row of a job says, as a row of a plan does."""
    at = datetime.fromisoformat(facts["changed_at"]) if facts.get("changed_at") else None
    names = ("detail", "status_before", "changed_through", "changed_by")
    return {"why": code, "changed_at": at, **{name: facts.get(name) for name in names}}


def _why(view: Viewpoint, row: JobRow) -> tuple[str, str]:
    return why(row_of(row.facts or {}, row.why), view), ""


say(validation_file_job.KIND, Said(_title, _outcome, _why))
