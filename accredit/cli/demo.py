"""`accredit demo`: a look at Accredit with a shop's orders and synthetic clicks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accredit.cli.load import LOAD_AGAIN, bars, report
from accredit.cli.reporting import progress, reporting_errors, stoppable
from accredit.cli.serving import CORES, Host, Port, StopWithParent, TrackerPort, Workers, reporting_setup

if TYPE_CHECKING:
    import polars as pl

OrdersFile = Annotated[
    Path | None,
    typer.Option(
        help='Invoices as CSV, plain or .gz, in the columns of the public "Online Retail" data set; without it those'
        " that ACCREDIT_DEMO_ORDERS names, else that data set where it lies beside the checkout, else generated ones.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
Generated = Annotated[bool, typer.Option("--generated", help="Generate the invoices, whatever files there are.")]
ShopPort = Annotated[
    int | None, typer.Option(min=1, max=65_535, help="Port of the shop; without it the first free one from 8200 on.")
]

app = typer.Typer(help="A look at Accredit with a shop's orders and synthetic clicks.", no_args_is_help=True)


@app.command()
def run(
    host: Host = "127.0.0.1",
    port: Port = None,
    tracker_port: TrackerPort = None,
    shop_port: ShopPort = None,
    workers: Workers = CORES,
    stop_with_parent: StopWithParent = False,
    generated: Generated = False,
) -> None:
    """Run Accredit with the demo and its shop in the foreground; the first time makes and loads it."""
    with reporting_setup():
        from accredit import processes

        ensure = ["demo", "ensure", *(["--generated"] if generated else [])]
        processes.serve(
            host=host,
            ports=processes.Ports(port, tracker_port, shop_port),
            workers=workers,
            prepare=[["prepare"], ensure],
            stop_with_parent=stop_with_parent,
            with_shop=True,
        )


@app.command()
def ensure(generated: Generated = False) -> None:
    """Load the demo unless it is there, connect its shop where one is open, and say who may sign in."""
    with reporting_setup(), reporting_errors():
        from accredit.config import environment
        from accredit.config.installation import installation

        orders_path = _invoices(None, generated)
        tracker, shop = environment.tracker_url(), environment.demo_shop_url()
        with installation():
            from accredit.demo.connecting import connect_shop
            from accredit.demo.operations import ensure_demo
            from accredit.processes import pages_address

            now = datetime.now(UTC)
            with bars() as progress:
                loaded = ensure_demo(orders_path, now=now, progress=progress)
            if loaded:
                source = f"of {orders_path}" if orders_path else "generated"
                typer.echo(f"The demo has {loaded.loaded.new_conversions:,} orders ({source}) with synthetic clicks.")
            if tracker and shop:
                state = environment.state_folder()
                connect_shop(tracker, shop, state, now=now, pages=pages_address(state) or "")
            _show_people()


@app.command()
def load(orders: OrdersFile = None, generated: Generated = False) -> None:
    """Load a shop's invoices with synthetic clicks into the demo's program, and show what came of it.

    What is loaded already stays as it is. Exit code 1: the file cannot be read (nothing is loaded then), or some
    invoices came earlier with other content.
    """
    with stoppable(LOAD_AGAIN), reporting_setup(), reporting_errors():
        from accredit.config.installation import installation

        invoices = _invoices(orders, generated)
        with installation():
            from accredit.demo.operations import load_demo

            with bars() as progress:
                done = load_demo(invoices, now=datetime.now(UTC), progress=progress)
            _show_rules(done.demo.counts)
            _show_credits()
            _show_people()
            report(done.loaded)


@app.command()
def files(
    out: Annotated[Path, typer.Option(help="The folder to write to: a new or an empty one.", file_okay=False)],
    orders: OrdersFile = None,
    generated: Generated = False,
) -> None:
    """Write the demo as files for `accredit credit`: program.toml, clicks.csv, orders.csv, items.csv.

    The clicks are synthetic. Needs no database.
    """
    if out.exists() and any(out.iterdir()):
        raise typer.BadParameter(f"{out} is not empty.")

    from accredit.demo.input import demo_input, write_files

    with reporting_setup(), reporting_errors():
        invoices = _invoices(orders, generated)
        with progress("Making orders and synthetic journeys"):
            demo = demo_input(invoices)
        with progress("Writing"):
            write_files(demo, out)
    _show_rules(demo.counts)
    typer.echo(
        f"{demo.conversions.height:,} orders with {demo.items.height:,} items and {demo.clicks.height:,} synthetic"
        f" clicks are in {out}. Credit them there:\n\n  accredit credit --program program.toml --clicks clicks.csv"
        " --orders orders.csv --items items.csv --out conversions.csv --explain explanations.csv"
    )


def _invoices(named: Path | None, generated: bool) -> Path | None:
    """The file of invoices that a command works with; None: generated ones. Every command goes by the same rule."""
    from accredit.config import environment

    if named and generated:
        raise typer.BadParameter("--orders names invoices and --generated makes them: give one of the two.")
    return None if generated else named or environment.demo_orders()


def _show_rules(counts: "pl.DataFrame") -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from accredit.demo.orders import RULES

    table = Table("Rule", "Invoices", "Lines", "What it does", box=SIMPLE)
    table.columns[1].justify = table.columns[2].justify = "right"
    for rule, invoices, lines in counts.iter_rows():
        table.add_row(rule, f"{invoices:,}", f"{lines:,}", RULES[rule])
    Console().print(table)


def _show_credits() -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from accredit.demo.orders import CURRENCY
    from accredit.demo.queries import credits_of_demo
    from accredit.money import to_major

    table = Table("Credited to", "", "Conversions", f"Turnover {CURRENCY}", f"Commission {CURRENCY}", box=SIMPLE)
    for column in table.columns[2:]:
        column.justify = "right"
    for credit in credits_of_demo():
        amounts = (to_major(minor, CURRENCY) for minor in (credit.turnover_minor, credit.commission_minor))
        table.add_row(credit.credited_to, credit.code, f"{credit.conversions:,}", *(f"{a:,}" for a in amounts))
    Console().print(table)


def _show_people() -> None:
    from accredit.demo.operations import PEOPLE, demo_password

    for person in PEOPLE:
        part = f"{person.role} of {person.organization}, pages in {person.language.label}"
        typer.echo(f"Sign in as {person.email:24} with {demo_password()} ({part})")
