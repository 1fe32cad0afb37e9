"""What is different between two versions of terms, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accredit.web.terms.wording import Clause, PayoutWords, TermsWords

Key = tuple[str, str, int]
"""Kind, name, and how many of that kind and name stand before it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is new (`before` is None), goes (`after` is None), or changes. `kind`: of the clause, else
    `payout` (an event type), `level` or `order` (of the groups), which have texts alone."""

    event_type: str
    kind: str
    name: str
    before: str | None
    after: str | None

    @property
    def change(self) -> str:
        return "new" if self.before is None else "gone" if self.after is None else "changed"


def differences(before: TermsWords, after: TermsWords) -> Sequence[Difference]:
    """From one version to another, event type by event type, in the order of the later one."""
    old = {payout.event_type: payout for payout in before.payouts}
    new = {payout.event_type: payout for payout in after.payouts}
    found: list[Difference] = []
    for event_type in dict.fromkeys((*new, *old)):
        if event_type not in old or event_type not in new:
            texts = [_text(one[event_type].default) if event_type in one else None for one in (old, new)]
            found.append(Difference(event_type, "payout", event_type, *texts))
        found += _of_payout(event_type, old.get(event_type), new.get(event_type))
    return found


def _of_payout(event_type: str, old: PayoutWords | None, new: PayoutWords | None) -> Sequence[Difference]:
    if old is None or new is None:
        clauses = (old or new).clauses if old or new else ()  # type: ignore[union-attr]
        rest = [clause for clause in clauses if clause.kind != "default"]
        return [
            Difference(event_type, one.kind, one.name, _text(one) if old else None, _text(one) if new else None)
            for one in rest
        ]
    found = []
    if old.level != new.level:
        found.append(Difference(event_type, "level", "", old.level, new.level))
    before, after = _keyed(old.clauses), _keyed(new.clauses)
    for key in dict.fromkeys((*after, *before)):
        texts = [_text(one[key]) if key in one else None for one in (before, after)]
        names = {one[key].name for one in (before, after) if key in one}
        if texts[0] != texts[1] or len(names) > 1:
            if len(names) > 1:  # the default payout goes by another name
                texts = [f"{one[key].name}: {_text(one[key])}" for one in (before, after)]
            found.append(Difference(event_type, key[0], next(iter(names)) if len(names) == 1 else "", *texts))
    return [*found, *_moved(event_type, before, after)]


def _keyed(clauses: Sequence[Clause]) -> Mapping[Key, Clause]:
    keyed: dict[Key, Clause] = {}
    for clause in clauses:
        name = "" if clause.kind == "default" else clause.name
        place = sum(1 for kind, other, _n in keyed if (kind, other) == (clause.kind, name))
        keyed[clause.kind, name, place] = clause
    return keyed


def _moved(event_type: str, before: Mapping[Key, Clause], after: Mapping[Key, Clause]) -> Sequence[Difference]:
    """Where groups that stay stand in another order: the first that matches counts."""
    old, new = ([key for key in one if key[0] == "group" and key in other] for one, other in
                ((before, after), (after, before)))  # fmt: skip
    if old == new:
        return []
    return [Difference(event_type, "order", "", *(", ".join(key[1] for key in keys) for keys in (old, new)))]


def _text(clause: Clause) -> str:
    """A clause in one line."""
    if not clause.when:
        return clause.says
    return _("%(says)s, if: %(rules)s") % {"says": clause.says, "rules": "; ".join(clause.when)}
