"""`python -m accredit`: the same as the command `accredit`."""

from accredit.cli import app

app(prog_name="accredit")
