"""The ledger again, in plain Python: its balances at any instant a dict, and the rules word for word."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

AccountName = tuple[str, str | None, str]
"""Kind, partner, currency."""
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Posting:
    origin: AccountName
    target: AccountName
    amount_minor: int


@dataclass(frozen=True)
class Entry:
    key: str
    occurred_at: datetime
    kind: str
    cause: str
    postings: tuple[Posting, ...]

    def content(self) -> object:
        return self.occurred_at, self.kind, self.cause, Counter(self.postings)


class Refused(Exception):
    """`keys`: those of the entries that are refused."""

    def __init__(self, keys: set[str]) -> None:
        super().__init__(keys)
        self.keys = keys


@dataclass
class Ledger:
    entries: list[Entry] = field(default_factory=list)
    """Number 1 first."""
    reversed: dict[int, int] = field(default_factory=dict)
    """Number of an entry → number of its reversal."""
    open_since: datetime | None = None

    def post(self, entries: Sequence[Entry]) -> list[tuple[str, int, bool]]:
        numbers = {entry.key: number for number, entry in enumerate(self.entries, 1)}
        refused = {
            entry.key
            for entry in entries
            if (
                self.entries[numbers[entry.key] - 1].content() != entry.content()
                if entry.key in numbers
                else self.open_since is not None and entry.occurred_at < self.open_since
            )
        }
        if refused:
            raise Refused(refused)
        posted = []
        for entry in entries:
            if new := entry.key not in numbers:
                self.entries.append(entry)
                numbers[entry.key] = len(self.entries)
            posted.append((entry.key, numbers[entry.key], new))
        return posted

    def reverse(self, numbers: Sequence[int], cause: str, now: datetime) -> list[tuple[str, int, bool]]:
        reversals = []
        for number in dict.fromkeys(numbers):
            entry = self.entries[number - 1]
            swapped = tuple(Posting(one.target, one.origin, one.amount_minor) for one in entry.postings)
            reversal = Entry(f"reversal of {number}", now, "reversal", cause, swapped)
            if number in self.reversed:
                reversal = replace(reversal, occurred_at=self.entries[self.reversed[number] - 1].occurred_at)
            reversals.append((number, reversal))
        posted = self.post([reversal for _, reversal in reversals])
        self.reversed |= {number: at for (number, _), (_, at, _) in zip(reversals, posted, strict=True)}
        return posted

    def balances(self, until: datetime = END_OF_TIME) -> dict[AccountName, int]:
        found: dict[AccountName, int] = {}
        for entry in self.entries:
            for one in entry.postings:
                amount = one.amount_minor if entry.occurred_at < until else 0
                found[one.origin] = found.get(one.origin, 0) - amount
                found[one.target] = found.get(one.target, 0) + amount
        return found
