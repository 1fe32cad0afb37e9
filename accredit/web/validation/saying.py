"""What a file of validations asks and does, in the reader's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accredit.conversions import validation_file_job
from accredit.conversions.validation_file import FileProblem
from accredit.imports.headings import Heading
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
    "turnover_wrong": gettext_lazy("“%(detail)s” is no amount of zero or more."),
    "nothing_asked": gettext_lazy("Neither status nor turnover is filled."),
}  # fmt: skip
"""Why a row does nothing."""

PROBLEMS: words.Words = {
    "no_order_column": gettext_lazy(
        "No column names the conversions: the first row that is filled must have a heading “Order number” or"
        " “Conversion ID”. It has: %(names)s."
    ),
    "nothing_to_change": gettext_lazy(
        "No column says what to change: there must be a heading “Status” or “Turnover”. There are: %(names)s."
    ),
    "column_twice": gettext_lazy("These headings mean the same column: %(names)s. Leave all but one out."),
    "no_rows": gettext_lazy("There are headings, and no rows below them."),
    "turnover_two_ways": gettext_lazy(
        "The turnovers can be read in two ways, such as “%(texts)s” in row %(rows)s. Write at least one of them with"
        " decimals, such as 1,234.50 or 1.234,50."
    ),
    "turnover_mixed": gettext_lazy(
        "Some turnovers have a decimal point, others a decimal comma, such as %(texts)s in rows %(rows)s. Write all of"
        " them in one way."
    ),
}
"""What is wrong with a file as a whole."""


def heading(one: Heading) -> str:
    """A column's heading in the active language."""
    return one.de if formats.language() == "de" else one.en


def problem(found: FileProblem) -> str:
    """A sentence on a problem of a whole file."""
    details = {name: ", ".join(map(str, values)) for name, values in found.details.items()}
    return str(PROBLEMS[found.code]) % details


def unused(names: Sequence[tuple[str, Heading | None]]) -> Sequence[str]:
    """Sentences on headings that are not used."""
    plain = ", ".join(f"“{name}”" for name, near in names if near is None)
    said = [_("Columns that are not used: %(names)s.") % {"names": plain}] if plain else []
    for name, near in names:
        if near is not None:
            text = _("The column “%(name)s” is not used. Is it “%(near)s”?")
            said.append(text % {"name": name, "near": heading(near)})
    return said


def understood(told: Mapping[str, str]) -> str:
    """How a file was read: `CSV, Windows-1252, separated by ;`."""
    if told["format"] == "XLSX":
        text = _("XLSX, sheet “%(sheet)s”") % {"sheet": told["sheet"]}
        others = int(told["other_sheets"])
        more = ngettext("%(n)s other sheet was not read", "%(n)s other sheets were not read", others)
        return f"{text}; {more % {'n': formats.number(others)}}" if others else text
    separator = _("tab") if told["separator"] == "\t" else told["separator"]
    return _("CSV, %(encoding)s, separated by %(separator)s") % {"encoding": told["encoding"], "separator": separator}


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
