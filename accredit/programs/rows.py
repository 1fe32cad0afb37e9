"""The set-up of a program as rows of its tables: what the database keeps of it, and what set-ups are compared by.

Keys, values and their names are those of the models (`partner__code`: the code of the partner that is referred to).
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from accredit.engine.program import (
    Ad,
    Channel,
    ChannelPeriod,
    Contract,
    ContractPeriod,
    CreditGroup,
    EventType,
    Partner,
    Program,
    Project,
    PromoCode,
    RejectionReason,
    Terms,
    Tracking,
)
from accredit.files.terms_json import payouts_from_json, payouts_to_json

Key = tuple[Any, ...]
Row = Mapping[str, Any]
Rows = Mapping[Key, Row]


def to_rows(program: Program) -> dict[str, Rows]:
    """Table → key → values, in the order of the program. Keys are as `queries.TABLES` says."""
    return {
        "program": {
            (): {
                "name": program.name,
                "advertiser__code": program.advertiser,
                "currency": program.currency,
                "timezone": program.timezone,
                "referral_window_days": program.referral_window_days,
                "foreign_promo_code": program.foreign_promo_code,
                "attribution": program.attribution,
                "approval_reminder_days": program.approval_reminder_days,
                "allowed_hosts": list(program.tracking.allowed_hosts),
                "click_parameter": program.tracking.click_parameter,
                "fallback_page": program.tracking.fallback_page,
                "retention_days": program.tracking.retention_days,
                "hold_unsigned": program.tracking.hold_unsigned,
            }
        },
        "event_type": {
            (one.code,): {
                "customer_status": _pairs(one.customer_status),
                "approve_after_days": one.approve_after_days,
            }
            for one in program.event_types
        },
        "partner": {(one.code,): {"name": one.name} for one in program.partners},
        "channel": {(one.code,): {"name": one.name, **_ladder(one)} for one in program.channels},
        "ad": {(one.code,): {"name": one.name, "landing_page": one.landing_page} for one in program.ads},
        "project": {(one.code,): {"name": one.name, "partner__code": one.partner} for one in program.projects},
        "rejection_reason": {
            (one.code,): {"title_de": one.title_de, "title_en": one.title_en} for one in program.rejection_reasons
        },
        "terms": {
            (one.code, one.version): {
                "payouts": payouts_to_json(one.payouts),
                "modification_starts_at": one.modification_starts_at,
                "early_opt_in": one.early_opt_in,
                "comment": one.comment,
            }
            for one in program.terms
        },
        "contract": {(one.partner,): {"labels": list(one.labels)} for one in program.contracts},
        "contract_period": {
            (contract.partner, period.starts_at): {
                "ends_at": period.ends_at,
                "terms_version__code": period.terms,
                "terms_version__version": period.version,
                **_ladder(period),
            }
            for contract in program.contracts
            for period in contract.periods
        },
        "channel_period": {
            (channel.code, period.starts_at): {"ends_at": period.ends_at, **_ladder(period)}
            for channel in program.channels
            for period in channel.periods
        },
        "promo_code": {
            (one.match, one.code, one.starts_at): {
                "partner__code": one.partner,
                "policy": one.policy,
                "ends_at": one.ends_at,
                "normalized_code": _normalized(one),
            }
            for one in program.promo_codes
        },
    }


def from_rows(code: str, rows: Mapping[str, Rows]) -> Program:
    """The program whose rows these are: the inverse of `to_rows`."""
    program = rows["program"][()]
    return Program(
        code=code,
        name=program["name"],
        advertiser=program["advertiser__code"],
        currency=program["currency"],
        timezone=program["timezone"],
        referral_window_days=program["referral_window_days"],
        foreign_promo_code=program["foreign_promo_code"],
        attribution=program["attribution"],
        approval_reminder_days=program["approval_reminder_days"],
        tracking=Tracking(
            allowed_hosts=tuple(program["allowed_hosts"]),
            click_parameter=program["click_parameter"],
            fallback_page=program["fallback_page"],
            retention_days=program["retention_days"],
            hold_unsigned=program["hold_unsigned"],
        ),
        event_types=tuple(
            EventType(code, _mapping(row["customer_status"]), row["approve_after_days"])
            for (code,), row in rows["event_type"].items()
        ),
        partners=tuple(Partner(code, row["name"]) for (code,), row in rows["partner"].items()),
        channels=tuple(
            Channel(code, row["name"], *_ladder_of(row), periods=_channel_periods(code, rows))
            for (code,), row in rows["channel"].items()
        ),
        ads=tuple(Ad(code, row["name"], row["landing_page"]) for (code,), row in rows["ad"].items()),
        projects=tuple(Project(code, row["name"], row["partner__code"]) for (code,), row in rows["project"].items()),
        rejection_reasons=tuple(
            RejectionReason(code, row["title_de"], row["title_en"]) for (code,), row in rows["rejection_reason"].items()
        ),
        terms=tuple(
            Terms(
                code=code,
                version=version,
                payouts=payouts_from_json(row["payouts"]),
                modification_starts_at=row["modification_starts_at"],
                early_opt_in=row["early_opt_in"],
                comment=row["comment"],
            )
            for (code, version), row in rows["terms"].items()
        ),
        contracts=_contracts(rows),
        promo_codes=tuple(
            PromoCode(code, match, row["partner__code"], row["policy"], starts_at, row["ends_at"])
            for (match, code, starts_at), row in rows["promo_code"].items()
        ),
    )


def _contracts(rows: Mapping[str, Rows]) -> tuple[Contract, ...]:
    periods: dict[str, list[ContractPeriod]] = {}
    for (partner, starts_at), row in rows["contract_period"].items():
        period = ContractPeriod(
            starts_at,
            row["ends_at"],
            row["terms_version__code"],
            row["terms_version__version"],
            *_ladder_of(row),
        )
        periods.setdefault(partner, []).append(period)
    return tuple(
        Contract(partner, tuple(periods.get(partner, ())), tuple(row["labels"]))
        for (partner,), row in rows["contract"].items()
    )


def _channel_periods(channel: str, rows: Mapping[str, Rows]) -> tuple[ChannelPeriod, ...]:
    return tuple(
        ChannelPeriod(starts_at, row["ends_at"], *_ladder_of(row))
        for (code, starts_at), row in rows["channel_period"].items()
        if code == channel
    )


def _ladder(one: Channel | ChannelPeriod | ContractPeriod) -> Row:
    return {"credit_group": one.credit_group.value, "referral_window_days": one.referral_window_days}


def _ladder_of(row: Row) -> tuple[CreditGroup, int]:
    return CreditGroup(row["credit_group"]), row["referral_window_days"]


def _pairs(mapping: Mapping[str, tuple[str, ...]] | None) -> list[list[Any]] | None:
    """Pairs, since the database's JSON does not keep the order of names."""
    return None if mapping is None else [[status, list(words)] for status, words in mapping.items()]


def _mapping(pairs: list[tuple[str, list[str]]] | None) -> dict[str, tuple[str, ...]] | None:
    return None if pairs is None else {status: tuple(words) for status, words in pairs}


def _normalized(promo_code: PromoCode) -> str:
    """As the engine compares codes: exact ones without regard to case and outer blanks."""
    if promo_code.match == "regex":
        return promo_code.code
    return str(pl.Series([promo_code.code]).str.strip_chars().str.to_lowercase()[0])
