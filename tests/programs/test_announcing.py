"""Contracts that move to a version, and partners who begin early: periods of a contract before and after."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from accredit.engine.program import Contract, ContractPeriod, CreditGroup, Partner, Program, Terms
from accredit.files.program_file import program_of, values_of
from accredit.programs.announcing import (
    NothingToAccept,
    UnknownVersion,
    accepted_early,
    announced,
    movable,
    upcoming,
    versions_in_use,
)
from tests.factories.pricing import payout, program_paying
from tests.factories.tables import GROUPS, Row, T, table


def at(text: str) -> datetime | None:
    """`0`, `10`: days from T; `∞`: open."""
    return None if text == "∞" else T + timedelta(days=int(text))


def periods(text: str) -> tuple[ContractPeriod, ...]:
    """`0-10 s1 P; 10-∞ s2 S`: from, until, terms with version, credit group."""
    made = []
    for part in [part.strip() for part in text.split(";") if part.strip()]:
        span, version, group = part.split()
        starts, _dash, ends = span.rpartition("-")
        starts_at = at(starts)
        assert starts_at is not None
        made.append(ContractPeriod(starts_at, at(ends), version[0], int(version[1]), GROUPS[group], 30))
    return tuple(made)


def told(contract: Contract) -> str:
    letters = {group: letter for letter, group in GROUPS.items()}

    def day(instant: datetime | None) -> str:
        return "∞" if instant is None else str((instant - T).days)

    return "; ".join(
        f"{day(one.starts_at)}-{day(one.ends_at)} {one.terms}{one.version} {letters[one.credit_group]}"
        for one in contract.periods
    )


def program(text: str) -> Program:
    versions = [("s", 1), ("s", 2), ("s", 3), ("o", 1)]
    return replace(
        program_paying("10 %"),
        partners=(Partner("A", "A"), Partner("B", "B")),
        terms=tuple(Terms(code, version, (payout(f"{version} %"),)) for code, version in versions),
        contracts=(Contract("A", periods(text)), Contract("B", periods("0-∞ s1 P"))),
    )


MOVED = table("""
    what                                       | periods                       | from | after
    the open period is cut                     | 0-∞ s1 P                      | 10   | 0-10 s1 P; 10-∞ s3 P
    group and end stay                         | 0-20 s1 S                     | 10   | 0-10 s1 S; 10-20 s3 S
    what is over stays                         | 0-5 s1 P; 7-∞ s1 S            | 10   | 0-5 s1 P; 7-10 s1 S; 10-∞ s3 S
    other terms stay                           | 0-∞ o1 P                      | 10   | 0-∞ o1 P
    a later change of group stays              | 0-20 s1 P; 20-∞ s1 S          | 10   | 0-10 s1 P; 10-20 s3 P; 20-∞ s3 S
    a version that was to come first comes     | 0-10 s1 P; 10-∞ s2 P          | 20   | 0-10 s1 P; 10-20 s2 P; 20-∞ s3 P
    a version that was to come later is passed | 0-20 s1 P; 20-∞ s2 P          | 10   | 0-10 s1 P; 10-∞ s3 P
    a contract that begins later               | 15-∞ s1 P                     | 10   | 15-∞ s3 P
    a period that ends then                    | 0-10 s1 P                     | 10   | 0-10 s1 P
    who has it already                         | 0-∞ s3 P                      | 10   | 0-∞ s3 P
    a gap stays                                | 0-12 s1 P; 15-∞ s1 P          | 10   | 0-10 s1 P; 10-12 s3 P; 15-∞ s3 P
""")


@pytest.mark.parametrize("row", MOVED, ids=lambda row: row["what"])
def test_contracts_move_at_the_modification_start_date(row: Row) -> None:
    before = program(row["periods"])
    starts_at = at(row["from"])
    assert starts_at is not None
    after = announced(before, "s", 3, starts_at=starts_at, partners=["A"], early_opt_in=True, comment="More!")
    assert told(after.contracts[0]) == row["after"]
    assert after.contracts[1] == before.contracts[1]
    version = next(one for one in after.terms if (one.code, one.version) == ("s", 3))
    assert (version.modification_starts_at, version.early_opt_in, version.comment) == (starts_at, True, "More!")
    assert [one for one in after.terms if one is not version] == [
        one for one in before.terms if (one.code, one.version) != ("s", 3)
    ]
    assert program_of(values_of(after)) == after  # a program file says the same
    assert ("A" in movable(before, "s", 3, starts_at)) == (row["after"] != row["periods"])


def test_who_is_not_chosen_stays() -> None:
    before = program("0-∞ s1 P")
    after = announced(before, "s", 3, starts_at=T, partners=[], early_opt_in=False, comment="")
    assert after.contracts == before.contracts
    assert versions_in_use(after) == {("s", 1)}


def test_a_version_that_there_is_not() -> None:
    with pytest.raises(UnknownVersion, match="no version 9"):
        announced(program("0-∞ s1 P"), "s", 9, starts_at=T, partners=["A"], early_opt_in=False, comment="")


EARLY = table("""
    what                          | periods                      | offered | after
    the later period begins now   | 0-10 s1 P; 10-∞ s2 P         | yes     | 0-5 s1 P; 5-∞ s2 P
    group, window and end stay    | 0-10 s1 S; 10-30 s2 S        | yes     | 0-5 s1 S; 5-30 s2 S
    only where it is offered      | 0-10 s1 P; 10-∞ s2 P         | no      | refused
    not what comes after a gap    | 0-8 s1 P; 10-∞ s2 P          | yes     | refused
    not other terms               | 0-10 o1 P; 10-∞ s2 P         | yes     | refused
    not what counts already       | 0-∞ s2 P                     | yes     | refused
    not without a live period     | 10-∞ s2 P                    | yes     | refused
    not another version           | 0-10 s1 P; 10-∞ s3 P         | yes     | refused
    the next one, not one after   | 0-10 s1 P; 10-20 s3 P; 20-∞ s2 P | yes | refused
""")


@pytest.mark.parametrize("row", EARLY, ids=lambda row: row["what"])
def test_a_partner_begins_early(row: Row) -> None:
    before = program(row["periods"])
    terms = tuple(replace(one, early_opt_in=row["offered"] == "yes") for one in before.terms)
    before = replace(before, terms=terms)
    now = T + timedelta(days=4)
    try:
        after = accepted_early(before, "A", "s", 2, now=now, at=T + timedelta(days=5))
    except NothingToAccept:
        assert row["after"] == "refused"
    else:
        assert told(after.contracts[0]) == row["after"]
        assert after.contracts[1] == before.contracts[1]
        assert program_of(values_of(after)) == after


def test_too_late_to_begin_early() -> None:
    before = program("0-10 s1 P; 10-∞ s2 P")
    before = replace(before, terms=tuple(replace(one, early_opt_in=True) for one in before.terms))
    with pytest.raises(NothingToAccept, match="begins anyway"):
        accepted_early(before, "A", "s", 2, now=T + timedelta(days=9), at=T + timedelta(days=10))


def test_what_comes_next() -> None:
    found = upcoming(program("0-10 s1 P; 10-∞ s2 S"), "A", T + timedelta(days=4))
    assert found is not None
    assert (found.before.version, found.terms.version) == (1, 2)
    assert (found.period.starts_at, found.period.credit_group) == (T + timedelta(days=10), CreditGroup.STANDARD)
    assert upcoming(program("0-∞ s1 P"), "B", T) is None
    assert upcoming(program("0-∞ s1 P"), "nobody", T) is None
