"""Orders that two ways report are one: visitor, click and customer are neither in events nor in digests. And orders
that are held because nobody signed them are let in by somebody."""

from django.db import migrations

COLUMNS = """
alter table tracking_pending
    add column click_id text collate "C", add column released boolean not null default false;
comment on column tracking_pending.released is 'Somebody let it in although it is not signed';
create index tracking_pending_click on tracking_pending (click_id) where click_id is not null;
"""

# The events lose their clicks, which only conversions name from now on, and all digests are of what is left.
EVENTS = """
create function pg_temp.without_click(received json) returns json language sql as $$
    select regexp_replace(received::text, ',"click_id":"(\\\\.|[^"\\\\])*"', '')::json
$$;
create function pg_temp.digest(received json) returns uuid language sql as $$
    select left(encode(sha256(convert_to(received::text, 'UTF8')), 'hex'), 32)::uuid
$$;
update tracking_pending set click_id = received ->> 'click_id', received = pg_temp.without_click(received);
alter table tracking_conversion_event disable trigger append_only;
update tracking_conversion_event set received = pg_temp.without_click(received);
update tracking_conversion_event set digest = pg_temp.digest(received);
alter table tracking_conversion_event enable trigger append_only;
update tracking_order first set digest = event.digest
from tracking_conversion_event event
where event.program_id = first.program_id and event.event_type = first.event_type
    and event.order_token = first.order_token and event.id = first.event_id and event.received_at = first.received_at;
"""

RECEIVE = """
create or replace function tracking_receive(for_worker boolean) returns table (id uuid, outcome text)
language plpgsql as $$
#variable_conflict use_column
declare
    new_orders bigint;
begin
    -- In the order of the key, so that two that receive the same orders wait for each other and never lock up.
    insert into tracking_order (program_id, event_type, order_token, digest, event_id, received_at)
    select program_id, event_type, order_token, digest, id, received_at
    from tracking_incoming
    order by program_id, event_type, order_token, id
    on conflict do nothing;
    get diagnostics new_orders = row_count;

    if for_worker then
        perform pg_notify('accredit_pending', '');
    end if;

    return query
    with came as materialized (
        select incoming.*, case when first.event_id = incoming.id then 'recorded'
                                when first.digest = incoming.digest then 'known'
                                else 'conflict' end as outcome
        from tracking_incoming incoming
        cross join lateral (
            -- Looked up one by one: a plan of a time when there were few orders would read all of them for good.
            select event_id, digest from tracking_order
            where program_id = incoming.program_id and event_type = incoming.event_type
                and order_token = incoming.order_token
            limit 1
        ) first
    ), kept as (
        insert into tracking_conversion_event (
            program_id, event_type, order_token, id, received_at, source, signed, browser, address_hash, outcome,
            digest, received
        )
        select program_id, event_type, order_token, id, received_at, source, signed, browser, address_hash, outcome,
            digest, received
        from came
        where outcome = 'recorded' or outcome = 'conflict' and (
            -- Each other content is kept once. A scalar subquery: looked up for these few, whatever the planner thinks.
            select earlier.id from tracking_conversion_event earlier
            where earlier.program_id = came.program_id and earlier.event_type = came.event_type
                and earlier.order_token = came.order_token and earlier.digest = came.digest
            limit 1
        ) is null
    ), waiting as (
        insert into tracking_pending (
            id, program_id, program, event_type, order_token, received_at, signed, visitor_id, click_id, customer_id,
            received
        )
        select id, program_id, program, event_type, order_token, received_at, signed, visitor_id, click_id, customer_id,
            received
        from came
        where for_worker and outcome = 'recorded'
    )
    select id, outcome from came;

    if new_orders < (select count(*) from tracking_incoming) then
        -- Some came again. As long as the first report of such an order waits, it takes what only the second one knows.
        with said as materialized (
            select first.event_id, max(visitor_id) as visitor_id, max(click_id) as click_id,
                max(customer_id) as customer_id, bool_or(signed) as signed
            from tracking_incoming incoming
            cross join lateral (
                select event_id, digest from tracking_order
                where program_id = incoming.program_id and event_type = incoming.event_type
                    and order_token = incoming.order_token
                limit 1
            ) first
            where first.event_id <> incoming.id and first.digest = incoming.digest
            group by first.event_id
        ), waiting as materialized (
            -- What a worker holds is being booked. Nobody waits for that.
            select said.*
            from said cross join lateral (
                select id from tracking_pending where id = said.event_id for update skip locked
            ) held
        )
        update tracking_pending pending
        set visitor_id = coalesce(pending.visitor_id, waiting.visitor_id),
            click_id = coalesce(pending.click_id, waiting.click_id),
            customer_id = coalesce(pending.customer_id, waiting.customer_id),
            signed = pending.signed or waiting.signed is true,
            reason = case when pending.reason = 'unsigned' and waiting.signed then null else pending.reason end
        from waiting where pending.id = waiting.event_id;
    end if;
end
$$;

create or replace function tracking_make_incoming() returns void language sql as $$
    create temporary table if not exists tracking_incoming (
        id uuid not null,
        program_id uuid not null,
        program text not null,
        event_type text collate "C" not null,
        order_token text collate "C" not null,
        received_at timestamptz not null,
        source text not null,
        signed boolean,
        browser text,
        address_hash bigint,
        visitor_id text,
        click_id text,
        customer_id text,
        digest uuid not null,
        received json not null
    ) on commit delete rows
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0003_behind_the_intake")]
    operations = [
        migrations.RunSQL(COLUMNS),
        migrations.RunSQL(EVENTS),
        migrations.RunSQL(RECEIVE),
    ]
