"""What nobody signed gives way to what somebody vouches for. Where a program holds what is not signed, that waits from
the moment in which it comes, and names nobody for an order that somebody vouches for."""

from django.db import migrations

from accredit.database.roles import application_role

# `released` said that somebody let an order in: the worker no longer asks who signed what.
COLUMNS = """
update tracking_pending pending set reason = 'unsigned'
from programs_program program
where program.id = pending.program_id and program.hold_unsigned and pending.signed is false and not pending.released
    and (pending.reason is null or pending.reason = 'unknown_event_type');
alter table tracking_pending drop column released;
comment on table tracking_order is
    'The event of every order that counts: the first, or the one that took the place of an unsigned one before it was'
    ' booked; others are the same, or in conflict';
"""

RECEIVE = """
create or replace function tracking_receive(for_worker boolean) returns table (id uuid, outcome text)
language plpgsql as $$
#variable_conflict use_column
declare
    new_orders bigint;
    came_again boolean;
    instead uuid[] := '{}';
begin
    -- In the order of the key, so that two that receive the same orders wait for each other and never lock up.
    insert into tracking_order (program_id, event_type, order_token, digest, event_id, received_at)
    select program_id, event_type, order_token, digest, id, received_at
    from tracking_incoming
    order by program_id, event_type, order_token, signed is false, id
    on conflict do nothing;
    get diagnostics new_orders = row_count;
    came_again := new_orders < (select count(*) from tracking_incoming);

    if for_worker then
        perform pg_notify('accredit_pending', '');
    end if;

    if came_again then
        -- An unsigned order that waits gives way to other content that is signed, or comes in a file.
        with vouched as materialized (
            select distinct on (program_id, event_type, order_token) *
            from tracking_incoming where signed is not false
            order by program_id, event_type, order_token, id
        ), other as materialized (
            -- Locked in the order of the key: of two that come at once the second one sees what the first one did.
            select vouched.*, before.event_id
            from vouched cross join lateral (
                select first.event_id from tracking_order first
                where first.program_id = vouched.program_id and first.event_type = vouched.event_type
                    and first.order_token = vouched.order_token and first.digest <> vouched.digest
                limit 1 for update
            ) before
        ), giving_way as materialized (
            select other.*
            from other cross join lateral (
                select id from tracking_pending where id = other.event_id and signed is false
                limit 1 for update skip locked
            ) waiting
        ), gone as (
            delete from tracking_pending pending using giving_way where pending.id = giving_way.event_id
        ), moved as (
            update tracking_order first
            set event_id = giving_way.id, digest = giving_way.digest, received_at = giving_way.received_at
            from giving_way
            where first.program_id = giving_way.program_id and first.event_type = giving_way.event_type
                and first.order_token = giving_way.order_token
            returning first.event_id
        )
        select coalesce(array_agg(event_id), '{}') into instead from moved;
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
        select program_id, event_type, order_token, id, received_at, source, signed, browser, address_hash,
            -- What took another's place is in conflict with it.
            case when id = any (instead) then 'conflict' else outcome end, digest, received
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
            received, reason
        )
        select id, program_id, program, event_type, order_token, received_at, signed, visitor_id, click_id, customer_id,
            received, case when signed is false and (
                select program.hold_unsigned from programs_program program where program.id = came.program_id
            ) then 'unsigned' end
        from came
        where for_worker and outcome = 'recorded'
    )
    select id, outcome from came;

    if came_again then
        -- As long as the report that counts waits, it takes what only others know: first those that are vouched for.
        perform tracking_come_again(true);
        perform tracking_come_again(false);
    end if;
end
$$;

create function tracking_come_again(vouched boolean) returns void language plpgsql as $$
begin
    with said as materialized (
        select first.event_id, array[max(visitor_id), max(click_id), max(customer_id)] as names,
            bool_or(signed) is true as signed
        from tracking_incoming incoming
        cross join lateral (
            select event_id, digest from tracking_order
            where program_id = incoming.program_id and event_type = incoming.event_type
                and order_token = incoming.order_token
            limit 1
        ) first
        where first.event_id <> incoming.id and first.digest = incoming.digest
            and (incoming.signed is not false) = vouched
        group by first.event_id
    ), waiting as materialized (
        -- What a worker holds is being booked. Nobody waits for that.
        select said.event_id, said.signed, held.names as held, said.names as said, vouched and not held.signed as prior,
            -- Who ordered and how they came is the word of one alone where that one is vouched for, and the other not,
            -- and that one knows it, or the program does not trust the other.
            held.signed <> vouched and (
                coalesce(said.names[1], said.names[2]) is not null and vouched
                or coalesce(held.names[1], held.names[2]) is not null and not vouched
                or (select program.hold_unsigned from programs_program program where program.id = held.program_id)
                    is not false
            ) as alone
        from said cross join lateral (
            select program_id, signed, array[visitor_id, click_id, customer_id] as names
            from tracking_pending where id = said.event_id limit 1 for update skip locked
        ) held
    ), named as (
        select event_id, signed, case when prior then said else held end as by_one,
            case when not alone then case when prior then held else said end end as by_other
        from waiting
    )
    update tracking_pending pending
    set visitor_id = coalesce(by_one[1], by_other[1]),
        click_id = coalesce(by_one[2], by_other[2]),
        customer_id = coalesce(by_one[3], by_other[3]),
        signed = pending.signed or named.signed,
        reason = case when vouched and pending.reason in ('unsigned', 'discarded') then null else pending.reason end
    from named where pending.id = named.event_id;
end
$$;
comment on function tracking_come_again is
    'Has orders that wait take visitor, click and customer of reports in tracking_incoming that say the same of them:'
    ' of those that are signed or come in a file (vouched), or of the others';
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0005_clicks_of_visitors"), ("programs", "0004_hold_unsigned")]
    operations = [
        migrations.RunSQL(COLUMNS),
        migrations.RunSQL(f"grant update (digest, event_id, received_at) on tracking_order to {application_role()}"),
        migrations.RunSQL(RECEIVE),
    ]
