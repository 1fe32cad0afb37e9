"""Rules of terms, judged for a whole batch at once (spec 20, Terms).

A *clause* is the list of rules of one restriction, group or adjustment. What comes out is a mask: bit n says that all
rules of clause n match. No rule is judged row by row: each field becomes a small code once (which of the values or
thresholds that rules mention does it meet?), and a table says for each code which clauses it hits.

A field may have several values (the codes of an order, the items of its basket): the hits of all of them are joined,
and only then those of `not_in` are turned round. A field without a value hits nothing: it matches `not_in` only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
        self._fields = {name: _Field(name, lots, len(self.masks)) for name in sorted(names)}

    @property
    def order_columns(self) -> list[str]:
        """What `orders` and `items` need to know of an order beside its conversion and lot."""
        return ["turnover_minor", *(name for name in self._fields if name in TEXT_FIELDS and name != "sku")]

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
        fields = self._fields_of(values)
        slots = frame.select("lot", *(values[field.name].alias(field.name) for field in fields))
        slots = slots.select("lot", *(field.slot for field in fields))
        return slots.select(self._matching(field.matches for field in fields))

    def _any(self, orders: pl.DataFrame, values: Values, members: pl.LazyFrame, *, otherwise: Values) -> pl.DataFrame:
        """Masks by fields of which an order may have several values, one in each row of `members`; an order without any
        has what `otherwise` says."""
        alone = self._one(orders, otherwise)
        fields = self._fields_of(values)
        if not fields:
            return alone
        tests = [test for field in fields for test in field.tests]
        joined = (
            members.select("conversion", "lot", *(values[field.name].alias(field.name) for field in fields))
            .select("conversion", "lot", *(field.slot for field in fields))
            .select("conversion", "lot", *(hits for test in tests for hits in test.hits))
            .group_by("conversion")
            .agg(pl.col("lot").first(), pl.exclude("conversion", "lot").bitwise_or())
            .select("conversion", *self._matching(test.matches for test in tests))
            .collect()
        )
        if joined.is_empty():
            return alone
        joined = orders.select("conversion").join(joined, on="conversion", how="left", maintain_order="left")
        return pl.DataFrame([joined[mask].zip_with(joined[mask].is_not_null(), alone[mask]) for mask in self.masks])

    def _fields_of(self, values: Values) -> list["_Field"]:
        return [field for name, field in self._fields.items() if name in values]

    def _matching(self, matches: Iterable[Callable[[int], pl.Expr]]) -> list[pl.Expr]:
        all_set = pl.repeat(ALL_ONES, pl.len(), dtype=pl.UInt64)
        matches = list(matches)
        return [
            reduce(and_, (match(word) for match in matches), all_set).alias(mask)
            for word, mask in enumerate(self.masks)
        ]


class _Field:
    """One field of the rules: its values become slots (lot and code in one number), and tables say what a slot hits."""

    def __init__(self, name: str, lots: Sequence[Clauses], words: int) -> None:
        self.name = name
        self._scale: _Texts | _Numbers = (_Numbers if name in NUMBER_FIELDS else _Texts)(name, lots)
        size = self._scale.size
        self.slot = (pl.col("lot") * size + self._scale.code(pl.col(name))).alias(name)

        full = (1 << words * WORD_BITS) - 1
        hits: list[list[int]] = []
        flips: list[list[int]] = []
        for position, lot in enumerate(lots):
            for number, clause in enumerate(lot.when):
                for layer, rule in enumerate(rule for rule in clause if rule.field == name):
                    if layer == len(hits):
                        hits.append([0] * (size * len(lots)))
                        flips.append([full] * len(lots))
                    if rule.operator != "not_in":
                        flips[layer][position] &= ~(1 << number)
                    for code in self._scale.hit_by(rule, lot.currency):
                        hits[layer][position * size + code] |= 1 << number
        self.tests = [
            _Test(name, f"{name}/{layer}", _in_words(hits[layer], words), _in_words(flips[layer], words))
            for layer in range(len(hits))
        ]
        self._tables = [reduce(and_, (test.table(word, size) for test in self.tests)) for word in range(words)]

    def matches(self, word: int) -> pl.Expr:
        """Clauses that match where the slot holds the field's only value."""
        return pl.lit(self._tables[word]).gather(pl.col(self.name))


class _Test:
    """At most one rule of each clause on a field: what values hit, and how hits become matches (`not_in` turns them
    round, clauses without a rule always match)."""

    def __init__(self, field: str, name: str, hits: list[pl.Series], flips: list[pl.Series]) -> None:
        self._names = [f"{name}/{word}" for word in range(len(hits))]
        self._hits = hits
        self._flips = flips
        self.hits = [
            pl.lit(table).gather(pl.col(field)).alias(name) for name, table in zip(self._names, hits, strict=True)
        ]

    def matches(self, word: int) -> pl.Expr:
        """Clauses that match where the hits of all values of the field are joined."""
        return pl.col(self._names[word]) ^ pl.lit(self._flips[word]).gather(pl.col("lot"))

    def table(self, word: int, size: int) -> pl.Series:
        """Slot → clauses that match where the field has one value."""
        of_slots = pl.select(pl.lit(self._flips[word]).repeat_by(size).explode()).to_series()
        return self._hits[word] ^ of_slots


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


def _in_words(masks: list[int], words: int) -> list[pl.Series]:
    return [
        pl.Series([mask >> WORD_BITS * word & ALL_ONES for mask in masks], dtype=pl.UInt64) for word in range(words)
    ]


def _both(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([left[mask] & right[mask] for mask in left.columns])
