"""What a job is called, what came of it, and why rows of it were not done, in the reader's language.

Sections whose work runs in jobs declare their kinds' words here, with `say`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accredit.conversions import validation_job
from accredit.conversions.columns import PREFIX as CONVERSION
from accredit.conversions.models import Status
from accredit.jobs.declaring import declare_all
from accredit.jobs.models import Job, JobRow
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.conversions.acting import by_whom

STATES: words.Words = {
    "waiting": gettext_lazy("Waiting"),
    "running": gettext_lazy("Running"),
    "done": gettext_lazy("Done"),
    "failed": gettext_lazy("Stopped"),
    "cancelled": gettext_lazy("Cancelled"),
}
FAILURES: words.Words = {
    "not_permitted": gettext_lazy("You may no longer do this. An owner of your organization can change that."),
    "no_space": gettext_lazy(
        "There was no room left for the file. Make room where Accredit stores its things, then continue."
    ),
    "interrupted": gettext_lazy(
        "It was interrupted again and again. If continuing does not help, ask who runs Accredit."
    ),
    "failed": gettext_lazy("Something went wrong, and the log of the worker says what. What was done stays done."),
}
"""Why a job stopped, and what to do (`jobs.operations.FAILURES`)."""


@dataclass(frozen=True, slots=True)
class About:
    """What the rows of a kind are about: the name of its address, how its key begins, and what its name and key are
    called."""

    address: str
    prefix: str
    name: str | Promise
    key: str | Promise


CONVERSIONS = About("web:conversion", CONVERSION, gettext_lazy("Order number"), gettext_lazy("Conversion id"))


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a kind. `title`: what the job is; `outcome`: what came of it so far, in sentences; `why`: why a row
    was not done, and a remark beside it, which may be empty."""

    title: Callable[[Job], str]
    outcome: Callable[[Job], Sequence[str]]
    why: Callable[[Viewpoint, JobRow], tuple[str, str]]
    about: About = CONVERSIONS


SAID: dict[str, Said] = {}


def say(kind: str, said: Said) -> None:
    """Declare the words of a kind."""
    SAID[kind] = said


def said_of(job: Job) -> Said:
    """The words of a job's kind."""
    declare_all()
    return SAID[job.kind]


def _validation_title(job: Job) -> str:
    count, status = job.total or 0, job.asked.get("status")
    if status == Status.APPROVED:
        text = ngettext("Approve %(n)s conversion", "Approve %(n)s conversions", count)
    elif status == Status.REJECTED:
        text = ngettext("Reject %(n)s conversion", "Reject %(n)s conversions", count)
    else:
        text = ngettext("Validate %(n)s conversion", "Validate %(n)s conversions", count)
    return text % {"n": formats.number(count)}


def validation_outcome(job: Job) -> Sequence[str]:
    """How many conversions became what."""
    counts: Mapping[str, int] = job.outcome
    approved, rejected, unchanged = (counts.get(name, 0) for name in ("approved", "rejected", "unchanged"))
    said = [
        (approved, ngettext("%(n)s conversion approved.", "%(n)s conversions approved.", approved)),
        (rejected, ngettext("%(n)s conversion rejected.", "%(n)s conversions rejected.", rejected)),
        (unchanged, ngettext("%(n)s did not change.", "%(n)s did not change.", unchanged)),
    ]
    return [text % {"n": formats.number(count)} for count, text in said if count]


def validation_why(view: Viewpoint, row: JobRow) -> tuple[str, str]:
    """Why a conversion did not change, and who was first."""
    facts: Mapping[str, Any] = row.facts or {}
    first = ""
    if row.why == "validated":
        at = datetime.fromisoformat(facts["changed_at"]) if facts.get("changed_at") else None
        who = by_whom(facts.get("changed_through"), facts.get("changed_by"), at, view)
        first = _("%(status)s: %(who)s") % {"status": words.word(words.STATUSES, facts["status"]), "who": who}
    return words.word(words.NOT_VALIDATED, row.why), first


say(validation_job.KIND, Said(_validation_title, validation_outcome, validation_why))
