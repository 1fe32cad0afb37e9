"""Synthetic journeys: made-up clicks and promo codes for orders that come without any.

Every order draws from a stream of its own, named by the seed and its order token: its clicks never depend on
other orders, nor on the machine. The sources are the partners and channels of the demo's program.toml.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import polars as pl

from accredit.demo.draws import Draws, Weighted
from accredit.demo.orders import declared
from accredit.engine.frames import CLICKS

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class Source:
    """A partner or channel with what its links carry. `{}` in a sub id stands for the member or reader."""

    code: str
    ads: tuple[str, ...]
    sub_id1: tuple[str, ...] = ()
    sub_id2: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    is_channel: bool = False


_MEMBERS = ("member-{}",)
_PLACES = ("top", "side", "end")
_CODE_PAGES = ("code-page", "shop-page", "deal-mail")

SOURCES = Weighted(
    {
        Source(
            "tea-and-twine", ("text-link", "banner"), ("cakes", "crafts"), _PLACES, ("laid-table", "garden-party")
        ): 7,
        Source("gift-list", ("text-link",), ("gifts-under-20", "for-gardeners"), _PLACES, ("advent",)): 5,
        Source("schoene-dinge", ("text-link", "banner"), ("küche", "garten", "weihnachten")): 3,
        Source("ivy", ("text-link",), ("story", "post")): 7,
        Source("pennywise", ("text-link", "product-feed"), _MEMBERS): 18,
        Source("moneyback", ("text-link",), _MEMBERS): 13,
        Source("bonus-bee", ("banner",), _MEMBERS): 8,
        Source("price-parrot", ("product-feed",), ("lights", "kitchen", "bags", "garden")): 11,
        Source("letter-lane", ("newsletter-tile",), ("tuesday", "friday")): 6,
        Source("code-cellar", ("text-link",), _CODE_PAGES): 15,
        Source("voucher-vic", ("text-link",), _CODE_PAGES): 10,
        Source("deal-dodo", ("text-link",), _CODE_PAGES, projects=("spring-cleaning",)): 7,
        Source("email", ("newsletter-tile",), ("welcome", "weekly", "basket-reminder"), is_channel=True): 9,
        Source("display", ("banner",), is_channel=True): 38,
        Source("paid-search", ("text-link",), ("brand", "lights", "gifts"), is_channel=True): 34,
    }
)
CLICK_COUNTS = Weighted({1: 12, 2: 17, 3: 18, 4: 16, 5: 12, 6: 9, 7: 6, 8: 4, 9: 3, 10: 2, 12: 1})
LAST_AGES_US = Weighted(
    {
        (0, 30 * MINUTE_US): 60,
        (30 * MINUTE_US, 12 * HOUR_US): 22,
        (12 * HOUR_US, 10 * DAY_US): 12,
        (10 * DAY_US, 70 * DAY_US): 6,
    }
)
EARLIER_AGES_US = Weighted(
    {
        (HOUR_US, 2 * DAY_US): 30,
        (2 * DAY_US, 14 * DAY_US): 35,
        (14 * DAY_US, 40 * DAY_US): 25,
        (40 * DAY_US, 75 * DAY_US): 10,
    }
)
"""How long before the order a click was made: from, below."""
DEVICES = Weighted({"desktop": 60, "mobile": 25, "tablet": 15})
ORDERS = Weighted({"untracked": 12, "no clicks": 14, "journey": 74})
"""Orders by telephone or with the tag blocked know no visitor; others have one that never clicked."""
KNOWN_BY = Weighted({"visitor": 76, "click": 14, "both": 8, "lost click": 2})
"""What an order with a journey carries: visitor id, click id, both, or the id of a click that nobody recorded."""

CODES = {
    "ivy": ("IVY10",),
    "tea-and-twine": ("TWINE-????",),
    "gift-list": ("XMAS2010", "XMAS2011"),
    "code-cellar": ("CELLAR5",),
    "voucher-vic": ("VIC15",),
    "deal-dodo": ("DODO20",),
    "pennywise": ("PENNY-######",),
    "letter-lane": ("LANE7",),
}
"""Partner → its codes, where ? stands for a letter and # for a digit of a personal code."""
CODE_ORIGINS = Weighted({"journey": 56, "shared": 16, "shop": 18, "anywhere": 10})
SHARED = Weighted({"ivy": 5, "code-cellar": 3, "voucher-vic": 2, "gift-list": 3, "deal-dodo": 1})
"""Partners whose codes went round in social media, with everybody else's clicks."""
SHOP_CODES = ("WELCOME5", "FREEPOST", "IVY1O")
"""The shop's own codes, and one that is often misread: no partner's."""


class _Click(NamedTuple):
    """One row of CLICKS, with its time as microseconds since 1970."""

    click_id: str
    clicked_at: int
    visitor_id: str
    partner: str | None
    channel: str | None
    ad: str
    project: str | None
    device: str
    sub_id1: str | None
    sub_id2: str | None


@dataclass(frozen=True, slots=True)
class _Order:
    order_token: str
    occurred_at_us: int
    customer_id: str | None
    month: str

    def visitor(self, seed: str, browser: str) -> str:
        """A browser keeps its visitor id for a month; who has no customer id is known by the order alone."""
        person = f"{self.customer_id}/{self.month}" if self.customer_id else self.order_token
        return _random_id(seed, f"visitor/{person}/{browser}")


def add_journeys(conversions: pl.DataFrame, *, seed: str = "demo") -> tuple[pl.DataFrame, pl.DataFrame]:
    """(CONVERSIONS with visitors, click ids, codes and devices; CLICKS by time and id), made up for the conversions."""
    clicks: list[_Click] = []
    carried: list[tuple[str | None, str | None, str | None, str | None]] = []
    for order in _orders(conversions):
        draws = Draws(f"{seed}/{order.order_token}")
        kind = draws.pick(ORDERS)
        journey = list(_clicks(order, draws, seed)) if kind == "journey" else []
        clicks += journey
        visitor_id, click_id = (None, None) if kind == "untracked" else _known_by(order, journey, draws, seed)
        device = draws.pick(DEVICES) if draws.chance(40) else None
        carried.append((visitor_id, click_id, _promo_code(order, journey, draws), device))
    columns = ("visitor_id", "click_id", "promo_code", "device")
    extra = pl.DataFrame(carried, schema=dict.fromkeys(columns, pl.String()), orient="row")
    return conversions.with_columns(extra), _click_frame(clicks)


def _orders(conversions: pl.DataFrame) -> Iterator[_Order]:
    day = pl.col("occurred_at").dt
    rows = conversions.select(
        "order_token",
        day.epoch("us"),
        "customer_id",
        month=day.strftime("%Y-%m"),
    )
    return (_Order(*row) for row in rows.iter_rows())


def _clicks(order: _Order, draws: Draws, seed: str) -> Iterator[_Click]:
    reader = f"{draws.below(10**6):06d}"
    main_device = draws.pick(DEVICES)
    phone_too = draws.chance(12)
    times = _click_times(order.occurred_at_us, draws)
    for number, clicked_at_us in enumerate(times):
        source = draws.pick(SOURCES)
        on_phone = phone_too and draws.chance(50)
        sub_id1 = draws.one_of(source.sub_id1).replace("{}", reader) if source.sub_id1 else None
        yield _Click(
            _random_id(seed, f"click/{order.order_token}/{number}"),
            clicked_at_us,
            order.visitor(seed, "phone" if on_phone else "main"),
            None if source.is_channel else source.code,
            source.code if source.is_channel else None,
            draws.one_of(source.ads),
            draws.one_of(source.projects) if source.projects and draws.chance(50) else None,
            "mobile" if on_phone else main_device,
            sub_id1,
            draws.one_of(source.sub_id2) if source.sub_id2 else None,
        )


def _click_times(occurred_at_us: int, draws: Draws) -> list[int]:
    ages = [_between(draws.pick(LAST_AGES_US), draws)]
    ages += [_between(draws.pick(EARLIER_AGES_US), draws) for _ in range(draws.pick(CLICK_COUNTS) - 1)]
    if draws.chance(1):
        ages[0] = 0  # at the very moment of the order
    if draws.chance(1):
        ages.append(ages[0])  # two links opened at once
    if draws.chance(10):
        ages.append(-_between((MINUTE_US, 6 * DAY_US), draws))  # came back after the order
    return [occurred_at_us - age for age in ages]


def _between(bounds: tuple[int, int], draws: Draws) -> int:
    return bounds[0] + draws.below(bounds[1] - bounds[0])


def _known_by(order: _Order, journey: Sequence[_Click], draws: Draws, seed: str) -> tuple[str | None, str | None]:
    visitor_id = order.visitor(seed, "main")
    before = [click for click in journey if click.clicked_at <= order.occurred_at_us]
    known_by = draws.pick(KNOWN_BY) if before else "visitor"
    if known_by == "visitor":
        return visitor_id, None
    last_click_id = max(before, key=lambda click: click.clicked_at).click_id
    if known_by == "click":
        return None, last_click_id
    if known_by == "both":
        return visitor_id, last_click_id
    return visitor_id, _random_id(seed, f"lost/{order.order_token}")


def _promo_code(order: _Order, journey: Sequence[_Click], draws: Draws) -> str | None:
    if not draws.chance(9):
        return None
    codes = [_code(order, journey, draws)]
    if draws.chance(8):
        codes.append(draws.one_of(SHOP_CODES))
    text = draws.one_of(("; ", ",")).join(codes)
    return f" {text.lower()} " if draws.chance(20) else text


def _code(order: _Order, journey: Sequence[_Click], draws: Draws) -> str:
    origin = draws.pick(CODE_ORIGINS)
    if origin == "shop":
        return draws.one_of(SHOP_CODES)
    of_journey = [click.partner for click in journey if click.partner in CODES]
    if origin == "anywhere":
        partner = draws.one_of(tuple(CODES))
    else:
        partner = draws.one_of(of_journey) if origin == "journey" and of_journey else draws.pick(SHARED)
    # An old Christmas code goes round for months; the next one is tried before it is valid.
    pattern = CODES[partner][-1 if order.month >= "2011-07" else 0]
    letters = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789")
    return "".join(
        draws.one_of(letters[0]) if sign == "?" else draws.one_of(letters[1]) if sign == "#" else sign
        for sign in pattern
    )


def _click_frame(clicks: Sequence[_Click]) -> pl.DataFrame:
    schema = {name: pl.Int64() if name == "clicked_at" else pl.String() for name in _Click._fields}
    frame = pl.DataFrame(clicks, schema=schema, orient="row").with_columns(
        pl.from_epoch("clicked_at", "us").dt.replace_time_zone("UTC")
    )
    return declared(frame, CLICKS).sort("clicked_at", "click_id")


def _random_id(seed: str, what: str) -> str:
    """Looks random and says nothing about what it stands for."""
    return blake2b(what.encode(), key=seed.encode(), digest_size=10).hexdigest()
