"""Work on files that is stopped before one of its calls that change the disk."""

import errno
import os
import signal
import sys

CHANGES = {"open", "write", "flush", "fsync", "rename", "replace", "mkdir", "unlink"}
UNDISTURBED, REFUSED, DONE_ALL_THE_SAME = 0, 3, 4  # as a folder that is there is not made
KILLED = -9  # SIGKILL, which Windows has not


def stopped(work, point, stop):
    """Do some work in a child that is stopped before its point-th change; how it ended."""
    left = point

    def profile(_frame, event, function):
        nonlocal left
        if event == "c_call" and function.__name__ in CHANGES:
            left -= 1
            if left == 0:
                stop()

    child = os.fork()
    if not child:
        sys.setprofile(profile)
        try:
            work()
        except OSError:
            os._exit(REFUSED)
        os._exit(UNDISTURBED if left > 0 else DONE_ALL_THE_SAME)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed():
    """End the process, as the system does."""
    os.kill(os.getpid(), signal.SIGKILL)


def disk_full():
    """Refuse the call."""
    raise OSError(errno.ENOSPC, "no space")
