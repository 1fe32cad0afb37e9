"""`accredit tracker`: the service that takes clicks and conversions."""

import os
import sys
from typing import Annotated

import typer

from accredit.cli.serving import Host, reporting_setup

BACKLOG = 2048
CONCURRENT = 1024
"""Requests that are answered at a time; the others wait in the backlog."""
HEADER_MILLISECONDS = 5000
STOP_SECONDS = 10
TrackerPort = Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")]
PortIsHeld = Annotated[bool, typer.Option(hidden=True, help="By whoever starts this.")]


def tracker(host: Host = "127.0.0.1", port: TrackerPort = 8100, port_is_held: PortIsHeld = False) -> None:
    """Take clicks and conversions in the foreground. Any number of trackers may work on one database, which must be
    there: that of ACCREDIT_DATABASE_URL, or the embedded one while `accredit up` or another command runs it."""
    with reporting_setup():
        from accredit.processes import hold_port
        from accredit.tracker.app import Tracker

        if not port_is_held:
            hold_port(host, port, port, "--port").close()
        Tracker()  # says what is wrong with the settings, before the server hides it
    os.environ["ACCREDIT_ENDS_WITH_PARENT"] = "1"
    os.execv(sys.executable, [sys.executable, "-m", "granian", *server_arguments(host, port), "--factory",
                              "accredit.tracker.app:Tracker"])  # fmt: skip


def server_arguments(host: str, port: int) -> list[str]:
    """How Granian serves the tracker, but for what it serves."""
    return [
        "--interface", "rsgi", "--loop", "uvloop", "--http", "1", "--no-ws", "--host", host, "--port", str(port),
        "--workers", "1", "--backlog", str(BACKLOG), "--backpressure", str(CONCURRENT),
        "--http1-header-read-timeout", str(HEADER_MILLISECONDS), "--http1-buffer-size", "16384",
        "--workers-kill-timeout", str(STOP_SECONDS), "--log-level", "warning",
    ]  # fmt: skip
