"""The history of a conversion as a time line: what happened, when, who did it through what, and the money; who held it
back from approving itself; what was paid out.

A partner reads the same, without other partners' names and amounts, and of the advertiser's people: the advertiser.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from zoneinfo import ZoneInfo

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accredit.conversions import history
from accredit.conversions.approving import holds_of
from accredit.conversions.history import Row, timeline, told_to
from accredit.conversions.models import REQUESTED, Conversion, CreditedTo, Payment, Way
from accredit.programs.models import RejectionReason
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.naming import Names, Party


@dataclass(frozen=True, slots=True)
class Difference:
    """What an amount, or who is credited, was before and is after; `before` is empty where it began."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One point of the time line. `kind`: how it is drawn; `reason`: of a rejection."""

    kind: str
    title: str
    when: str
    who: str
    reason: str
    comment: str
    differences: Sequence[Difference]


def history_of(names: Names, conversion: Conversion) -> Sequence[Happening]:
    """Everything that happened to a conversion, oldest first."""
    rows = told_to(names.view, timeline(conversion.program_id, conversion.id))
    titles = reason_titles(names.view) if any(row["rejection_reason"] for row in rows) else {}
    happened = [(row["changed_at"], happening(row, names, titles)) for row in rows]
    happened += _payments(names.view, conversion)
    if names.view.sees_everything:
        happened += _holds(names.view, conversion)
    return [one for _at, one in sorted(happened, key=itemgetter(0))]


def _payments(view: Viewpoint, conversion: Conversion) -> Iterator[tuple[datetime, Happening]]:
    """What was paid out to whom the viewer may read of."""
    found = Payment.objects.filter(program=view.program, conversion_id=conversion.id).order_by("number")
    for one in found:
        if view.may_read(one.partner):
            paid = Difference(_("Commission"), "", formats.money(one.amount_minor, one.currency))
            yield one.paid_at, _beside(view, "paid", one.paid_at, differences=[paid])


def _holds(view: Viewpoint, conversion: Conversion) -> Iterator[tuple[datetime, Happening]]:
    """Who held it back from approving itself, and who released it."""
    for one in holds_of(view.program, conversion.id):
        yield one.held_at, _beside(view, "held", one.held_at, one.held_by.name, one.reason)
        if one.released_at and one.released_by:
            yield one.released_at, _beside(view, "released", one.released_at, one.released_by.name)


def _beside(
    view: Viewpoint, kind: str, at: datetime, who: str = "", comment: str = "", differences: Sequence[Difference] = ()
) -> Happening:
    """What happened beside the changes of the conversion."""
    when = formats.instant(at, ZoneInfo(view.program.timezone))
    return Happening(kind, words.word(words.HAPPENINGS, kind), when, who, "", comment, differences)


def happening(row: Row, names: Names, titles: Mapping[str, str]) -> Happening:
    """A row that `told_to` has left to read."""
    reason = row["rejection_reason"]
    return Happening(
        kind=_kind(row),
        title=words.word(words.HAPPENINGS, _kind(row)),
        when=formats.instant(row["changed_at"], ZoneInfo(names.view.program.timezone)),
        who=who_did(row["way"], row["user"], row["source"], names.view) if row["number"] else "",
        reason=titles.get(reason, reason) if reason else "",
        comment=row["comment"] or "",
        differences=_differences(row, names),
    )


def reason_titles(view: Viewpoint) -> Mapping[str, str]:
    """The program's rejection reasons in their order: code → title in the active language."""
    title = f"title_{formats.language()}"
    return dict(RejectionReason.objects.filter(program=view.program).order_by("id").values_list("code", title))


def who_did(way: str, user: str | None, source: str | None, view: Viewpoint) -> str:
    """Who changed something, and through what: `Ann, from a file, returns.csv, row 7`. A partner reads who of the
    two it was, and no more."""
    told, user, source = history.who_did(view, way, user, source)
    if told == Way.REQUEST and source:
        through, source = _("by the conversion request %(number)s") % {"number": source.removeprefix(REQUESTED)}, None
    else:
        through = words.word(words.CHANGE_WAYS, told) if told else _("by the advertiser")
    return ", ".join(part for part in (user, through, words.place(source)) if part)


def _kind(row: Row) -> str:
    return str(row["status"] if row["status_before"] not in (None, row["status"]) else row["cause"])


def _party(row: Row, which: str) -> Party | None:
    """Who is credited; without a code where the viewer may not know it."""
    kind = row[f"credited_to{which}"]
    return None if kind == CreditedTo.NONE else Party(kind, row[f"{kind}{which}"] or "")


def _differences(row: Row, names: Names) -> Sequence[Difference]:
    """What changed of credit, turnover and commission."""
    if row["cause"] is None:
        return []
    first = row["status_before"] is None
    before, after = _party(row, "_before"), _party(row, "")
    found = []
    taken_for_granted = first and not names.view.sees_everything and names.shows(after)
    if (first or before != after) and not taken_for_granted:
        was = "" if first else capfirst(names.of(before))
        found.append(Difference(_("Credited to"), was, capfirst(names.of(after))))
    for title, name in ((_("Turnover"), "turnover"), (_("Commission"), "commission")):
        was, now = row[f"{name}_before_minor"], row[f"{name}_minor"]
        if now is not None and was != now:
            text = "" if was is None else formats.money(was, row["currency"])
            found.append(Difference(title, text, formats.money(now, row["currency"])))
    return found
