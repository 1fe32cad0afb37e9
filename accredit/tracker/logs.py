"""What the tracker says of itself: one line of JSON an event, without addresses, ids and query strings."""

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime


def log(event: str, **facts: str | int | float) -> None:
    """Write one line to standard error."""
    line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts})
    with suppress(OSError):  # whoever read it may be gone
        print(line, file=sys.stderr, flush=True)
