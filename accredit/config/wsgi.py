"""The pages, for a WSGI server."""

import os
import signal

from django.core.wsgi import get_wsgi_application

from accredit import child

if os.environ.get("ACCREDIT_ENDS_WITH_PARENT"):
    # A worker of Granian outlives a Granian that is killed, unless the kernel knows better.
    child.end_with_parent(signal.SIGKILL, os.getppid())

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accredit.config.settings")
application = get_wsgi_application()
