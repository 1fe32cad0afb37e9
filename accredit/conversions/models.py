"""Conversions, what was decided about them, and at which rates.

Facts name the set-up by its codes, as the engine and the files do. Every key begins with the program.
"""

from django.db import models

from accredit.access.models import User
from accredit.database.keys import uuid7
from accredit.money import MAX_AMOUNT_MINOR
from accredit.programs.models import Program, one_of


class Status(models.TextChoices):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class CreditedTo(models.TextChoices):
    PARTNER = "partner"
    CHANNEL = "channel"
    NONE = "none"


REQUESTED = "request "
"""Before the number of the conversion request that gave the credit, where that is the reason."""


class Cause(models.TextChoices):
    """What made a decision necessary."""

    RECORDED = "recorded"
    CREDITED_AGAIN = "credited_again"
    RATED_AGAIN = "rated_again"
    """The credit stays, and what it earns is worked out anew."""
    MAPPED_AGAIN = "mapped_again"
    """As RATED_AGAIN, after the shop's word for the customer was mapped anew."""
    TURNOVER_CHANGED = "turnover_changed"
    REQUESTED = "requested"
    """A conversion request was processed."""


class Way(models.TextChoices):
    """What somebody changed a conversion through."""

    PAGE = "page"
    FILE = "file"
    API_KEY = "api_key"
    COMMAND = "command"
    AUTOMATIC = "automatic"
    REQUEST = "request"
    """An accepted conversion request: the one way to change a status a second time."""


def money(amounts: list[str], name: str) -> models.CheckConstraint:
    """The database refuses amounts below zero or beyond what Accredit computes with, and what is no currency."""
    within = models.Q(currency__regex="^[A-Z]{3}$")
    for amount in amounts:
        within &= models.Q(**{f"{amount}__gte": 0})
    return models.CheckConstraint(condition=within & models.Q(turnover_minor__lte=MAX_AMOUNT_MINOR), name=name)


def credited_once(name: str) -> models.CheckConstraint:
    """The database refuses a credit to a partner or channel that does not name it, or that names both."""
    return models.CheckConstraint(
        condition=models.Q(credited_to="partner", partner__isnull=False, channel__isnull=True, terms__isnull=False)
        | models.Q(credited_to="channel", partner__isnull=True, channel__isnull=False, commission_minor=0)
        | models.Q(credited_to="none", partner__isnull=True, channel__isnull=True, commission_minor=0),
        name=name,
    )


class Fact(models.Model):
    """Something that belongs to one program."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, db_index=False, db_constraint=False)

    class Meta:
        abstract = True


class Rate(Fact):
    """One distinct way in which something was priced, shared by all that was priced in this way: a row of
    `engine.frames.RATES`. Never changed. `id` is the digest of the rest, so that one way is one row."""

    pk = models.CompositePrimaryKey("program_id", "id")
    id = models.UUIDField()
    terms = models.TextField(db_collation="C")
    terms_version = models.PositiveIntegerField()
    level = models.TextField(null=True, db_collation="C")
    currency = models.TextField(db_collation="C")
    model = models.TextField(null=True)
    payout_group = models.PositiveIntegerField(null=True)
    percent_ppm = models.BigIntegerField(null=True)
    fixed_minor = models.BigIntegerField(null=True)
    adjustments = models.JSONField()
    """A list of objects of name, percent_ppm and amount_minor, in the order of the terms."""
    restriction = models.TextField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(currency__regex="^[A-Z]{3}$"), name="rate_currency"),
        ]


class Credited(Fact):
    """Who is credited, and why: what a decision says, and what the conversion shows of the one that counts."""

    credited_to = models.TextField(choices=CreditedTo, db_collation="C")
    partner = models.TextField(null=True, db_collation="C")
    channel = models.TextField(null=True, db_collation="C")
    credited_click_id = models.TextField(null=True, db_collation="C")
    reason = models.TextField(db_collation="C")
    credited_promo_code = models.TextField(null=True, db_collation="C")
    """The definition that counted."""
    credit_group = models.TextField(null=True, db_collation="C")
    terms = models.TextField(null=True, db_collation="C")
    terms_version = models.PositiveIntegerField(null=True)
    blocked = models.BooleanField()
    """Carries another partner's code where the program refuses that."""
    currency = models.TextField(db_collation="C")
    turnover_minor = models.BigIntegerField()
    rate_id = models.UUIDField(null=True)
    """Null where no partner is credited, or where the items carry the rates."""
    commission_minor = models.BigIntegerField()

    class Meta:
        abstract = True


SOUGHT = ("sub_id1", "sub_id2", "sub_id3", "sub_id4", "sub_id5", "sub_id6", "promo_code")
"""Fields with many values, of which lists look for one; an index has only those conversions that carry it."""


class Conversion(Credited):
    """What holds. Everything that rules look at is here, so that it can be credited and priced again."""

    pk = models.CompositePrimaryKey("program_id", "id")
    id = models.UUIDField()
    event_type = models.TextField(db_collation="C")
    order_token = models.TextField(db_collation="C")
    occurred_at = models.DateTimeField()
    occurred_date = models.DateField()
    """The day in the program's time zone."""
    recorded_at = models.DateTimeField()
    signed = models.BooleanField(null=True)
    """Whether the program's key signed what came in; null: it came in a file."""
    status = models.TextField(choices=Status, db_collation="C")
    decision = models.PositiveIntegerField()
    """Number of the decision that counts."""
    rejection_reason = models.TextField(null=True, db_collation="C")
    rejection_comment = models.TextField(null=True)

    visitor_id = models.TextField(null=True, db_collation="C")
    customer_id = models.TextField(null=True, db_collation="C")
    click_id = models.TextField(null=True, db_collation="C")
    """As the order came; `credited_click_id` is the one that won."""
    promo_code = models.TextField(null=True)
    """As the order carries it: several separated by ; or ,"""
    customer_status_word = models.TextField(null=True)
    customer_status = models.TextField(null=True, db_collation="C")
    category = models.TextField(null=True)
    country = models.TextField(null=True)
    region = models.TextField(null=True)
    city = models.TextField(null=True)
    postcode = models.TextField(null=True)

    ad = models.TextField(null=True)
    project = models.TextField(null=True)
    device = models.TextField(null=True)
    sub_id1 = models.TextField(null=True)
    sub_id2 = models.TextField(null=True)
    sub_id3 = models.TextField(null=True)
    sub_id4 = models.TextField(null=True)
    sub_id5 = models.TextField(null=True)
    sub_id6 = models.TextField(null=True)
    order_fields = models.JSONField(null=True)
    """Those of the nine above that the order itself carried; the others are the winning click's."""

    model = models.TextField(null=True)
    """This, `adjustments` and `restriction`: the distinct names that applied, in item order, joined by ;"""
    adjustments = models.TextField(null=True)
    restriction = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "event_type", "order_token"], name="conversion_order"),
            one_of("status", Status.choices, "conversion_status"),
            money(["turnover_minor", "commission_minor"], "conversion_money"),
            credited_once("conversion_credited_to"),
            models.CheckConstraint(
                condition=models.Q(status=Status.REJECTED)
                | models.Q(rejection_reason__isnull=True, rejection_comment__isnull=True),
                name="conversion_rejected",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "occurred_at", "id"], name="conversion_by_time"),
            models.Index(
                fields=["program", "occurred_at", "id"], condition=models.Q(status=Status.OPEN), name="conversion_open"
            ),
            *(
                models.Index(
                    fields=["program", field, "occurred_at"],
                    condition=models.Q(**{f"{field}__isnull": False}),
                    name=f"conversion_by_{field}",
                )
                for field in ("partner", "channel")
            ),
            *(
                models.Index(fields=["program", "currency", f"{field}_minor", "id"], name=f"conversion_by_{field}")
                for field in ("turnover", "commission")
            ),
            *(
                models.Index(
                    fields=["program", field, "occurred_at"],
                    opclasses=["uuid_ops", "text_pattern_ops", "timestamptz_ops"],
                    condition=models.Q(**{f"{field}__isnull": False}),
                    name=f"conversion_by_{field}",
                )
                for field in SOUGHT
            ),
        ]
        """Every one is written by every booking and validation: see docs/decisions/0010-conversion-list.md."""

    def __str__(self) -> str:
        return f"{self.event_type} {self.order_token}"


class Decision(Credited):
    """What was decided: append-only, numbered from 1 for each conversion."""

    pk = models.CompositePrimaryKey("program_id", "conversion_id", "number")
    conversion_id = models.UUIDField()
    number = models.PositiveIntegerField()
    decided_at = models.DateTimeField()
    cause = models.TextField(choices=Cause, db_collation="C")
    event_id = models.UUIDField(null=True)
    """The conversion event that caused it."""
    request_id = models.UUIDField(null=True)
    """The conversion request that caused it."""
    explanation = models.JSONField()
    """In rank order `[party, click_id, clicked_at_us, promo_code, credit_group, outcome]`, party `p:CODE` or
    `c:CODE`."""
    explanation_more = models.PositiveIntegerField()
    """How many clicks are left out: all candidates and the latest 200 others are kept."""
    without_winner = models.TextField(null=True, db_collation="C")

    class Meta:
        constraints = [
            one_of("cause", Cause.choices, "decision_cause"),
            money(["turnover_minor", "commission_minor"], "decision_money"),
            credited_once("decision_credited_to"),
        ]


class Item(Fact):
    """One line of the basket, as one decision priced it: append-only. The items that hold are those of the decision
    that counts."""

    pk = models.CompositePrimaryKey("program_id", "conversion_id", "decision", "item_id")
    conversion_id = models.UUIDField()
    decision = models.PositiveIntegerField()
    item_id = models.TextField(db_collation="C")
    quantity = models.BigIntegerField()
    currency = models.TextField(db_collation="C")
    turnover_minor = models.BigIntegerField()
    sku = models.TextField(null=True)
    category = models.TextField(null=True)
    rate_id = models.UUIDField(null=True)
    commission_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [money(["turnover_minor"], "item_money")]


class Change(Fact):
    """That a conversion got another status or another decision: append-only, numbered from 1 for each conversion. The
    database changes neither without it. It names no visitor and no customer."""

    pk = models.CompositePrimaryKey("program_id", "conversion_id", "number")
    conversion_id = models.UUIDField()
    number = models.PositiveIntegerField()
    changed_at = models.DateTimeField()
    way = models.TextField(choices=Way, db_collation="C")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False)
    """Null where nobody in particular did it: a command, or Accredit by itself."""
    source = models.TextField(null=True)
    """Where it stood, such as the file and its row."""
    status_before = models.TextField(choices=Status, db_collation="C")
    status = models.TextField(choices=Status, db_collation="C")
    decision_before = models.PositiveIntegerField()
    decision = models.PositiveIntegerField()
    rejection_reason = models.TextField(null=True, db_collation="C")
    comment = models.TextField(null=True)
    """Of a rejection, or why the turnover was changed."""

    class Meta:
        constraints = [
            one_of("way", Way.choices, "change_way"),
            one_of("status_before", Status.choices, "change_status_before"),
            one_of("status", Status.choices, "change_status"),
            models.CheckConstraint(
                condition=models.Q(decision=models.F("decision_before") + 1)
                | (models.Q(decision=models.F("decision_before")) & ~models.Q(status=models.F("status_before"))),
                name="change_of_something",
            ),
            models.CheckConstraint(
                condition=models.Q(status=Status.REJECTED, rejection_reason__isnull=False)
                | (~models.Q(status=Status.REJECTED) & models.Q(rejection_reason__isnull=True)),
                name="change_rejected",
            ),
        ]


class Hold(Fact):
    """That a conversion does not approve itself, until somebody releases it: one at a time, and all are kept. Of one
    that is kept nothing changes but its release, once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversion_id = models.UUIDField()
    reason = models.TextField()
    held_at = models.DateTimeField()
    held_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "conversion_id"], condition=models.Q(released_at__isnull=True), name="hold_once"
            ),
            models.CheckConstraint(
                condition=models.Q(released_at__isnull=True, released_by__isnull=True)
                | models.Q(released_at__isnull=False, released_by__isnull=False),
                name="hold_released",
            ),
        ]
        indexes = [models.Index(fields=["program", "conversion_id", "id"], name="hold_of_conversion")]

    def __str__(self) -> str:
        return self.reason


class ConversionTotal(Fact):
    """What conversions of the same party, event type, status, customer status and currency come to. The database keeps
    it itself, with every change of a conversion, and nobody else writes it: everything, or all of a partner, is summed
    at once."""

    event_type = models.TextField(db_collation="C")
    status = models.TextField(choices=Status, db_collation="C")
    credited_to = models.TextField(choices=CreditedTo, db_collation="C")
    partner = models.TextField(null=True, db_collation="C")
    channel = models.TextField(null=True, db_collation="C")
    customer_status = models.TextField(null=True, db_collation="C")
    currency = models.TextField(db_collation="C")
    rows = models.BigIntegerField()
    turnover_minor = models.DecimalField(max_digits=40, decimal_places=0)
    commission_minor = models.DecimalField(max_digits=40, decimal_places=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "program", "event_type", "status", "credited_to", "partner", "channel", "customer_status",
                    "currency",
                ],
                nulls_distinct=False,
                name="total_once",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.rows} · {self.event_type} {self.status} · {self.partner or self.channel} · {self.currency}"


class Payment(Fact):
    """That a payout took a conversion in: append-only, numbered from 1 for each conversion, and written in the
    transaction that posts the payout. What a conversion was paid is the sum of its payments."""

    pk = models.CompositePrimaryKey("program_id", "conversion_id", "number")
    conversion_id = models.UUIDField()
    number = models.PositiveIntegerField()
    paid_at = models.DateTimeField()
    partner = models.TextField(db_collation="C")
    currency = models.TextField(db_collation="C")
    amount_minor = models.BigIntegerField()
    """Below zero: what an accepted request took back after it was paid."""
    entry = models.BigIntegerField()
    """Number of the payout in the ledger."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(currency__regex="^[A-Z]{3}$"), name="payment_currency")
        ]


class ApprovalNotice(Fact):
    """That on a day it was announced which conversions of an event type will approve themselves: those that occurred up
    to the day `through`, and that nobody holds by then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event_type = models.TextField(db_collation="C")
    noticed_on = models.DateField()
    """A day of the program's time zone."""
    noticed_at = models.DateTimeField()
    through = models.DateField()
    conversions = models.PositiveBigIntegerField()
    """How many were not announced before."""
    told_at = models.DateTimeField(null=True)
    """When its people had their e-mails; null: not yet."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "event_type", "noticed_on"], name="approval_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.noticed_on}"
