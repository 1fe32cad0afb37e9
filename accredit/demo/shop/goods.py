"""What the shop sells, and what an order is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

CURRENCY = "GBP"
SALE, NEWSLETTER = "sale", "newsletter"
"""What the shop reports: orders, and people who subscribe."""
FIRST_ORDER, RETURNING = "first order", "returning"
"""The shop's own words for new and known customers."""
MOST = 99
"""Pieces of one product in a basket."""


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    name: str
    german: str
    price: Decimal
    category: str
    drawing: str
    """Path of an SVG, 48 by 48."""


PRODUCTS = {
    product.sku: product
    for product in (
        Product(
            "HL-101", "Hearth lantern", "Kaminlaterne", Decimal("34.00"), "lights",
            "M16 18h16v22H16zM18 18l2-7h8l2 7M24 6v5M24 34c-3-2-3-5 0-9 3 4 3 7 0 9zM13 43h22",
        ),
        Product(
            "HL-102", "Enamel teapot", "Teekanne aus Emaille", Decimal("24.50"), "kitchen",
            "M13 20h19v8a9.500 9.500 0 0 1-19 0zM32 22h4a4 4 0 0 1 0 9h-4M13 24l-6-4v8l6 3M18 20a5 5 0 0 1 9 0"
            "M22.500 15v-4M12 41h22",
        ),
        Product(
            "HL-103", "Cake stand", "Tortenständer", Decimal("19.95"), "kitchen",
            "M8 26h32l-4 5H12zM24 31v9M16 41h16M14 26c0-8 4-12 10-12s10 4 10 12M24 14v-5",
        ),
        Product(
            "HL-104", "Garden bunting", "Gartenwimpel", Decimal("12.75"), "garden",
            "M4 12c12 8 28 8 40 0M9 15l3 11 6-8M20 18l4 11 4-11M31 18l5 8 3-11",
        ),
        Product(
            "HL-105", "Striped tea towel", "Gestreiftes Geschirrtuch", Decimal("6.50"), "kitchen",
            "M12 8h24v32H12zM12 14h24M12 18h24M12 32h24M12 36h24M24 8V4",
        ),
        Product(
            "HL-201", "Gift card", "Geschenkkarte", Decimal("20.00"), "gift-card",
            "M6 13h36v24H6zM6 20h36M17 13v24M17 20c-6 0-8-6-4-7s4 3 4 7c0-4 0-8 4-7s2 7-4 7z",
        ),
    )
}  # fmt: skip


@dataclass(slots=True)
class Order:
    """What was bought, or that somebody subscribed: then there are no lines. `answer`: what the tracker said of it,
    where the shop's server told it."""

    token: str
    event_type: str
    lines: Mapping[str, int] = field(default_factory=dict)
    promo_code: str = ""
    customer: str = ""
    click_id: str = ""
    by_server: bool = False
    answer: str = ""

    @property
    def turnover(self) -> Decimal:
        return sum((PRODUCTS[sku].price * count for sku, count in self.lines.items()), Decimal("0.00"))

    def reported(self) -> Mapping[str, object]:
        """The order as the tracker takes it. The tag adds visitor and click by itself."""
        fields: Mapping[str, object] = {
            "order_token": self.token,
            "currency": CURRENCY,
            "turnover": str(self.turnover),
            "promo_code": self.promo_code,
            "customer_status": self.customer,
            "click_id": self.click_id if self.by_server else "",
            "items": self._items(),
        }
        return {name: value for name, value in fields.items() if value}

    def _items(self) -> Sequence[Mapping[str, object]]:
        return [
            {
                "item_id": sku,
                "quantity": count,
                "turnover": str(PRODUCTS[sku].price * count),
                "sku": sku,
                "category": PRODUCTS[sku].category,
            }
            for sku, count in self.lines.items()
        ]
