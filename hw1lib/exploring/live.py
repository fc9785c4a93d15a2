"""Work that is watched: on a thread of its own, a picture from time to time, stopped at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from hw1lib.exploring.views import View

PAUSE = 0.05  # seconds between two pictures, at least

# after each piece of work: what would draw how it stands, told whether that was the last
Frames = Iterator[Callable[[bool], View]]


class Worker:
    """Does one piece of work after another; a new start ends what runs."""

    def __init__(self, show: Callable[[View], None], failed: Callable[[Exception], None]) -> None:
        """Make a worker that rests.

        Args:
            show: Called on the worker's thread with the newest picture, and with the last.
            failed: Called there with an error that ended the work.
        """
        self._show, self._failed = show, failed
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether work is being done."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[], Frames]) -> None:
        """Begin, once what runs has ended; returns at once."""
        self.stop()
        before, stopped = self._thread, threading.Event()
        self._stopped = stopped
        arguments = (work, stopped, before)
        self._thread = threading.Thread(target=self._work, args=arguments, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the present piece of work; what was done is drawn. Returns at once."""
        self._stopped.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        if self._thread:
            self._thread.join(timeout)

    def _work(
        self,
        work: Callable[[], Frames],
        stopped: threading.Event,
        before: threading.Thread | None,
    ) -> None:
        if before:
            before.join()
        drawn, newest = -PAUSE, None
        try:
            for newest in work():
                if stopped.is_set():
                    break
                if time.monotonic() - drawn >= PAUSE:
                    self._show(newest(False))
                    drawn = time.monotonic()
            if newest:
                self._show(newest(True))
        except Exception as error:  # or nobody would hear of it
            self._failed(error)
