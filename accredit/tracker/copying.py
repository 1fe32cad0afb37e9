"""COPY of a few lines in one transaction at the least cost: libpq itself, waiting on the event loop.

The copy of psycopg costs as much as fifty rows, which are a whole group."""

import asyncio

from psycopg import AsyncConnection
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

NULL = "\\N"


def cell(text: str | None) -> str:
    """A text without control characters as a cell; NULL where there is none."""
    if not text:
        return NULL
    return text.replace("\\", "\\\\") if "\\" in text else text


async def copy_lines(connection: AsyncConnection, statement: bytes, lines: bytes) -> None:
    """Run a `copy … from stdin` with these lines. Raises psycopg.Error; then the connection works on, unless it is
    lost."""
    server = connection.pgconn
    server.send_query(statement)
    opened = await _result(server)
    if opened is not None and opened.status == ExecStatus.COPY_IN:
        server.put_copy_data(lines)
        server.put_copy_end()
        opened = None
    failed: PGresult | None = opened
    while (result := await _result(server)) is not None:
        if result.status == ExecStatus.FATAL_ERROR:
            failed = failed or result
    if failed is not None:
        raise error_from_result(failed)


async def _result(server: PGconn) -> PGresult | None:
    """The next result; None after the last one."""
    while server.flush():
        await _ready(server, to_write=True)
        server.consume_input()
    while server.is_busy():
        await _ready(server)
        server.consume_input()
    return server.get_result()


async def _ready(server: PGconn, *, to_write: bool = False) -> None:
    """Wait until the server has said something, or would take more."""
    loop, socket = asyncio.get_running_loop(), server.socket
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(socket, wake)
    if to_write:
        loop.add_writer(socket, wake)
    try:
        await ready
    finally:
        loop.remove_reader(socket)
        if to_write:
            loop.remove_writer(socket)
