"""The files that pages take from npm packages, each named: nothing else of a package is ever served."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

from accredit.config.environment import CHECKOUT

PACKAGES = CHECKOUT / "node_modules"
FOLDER = "web/vendor"
FILES = {
    f"{FOLDER}/htmx.esm.min.mjs": "htmx.org/dist/htmx.esm.min.js",
    f"{FOLDER}/tabulator_esm.min.mjs": "tabulator-tables/dist/js/tabulator_esm.min.mjs",
    f"{FOLDER}/tabulator_simple.min.css": "tabulator-tables/dist/css/tabulator_simple.min.css",
    f"{FOLDER}/tabulator_simple.min.css.map": "tabulator-tables/dist/css/tabulator_simple.min.css.map",
}
"""Static path → path in `node_modules`."""


class VendorFinder(BaseFinder):
    """Django's way to find static files, for the files above. `make` installs the packages."""

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        """The absolute path of a static file, or an empty list; a list of them with `find_all`."""
        source = PACKAGES / FILES[path] if path in FILES else None
        found = str(source) if source and source.exists() else None
        if find_all:
            return [found] if found else []
        return found or []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:  # noqa: ARG002 Django passes it
        """Every file with a storage that opens it under its static path."""
        for path in FILES:
            yield path, _Chosen(location=PACKAGES)


class _Chosen(FileSystemStorage):
    """Opens the chosen files by their static paths."""

    def path(self, name: str) -> str:
        return str(Path(self.location) / FILES[name])
