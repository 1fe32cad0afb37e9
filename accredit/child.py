"""Processes that end with the one that started them, however that ends.

The child is this very file, run by a bare interpreter: it drops its rights where asked, has the kernel send it a signal
when its parent dies, and then becomes the wanted command. Doing so between fork and exec would not be safe in a process
with threads.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1


def end_with_parent(signal_number: int, parent_pid: int) -> None:
    """Have the kernel send `signal_number` to this process when its parent dies. The kernel means the parent's
    thread: start children from a thread that lives as long as the process. Linux only; elsewhere nothing happens."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before the kernel was told
        os.kill(os.getpid(), signal_number)


def end_with_server() -> None:
    """Have a worker process of Granian end with the Granian that forked it, where ACCREDIT_ENDS_WITH_PARENT asks for
    it: it outlives one that is killed, unless the kernel knows better."""
    if not os.environ.get("ACCREDIT_ENDS_WITH_PARENT"):
        return
    import multiprocessing  # here, for it slows the start of every child

    end_with_parent(signal.SIGKILL, os.getppid())
    server = multiprocessing.parent_process()
    if server is not None and not server.is_alive():  # it died before the kernel was told: that was another parent
        os.kill(os.getpid(), signal.SIGKILL)


def start(
    command: Sequence[str],
    *,
    ends_on: signal.Signals = signal.SIGTERM,
    user: tuple[int, int] | None = None,
    output: IO[bytes] | int | None = None,
    errors: IO[bytes] | int | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that a Ctrl-C reaches this process alone, which then ends its
    children in the right order. It gets `ends_on` when this process dies. `user` (uid, gid) is for root only; `keep`
    names the file descriptors that it inherits."""
    uid, gid = user or (-1, -1)
    settings = [str(int(ends_on)), str(os.getpid()), str(uid), str(gid)]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, *settings, *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        cwd=folder,
        env=environment,
        pass_fds=tuple(keep),
        start_new_session=True,
    )


def _become(ends_on: int, parent_pid: int, uid: int, gid: int, command: list[str]) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    end_with_parent(ends_on, parent_pid)  # after the change of user, which would undo it
    os.execvp(command[0], command)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:5]]
    _become(numbers[0], numbers[1], numbers[2], numbers[3], sys.argv[5:])
