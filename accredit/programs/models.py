"""The set-up of programs as tables. What may not happen to them is refused by the database (see the migrations)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accredit.access.models import Organization, User
from accredit.database.keys import uuid7
from accredit.engine.program import CreditGroup

CREDIT_GROUPS = [(group.value, group.value) for group in CreditGroup]
POLICIES = [(policy, policy) for policy in ("always", "involved", "winner")]
MATCHES = [("exact", "exact"), ("regex", "regex")]
FOREIGN_PROMO_CODES = [("credit", "credit"), ("invalid", "invalid")]
ATTRIBUTIONS = [("last_click", "last_click")]


def one_of(field: str, choices: list[tuple[str, str]], name: str) -> models.CheckConstraint:
    """The database refuses anything but the values of `choices`."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": [value for value, _ in choices]}), name=name)


def forwards(name: str) -> models.CheckConstraint:
    """The database refuses a period that ends before it starts. An absent start or end is open."""
    return models.CheckConstraint(condition=models.Q(starts_at__lt=models.F("ends_at")), name=name)


class Program(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.TextField(unique=True, db_collation="C")
    name = models.TextField()
    advertiser = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="advertised_programs")
    agency = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, related_name="operated_programs")
    currency = models.TextField(db_collation="C")
    timezone = models.TextField(db_collation="C")
    referral_window_days = models.PositiveIntegerField()
    foreign_promo_code = models.TextField(choices=FOREIGN_PROMO_CODES, db_collation="C")
    attribution = models.TextField(choices=ATTRIBUTIONS, db_collation="C")
    allowed_hosts = ArrayField(models.TextField())
    click_parameter = models.TextField()
    fallback_page = models.TextField()
    retention_days = models.PositiveIntegerField(null=True)
    hold_unsigned = models.BooleanField(default=False)
    """Orders that come in without a signature wait until somebody lets them in."""
    approval_reminder_days = models.PositiveIntegerField(default=3)
    """How long before conversions approve themselves its people are told; 0: not told."""
    clicks_are_synthetic = models.BooleanField(default=False)
    """The clicks were made up, as the demo's are: every page that shows a journey says so."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(currency__regex="^[A-Z]{3}$"), name="program_currency"),
            one_of("foreign_promo_code", FOREIGN_PROMO_CODES, "program_foreign_promo_code"),
            one_of("attribution", ATTRIBUTIONS, "program_attribution"),
        ]

    def __str__(self) -> str:
        return self.code


class ProgramPart(models.Model):
    """Something that belongs to one program and has a code there. Keys are made in the order of the program file, so
    that ordering by key restores that order."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, db_index=False)
    code = models.TextField(db_collation="C")

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["program", "code"], name="%(class)s_code")]

    def __str__(self) -> str:
        return self.code


class EventType(ProgramPart):
    """`customer_status`: pairs of status and words of the shop, in the order of the program file; null: mapping off.
    `approve_after_days`: when open conversions approve themselves; null: never."""

    customer_status = models.JSONField(null=True)
    approve_after_days = models.PositiveIntegerField(null=True)


class Partner(ProgramPart):
    """`organization`: whose members see this partner's conversions; null while nobody of the partner signs in."""

    name = models.TextField()
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="partnerships"
    )


class Channel(ProgramPart):
    name = models.TextField()
    credit_group = models.TextField(choices=CREDIT_GROUPS, db_collation="C")
    referral_window_days = models.PositiveIntegerField()

    class Meta(ProgramPart.Meta):
        constraints = [*ProgramPart.Meta.constraints, one_of("credit_group", CREDIT_GROUPS, "channel_credit_group")]


class Ad(ProgramPart):
    name = models.TextField()
    landing_page = models.TextField()


class Project(ProgramPart):
    name = models.TextField()
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="projects")


class RejectionReason(ProgramPart):
    title_de = models.TextField()
    title_en = models.TextField()


class TermsVersion(models.Model):
    """One version of template terms, never changed once a contract period uses it. `payouts`: as
    `accredit.files.terms_json` writes them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, db_index=False)
    code = models.TextField(db_collation="C")
    version = models.PositiveIntegerField()
    payouts = models.JSONField()
    modification_starts_at = models.DateTimeField(null=True)
    early_opt_in = models.BooleanField()
    comment = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "code", "version"], name="terms_version")]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class Contract(models.Model):
    """A partner's one contract in a program."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.OneToOneField(Partner, on_delete=models.CASCADE, related_name="contract")
    labels = ArrayField(models.TextField())

    def __str__(self) -> str:
        return str(self.partner)


class Period(models.Model):
    """`[starts_at, ends_at)`; an absent end is open. Periods of one contract or channel never overlap."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    credit_group = models.TextField(choices=CREDIT_GROUPS, db_collation="C")
    referral_window_days = models.PositiveIntegerField()

    class Meta:
        abstract = True


class ContractPeriod(Period):
    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, db_index=False, related_name="periods")
    terms_version = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, related_name="contract_periods")

    class Meta:
        constraints = [
            forwards("contract_period_forwards"),
            one_of("credit_group", CREDIT_GROUPS, "contract_period_credit_group"),
        ]


class ChannelPeriod(Period):
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, db_index=False, related_name="periods")

    class Meta:
        constraints = [
            forwards("channel_period_forwards"),
            one_of("credit_group", CREDIT_GROUPS, "channel_period_credit_group"),
        ]


class PromoCode(models.Model):
    """A definition of a code. `normalized_code` tells definitions apart: the code itself for a regex; trimmed and in
    lower case for an exact code. Definitions of one code never overlap in time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="promo_codes")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="promo_codes")
    code = models.TextField(db_collation="C")
    normalized_code = models.TextField(db_collation="C")
    match = models.TextField(choices=MATCHES, db_collation="C")
    policy = models.TextField(choices=POLICIES, db_collation="C")
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            forwards("promo_code_forwards"),
            one_of("match", MATCHES, "promo_code_match"),
            one_of("policy", POLICIES, "promo_code_policy"),
        ]

    def __str__(self) -> str:
        return self.code


class TermsTold(models.Model):
    """That a user was told by e-mail of a version that was announced to a partner."""

    pk = models.CompositePrimaryKey("user_id", "partner_id", "terms", "version")
    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")
    terms = models.TextField(db_collation="C")
    version = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.user_id} · {self.partner_id} · {self.terms} {self.version}"


class Topic(models.TextChoices):
    """What people are told by e-mail, and may switch off."""

    REQUESTS = "requests"
    TERMS = "terms"


class Silence(models.Model):
    """That a user wants no e-mails about a topic of a program."""

    pk = models.CompositePrimaryKey("user_id", "program_id", "topic")
    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="+")
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="+")
    topic = models.TextField(db_collation="C")

    class Meta:
        constraints = [one_of("topic", Topic.choices, "silence_topic")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.program_id} · {self.topic}"


class SigningKey(models.Model):
    """A key by which the shop signs what it sends . Its secret is sealed (`accredit.sealing`), and shown once, when it
    is made. A program may have several, so that one replaces another without a gap."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="signing_keys")
    sealed_secret = models.TextField()
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)
