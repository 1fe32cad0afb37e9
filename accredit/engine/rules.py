"""Rules of terms, judged for a whole batch at once (spec 20, Terms).

A *clause* is the list of rules of one restriction, group or adjustment. What comes out is a mask: bit n says that all
rules of clause n match. No rule is judged row by row: each field becomes a small code once (which of the values or
thresholds that rules mention does it meet?), and a table says for each code which clauses it hits.

A field may have several values (the codes of an order, the items of its basket): the hits of all of them are joined,
and only then those of `not_in` are turned round. A field without a value hits nothing: it matches `not_in` only.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from math import ceil, floor
from operator import and_

import polars as pl

from accredit.engine.program import AMOUNT_FIELDS, ITEM_FIELDS, NUMBER_FIELDS, TEXT_FIELDS, Rule
from accredit.money import MAX_AMOUNT_MINOR, decimals

WORD_BITS = 64
ALL_ONES = 2**WORD_BITS - 1
DENSE_SLOTS = 2**18
"""Up to here the hits of a field are a table with a place for every slot; above, only slots that hit are kept."""

Values = Mapping[str, pl.Expr]
"""Rule field → where its value stands in a frame."""

_ORDER_TEXT = tuple(field for field in TEXT_FIELDS if field not in (*ITEM_FIELDS, "promo_code"))
_OF_ORDER: Values = {**{field: pl.col(field) for field in _ORDER_TEXT}, "order_total": pl.col("turnover_minor")}
_OF_CODE: Values = {"promo_code": pl.col("promo_code")}
_OF_ITEM: Values = {
    "category": pl.col("category"),
    "sku": pl.col("sku"),
    "item_total": pl.col("turnover_minor"),
    "quantity": pl.col("quantity"),
}
_NO_CODE: Values = {"promo_code": pl.lit(None, pl.String)}
_ORDER_AS_ITEM: Values = {**_OF_ITEM, "sku": pl.lit(None, pl.String), "quantity": pl.lit(1, pl.Int64)}


def same_text(text: pl.Expr) -> pl.Expr:
    """The form in which texts are compared: without outer blanks, in Unicode lower case."""
    return text.str.strip_chars().str.to_lowercase()


@dataclass(frozen=True, slots=True)
class Clauses:
    """What the conversions of one lot are judged by; amounts in the rules are in `currency`."""

    when: tuple[tuple[Rule, ...], ...]
    currency: str


class Judge:
    """The rules of several lots, compiled.

    Frames that it judges name the lot of each row in `lot` (UInt32, position in `lots`). Masks are UInt64 columns, the
    first 64 clauses in `mask_0` and so on; bits of clauses that a lot does not have are set.
    """

    def __init__(self, lots: Sequence[Clauses]) -> None:
        longest = max((len(lot.when) for lot in lots), default=0)
        self.masks = tuple(f"mask_{word}" for word in range(max(1, -(-longest // WORD_BITS))))
        names = {rule.field for lot in lots for clause in lot.when for rule in clause}
        self._fields = [_Field(name, lots, len(self.masks)) for name in sorted(names)]

    @property
    def order_columns(self) -> list[str]:
        """What `orders` and `items` need to know of an order beside its conversion and lot."""
        return [
            "turnover_minor",
            *(field.name for field in self._fields if field.name in TEXT_FIELDS and field.name != "sku"),
        ]

    def orders(self, orders: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
        """Masks of orders that are judged as a whole, row by row.

        `orders`: conversion, lot and `order_columns`; `items`: lot and the columns of ITEMS, of these orders. A rule on
        an item's field matches when any item does, `not_in` when no item is in the list; an order without items is one
        item with the order's turnover and category and quantity 1.
        """
        return _both(self._of_orders(orders), self._any(orders, _OF_ITEM, items.lazy(), otherwise=_ORDER_AS_ITEM))

    def items(self, orders: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
        """Masks of items that are judged each alone, row by row. Frames as in `orders`."""
        of_orders = self._of_orders(orders).with_columns(orders["conversion"])
        of_orders = items.select("conversion").join(of_orders, on="conversion", how="left", maintain_order="left")
        return _both(of_orders.select(self.masks), self._one(items, _OF_ITEM))

    def _of_orders(self, orders: pl.DataFrame) -> pl.DataFrame:
        separated = pl.col("promo_code").str.replace_all(",", ";", literal=True).str.split(";")
        codes = orders.lazy().filter(pl.col("promo_code").is_not_null()).with_columns(separated).explode("promo_code")
        return _both(self._one(orders, _OF_ORDER), self._any(orders, _OF_CODE, codes, otherwise=_NO_CODE))

    def _one(self, frame: pl.DataFrame, values: Values) -> pl.DataFrame:
        """Masks by fields of which every row has one value."""
        tests = self._tests(values)
        return self._hits(frame.lazy(), values).select(self._matching(tests)).collect()

    def _any(self, orders: pl.DataFrame, values: Values, members: pl.LazyFrame, *, otherwise: Values) -> pl.DataFrame:
        """Masks by fields of which an order may have several values, one in each row of `members`; an order without any
        has what `otherwise` says."""
        alone = self._one(orders, otherwise)
        tests = self._tests(values)
        if not tests:
            return alone
        joined = (
            self._hits(members, values)
            .group_by("conversion")
            .agg(pl.col("lot").first(), *(pl.col(column).bitwise_or() for test in tests for column in test.columns))
            .select("conversion", *self._matching(tests))
            .collect()
        )
        if joined.is_empty():
            return alone
        joined = orders.select("conversion").join(joined, on="conversion", how="left", maintain_order="left")
        return pl.DataFrame([joined[mask].zip_with(joined[mask].is_not_null(), alone[mask]) for mask in self.masks])

    def _hits(self, frame: pl.LazyFrame, values: Values) -> pl.LazyFrame:
        """What the values hit: conversion, lot, and the columns of the tests of these fields."""
        fields = [field for field in self._fields if field.name in values]
        slots = frame.select("conversion", "lot", *(field.slot(values[field.name]) for field in fields))
        return slots.select("conversion", "lot", *(hits for field in fields for hits in field.hits()))

    def _tests(self, values: Values) -> list["_Test"]:
        return [test for field in self._fields if field.name in values for test in field.tests]

    def _matching(self, tests: Sequence["_Test"]) -> list[pl.Expr]:
        none = pl.repeat(ALL_ONES, pl.len(), dtype=pl.UInt64)
        return [
            reduce(and_, (test.matches(word) for test in tests), none).alias(mask)
            for word, mask in enumerate(self.masks)
        ]


class _Field:
    """One field of the rules. Its values become slots: the lot and the value's code in one number."""

    def __init__(self, name: str, lots: Sequence[Clauses], words: int) -> None:
        self.name = name
        self._scale: _Texts | _Numbers = (_Numbers if name in NUMBER_FIELDS else _Texts)(name, lots)
        self._slots = self._scale.size * len(lots)
        self.tests: list[_Test] = []
        for position, lot in enumerate(lots):
            for number, clause in enumerate(lot.when):
                for layer, rule in enumerate(rule for rule in clause if rule.field == name):
                    if layer == len(self.tests):
                        self.tests.append(_Test(f"{name}/{layer}", len(lots), words))
                    codes = self._scale.hit_by(rule, lot.currency)
                    slots = [position * self._scale.size + code for code in codes]
                    self.tests[layer].add(position, 1 << number, slots, turned_round=rule.operator == "not_in")

    def slot(self, value: pl.Expr) -> pl.Expr:
        """Column of the field's name, from where its value stands."""
        lot = pl.col("lot") if self._slots <= DENSE_SLOTS else pl.col("lot").cast(pl.UInt64)
        return (lot * self._scale.size + self._scale.code(value)).alias(self.name)

    def hits(self) -> list[pl.Expr]:
        """The columns of the tests, from the slot."""
        return [hits for test in self.tests for hits in test.hits(pl.col(self.name), self._slots)]


class _Test:
    """At most one rule of each clause on a field: what a slot hits, and how hits become matches."""

    def __init__(self, name: str, lots: int, words: int) -> None:
        self.columns = [f"{name}/{word}" for word in range(words)]
        self._hits: dict[int, int] = defaultdict(int)
        self._flips = [(1 << words * WORD_BITS) - 1] * lots
        """By lot, the clauses that match where nothing is hit: those with `not_in`, and those without a rule here."""

    def add(self, lot: int, clause: int, slots: Iterable[int], *, turned_round: bool) -> None:
        if not turned_round:
            self._flips[lot] &= ~clause
        for slot in slots:
            self._hits[slot] |= clause

    def hits(self, slot: pl.Expr, slots: int) -> list[pl.Expr]:
        if slots <= DENSE_SLOTS:
            masks = [self._hits.get(number, 0) for number in range(slots)]
            return [
                pl.lit(table).gather(slot).alias(column)
                for column, table in zip(self.columns, self._words(masks), strict=True)
            ]
        numbers = pl.Series(list(self._hits), dtype=pl.UInt64)
        return [
            slot.replace_strict(numbers, table, default=0, return_dtype=pl.UInt64).alias(column)
            for column, table in zip(self.columns, self._words(self._hits.values()), strict=True)
        ]

    def matches(self, word: int) -> pl.Expr:
        """The clauses that match, from what all values of the field hit together."""
        return pl.col(self.columns[word]) ^ pl.lit(self._words(self._flips)[word]).gather(pl.col("lot"))

    def _words(self, masks: Iterable[int]) -> list[pl.Series]:
        masks = list(masks)
        return [
            pl.Series([mask >> WORD_BITS * word & ALL_ONES for mask in masks], dtype=pl.UInt64)
            for word in range(len(self.columns))
        ]


class _Texts:
    """Codes of a text field: the position among the values that rules mention; the last code is any other or none."""

    def __init__(self, field: str, lots: Sequence[Clauses]) -> None:
        texts = sorted({text for rule in _rules(field, lots) for text in rule.values})
        same = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(same_text(pl.col("text"))).to_series()
        self._values = pl.Enum(same.filter(same != "").unique(maintain_order=True))
        codes = same.cast(self._values, strict=False).to_physical().to_list()
        self._codes = {text: code for text, code in zip(texts, codes, strict=True) if code is not None}
        self.size = len(self._values.categories) + 1

    def code(self, value: pl.Expr) -> pl.Expr:
        known = same_text(value).cast(self._values, strict=False)
        return known.to_physical().cast(pl.UInt32).fill_null(self.size - 1)

    def hit_by(self, rule: Rule, _currency: str) -> Iterable[int]:
        return [self._codes[text] for text in rule.values if text in self._codes]


class _Numbers:
    """Codes of a number field: how many of the cuts that rules make are at or below the value.

    Thresholds become whole units first: above 2.5 is 3 and more, up to 2.5 is anything that is not 3 and more.
    """

    def __init__(self, field: str, lots: Sequence[Clauses]) -> None:
        self._is_amount = field in AMOUNT_FIELDS
        cuts = {
            self._cut(rule, lot.currency)
            for lot in lots
            for clause in lot.when
            for rule in clause
            if rule.field == field
        }
        self._cuts = sorted(cuts)
        self.size = len(self._cuts) + 1

    def code(self, value: pl.Expr) -> pl.Expr:
        return pl.lit(pl.Series(self._cuts, dtype=pl.Int64)).search_sorted(value, side="right")

    def hit_by(self, rule: Rule, currency: str) -> Iterable[int]:
        above = self._cuts.index(self._cut(rule, currency)) + 1
        return range(above, self.size) if rule.operator in ("gte", "gt") else range(above)

    def _cut(self, rule: Rule, currency: str) -> int:
        """The smallest whole number that is `gte` or `gt` the rule's number, or that is no longer `lte` or `lt`."""
        assert rule.number is not None
        places = decimals(currency) if self._is_amount else 0
        number = Fraction(_within_reach(rule.number)) * 10**places
        cut: int = ceil(number) if rule.operator in ("gte", "lt") else floor(number) + 1
        return max(-1, min(cut, MAX_AMOUNT_MINOR + 1))


def _within_reach(number: Decimal) -> Decimal:
    """The number, or one that compares the same with every amount and can be written out."""
    if number and abs(number.adjusted()) > 30:
        return Decimal(1).copy_sign(number).scaleb(30 if number.adjusted() > 0 else -30)
    return number


def _rules(field: str, lots: Sequence[Clauses]) -> Iterator[Rule]:
    return (rule for lot in lots for clause in lot.when for rule in clause if rule.field == field)


def _both(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([left[mask] & right[mask] for mask in left.columns])
