"""`accredit up`, `demo run`, `prepare`, `manage` and `clean`: the installation itself."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="Port; without it the first free one from 8000 on.")]
TrackerPort = Annotated[
    int | None, typer.Option(min=1, max=65_535, help="Port of the tracker; without it the first free one from 8100 on.")
]
Workers = Annotated[int, typer.Option(min=1, help="Processes that answer pages.")]
StopWithParent = Annotated[
    bool, typer.Option("--stop-with-parent", help="Stop when the process that started this one ends.")
]
CORES = min(os.cpu_count() or 1, 4)


@contextmanager
def reporting_setup() -> Iterator[None]:
    """Print what keeps the installation from working, in its own words, and exit with 1."""
    from accredit.config.environment import WrongSetting
    from accredit.config.installation import DatabaseNotReady
    from accredit.database.embedded import DatabaseNotStarted
    from accredit.processes import NotServed

    try:
        yield
    except (WrongSetting, DatabaseNotStarted, DatabaseNotReady, NotServed) as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None


def up(
    host: Host = "127.0.0.1",
    port: Port = None,
    tracker_port: TrackerPort = None,
    workers: Workers = CORES,
    stop_with_parent: StopWithParent = False,
) -> None:
    """Run Accredit in the foreground: the database, unless ACCREDIT_DATABASE_URL names one, the tracker, the worker
    and the pages."""
    with reporting_setup():
        from accredit import processes

        ports = processes.Ports(port, tracker_port)
        processes.serve(
            host=host, ports=ports, workers=workers, prepare=[["prepare"]], stop_with_parent=stop_with_parent
        )


def prepare() -> None:
    """Bring the tables of the database and the files that pages load up to date."""
    with reporting_setup():
        from accredit.config import installation

        installation.prepare()


def manage(arguments: Annotated[list[str], typer.Argument(help="Name and arguments of a command of Django.")]) -> None:
    """Run a management command of Django, such as `accredit manage check`."""
    with reporting_setup():
        from accredit.config.installation import installation

        with installation():
            from django.core.management import execute_from_command_line

            execute_from_command_line(["accredit manage", *arguments])


def clean(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove everything that this installation stored: the embedded database and all else in its state folder."""
    with reporting_setup():
        from accredit.config import environment
        from accredit.database import embedded

        state = environment.state_folder()
        if not state.exists():
            return
        if not yes:
            typer.confirm(f"Remove {state}, with all conversions in it, for good?", abort=True)
        embedded.remove(embedded.cluster_in(state))
        shutil.rmtree(state)


def add_to(app: typer.Typer) -> None:
    """Give the root command these commands."""
    app.command()(up)
    app.command()(prepare)
    app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})(manage)
    app.command()(clean)
