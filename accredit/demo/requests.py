"""The demo's conversion requests: a cashback partner asks for orders that are missing, that are somebody else's, that
were rejected or paid too little, and the advertiser has answered some of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl

from accredit.access.models import User
from accredit.conversion_requests.checking import NO_ITEMS
from accredit.conversion_requests.deciding import decide
from accredit.conversion_requests.discussing import Side, comment
from accredit.conversion_requests.frames import ASKED, WANTED
from accredit.conversion_requests.models import Request
from accredit.conversion_requests.processing import process_next
from accredit.conversion_requests.raising import raise_requests, withdraw
from accredit.conversion_requests.ruling import change_rules
from accredit.conversions import turnover, validating
from accredit.conversions.history import Actor
from accredit.conversions.models import Conversion, CreditedTo, Status, Way
from accredit.engine.frames import Schema
from accredit.programs.models import Program
from accredit.programs.visibility import viewpoint

PERIOD_DAYS = 20 * 365
"""The orders of the demo are old."""
OWN, OTHERS = 12, 5
"""So many of the partner's conversions, and of others', are asked about."""
Row = Mapping[str, object]


def add_requests(program: Program, *, partner: str, asks: User, answers: User, now: datetime) -> None:
    """Have `asks` raise requests for a partner of the demo, and `answers` decide some, as if of late; once, and where
    there are orders enough to ask about."""
    story = _Story(program, partner, asks, answers, now)
    if Request.objects.filter(program=program).exists() or len(story.own) < OWN:
        return
    change_rules(
        program,
        period_days=PERIOD_DAYS,
        own_decisions=False,
        accept_after_days=None,
        accept_up_to_minor=None,
        user=None,
        now=now,
    )
    story.tell()


class _Story:
    def __init__(self, program: Program, partner: str, asks: User, answers: User, now: datetime) -> None:
        self.program, self.partner, self.now = program, partner, now
        self.asks, self.answers = asks, answers
        sales = Conversion.objects.filter(program=program, event_type="sale").order_by("-occurred_at", "id")
        self.own = list(sales.filter(partner=partner, status=Status.OPEN, turnover_minor__gte=1_000)[:OWN])
        self.others = list(sales.exclude(credited_to=CreditedTo.PARTNER, partner=partner)[:OTHERS])

    def tell(self) -> None:
        rejected, approved = self.own[:3], self.own[3:5]
        self._validate(rejected, approved, self._ago(13))
        first = self._raise([*self._missing(1, 8), *self._claims()], self._ago(12))
        second = self._raise([*self._rejected(rejected), *self._other_figures(approved)], self._ago(6))
        self._raise(self._missing(9, 14), self._ago(1))

        self._decide(first[:4], "accepted", self._ago(10))
        self._decide(first[8:9], "accepted", self._ago(10))
        self._decide(first[4:6], "rejected", self._ago(10), reason="test", said="We have no such order.")
        self._decide(second[:1], "accepted", self._ago(4))
        while process_next(self.program, now=self._ago(4)):
            pass
        self._fail(second[-1:])
        view = viewpoint(self.asks, self.program.code)
        withdraw(view, [first[7].id], actor=Actor(Way.PAGE, self.asks.id), now=self._ago(9))
        self._talk(second[1])

    def _ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def _missing(self, first: int, last: int) -> Sequence[Row]:
        """Orders that were never recorded; some with the commission that the partner told its members of."""
        return [
            {
                "kind": "create",
                "order_token": f"W-{77_000 + 13 * number}",
                "occurred_at": self._ago(20 - number / 2) - timedelta(minutes=37 * number),
                "turnover_minor": 1_990 + 3_170 * number,
                "currency": self.program.currency,
                "sub_id1": f"pw-{4_100 + 7 * number}",
                "customer_status": "New" if number % 3 == 0 else None,
                "claimed_minor": 500 + 100 * number if number % 4 == 0 else None,
            }
            for number in range(first, last + 1)
        ]

    def _claims(self) -> Sequence[Row]:
        return [
            {
                "kind": "create",
                "order_token": one.order_token,
                "occurred_at": one.occurred_at,
                "turnover_minor": one.turnover_minor,
                "currency": one.currency,
                "sub_id1": f"pw-{9_000 + place}",
            }
            for place, one in enumerate(self.others)
        ]

    def _rejected(self, conversions: Sequence[Conversion]) -> Sequence[Row]:
        return [{**_named(one), "status": Status.APPROVED.value} for one in conversions]

    def _other_figures(self, approved: Sequence[Conversion]) -> Sequence[Row]:
        more = [{**_named(one), "turnover_minor": one.turnover_minor + 2_500} for one in approved]
        changes: Sequence[Row] = [
            {"customer_status": "New"},
            {"claimed_minor": 2_000},
            {"sub_id1": "pw-corrected"},
            {"turnover_minor": 99},
            {"new_order_token": "W-renamed"},
            {"turnover_minor": 12_345},
        ]
        rest = [one for one in self.own[5:] if one.customer_status != "New"]
        return [*more, *({**_named(one), **change} for one, change in zip(rest, changes, strict=False))]

    def _validate(self, rejected: Sequence[Conversion], approved: Sequence[Conversion], now: datetime) -> None:
        rows: list[Row] = [
            {"id": str(one.id), "status": Status.REJECTED.value, "rejection_reason": "cancelled"} for one in rejected
        ]
        rows += [{"id": str(one.id), "status": Status.APPROVED.value} for one in approved]
        asked = _frame(rows, validating.ASKED)
        for _ in validating.validate(self.program.code, asked, Actor(Way.PAGE, self.answers.id), now=now):
            pass

    def _raise(self, rows: Sequence[Row], now: datetime) -> Sequence[Request]:
        wanted = _frame(
            [
                {"row": number, "partner": self.partner, "event_type": "sale", **row}
                for number, row in enumerate(rows, start=1)
            ],
            WANTED,
        )
        view = viewpoint(self.asks, self.program.code)
        raised = raise_requests(view, wanted, NO_ITEMS, actor=Actor(Way.PAGE, self.asks.id), now=now)
        found = Request.objects.filter(program=self.program, number__in=raised.new["number"].to_list())
        return list(found.order_by("number"))

    def _decide(
        self,
        requests: Sequence[Request],
        verdict: str,
        now: datetime,
        *,
        reason: str | None = None,
        said: str | None = None,
    ) -> None:
        rows = [
            {"id": str(one.id), "changes": one.changes, "verdict": verdict, "reason": reason, "comment": said}
            for one in requests
        ]
        decide(self.program, _frame(rows, ASKED), actor=Actor(Way.PAGE, self.answers.id), now=now)

    def _fail(self, requests: Sequence[Request]) -> None:
        """Between its acceptance and its processing the conversion becomes another one."""
        self._decide(requests, "accepted", self._ago(3))
        rows = [{"id": str(one.conversion_id), "turnover_minor": 4_200} for one in requests]
        asked = _frame(rows, turnover.ASKED)
        actor = Actor(Way.PAGE, self.answers.id)
        turnover.change_turnover(self.program.code, asked, actor=actor, now=self._ago(3))
        process_next(self.program, now=self._ago(3))

    def _talk(self, request: Request) -> None:
        words = (
            (self.answers, Side.ADVERTISER, 5, "Our shop says that this order came back. Can your member prove it?"),
            (self.asks, Side.PARTNER, 4.5, "She has kept it, and sent us the invoice. I am asking her for the slip."),
        )
        for user, side, days, text in words:
            comment(request, text, [], user=user, side=side, now=self._ago(days))


def _named(one: Conversion) -> Row:
    return {"kind": "change", "order_token": one.order_token}


def _frame(rows: Sequence[Row], schema: Schema) -> pl.DataFrame:
    return pl.DataFrame([dict(row) for row in rows], schema=dict(schema), orient="row")
