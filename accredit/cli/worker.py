"""`accredit worker`: what happens behind the intake."""

import os
import signal

from accredit import child
from accredit.cli.serving import reporting_setup


def worker() -> None:
    """Book what comes in, and run the periodic jobs, until Ctrl-C or `kill`.

    `accredit up` starts one. More of them, on other machines, share the work.
    """
    if os.environ.get("ACCREDIT_ENDS_WITH_PARENT"):
        child.end_with_parent(signal.SIGTERM, os.getppid())
    # Its threads keep a connection each, for as long as they work.
    os.environ["ACCREDIT_DATABASE_POOL_SIZE"] = "0"
    with reporting_setup():
        from accredit.config import environment
        from accredit.config.installation import installation
        from accredit.processes import pages_address

        if pages := pages_address(environment.state_folder()):  # for the links in its e-mails
            os.environ["ACCREDIT_PUBLIC_URL"] = pages
        with installation():
            from accredit.worker.running import run

            run()
