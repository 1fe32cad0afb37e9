"""PostgreSQL guesses from so many steps how many orders begin with something: what people type is less than one of a
hundred."""

from django.db import migrations

SET = "alter table conversions_conversion alter column order_token set statistics"


class Migration(migrations.Migration):
    dependencies = [
        ("conversions", "0013_terms_that_were_missing"),
    ]

    operations = [
        migrations.RunSQL(f"{SET} 400", f"{SET} -1"),
    ]
