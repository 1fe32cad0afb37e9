"""The proof that the ledger of a program is right, also beside the conversions that it books, and that the totals which
the list shows are those of the conversions."""

import polars as pl
from django.db import transaction
from psycopg import sql

from accredit.conversions.models import Status
from accredit.database.copy import copy_out
from accredit.ledger.checks import EXPECTED, check, check_partners
from accredit.ledger.frames import FINDINGS
from accredit.programs.models import Program
from accredit.programs.operations import lock_program

UNPAID = sql.SQL("""
    select partner, currency, sum(amount_minor)::bigint from (
        select partner, currency, commission_minor as amount_minor from conversions_conversion
        where program_id = {program} and status = {approved} and partner is not null
        union all
        select partner, currency, -amount_minor from conversions_payment where program_id = {program}
    ) unpaid group by partner, currency
""")
TOTALS = sql.SQL("""
    with kept as (
        select event_type, status, coalesce(customer_status, '') as customer, credited_to,
            coalesce(partner, channel, '') as party, currency,
            format('%s of %s and %s', rows, turnover_minor, commission_minor) as sums
        from conversions_conversiontotal where program_id = {program} and rows <> 0
    ), counted as (
        select event_type, status, coalesce(customer_status, '') as customer, credited_to,
            coalesce(partner, channel, '') as party, currency,
            format('%s of %s and %s', count(*), sum(turnover_minor), sum(commission_minor)) as sums
        from conversions_conversion where program_id = {program} group by 1, 2, 3, 4, 5, 6
    )
    select 'The totals that are kept are those of the conversions',
        format('%s, %s, customer %s, %s %s, %s: %s minor units are kept, and there are %s', event_type, status,
            coalesce(nullif(customer, ''), 'unknown'), credited_to, party, currency, coalesce(kept.sums, 'none'),
            coalesce(counted.sums, 'none'))
    from kept full join counted using (event_type, status, customer, credited_to, party, currency)
    where kept.sums is distinct from counted.sums
""")


def check_ledger(program: Program) -> pl.DataFrame:
    """Every place where the ledger or the kept totals are wrong (`ledger.frames.FINDINGS`); nothing is booked while
    sums are read."""
    findings = check(program.id)
    with transaction.atomic():
        lock_program(program.code)
        sums = copy_out(UNPAID.format(program=program.id, approved=Status.APPROVED.value), EXPECTED)
        totals = copy_out(TOTALS.format(program=program.id), FINDINGS)
        return pl.concat([findings, check_partners(program.id, sums), totals])
