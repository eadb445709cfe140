"""What a function prints: the lines of an invocation, without waiting for lines that may never come.

MiniStack waits after every answer, up to 50 ms for a first line and 5 ms after the last, and the function takes no
other invocation meanwhile. What a function printed before it answered is in its pipe by then, so it is enough to see
the pipe empty and its reader waiting for more.
"""
import array
import contextlib
import fcntl
import os
import queue
import select
import termios
import time

from ministack.core.lambda_runtime import ProvidedWorker

LONGEST_WAIT = 1.0  # seconds; for a function that prints faster than it is read


class Pipe:
    """The output of one process, and whether all of it is in the queue of lines."""

    def __init__(self, stream, lines):
        self.stream, self.lines = stream, lines
        self.idle = self.ended = False

    def pump(self):
        rest, ready = b"", select.poll()
        ready.register(self.stream, select.POLLIN)
        try:
            while True:
                self.idle = True
                ready.poll()
                self.idle = False
                read = os.read(self.stream.fileno(), 65536)
                if not read:
                    break
                *whole, rest = (rest + read).split(b"\n")
                for line in whole:
                    self._keep(line)
        except (OSError, ValueError):  # closed under our hands
            pass
        finally:
            if rest:
                self._keep(rest)
            self.ended = True
            self.stream.close()

    def _keep(self, line):
        while True:
            try:
                return self.lines.put_nowait(line.decode(errors="replace").rstrip("\r"))
            except queue.Full:  # the oldest goes: who does not read must not stop the function
                with contextlib.suppress(queue.Empty):
                    self.lines.get_nowait()

    def settled(self):
        """In this order: who waits again after the pipe was seen empty has queued what it read from it."""
        if self.ended:
            return True
        waiting = array.array("i", [0])
        try:
            fcntl.ioctl(self.stream.fileno(), termios.FIONREAD, waiting)
        except (OSError, ValueError):
            return self.ended
        return waiting[0] == 0 and self.idle


def _pump_output(self, stream, log_queue):
    self._pipe = Pipe(stream, log_queue)
    self._pipe.pump()


def _drain_stderr_bounded(self, first_line_wait=0.050, idle_confirm=0.005, hard_cap=0.250):
    lines, pipe, until = [], getattr(self, "_pipe", None), time.monotonic() + LONGEST_WAIT
    while pipe and not pipe.settled() and time.monotonic() < until:
        time.sleep(0.0002)
    while True:
        try:
            lines.append(self._stderr_queue.get_nowait())
        except queue.Empty:
            return "\n".join(lines)


def install():
    from replace import replace
    replace(ProvidedWorker, "_pump_output", _pump_output)
    replace(ProvidedWorker, "_drain_stderr_bounded", _drain_stderr_bounded)
