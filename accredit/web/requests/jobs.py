"""What jobs that decide requests are called, and what came of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accredit.conversion_requests import decision_job
from accredit.conversion_requests.models import PREFIX, Stage
from accredit.jobs.models import Job, JobRow
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.jobs.saying import About, Said, say
from accredit.web.requests.deciding import done_text, first_of, undone_text
from accredit.web.requests.words import NOT_DECIDED


def _title(job: Job) -> str:
    count = job.total or 0
    if job.asked.get("verdict") == Stage.ACCEPTED:
        text = ngettext("Accept %(n)s request", "Accept %(n)s requests", count)
    else:
        text = ngettext("Reject %(n)s request", "Reject %(n)s requests", count)
    return text % {"n": formats.number(count)}


def _outcome(job: Job) -> Sequence[str]:
    counts: Mapping[str, int] = job.outcome
    done = [done_text(stage, counts[stage]) for stage in (Stage.ACCEPTED, Stage.REJECTED) if counts.get(stage)]
    left = counts.get("undecided", 0)
    return [*done, *([undone_text(left)] if left else [])]


def _why(view: Viewpoint, row: JobRow) -> tuple[str, str]:
    facts: Mapping[str, Any] = row.facts or {}
    first = ""
    if row.why == "decided" and facts.get("changed_at"):
        first = first_of(view, facts["stage"], facts.get("changed_by"), datetime.fromisoformat(facts["changed_at"]))
    return words.word(NOT_DECIDED, row.why), first


def declare() -> None:
    """Let the pages of jobs speak of such jobs."""
    say(decision_job.KIND, Said(_title, _outcome, _why, About("web:request", PREFIX, _("Request"), _("Request id"))))
