"""The trusted side of a learner's process: start it, give orders, wait no longer than allowed.

Orders and replies are lines of JSON over two pipes.  The parent leads: it asks for one thing and
waits for one reply, so it always knows what a process was doing when it fell silent.  Whatever the
process does to itself, the parent loses nothing but the rest of that process.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from recsys_tutorial.grading.fence import MEGABYTE, NEW_SPACES, Fence, Rails
from recsys_tutorial.grading.wire import decode, encode

START_SECONDS = 120.0
# Processor time for the packages that are loaded before the first answer.
LOADING_SECONDS = 60
LARGEST_REPLY = 3 * 2**20
MOST_WAITING = 8
LOOK_EVERY = 0.5
# How long a killed process may take to end.
END_SECONDS = 5
# On a busy computer a process waits without being to blame: it may take so many times as long by
# the clock on the wall as by its own.
PATIENCE = 6
FILE_MB = 64
FOLDER_MB = 256
PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from recsys_tutorial.grading.child import main; main()"
)
# What a scientific Python needs to start; nothing of the teacher's own environment comes along.
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class GoneError(BaseException):
    """The process is no more, or must not go on; the text says why.

    Not an `Exception`: the checks of `exercises` take those for errors of a learner's function.
    """


class StartError(Exception):
    """The process cannot be started at all: not the learner's doing."""


class Session:
    """One process behind a fence, in a fresh folder that is deleted with it.

    Parameters
    ----------
    rails : Rails
        What this computer can fence.
    hidden : sequence of str
        Folders that the process must not read.
    memory_mb : int
        Most memory, in megabytes.
    seconds : float
        Most processor time.

    Raises
    ------
    StartError
        If the process does not come up.
    """

    def __init__(
        self, rails: Rails, hidden: tuple[str, ...], memory_mb: int, seconds: float
    ) -> None:
        self.scratch = Path(tempfile.mkdtemp(prefix="recsys-grade-"))
        self._began = (time.monotonic(), 0.0)
        self._last: float | None = None
        self._over = threading.Event()
        self._orders: queue.Queue[bytes] = queue.Queue()
        self._replies: queue.Queue[bytes] = queue.Queue(MOST_WAITING)
        self._process = self._start(rails)
        self._reader = threading.Thread(target=self._receive, daemon=True)
        self._reader.start()
        threading.Thread(target=self._send, daemon=True).start()
        fence = Fence(
            str(self.scratch), hidden, memory_mb, FILE_MB, int(seconds) + 10 + LOADING_SECONDS
        )
        self._orders.put(_line(fence.as_dict()))
        try:
            reply = self._wait(START_SECONDS)
        except GoneError as error:
            self.close()
            raise StartError(f"The process for a notebook does not start: it {error}.") from None
        if "error" in reply:
            self.close()
            raise StartError(f"The fence cannot be put up: {reply['error']}.")

    def _start(self, rails: Rails) -> subprocess.Popen[bytes]:
        path = json.dumps([os.path.abspath(place) for place in sys.path])
        command = [sys.executable, "-s", "-B", "-c", PROGRAM, path]
        if rails.network:
            command = [*NEW_SPACES, *command]
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        here = {name: str(self.scratch) for name in ("HOME", "TMPDIR", "TEMP", "TMP")}
        here |= {"USERPROFILE": str(self.scratch), "MPLCONFIGDIR": str(self.scratch)}
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
        group: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            group = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.scratch,
            env={**kept, **here, **threads, "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0"},
            **group,
        )

    def __enter__(self) -> Session:
        """Give the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and delete its folder."""
        self.close()

    def close(self) -> None:
        """End the process with all that it started, and delete its folder."""
        self._over.set()
        self._orders.put(b"")
        if os.name == "nt":
            words = ["taskkill", "/T", "/F", "/PID", str(self._process.pid)]
            subprocess.run(words, capture_output=True, check=False)
        else:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._process.kill()
        self._process.wait()
        # Killed is not yet ended: whoever still holds the pipe may still write to the folder.
        self._reader.join(END_SECONDS)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _send(self) -> None:
        pipe = _pipe(self._process.stdin)
        try:
            while line := self._orders.get():
                pipe.write(line)
                pipe.flush()
        except (OSError, ValueError):  # the process is gone; the other thread says so
            pass
        finally:
            # What a dead process did not take would be written once more when the pipe is thrown
            # away, and from Python 3.13 on the teacher would read that this failed.
            with contextlib.suppress(OSError):
                pipe.close()

    def _receive(self) -> None:
        handle, rest, part = _pipe(self._process.stdout).fileno(), b"", b"begin"
        while part and not self._over.is_set():
            part = _read(handle)
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                self._pass_on(line)
            if len(rest) > LARGEST_REPLY:
                self._pass_on(b"too long")
                break
        if not part:
            # An empty line is the end; the process never sends one that means anything.
            self._pass_on(b"")
        # What comes afterwards is dropped, until nobody holds the other end.
        while part:
            part = _read(handle)

    def _pass_on(self, line: bytes) -> None:
        while not self._over.is_set():
            try:
                return self._replies.put(line, timeout=LOOK_EVERY)
            except queue.Full:
                continue

    def load(self, wanted: list[tuple[str, str]]) -> None:
        """Have packages loaded before any clock runs.

        To be called before the process has run anything of the learner's: then nobody can use up
        time here that is charged to nobody.

        Parameters
        ----------
        wanted : list of (module, name)
            As in ``from module import name``; the name may be empty.

        Raises
        ------
        GoneError
            If the process falls, or takes longer than a start may.
        """
        self.begin()
        self.ask({"load": [list(pair) for pair in wanted]}, START_SECONDS)

    def begin(self) -> None:
        """Start the clock for the next answer."""
        self._last = _processor_seconds(self._process.pid)
        self._began = (time.monotonic(), self._last or 0.0)

    def charged(self) -> float:
        """Give the time that the answer has taken so far.

        Returns
        -------
        float
            Processor seconds, or a sixth of the seconds on the wall if that is more; the seconds on
            the wall where the system does not tell the others.
        """
        wall = time.monotonic() - self._began[0]
        used = _processor_seconds(self._process.pid)
        if used is not None:
            self._last = used
        if self._last is None:
            return wall
        # Of a process that has ended, the last reading stands.
        return max(self._last - self._began[1], wall / PATIENCE)

    def ask(
        self,
        order: dict[str, Any],
        allowed: float,
        functions: list[Callable[..., Any]] | None = None,
    ) -> dict[str, Any]:
        """Give an order and wait for the reply.

        Parameters
        ----------
        order : dict
            As `child.Child.do` takes it.
        allowed : float
            Seconds since `begin`, as they are charged.
        functions : list of callable, optional
            Functions among the arguments, which the process may ask to be called here.

        Returns
        -------
        dict
            The reply.

        Raises
        ------
        GoneError
            If there is no reply, or none that can be read.
        """
        self._orders.put(_line(order))
        looked = time.monotonic()
        while True:
            reply = self._wait(allowed)
            if "back" not in reply:
                return reply
            # Whoever asks without end is never silent, so that waiting alone would not find out.
            if time.monotonic() - looked > LOOK_EVERY:
                self._look(allowed)
                looked = time.monotonic()
            self._orders.put(_line(_call_back(reply, functions or [])))

    def _wait(self, allowed: float) -> dict[str, Any]:
        while True:
            try:
                line = self._replies.get(timeout=LOOK_EVERY)
            except queue.Empty:
                self._look(allowed)
                continue
            if not line:
                raise GoneError(self._end())
            try:
                reply = json.loads(line)
            except (ValueError, RecursionError):
                raise GoneError("sent something unreadable") from None
            if not isinstance(reply, dict):
                raise GoneError("sent something unreadable")
            return reply

    def _look(self, allowed: float) -> None:
        if self.charged() >= allowed:
            raise GoneError(f"did not finish in {allowed:.0f} seconds") from None
        if _size(self.scratch) > FOLDER_MB * MEGABYTE:
            raise GoneError(f"wrote more than {FOLDER_MB} MB to its folder") from None

    def _end(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "closed its connection"
        # A program in new namespaces reports a signal the way a shell does.
        number = -code if code < 0 else code - 128 if code > 128 else 0
        names = {item.value: item.name for item in signal.Signals}
        return f"ended its process ({names.get(number, f'exit code {code}')})"


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:
        return b""


def _processor_seconds(process: int) -> float | None:
    """Add up what a process and those below it have used; None where the system does not tell."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            # The name, in brackets, may hold anything.
            fields = file.read().rpartition(")")[2].split()
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except (OSError, ValueError):
        return None
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_processor_seconds(child) or 0.0 for child in children)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode("ascii") + b"\n"


def _call_back(reply: dict[str, Any], functions: list[Callable[..., Any]]) -> dict[str, Any]:
    place = reply["back"]
    if not isinstance(place, int) or not 0 <= place < len(functions):
        return {"error": "there is no such function"}
    try:
        arguments = decode(reply.get("arguments"))
        return {"value": encode(functions[place](*arguments))}
    except Exception as error:  # the arguments are the learner's
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:  # deleted meanwhile
                continue
    return total
