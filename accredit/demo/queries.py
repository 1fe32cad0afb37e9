"""What the demo came to."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Sum

from accredit.conversions.models import Conversion
from accredit.demo.input import PROGRAM_CODE
from accredit.demo.orders import EVENT_TYPE


@dataclass(frozen=True, slots=True)
class Credit:
    """What is credited to one partner or channel, or to nobody (`code` is None). Amounts in minor units of GBP."""

    credited_to: str
    code: str | None
    conversions: int
    turnover_minor: int
    commission_minor: int


def credits_of_demo() -> Sequence[Credit]:
    """Whom the demo's orders are credited to: partners by commission, then channels, then nobody."""
    rows = (
        Conversion.objects.filter(program__code=PROGRAM_CODE, event_type=EVENT_TYPE)
        .values_list("credited_to", "partner", "channel")
        .annotate(Count("id"), Sum("turnover_minor"), Sum("commission_minor"))
    )
    credits = [Credit(to, partner or channel, *sums) for to, partner, channel, *sums in rows]
    places = {"partner": 0, "channel": 1, "none": 2}
    return sorted(credits, key=lambda c: (places[c.credited_to], -c.commission_minor, -c.turnover_minor, c.code or ""))
