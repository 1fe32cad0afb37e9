"""The clicks of a few visitors, without a plan over hundreds of partitions each time they are asked for."""

from django.db import migrations

CLICKS_OF = """
create function tracking_clicks_of(program uuid, visitors text[]) returns setof tracking_click
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
begin
    return query select * from tracking_click where program_id = program and visitor_id = any (visitors);
end
$$;
comment on function tracking_clicks_of is
    'The clicks of these visitors, by a plan that is made once in a session: planning takes longer than the search';
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0004_one_order_two_ways")]
    operations = [migrations.RunSQL(CLICKS_OF, "drop function tracking_clicks_of")]
