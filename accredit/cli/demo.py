"""`accredit demo`: a look at Accredit with a shop's orders and synthetic clicks."""

import typer

from accredit.cli.serving import CORES, Host, Port, StopWithParent, Workers, reporting_setup, serve

app = typer.Typer(help="A look at Accredit with a shop's orders and synthetic clicks.", no_args_is_help=True)


@app.command()
def run(
    host: Host = "127.0.0.1", port: Port = None, workers: Workers = CORES, stop_with_parent: StopWithParent = False
) -> None:
    """Run Accredit with the demo in the foreground; the first time makes and loads it."""
    serve(host, port, workers, stop_with_parent, prepare=[["prepare"], ["demo", "ensure"]])


@app.command()
def ensure() -> None:
    """Load the demo unless it is there, and say who may sign in."""
    with reporting_setup():
        from accredit.config import environment
        from accredit.config.installation import installation

        orders_path = environment.demo_orders()
        with installation():
            from accredit.demo.operations import ensure_demo

            ensure_demo(orders_path)
