"""Indexes where lists look for few among many, and none where what is looked for is found along the way: every one of
them is written by every booking and validation."""

from django.db import migrations, models

SOUGHT = ("sub_id1", "sub_id2", "sub_id3", "sub_id4", "sub_id5", "sub_id6", "promo_code")

OWN_CUSTOMER_STATUSES = """
create index conversion_by_customer_status on conversions_conversion (program_id, customer_status, occurred_at)
    where customer_status not in ('New', 'Existing');
"""


class Migration(migrations.Migration):
    dependencies = [("conversions", "0007_list_views")]

    operations = [
        *(
            migrations.RemoveIndex("conversion", f"conversion_by_{field}")
            for field in ("event_type", "status", "customer_status")
        ),
        migrations.AddIndex(
            "conversion",
            models.Index(
                fields=["program", "occurred_at", "id"], condition=models.Q(status="open"), name="conversion_open"
            ),
        ),
        migrations.RunSQL(OWN_CUSTOMER_STATUSES, "drop index conversion_by_customer_status"),
        *(
            migrations.AddIndex(
                "conversion",
                models.Index(
                    fields=["program", field, "occurred_at"],
                    opclasses=["uuid_ops", "text_pattern_ops", "timestamptz_ops"],
                    condition=models.Q(**{f"{field}__isnull": False}),
                    name=f"conversion_by_{field}",
                ),
            )
            for field in SOUGHT
        ),
    ]
