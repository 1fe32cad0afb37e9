"""The browser of the machine, and how it is started."""

import os
import shutil

ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]


def chromium() -> str | None:
    """The path of the browser: ACCREDIT_CHROMIUM, else the one on the PATH; None where there is none."""
    return os.environ.get("ACCREDIT_CHROMIUM") or shutil.which("chromium")
