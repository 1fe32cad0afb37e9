"""On which days who clicked, so that the clicks of a visitor are looked for in those days alone."""

from django.db import migrations

TABLES = """
create table tracking_visit (
    visitor bigint not null,
    day date not null,
    primary key (visitor, day)
);
create index tracking_visit_of_day on tracking_visit using brin (day);
comment on table tracking_visit is
    'That a visitor, by a hash of the id, clicked on a day (UTC); complete for the days of tracking_visited_day';
create table tracking_visited_day (day date primary key);
comment on table tracking_visited_day is
    'Days of clicks that are over and noted in tracking_visit; a click that comes for one takes it out again';
"""

NOTE = """
create function tracking_take_out_day() returns trigger language plpgsql as $$
begin
    delete from tracking_visited_day where day = (new.clicked_at at time zone 'UTC')::date;
    return new;
end
$$;
create function tracking_note_visits(day date) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '1s' as $$
declare
    partition text := format('tracking_click_%s', to_char(day, 'YYYYMMDD'));
begin
    if to_regclass(format('public.%I', partition)) is null then
        return;
    end if;
    -- Making the trigger waits for who writes into the day, and keeps others from it until the end.
    execute format(
        'create or replace trigger take_out_day before insert on public.%I'
        ' for each row execute function public.tracking_take_out_day()',
        partition
    );
    execute format(
        'insert into public.tracking_visit select distinct hashtextextended(visitor_id, 0), $1 from public.%I'
        ' order by 1 on conflict do nothing',
        partition
    ) using day;
    insert into public.tracking_visited_day values (day) on conflict do nothing;
end
$$;
comment on function tracking_note_visits is 'Notes who clicked on a day (UTC) that is over, as the owner';
"""

OPEN = """
create function tracking_open_days() returns setof date language sql stable as $$
    select to_date(right(relname, 8), 'YYYYMMDD')
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'tracking_click'::regclass and pg_relation_size(inhrelid) > 0
    except select day from tracking_visited_day
$$;
comment on function tracking_open_days is 'Days (UTC) that have clicks, of which it is not noted who clicked';
"""

FIND = """
create or replace function tracking_clicks_of(program uuid, visitors text[]) returns setof tracking_click
language plpgsql stable
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    part record;
begin
    for part in
        select visit.day, array_agg(wanted.visitor) as visitors
        from unnest(visitors) wanted (visitor)
        join tracking_visit visit on visit.visitor = hashtextextended(wanted.visitor, 0)
        join tracking_visited_day using (day)
        group by visit.day
        union all
        select open.day, visitors from tracking_open_days() open (day)
    loop
        -- A day of its own for the planner: a plan over all of them takes longer than the search.
        return query execute format(
            'select * from tracking_click where clicked_at >= %L and clicked_at < %L and program_id = $1'
            ' and visitor_id = any ($2)',
            part.day || ' 00:00:00+00', part.day + 1 || ' 00:00:00+00'
        ) using program, part.visitors;
    end loop;
end
$$;
comment on function tracking_clicks_of is
    'The clicks of these visitors, from the days on which they clicked and those of which that is not noted yet';
"""

FOUND_BEFORE = """
create or replace function tracking_clicks_of(program uuid, visitors text[]) returns setof tracking_click
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
begin
    return query select * from tracking_click where program_id = program and visitor_id = any (visitors);
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0006_what_is_vouched_for")]
    operations = [
        migrations.RunSQL(TABLES, "drop table tracking_visit, tracking_visited_day"),
        migrations.RunSQL(NOTE, "drop function tracking_note_visits; drop function tracking_take_out_day cascade"),
        migrations.RunSQL(OPEN, "drop function tracking_open_days"),
        migrations.RunSQL(FIND, FOUND_BEFORE),
    ]
