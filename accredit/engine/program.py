"""The set-up of a program as one immutable value.

The program file, the database and the pages are three views of this value; crediting and pricing read nothing else.
Whoever makes one checks it first (`accredit.files.program_file` does): the engine trusts it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

PPM_PER_PERCENT = 10_000
"""A percentage has at most four decimals, so that a rate is a whole number of parts per million."""


class CreditGroup(StrEnum):
    """The rungs of the ladder, the highest first."""

    PREFERRED = "preferred"
    STANDARD = "standard"
    NON_PREFERRED = "non-preferred"


TEXT_FIELDS = (
    "currency", "customer_status", "country", "region", "city", "postcode", "category", "sku", "promo_code", "device",
    "ad", "sub_id1", "sub_id2", "sub_id3", "sub_id4", "sub_id5", "sub_id6",
)  # fmt: skip
AMOUNT_FIELDS = ("order_total", "item_total")
NUMBER_FIELDS = (*AMOUNT_FIELDS, "quantity")
ITEM_FIELDS = ("category", "sku", "item_total", "quantity")
"""Fields that belong to items; an order without items counts as one item."""
RULE_FIELDS = (*TEXT_FIELDS, *NUMBER_FIELDS)
TEXT_OPERATORS = ("in", "not_in")
NUMBER_OPERATORS = ("gte", "gt", "lte", "lt")

Level = Literal["order", "item"]
Amounts = Mapping[str, int]
"""Currency → minor units of that currency."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison of one field. `values` for `in` and `not_in`; `number` (in major units of the conversion's
    currency for amounts) for the others."""

    field: str
    operator: str
    values: tuple[str, ...] = ()
    number: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A percentage of turnover, or a fixed amount by currency: exactly one of the two."""

    percent_ppm: int | None = None
    fixed: Amounts | None = None


@dataclass(frozen=True, slots=True)
class PayoutGroup:
    model: str
    rate: Rate
    when: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A percentage of the unadjusted payout, or an amount by currency: exactly one. Both may be negative."""

    name: str
    percent_ppm: int | None
    amount: Amounts | None
    when: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Restriction:
    name: str
    when: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Payout:
    """What terms pay for one event type."""

    event_type: str
    level: Level
    model: str
    rate: Rate
    groups: tuple[PayoutGroup, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    restrictions: tuple[Restriction, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of template terms."""

    code: str
    version: int
    payouts: tuple[Payout, ...]
    modification_starts_at: datetime | None = None
    early_opt_in: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ContractPeriod:
    """`[starts_at, ends_at)`; an absent end is open."""

    starts_at: datetime
    ends_at: datetime | None
    terms: str
    version: int
    credit_group: CreditGroup
    referral_window_days: int


@dataclass(frozen=True, slots=True)
class Contract:
    partner: str
    periods: tuple[ContractPeriod, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelPeriod:
    starts_at: datetime
    ends_at: datetime | None
    credit_group: CreditGroup
    referral_window_days: int


@dataclass(frozen=True, slots=True)
class Channel:
    """The advertiser's own marketing. Without periods its own group and window hold at all times."""

    code: str
    name: str
    credit_group: CreditGroup
    referral_window_days: int
    periods: tuple[ChannelPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class Partner:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PromoCode:
    code: str
    match: Literal["exact", "regex"]
    partner: str
    policy: Literal["always", "involved", "winner"]
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventType:
    """`customer_status`: status → words of the shop that mean it; None where the mapping is off. `approve_after_days`:
    when open conversions approve themselves; None: never."""

    code: str
    customer_status: Mapping[str, tuple[str, ...]] | None = None
    approve_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class Ad:
    """A creative that visitors click."""

    code: str
    name: str
    landing_page: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    code: str
    name: str
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class RejectionReason:
    code: str
    title_de: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Tracking:
    """`hold_unsigned`: what comes in without a signature waits until somebody lets it in."""

    allowed_hosts: tuple[str, ...] = ()
    click_parameter: str = "click_id"
    fallback_page: str = ""
    retention_days: int | None = None
    hold_unsigned: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    code: str
    name: str
    advertiser: str
    currency: str
    timezone: str
    referral_window_days: int
    event_types: tuple[EventType, ...]
    foreign_promo_code: Literal["credit", "invalid"] = "credit"
    attribution: Literal["last_click"] = "last_click"
    partners: tuple[Partner, ...] = ()
    channels: tuple[Channel, ...] = ()
    promo_codes: tuple[PromoCode, ...] = ()
    terms: tuple[Terms, ...] = ()
    contracts: tuple[Contract, ...] = ()
    ads: tuple[Ad, ...] = ()
    projects: tuple[Project, ...] = ()
    rejection_reasons: tuple[RejectionReason, ...] = ()
    tracking: Tracking = field(default_factory=Tracking)
    approval_reminder_days: int = 3
    """How long before conversions approve themselves the program's people are told, and can hold them; 0: not told."""
