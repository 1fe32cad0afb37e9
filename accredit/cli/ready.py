"""The installation, ready for one command; what keeps it from working, or from doing what it is told, is said."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from accredit.cli.reporting import reporting_errors
from accredit.cli.serving import reporting_setup


@contextmanager
def ready() -> Iterator[None]:
    """Within the block the installation works. Whatever is refused is printed in its own words: exit code 1."""
    with reporting_setup(), reporting_errors():
        from accredit.config.installation import installation

        with installation():
            from accredit.access.operations import MembershipRefused, OrganizationRefused
            from accredit.conversions.operations import OrdersNotPriced
            from accredit.files.errors import printable
            from accredit.programs.changing import ProgramCodeRefused, ProgramTaken
            from accredit.programs.operations import AdvertiserRefused
            from accredit.programs.queries import UnknownProgram
            from accredit.programs.signing_keys import KeyRefused
            from accredit.tracking.operations import TooManyDays

            refusals = (
                AdvertiserRefused, KeyRefused, MembershipRefused, OrdersNotPriced, OrganizationRefused,
                ProgramCodeRefused, ProgramTaken, TooManyDays, UnknownProgram,
            )  # fmt: skip
            try:
                yield
            except refusals as error:
                typer.secho(printable(str(error.args[0])), err=True, fg="red")
                raise typer.Exit(1) from None
