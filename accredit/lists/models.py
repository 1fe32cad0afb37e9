"""What people keep of lists."""

from django.db import models

from accredit.access.models import Organization, User
from accredit.database.keys import uuid7
from accredit.programs.models import Program


class ListView(models.Model):
    """A view of a list under a name: one's own, or shared with everybody in an organization. `query`: what the address
    of the list says, filters, sort and columns."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, null=True)
    list = models.TextField(db_collation="C")
    name = models.CharField(max_length=60)
    query = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "list", "user", "name"], name="list_view_of_user"),
            models.UniqueConstraint(
                fields=["program", "list", "organization", "name"], name="list_view_of_organization"
            ),
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(organization__isnull=True), name="list_view_of_one"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ListHabit(models.Model):
    """How a user looks at a list of a program where the address says nothing: with which columns, and view."""

    pk = models.CompositePrimaryKey("user_id", "program_id", "list")
    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False)
    program = models.ForeignKey(Program, on_delete=models.CASCADE)
    list = models.TextField(db_collation="C")
    columns = models.TextField(default="")
    view = models.ForeignKey(ListView, on_delete=models.SET_NULL, null=True)

    def __str__(self) -> str:
        return f"{self.user} · {self.program}"
