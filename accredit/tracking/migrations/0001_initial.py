"""The click log and the log of conversion events: plain SQL, partitioned by day, without foreign keys."""

from django.db import migrations

from accredit.database.roles import AppendOnly

TABLES = """
create table tracking_click (
    program_id uuid not null,
    visitor_id text collate "C" not null,
    clicked_at timestamptz not null,
    id uuid not null,
    click_id text collate "C" not null,
    partner text collate "C",
    channel text collate "C",
    ad text,
    project text,
    device text,
    sub_id1 text,
    sub_id2 text,
    sub_id3 text,
    sub_id4 text,
    sub_id5 text,
    sub_id6 text,
    constraint click_of_partner_or_channel check ((partner is null) <> (channel is null)),
    primary key (visitor_id, clicked_at, id)
) partition by range (clicked_at);
comment on table tracking_click is 'Every click; click_id is the id by which the outside knows it';

create table tracking_foreign_click (
    program_id uuid not null,
    click_id text collate "C" not null,
    id uuid not null,
    visitor_id text collate "C" not null,
    clicked_at timestamptz not null,
    primary key (program_id, click_id)
);
comment on table tracking_foreign_click is 'Where the click lies that came with an id of somebody else''s';

create table tracking_conversion_event (
    program_id uuid not null,
    event_type text collate "C" not null,
    order_token text collate "C" not null,
    id uuid not null,
    received_at timestamptz not null,
    source text not null,
    outcome text not null constraint event_outcome check (outcome in ('recorded', 'conflict')),
    digest uuid not null,
    received json not null,
    primary key (program_id, event_type, order_token, id, received_at)
) partition by range (received_at);
comment on table tracking_conversion_event is
    'What came in, as received, without visitor and customer, whom the conversion alone names';
"""

PARTITIONS = """
create function tracking_make_partitions(parent text, days date[]) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    day date;
    partition text;
    made integer := 0;
begin
    if parent not in ('tracking_click', 'tracking_conversion_event') then
        raise exception '% is not partitioned by day', parent;
    end if;
    -- Two sessions that need the same new day make it once.
    perform pg_advisory_xact_lock(hashtextextended('tracking_make_partitions', 0));
    foreach day in array days loop
        partition := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
        continue when to_regclass(format('public.%I', partition)) is not null;
        -- Attaching a finished table, unlike creating a partition in place, lets others go on reading and writing.
        execute format('create table public.%I (like public.%I including all)', partition, parent);
        execute format(
            'alter table public.%I attach partition public.%I for values from (%L) to (%L)',
            parent, partition, day || ' 00:00:00+00', day + 1 || ' 00:00:00+00'
        );
        made := made + 1;
    end loop;
    return made;
end
$$;
comment on function tracking_make_partitions is
    'Makes the partitions of these days (UTC) that are missing, as the owner, and returns how many they were';
"""

APPEND_ONLY = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: rows are added and never changed', tg_table_name
        using errcode = 'integrity_constraint_violation', constraint = 'append_only';
end
$$;
create trigger append_only before update or delete on tracking_conversion_event
    for each row execute function refuse_change();
create trigger append_only before update on tracking_click for each row execute function refuse_change();
create trigger append_only before update on tracking_foreign_click for each row execute function refuse_change();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("database", "0001_application_role")]
    operations = [
        migrations.RunSQL(
            TABLES, "drop table tracking_click, tracking_foreign_click, tracking_conversion_event cascade"
        ),
        migrations.RunSQL(PARTITIONS, "drop function tracking_make_partitions"),
        migrations.RunSQL(APPEND_ONLY, "drop function refuse_change cascade"),
        AppendOnly("tracking_conversion_event"),
    ]
