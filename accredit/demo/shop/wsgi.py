"""The shop, for a WSGI server: connected as the state folder says."""

from accredit import child
from accredit.config import environment
from accredit.demo.shop.app import make_application
from accredit.demo.shop.connection import Connection

child.end_with_server()

application = make_application(Connection.read(environment.state_folder()))
