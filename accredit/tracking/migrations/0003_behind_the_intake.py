"""What the worker needs: the queue by program, and days of clicks that are dropped once they are in the archive."""

from django.db import migrations

QUEUE = """
drop index tracking_pending_next;
create index tracking_pending_next on tracking_pending (program_id, id) where reason is null;
create index tracking_pending_visitor on tracking_pending (visitor_id) where visitor_id is not null;
-- Rows come and go by the thousand: what is left of them must not grow.
alter table tracking_pending set (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_insert_threshold = -1
);
"""

DROP = """
create function tracking_drop_clicks(day date, archived bigint) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '1s' as $$
declare
    partition text := format('tracking_click_%s', to_char(day, 'YYYYMMDD'));
    there bigint;
begin
    if to_regclass(format('public.%I', partition)) is null then
        return;
    end if;
    -- Until the end nobody waits but who would write into this day; dropping it takes the whole log for a moment.
    execute format('lock table public.%I in share row exclusive mode', partition);
    execute format('select count(*) from public.%I', partition) into there;
    if there <> archived then
        raise exception 'the day % has % clicks, and % are in the archive', day, there, archived
            using errcode = 'integrity_constraint_violation', constraint = 'clicks_archived';
    end if;
    execute format(
        'delete from public.tracking_foreign_click named using public.%I click'
        ' where named.program_id = click.program_id and named.click_id = click.click_id and named.id = click.id',
        partition
    );
    execute format('drop table public.%I', partition);
end
$$;
comment on function tracking_drop_clicks is
    'Drops the partition of a day (UTC) whose clicks are in the archive, as the owner; refuses any other number';
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0002_intake")]
    operations = [
        migrations.RunSQL(
            QUEUE,
            """
            alter table tracking_pending reset (
                autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_insert_threshold
            );
            drop index tracking_pending_visitor;
            drop index tracking_pending_next;
            create index tracking_pending_next on tracking_pending (id) where reason is null;
            """,
        ),
        migrations.RunSQL(DROP, "drop function tracking_drop_clicks"),
    ]
