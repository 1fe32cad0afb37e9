"""The embedded server: durable, private, alone in its folder, and whole again after whatever happened to it."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from accredit.database import embedded
from accredit.database.embedded import Cluster, DatabaseNotStarted


@pytest.fixture(scope="module")
def cluster(open_folder: Path) -> Iterator[Cluster]:
    """A cluster that the tests of this module share; each starts and stops it as it likes."""
    cluster = embedded.cluster_in(open_folder / "state")
    yield cluster
    embedded.remove(cluster)
    assert not cluster.folder.exists()


def ask(cluster: Cluster, role: str, query: str) -> object:
    """The first field of the first row that a statement gives, if it gives any."""
    with psycopg.connect(cluster.url(role), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row and row[0]


def test_what_is_committed_is_on_disk_and_the_socket_is_private(cluster: Cluster) -> None:
    with embedded.running(cluster):
        for setting, value in {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "TimeZone": "UTC",
            "server_encoding": "UTF8",
        }.items():
            assert ask(cluster, embedded.APPLICATION, f"show {setting}") == value, setting
        locale = "select datlocprovider::text || ' ' || datlocale from pg_database where datname = 'accredit'"
        assert ask(cluster, embedded.APPLICATION, locale) == "b C.UTF-8"
        assert stat.S_IMODE(cluster.sockets.stat().st_mode) == 0o700


def test_the_owner_makes_tables_and_the_application_does_not(cluster: Cluster) -> None:
    with embedded.running(cluster):
        ask(cluster, embedded.OWNER, "create table made as select 1 as one")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(cluster, embedded.APPLICATION, "create table refused (one int)")
        ask(cluster, embedded.OWNER, "set role accredit_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(cluster, embedded.APPLICATION, "set role accredit_owner")


def test_a_running_server_is_joined_and_left_running(cluster: Cluster) -> None:
    process = embedded.start(cluster)
    try:
        with embedded.running(cluster):
            assert ask(cluster, embedded.APPLICATION, "select 1") == 1
        assert process.poll() is None
    finally:
        embedded.stop(process)
    assert process.returncode == 0


def test_a_second_server_for_the_same_folder_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)
    with embedded.running(cluster):
        with pytest.raises(DatabaseNotStarted, match="already uses the database in"):
            embedded.start(cluster)
        with pytest.raises(DatabaseNotStarted, match="runs: stop it first"):
            embedded.remove(cluster)


def test_what_was_committed_survives_a_kill(cluster: Cluster) -> None:
    assert "automatic recovery" not in cluster.log.read_text()
    process = embedded.start(cluster)
    try:
        ask(cluster, embedded.OWNER, "create table kept as select 42 as answer")
    finally:
        process.kill()
        process.wait()
    with embedded.running(cluster):
        assert ask(cluster, embedded.OWNER, "select answer from kept") == 42
    assert "automatic recovery" in cluster.log.read_text()


def test_a_server_that_is_still_dying_is_not_taken_for_one_that_runs(cluster: Cluster) -> None:
    (cluster.data / "postmaster.pid").write_text(f"{os.getppid()}\n{cluster.data}\n0\n5432\n\n\n\nready\n")
    lock = (cluster.state / "postgres.lock").open("r+")
    fcntl.flock(lock, fcntl.LOCK_EX)  # as a process of a server that was killed may for a moment
    release = threading.Timer(0.3, lock.close)
    release.start()
    with embedded.running(cluster):
        assert ask(cluster, embedded.APPLICATION, "select 1") == 1
    release.join()


def test_a_pid_file_that_names_a_stranger_does_not_keep_it_from_starting(cluster: Cluster) -> None:
    # In a container the numbers of processes start again from 1, so that a file left behind names something else.
    (cluster.data / "postmaster.pid").write_text(f"{os.getppid()}\n{cluster.data}\n0\n5432\n\n\n\nready\n")
    with embedded.running(cluster):
        assert ask(cluster, embedded.APPLICATION, "select 1") == 1


def test_a_half_made_cluster_is_made_again(open_folder: Path) -> None:
    cluster = embedded.cluster_in(open_folder / "half")
    embedded.stop(embedded.start(cluster, durable=False))
    half = cluster.folder / "initdb-4711"
    cluster.data.rename(half)
    (half / "PG_VERSION").unlink()
    embedded.stop(embedded.start(cluster, durable=False))
    assert not half.exists()


def test_why_it_does_not_start_is_said_in_its_own_words(open_folder: Path) -> None:
    cluster = embedded.cluster_in(open_folder / "half")
    (cluster.data / "global" / "pg_control").rename(cluster.data / "global" / "lost")
    with pytest.raises(DatabaseNotStarted, match=r"(?s)PostgreSQL ended with .*pg_control"):
        embedded.start(cluster, durable=False)


def test_a_path_that_no_socket_can_have_gets_a_short_one(open_folder: Path) -> None:
    assert not embedded.cluster_in(open_folder / "a,b").sockets.is_relative_to(open_folder)  # libpq reads a list there
    cluster = embedded.cluster_in(open_folder / ("s" * 120))
    process = embedded.start(cluster, durable=False)
    try:
        assert ask(cluster, embedded.APPLICATION, "select 1") == 1
    finally:
        embedded.stop(process)
    assert not cluster.sockets.is_relative_to(open_folder)
    embedded.remove(cluster)
    assert not cluster.sockets.exists()


def test_a_socket_folder_that_somebody_else_made_is_refused(open_folder: Path) -> None:
    cluster = embedded.cluster_in(open_folder / ("t" * 120))
    cluster.sockets.mkdir(mode=0o777)
    cluster.sockets.chmod(0o777)
    try:
        with pytest.raises(DatabaseNotStarted, match="another one made it"):
            embedded.start(cluster)
    finally:
        cluster.sockets.rmdir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root runs the server as another user")
def test_a_folder_that_the_unprivileged_user_cannot_reach_has_a_fallback(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(embedded, "FALLBACK_FOLDER", open_folder / "fallback")
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    cluster = embedded.cluster_in(private / "state")
    process = embedded.start(cluster, durable=False)
    try:
        assert ask(cluster, embedded.APPLICATION, "select 1") == 1
    finally:
        embedded.stop(process)
    assert f"the database is kept in {cluster.folder} instead" in capsys.readouterr().err
    assert cluster.folder.is_relative_to(open_folder / "fallback")
    embedded.remove(cluster)
    assert not any((open_folder / "fallback").iterdir())


def test_the_server_ends_with_the_process_that_started_it(cluster: Cluster) -> None:
    start_and_die = (
        "import os, signal, sys, pathlib; from accredit.database import embedded;"
        "embedded.start(embedded.cluster_in(pathlib.Path(sys.argv[1]))); os.kill(os.getpid(), signal.SIGKILL)"
    )
    recoveries = cluster.log.read_text().count("automatic recovery")
    died = subprocess.run([sys.executable, "-c", start_and_die, str(cluster.state)], check=False)
    assert died.returncode == -signal.SIGKILL
    embedded.stop(embedded.start(cluster))
    assert cluster.log.read_text().count("automatic recovery") == recoveries
