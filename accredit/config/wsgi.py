"""The pages, for a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from accredit import child

child.end_with_server()

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accredit.config.settings")
application = get_wsgi_application()
