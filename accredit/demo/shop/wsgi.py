"""The shop, for a WSGI server: connected as the state folder says."""

import os
import signal

from accredit import child
from accredit.config import environment
from accredit.demo.shop.app import make_application
from accredit.demo.shop.connection import Connection

if os.environ.get("ACCREDIT_ENDS_WITH_PARENT"):
    # A worker of Granian outlives a Granian that is killed, unless the kernel knows better.
    child.end_with_parent(signal.SIGKILL, os.getppid())

application = make_application(Connection.read(environment.state_folder()))
