"""When a version of terms begins to count: contracts that move to it, and partners who begin early (spec 20, Terms).

Pure: from the set-up of a program to another one. Whoever applies it does so under the program's lock.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from accredit.engine.program import Contract, ContractPeriod, Program, Terms


class UnknownVersion(LookupError):
    """The program has no such version of the terms."""


class NothingToAccept(ValueError):
    """The partner has no announced version that it could begin earlier."""


MINUTE = timedelta(minutes=1)


def next_minute(now: datetime) -> datetime:
    """The next full minute: nothing that has happened is after it."""
    return now.replace(second=0, microsecond=0) + MINUTE


@dataclass(frozen=True, slots=True)
class Announced:
    """A version that a partner's contract reaches later: the period that it begins, and the version before it."""

    terms: Terms
    before: Terms
    period: ContractPeriod


def version_of(program: Program, code: str, version: int) -> Terms:
    """Raises UnknownVersion."""
    for terms in program.terms:
        if (terms.code, terms.version) == (code, version):
            return terms
    raise UnknownVersion(f"The program {program.code!r} has no version {version} of the terms {code!r}.")


def versions_in_use(program: Program) -> frozenset[tuple[str, int]]:
    """Versions that a contract period names: they stay as they are."""
    return frozenset((period.terms, period.version) for one in program.contracts for period in one.periods)


def movable(program: Program, code: str, version: int, starts_at: datetime) -> Sequence[str]:
    """The partners whose contracts have another version of these terms at or after an instant."""
    return [
        contract.partner
        for contract in program.contracts
        if any(_moves(period, code, version, starts_at) for period in contract.periods)
    ]


def announced(
    program: Program,
    code: str,
    version: int,
    *,
    starts_at: datetime,
    partners: Collection[str],
    early_opt_in: bool,
    comment: str,
) -> Program:
    """The program in which the contracts of these partners that have other versions of the terms reach this one at its
    modification start date. Groups and windows of their periods stay. Raises UnknownVersion."""
    version_of(program, code, version)
    return replace(
        program,
        terms=tuple(
            replace(terms, modification_starts_at=starts_at, early_opt_in=early_opt_in, comment=comment)
            if (terms.code, terms.version) == (code, version)
            else terms
            for terms in program.terms
        ),
        contracts=tuple(
            _moved(contract, code, version, starts_at) if contract.partner in partners else contract
            for contract in program.contracts
        ),
    )


def _moved(contract: Contract, code: str, version: int, starts_at: datetime) -> Contract:
    periods: list[ContractPeriod] = []
    for period in sorted(contract.periods, key=lambda one: one.starts_at):
        if not _moves(period, code, version, starts_at):
            periods.append(period)
            continue
        if period.starts_at < starts_at:
            periods.append(replace(period, ends_at=starts_at))
        periods.append(replace(period, starts_at=max(period.starts_at, starts_at), version=version))
    return replace(contract, periods=tuple(_joined(periods)))


def _moves(period: ContractPeriod, code: str, version: int, starts_at: datetime) -> bool:
    return period.terms == code and period.version != version and (period.ends_at is None or period.ends_at > starts_at)


def _joined(periods: Sequence[ContractPeriod]) -> Iterator[ContractPeriod]:
    """Periods of which one goes on where the other ends and says the same are one."""
    last: ContractPeriod | None = None
    for period in periods:
        if last is not None and replace(last, starts_at=period.starts_at, ends_at=period.ends_at) == period:
            goes_on = last.ends_at == period.starts_at
        else:
            goes_on = False
        if last is not None and goes_on:
            last = replace(last, ends_at=period.ends_at)
            continue
        if last is not None:
            yield last
        last = period
    if last is not None:
        yield last


def upcoming(program: Program, partner: str, now: datetime) -> Announced | None:
    """The next other version of the same terms that the partner's contract reaches, where it has a live period."""
    periods = next((one.periods for one in program.contracts if one.partner == partner), ())
    live = next((one for one in periods if one.starts_at <= now and (one.ends_at is None or now < one.ends_at)), None)
    later = sorted((one for one in periods if one.starts_at > now), key=lambda one: one.starts_at)
    if live is None or not later or later[0].starts_at != live.ends_at:
        return None
    following = later[0]
    if following.terms != live.terms or following.version == live.version:
        return None
    before, after = (version_of(program, one.terms, one.version) for one in (live, following))
    return Announced(after, before, following)


def accepted_early(program: Program, partner: str, code: str, version: int, *, now: datetime, at: datetime) -> Program:
    """The program in which a partner's announced version, if it is this one and may begin early, counts from `at` on.
    Raises NothingToAccept."""
    found = upcoming(program, partner, now)
    if found is None or (found.terms.code, found.terms.version) != (code, version) or not found.terms.early_opt_in:
        raise NothingToAccept(f"The contract of {partner!r} has no version {version} of {code!r} to begin early.")
    if found.period.starts_at <= at:
        raise NothingToAccept(f"Version {version} of {code!r} begins anyway.")
    return replace(
        program,
        contracts=tuple(
            replace(contract, periods=tuple(_begun(contract.periods, found.period, at)))
            if contract.partner == partner
            else contract
            for contract in program.contracts
        ),
    )


def _begun(periods: Sequence[ContractPeriod], announced: ContractPeriod, at: datetime) -> Iterator[ContractPeriod]:
    for period in periods:
        if period == announced:
            yield replace(period, starts_at=at)
        elif period.ends_at == announced.starts_at:
            yield replace(period, ends_at=at)
        else:
            yield period
