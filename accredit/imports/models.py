"""What was uploaded, kept while somebody looks at what would come of it."""

from django.db import models

from accredit.access.models import User
from accredit.database.keys import uuid7

PREFIX = "up"
KEPT_DAYS = 30


class Upload(models.Model):
    """A table that somebody uploaded. `cells` and `plan` are Parquet; `plan` and `summary` are what would come of it,
    as whoever planned it writes them; `job`: what was started with it, once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program_id = models.UUIDField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField(db_collation="C")
    """For what it was uploaded."""
    file_name = models.TextField()
    names = models.JSONField()
    """The header, as it is written."""
    told = models.JSONField()
    """How the file was understood: `sheets.Sheet.told`."""
    cells = models.BinaryField()
    marks = models.BinaryField()
    plan = models.BinaryField(null=True)
    summary = models.JSONField(null=True)
    created_at = models.DateTimeField()
    planned_at = models.DateTimeField(null=True)
    job = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["program_id", "user", "id"], name="upload_of_user")]

    def __str__(self) -> str:
        return self.file_name
