"""The proof that the ledger of a program is right, also beside the conversions that it books."""

import polars as pl
from django.db import transaction
from psycopg import sql

from accredit.conversions.models import Status
from accredit.database.copy import copy_out
from accredit.ledger.checks import EXPECTED, check, check_partners
from accredit.programs.models import Program
from accredit.programs.operations import lock_program


def check_ledger(program: Program) -> pl.DataFrame:
    """Every place where the ledger is wrong (`ledger.frames.FINDINGS`); nothing is booked while sums are read."""
    expected = sql.SQL("""
        select partner, currency, sum(amount_minor)::bigint from (
            select partner, currency, commission_minor as amount_minor from conversions_conversion
            where program_id = {program} and status = {approved} and partner is not null
            union all
            select partner, currency, -amount_minor from conversions_payment where program_id = {program}
        ) unpaid group by partner, currency
    """)
    findings = check(program.id)
    with transaction.atomic():
        lock_program(program.code)
        sums = copy_out(expected.format(program=program.id, approved=Status.APPROVED.value), EXPECTED)
        return pl.concat([findings, check_partners(program.id, sums)])
