"""What live traffic needs: clicks found by id alone, orders known by their first event, events that wait."""

from django.db import migrations

from accredit.database.roles import AppendOnly

CLICKS = """
alter table tracking_click add column browser text, add column address_hash bigint;
comment on column tracking_click.browser is 'Family of the browser, such as Firefox';
comment on column tracking_click.address_hash is 'Of the visitor''s address, with the key of the day';
create index tracking_click_id on tracking_click (id);

create table tracking_address_key (
    day date primary key,
    key bytea not null check (length(key) = 32)
);
comment on table tracking_address_key is
    'Keys by which addresses are hashed; once one is gone, its hashes are of nobody';
"""

ORDERS = """
alter table tracking_conversion_event
    add column signed boolean, add column browser text, add column address_hash bigint;
comment on column tracking_conversion_event.signed is 'Whether the program''s key signed it; null: it came in a file';

create table tracking_order (
    program_id uuid not null,
    event_type text collate "C" not null,
    order_token text collate "C" not null,
    digest uuid not null,
    event_id uuid not null,
    received_at timestamptz not null,
    primary key (program_id, event_type, order_token)
);
comment on table tracking_order is
    'The first event of every order, which is the one that counts; what comes later is the same, or in conflict';
insert into tracking_order
select distinct on (program_id, event_type, order_token) program_id, event_type, order_token, digest, id, received_at
from tracking_conversion_event where outcome = 'recorded'
order by program_id, event_type, order_token, id;

create table tracking_pending (
    id uuid primary key,
    program_id uuid not null,
    program text collate "C" not null,
    event_type text collate "C" not null,
    order_token text collate "C" not null,
    received_at timestamptz not null,
    signed boolean,
    visitor_id text collate "C",
    customer_id text collate "C",
    received json not null,
    reason text collate "C",
    detail text
);
comment on table tracking_pending is
    'Events that are not booked yet, with the visitor and the customer that only their conversions will name. The'
    ' worker takes those without a reason; a reason says why one has to wait for somebody';
create index tracking_pending_next on tracking_pending (id) where reason is null;
create index tracking_pending_held on tracking_pending (program_id, id) where reason is not null;
"""

RECEIVE = """
create function tracking_receive(for_worker boolean) returns table (id uuid, outcome text)
language plpgsql as $$
#variable_conflict use_column
begin
    -- In the order of the key, so that two that receive the same orders wait for each other and never lock up.
    insert into tracking_order (program_id, event_type, order_token, digest, event_id, received_at)
    select program_id, event_type, order_token, digest, id, received_at
    from tracking_incoming
    order by program_id, event_type, order_token, id
    on conflict do nothing;

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
            id, program_id, program, event_type, order_token, received_at, signed, visitor_id, customer_id, received
        )
        select id, program_id, program, event_type, order_token, received_at, signed, visitor_id, customer_id, received
        from came
        where for_worker and outcome = 'recorded'
    )
    select id, outcome from came;
end
$$;
comment on function tracking_receive is
    'Takes the rows of the temporary table tracking_incoming as events, and says of each whether it is recorded, known'
    ' already, or in conflict with what is recorded. For the worker, what is recorded waits in tracking_pending';

create function tracking_make_incoming() returns void language sql as $$
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
        customer_id text,
        digest uuid not null,
        received json not null
    ) on commit delete rows
$$;
comment on function tracking_make_incoming is 'Makes the temporary table tracking_incoming of this session';
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial")]
    operations = [
        migrations.RunSQL(
            CLICKS,
            """
            drop table tracking_address_key;
            drop index tracking_click_id;
            alter table tracking_click drop column browser, drop column address_hash;
            """,
        ),
        migrations.RunSQL(
            ORDERS,
            """
            drop table tracking_order, tracking_pending;
            alter table tracking_conversion_event
                drop column signed, drop column browser, drop column address_hash;
            """,
        ),
        AppendOnly("tracking_order"),
        migrations.RunSQL(RECEIVE, "drop function tracking_receive; drop function tracking_make_incoming"),
    ]
