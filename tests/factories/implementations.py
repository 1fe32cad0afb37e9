"""The engine and the reference behind one signature: plain values in, plain values out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from accredit.engine.program import Program
from tests.factories import engine
from tests.reference import crediting, customer_status, deciding, pricing
from tests.reference.crediting import Credit, Explanation
from tests.reference.deciding import Decision
from tests.reference.facts import Click, Conversion, Item
from tests.reference.pricing import ItemChange, PricedOrder, Summary


@dataclass(frozen=True)
class Implementation:
    name: str
    decide: Callable[[Program, Sequence[Conversion], Sequence[Click], Sequence[Item]], Decision]
    credit: Callable[[Program, Sequence[Conversion], Sequence[Click]], tuple[list[Credit], list[Explanation]]]
    map_customer_status: Callable[[Program, Sequence[Conversion]], list[Conversion]]
    price: Callable[[Program, Sequence[Conversion], Sequence[Credit], Sequence[Item]], list[PricedOrder]]
    reprice: Callable[
        [Sequence[PricedOrder], Mapping[int, int], Mapping[tuple[int, str], ItemChange]], list[PricedOrder]
    ]
    summarize: Callable[[Sequence[PricedOrder]], list[Summary]]


REFERENCE = Implementation(
    "reference",
    deciding.decide,
    crediting.credit,
    customer_status.map_customer_status,
    pricing.price,
    pricing.reprice,
    pricing.summarize,
)
ENGINE = Implementation(
    "engine",
    engine.decide,
    engine.credit,
    engine.map_customer_status,
    engine.price,
    engine.reprice,
    engine.summarize,
)
