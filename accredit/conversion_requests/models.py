"""Conversion requests, the stages that they went through, what was said about them, and a program's rules for them.

What a request wants stands in columns, each null where nothing is asked of it; the conversion is named by the order's
codes, as everywhere. Every key begins with the program.
"""

from django.db import models
from django.db.models.functions import Coalesce

from accredit.access.models import User
from accredit.conversions.models import Fact, Status, Way
from accredit.database.keys import uuid7
from accredit.money import MAX_AMOUNT_MINOR
from accredit.programs.models import Program, one_of

PREFIX = "rq"


class Kind(models.TextChoices):
    CREATE = "create"
    CHANGE = "change"
    CLAIM = "claim"
    """A create whose order is there already and is credited to somebody else, or to nobody."""


class Stage(models.TextChoices):
    INQUIRED = "inquired"
    ACCEPTED = "accepted"
    PROCESSED = "processed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


OPEN_STAGES = (Stage.INQUIRED, Stage.ACCEPTED, Stage.FAILED)
"""Something is still to come of it."""

WANTED = (
    "occurred_at", "currency", "turnover_minor", "claimed_minor", "status", "rejection_reason", "new_order_token",
    "category", "customer_status", "promo_code", "country", "device", "ad", "project",
    "sub_id1", "sub_id2", "sub_id3", "sub_id4", "sub_id5", "sub_id6", "items",
)  # fmt: skip
"""The columns of what is wanted. A change asks for those that are not null; a create needs the first three."""


class Request(Fact):
    """One conversion request. `commission_minor`, `model` and `restriction` (why nothing is paid): what the plan said
    when it was raised, and once it is processed what it came to; `commission_before_minor`: of the conversion that was
    there, likewise."""

    pk = models.CompositePrimaryKey("program_id", "id")
    id = models.UUIDField()
    number = models.PositiveBigIntegerField()
    """Counts from 1 in each program: how people name it."""
    kind = models.TextField(choices=Kind, db_collation="C")
    stage = models.TextField(choices=Stage, db_collation="C")
    stages = models.PositiveIntegerField()
    """How many stages it went through: the number of the last StageChange."""
    partner = models.TextField(db_collation="C")
    """Who is to be credited."""
    event_type = models.TextField(db_collation="C")
    order_token = models.TextField(db_collation="C")
    conversion_id = models.UUIDField(null=True)
    """Null while the conversion is not there."""
    changes = models.PositiveIntegerField(null=True)
    """How many changes the conversion had had when it was looked at to raise the request, or last to decide it; of a
    processed one with its own."""
    raised_at = models.DateTimeField()
    raised_by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    way = models.TextField(choices=Way, db_collation="C")
    source = models.TextField(null=True)
    """Where it stood, such as the file and its row."""
    digest = models.UUIDField()
    """Of partner, kind, order, everything wanted and the request that it takes the place of: the same one is raised
    once, until its conversion has changed."""
    changed_at = models.DateTimeField()
    """When it came to its stage."""
    replaced_by = models.UUIDField(null=True)
    """The request that corrects this one, which is withdrawn by that, or that asks again for what was rejected."""
    answer_from = models.TextField(null=True, db_collation="C")
    """Who has to answer next: `partner` or `advertiser`; null: nobody."""

    occurred_at = models.DateTimeField(null=True)
    currency = models.TextField(db_collation="C")
    """Of the amounts here; a change has that of its conversion."""
    turnover_minor = models.BigIntegerField(null=True)
    claimed_minor = models.BigIntegerField(null=True)
    """The commission that the partner claims; null: by the rate."""
    status = models.TextField(choices=Status, null=True, db_collation="C")
    rejection_reason = models.TextField(null=True, db_collation="C")
    new_order_token = models.TextField(null=True, db_collation="C")
    """Of a change: the number that the order is to have."""
    category = models.TextField(null=True)
    customer_status = models.TextField(null=True, db_collation="C")
    promo_code = models.TextField(null=True)
    country = models.TextField(null=True)
    device = models.TextField(null=True)
    ad = models.TextField(null=True)
    project = models.TextField(null=True)
    sub_id1 = models.TextField(null=True)
    sub_id2 = models.TextField(null=True)
    sub_id3 = models.TextField(null=True)
    sub_id4 = models.TextField(null=True)
    sub_id5 = models.TextField(null=True)
    sub_id6 = models.TextField(null=True)
    items = models.JSONField(null=True)
    """A list of objects of item_id, quantity, turnover_minor, sku and category, by item_id. A change names those that
    change; quantity 0 cancels one."""
    before = models.JSONField(null=True)
    """Of a change or claim: the fields that it changes, as they were: when it was raised, then when it was
    processed. Of a claim not for the partner's eyes: it says what the order had earned, and whom."""

    turnover_shown_minor = models.BigIntegerField()
    """What lists show: the wanted turnover, or else that of the conversion."""
    commission_before_minor = models.BigIntegerField(null=True)
    commission_minor = models.BigIntegerField(null=True)
    model = models.TextField(null=True)
    restriction = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="request_number"),
            models.UniqueConstraint(
                fields=["program", "digest", "changes"],
                condition=~models.Q(stage=Stage.WITHDRAWN) | models.Q(replaced_by__isnull=False),
                nulls_distinct=False,
                name="request_once",
            ),
            models.UniqueConstraint(
                fields=["program", "replaced_by"],
                condition=models.Q(replaced_by__isnull=False),
                name="request_replaces_one",
            ),
            models.UniqueConstraint(
                "program",
                "order_token",
                "event_type",
                "partner",
                models.Case(models.When(stage__in=OPEN_STAGES, then=True)),
                name="request_open_once",
            ),
            one_of("kind", Kind.choices, "request_kind"),
            one_of("stage", Stage.choices, "request_stage"),
            models.CheckConstraint(
                condition=models.Q(kind=Kind.CREATE) | models.Q(conversion_id__isnull=False), name="request_conversion"
            ),
            models.CheckConstraint(
                condition=~models.Q(stage=Stage.PROCESSED) | models.Q(conversion_id__isnull=False),
                name="request_processed",
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex="^[A-Z]{3}$")
                & (models.Q(turnover_minor__isnull=True) | models.Q(turnover_minor__range=(0, MAX_AMOUNT_MINOR)))
                & (models.Q(claimed_minor__isnull=True) | models.Q(claimed_minor__range=(0, MAX_AMOUNT_MINOR))),
                name="request_money",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "raised_at", "id"], name="request_by_time"),
            models.Index(fields=["program", "partner", "raised_at", "id"], name="request_of_partner"),
            models.Index(
                fields=["program", "raised_at", "id"],
                condition=models.Q(stage__in=OPEN_STAGES),
                name="request_open_by_time",
            ),
            models.Index(fields=["program", "currency", "turnover_shown_minor", "id"], name="request_by_turnover"),
            models.Index("program", "currency", Coalesce("commission_minor", 0), "id", name="request_by_commission"),
            models.Index(
                fields=["program", "changed_at"], condition=models.Q(stage=Stage.ACCEPTED), name="request_accepted"
            ),
            models.Index(
                fields=["program", "conversion_id"],
                condition=models.Q(conversion_id__isnull=False),
                name="request_of_conversion",
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.number}"


class StageChange(Fact):
    """That a request came to a stage: append-only, numbered from 1 for each request; 1 is that it was raised."""

    pk = models.CompositePrimaryKey("program_id", "request_id", "number")
    request_id = models.UUIDField()
    number = models.PositiveIntegerField()
    changed_at = models.DateTimeField()
    stage = models.TextField(choices=Stage, db_collation="C")
    way = models.TextField(choices=Way, db_collation="C")
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    """Null where nobody in particular did it: a rule of the program, or the processing."""
    reason = models.TextField(null=True, db_collation="C")
    """Of a rejection, one of the program's rejection reasons; of a failure, a code of `processing.FAILURES`."""
    comment = models.TextField(null=True)
    changes = models.PositiveIntegerField(null=True)
    """Of an acceptance: how many changes the conversion had had when it was looked at."""

    class Meta:
        constraints = [
            one_of("stage", Stage.choices, "stage_change_stage"),
            one_of("way", Way.choices, "stage_change_way"),
        ]
        indexes = [models.Index(fields=["program", "changed_at"], name="stage_change_by_time")]


class Comment(Fact):
    """Something that was said about a request, to those of the other side too."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request_id = models.UUIDField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    side = models.TextField(db_collation="C")
    """`partner` or `advertiser` (agencies speak for it)."""
    text = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["program", "request_id", "id"], name="comment_of_request"),
            models.Index(fields=["program", "written_at"], name="comment_by_time"),
        ]

    def __str__(self) -> str:
        return self.text


class Attachment(Fact):
    """A file that shows something about a request. `kind`: what its content is, whatever its name says."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request_id = models.UUIDField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    file_name = models.TextField()
    kind = models.TextField(db_collation="C")
    """pdf, png, jpg, eml or txt."""
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    added_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["program", "request_id", "id"], name="attachment_of_request")]

    def __str__(self) -> str:
        return self.file_name


class Rules(models.Model):
    """How a program deals with requests. A program without a row has the defaults."""

    program = models.OneToOneField(Program, primary_key=True, on_delete=models.CASCADE, related_name="request_rules")
    period_days = models.PositiveIntegerField(default=180)
    """Conversions that occurred longer ago are not asked for."""
    own_decisions = models.BooleanField(default=False)
    """Whether somebody may decide a request that they raised."""
    accept_after_days = models.PositiveIntegerField(null=True)
    """After so many days, 0 at once, requests accept themselves; null: never."""
    accept_up_to_minor = models.BigIntegerField(null=True)
    """Only those whose commission grows by no more than this, in the program's currency; null: all of them."""

    def __str__(self) -> str:
        return f"requests of {self.program}"


class Told(models.Model):
    """Up to when a user was told by e-mail what happened to the requests of a program."""

    pk = models.CompositePrimaryKey("user_id", "program_id")
    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="+")
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="+")
    through = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} · {self.program} · {self.through}"
