"""Views and habits of the conversion list become those of lists: the tables move here, and say which list they mean."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accredit.database.keys

MOVE = """
alter table conversions_listview rename to lists_listview;
alter table conversions_listhabit rename to lists_listhabit;
alter table lists_listview add column list text collate "C" not null default 'conversions';
alter table lists_listview alter column list drop default;
alter table lists_listview drop constraint list_view_of_user, drop constraint list_view_of_organization,
    add constraint list_view_of_user unique (program_id, list, user_id, name),
    add constraint list_view_of_organization unique (program_id, list, organization_id, name);
alter table lists_listhabit add column list text collate "C" not null default 'conversions';
alter table lists_listhabit alter column list drop default;
alter table lists_listhabit drop constraint conversions_listhabit_pkey, add primary key (user_id, program_id, list);
"""
BACK = """
delete from lists_listhabit where list <> 'conversions';
delete from lists_listview where list <> 'conversions';
alter table lists_listhabit drop constraint lists_listhabit_pkey,
    add constraint conversions_listhabit_pkey primary key (user_id, program_id);
alter table lists_listview drop constraint list_view_of_user, drop constraint list_view_of_organization,
    add constraint list_view_of_user unique (program_id, user_id, name),
    add constraint list_view_of_organization unique (program_id, organization_id, name);
alter table lists_listview drop column list;
alter table lists_listhabit drop column list;
alter table lists_listview rename to conversions_listview;
alter table lists_listhabit rename to conversions_listhabit;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("access", "0003_people"),
        ("conversions", "0007_list_views"),
        ("programs", "0003_signing_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(MOVE, BACK)],
            state_operations=[
                migrations.CreateModel(
                    name="ListView",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("list", models.TextField(db_collation="C")),
                        ("name", models.CharField(max_length=60)),
                        ("query", models.TextField()),
                        (
                            "organization",
                            models.ForeignKey(
                                null=True, on_delete=django.db.models.deletion.CASCADE, to="access.organization"
                            ),
                        ),
                        (
                            "program",
                            models.ForeignKey(
                                db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("program", "list", "user", "name"), name="list_view_of_user"
                            ),
                            models.UniqueConstraint(
                                fields=("program", "list", "organization", "name"), name="list_view_of_organization"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("user__isnull", True), ("organization__isnull", True), _connector="XOR"
                                ),
                                name="list_view_of_one",
                            ),
                        ]
                    },
                ),
                migrations.CreateModel(
                    name="ListHabit",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "user_id",
                                "program_id",
                                "list",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("list", models.TextField(db_collation="C")),
                        ("columns", models.TextField(default="")),
                        (
                            "program",
                            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="programs.program"),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "view",
                            models.ForeignKey(
                                null=True, on_delete=django.db.models.deletion.SET_NULL, to="lists.listview"
                            ),
                        ),
                    ],
                ),
            ],
        )
    ]
