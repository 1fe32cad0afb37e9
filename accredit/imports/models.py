"""What was uploaded, kept while somebody looks at what would come of it and corrects it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accredit.access.models import User
from accredit.database.keys import uuid7

PREFIX = "up"
KEPT_DAYS = 30
LEFT_OUT = "left_out"
"""The state of a row that its user leaves out; it can be taken in again."""


class Upload(models.Model):
    """A table that somebody uploaded. `plan` (Parquet) and `summary` are what would come of it, as whoever planned it
    writes them; of one whose rows are settled one by one, `summary` has how many are in which state. `job`: what was
    started with it, once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program_id = models.UUIDField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField(db_collation="C")
    """For what it was uploaded."""
    file_name = models.TextField()
    names = models.JSONField()
    """The header, as it is written."""
    places = models.JSONField(default=dict)
    """Declared column → where it stands in the cells of a row; those that the file leaves out stand behind its own."""
    told = models.JSONField()
    """How the file was understood: `sheets.Sheet.told`."""
    said = models.JSONField(default=dict)
    """What the user says of it: `declaring.Format`."""
    written = models.JSONField(default=dict)
    """Declared column → how its amounts or days are written."""
    problems = models.JSONField(default=list)
    """`checking.Problem`s of the file as a whole: where there are any it has no rows here."""
    rows = models.PositiveBigIntegerField(default=0)
    """How many the file has."""
    faulty = models.PositiveBigIntegerField(default=0)
    """How many of them have faults."""
    counts = models.JSONField(default=dict)
    """Declared column → code of a fault → how many cells have it."""
    plan = models.BinaryField(null=True)
    summary = models.JSONField(null=True)
    created_at = models.DateTimeField()
    planned_at = models.DateTimeField(null=True)
    job = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["program_id", "user", "id"], name="upload_of_user")]

    def __str__(self) -> str:
        return self.file_name


class Row(models.Model):
    """A row of an upload, under the number that its spreadsheet shows, as it is corrected."""

    pk = models.CompositePrimaryKey("upload_id", "row")
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    """Checking it row by row would take as long as writing them: who writes rows adds the upload, or holds it."""
    row = models.PositiveBigIntegerField()
    cells = ArrayField(models.TextField(null=True))
    """By place; those behind the end are empty."""
    marks = models.JSONField(null=True)
    """What was seen of cells when the file was read: place, mark and detail (`sheets.MARKS`), as texts. They count as
    long as the cell is not corrected."""
    originals = ArrayField(models.TextField(null=True), null=True)
    """The cells as the file has them, where any was corrected."""
    faults = models.JSONField(null=True)
    """Column, code and details of each."""
    together = models.TextField(null=True, db_collation="C")
    """What the rows have in common that are checked together (`declaring.TOGETHER`)."""
    also = models.TextField(null=True, db_collation="C")
    state = models.TextField(null=True, db_collation="C")
    """What became of the row, as a word of who did it; it is not corrected any more."""
    note = models.TextField(null=True)
    """More on it, such as the key of what was made of the row."""

    class Meta:
        indexes = [
            models.Index(fields=["upload", "row"], name="row_with_faults", condition=models.Q(faults__isnull=False)),
            models.Index(
                fields=["upload", "together"], name="rows_together", condition=models.Q(together__isnull=False)
            ),
            models.Index(fields=["upload", "also"], name="rows_also", condition=models.Q(also__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(faults=[]), name="faults_or_null"),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.row}"


class Correction(models.Model):
    """Cells that were corrected at once, or rows that were left out or taken in, kept to be taken back."""

    id = models.BigAutoField(primary_key=True)
    """The last correction has the highest."""
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="corrections")
    places = ArrayField(models.PositiveIntegerField())
    """In which columns they are; none: of whole rows."""
    before = models.BinaryField()
    """What they said before, or which state the rows had: `correcting.EDITS`, as Parquet."""

    def __str__(self) -> str:
        return f"{self.upload_id} {self.id}"
