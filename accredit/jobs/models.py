"""What somebody started, how far it has come, and what came of it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from accredit.database.keys import uuid7
from accredit.programs.models import Program, one_of

PREFIX = "jb"


class State(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (State.WAITING, State.RUNNING)
STOPPED = (State.FAILED, State.CANCELLED)
"""States from which a job can be continued."""


class Job(models.Model):
    """`asked`: what the kind was given, as it was asked; `outcome`: counts of what came of it, by words of the kind."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, db_index=False, related_name="jobs")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs")
    kind = models.TextField(db_collation="C")
    asked = models.JSONField()
    partners = ArrayField(models.TextField(), null=True)
    """The partners whose conversions it saw when it last ran, as `Viewpoint.partners` has them: null is everything."""
    state = models.TextField(choices=State, db_collation="C", default=State.WAITING)
    total = models.PositiveBigIntegerField(null=True)
    """Null while nobody knows."""
    done = models.PositiveBigIntegerField(default=0)
    """How many of `total` are dealt with: where it goes on."""
    rows = models.PositiveBigIntegerField(default=0)
    """How many JobRow it has."""
    outcome = models.JSONField(default=dict)
    failure = models.TextField(db_collation="C", default="")
    """Why it failed: a code of `operations.FAILURES`."""
    attempts = models.PositiveIntegerField(default=0)
    """How often it was begun since it last got any further."""
    file = models.TextField(default="")
    """Of what it made, the name in the folder of jobs: random, so that nobody guesses it."""
    file_name = models.TextField(default="")
    """And the name that it has for people."""
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("state", State.choices, "job_state"),
            models.CheckConstraint(
                condition=models.Q(state__in=UNFINISHED, ended_at__isnull=True)
                | models.Q(ended_at__isnull=False) & ~models.Q(state__in=UNFINISHED),
                name="job_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "program", "id"], name="job_of_user"),
            models.Index(fields=["id"], condition=models.Q(state__in=UNFINISHED), name="job_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class JobInput(models.Model):
    """The rows that a job was started with, as Parquet."""

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="given")
    content = models.BinaryField()


class JobRow(models.Model):
    """A row that a job did not do as it was asked, and why; numbered from 1 in each job."""

    pk = models.CompositePrimaryKey("job_id", "number")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, db_index=False, related_name="+")
    number = models.PositiveBigIntegerField()
    key = models.UUIDField(null=True)
    """Of what the row is about, where that is known."""
    name = models.TextField()
    """What people know it by, such as an order token."""
    source = models.TextField(null=True)
    """Where it stood, such as a file and its row."""
    why = models.TextField(db_collation="C")
    """A code of the kind."""
    facts = models.JSONField(null=True)
    """What the kind's sentence about it says besides."""
