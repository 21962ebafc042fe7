"""Waits for changes of a folder."""

import fcntl
import os
import signal

TIMEOUT_SECONDS = 60
CHANGES = fcntl.DN_CREATE | fcntl.DN_RENAME | fcntl.DN_MODIFY | fcntl.DN_MULTISHOT


def block_signal():
    """Blocks the signal of changes in this thread and all that it starts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})


class FolderWatch:
    """Notices files that appear in a folder while the context is open."""

    def __init__(self, folder):
        self._descriptor = os.open(folder, os.O_RDONLY)
        fcntl.fcntl(self._descriptor, fcntl.F_NOTIFY, CHANGES)

    def wait(self):
        """Returns after the next change, which may have come before the call."""
        if signal.sigtimedwait({signal.SIGIO}, TIMEOUT_SECONDS) is None:
            raise RuntimeError("no file has appeared")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._descriptor)
