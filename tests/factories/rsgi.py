"""Requests as the server gives them to the tracker."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class Headers:
    """Headers of a request."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = {name.lower(): value for name, value in headers.items()}

    def get(self, key: str, default: Any = None) -> Any:
        return self._headers.get(key, default)

    def get_all(self, key: str) -> list[str]:
        return [self._headers[key]] if key in self._headers else []

    def __contains__(self, key: str) -> bool:
        return key in self._headers

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)


@dataclass
class Scope:
    """A request."""

    method: str
    path: str
    query_string: str
    headers: Headers
    client: str = "203.0.113.7:40000"
    scheme: str = "https"
    proto: str = "http"
