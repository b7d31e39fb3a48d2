"""The fence round a learner's process: what it may take, touch and reach.

Three rails, each of which is tried before it is relied upon and named in the report:

- limits of the system (POSIX): memory, size of a file, processor time;
- the kernel's own fence (Linux: Landlock for files and TCP, namespaces for network and processes);
- Python's audit hook (everywhere): it stops what a careless or cheating notebook does, with clear
  words.  It is no wall: PEP 578 says that native code can go round it.

The time limit is not here: the parent keeps it.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MEGABYTE = 2**20
# The same number on every processor that Linux runs on.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
READING = 0b1101  # execute, read a file, list a folder
FILE_RIGHTS = 0b111 | 1 << 14 | 1 << 15
NEW_SPACES = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child")
STARTING = ("os.fork", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile")
SENDING = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo")
WRITING = (
    *("os.remove", "os.rmdir", "os.rename", "os.mkdir", "os.chmod", "os.chown", "os.truncate"),
    *("os.link", "os.symlink", "os.utime", "os.setxattr", "shutil.rmtree", "shutil.move"),
)


@dataclass(frozen=True)
class Fence:
    """What a learner's process gets.

    Attributes
    ----------
    scratch : str
        The one folder in which it may write.
    hidden : tuple of str
        Folders that it may not even read: answers, submissions, the report.
    memory_mb : int
        Most memory, in megabytes.
    file_mb : int
        Largest file that it may write, in megabytes.
    seconds : int
        Most processor time: a second net, for a process whose parent has died.
    """

    scratch: str
    hidden: tuple[str, ...]
    memory_mb: int
    file_mb: int
    seconds: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for the wire.

        Returns
        -------
        dict
            By name.
        """
        return asdict(self)


@dataclass(frozen=True)
class Rails:
    """Which rails stand on this computer.

    Attributes
    ----------
    memory : bool
        Whether the system limits memory.
    files : bool
        Whether the kernel keeps the process to its folder.
    network : bool
        Whether the kernel keeps it from the network.
    processes : bool
        Whether every process that it starts dies with it.
    """

    memory: bool
    files: bool
    network: bool
    processes: bool

    def in_words(self) -> list[str]:
        """Say what holds and what does not.

        Returns
        -------
        list of str
            One sentence per rail.
        """
        hook = "only Python's audit hook does, which native code can go round"
        return [
            "Time is limited; a process that is late is ended with its group.",
            "Memory is limited."
            if self.memory
            else "Memory is not limited: this system offers no such limit.",
            "The kernel lets it write in its own folder only, and hides answers and submissions."
            if self.files
            else f"The kernel does not guard files: {hook}.",
            "The kernel gives it no network."
            if self.network
            else f"The kernel does not cut the network: {hook}.",
            "Processes that it starts end with it."
            if self.processes
            else "A process that it starts and hides may live on.",
        ]


def find_rails() -> Rails:
    """Try which rails stand on this computer.

    Returns
    -------
    Rails
        What was found, by trying.
    """
    spaces = _spaces_work()
    return Rails(
        memory=sys.platform.startswith("linux"),
        files=landlock_version() > 0,
        network=spaces,
        processes=spaces,
    )


def _spaces_work() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        done = subprocess.run([*NEW_SPACES, "true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def landlock_version() -> int:
    """Ask the kernel for its version of Landlock.

    Returns
    -------
    int
        0 if it has none.
    """
    if not sys.platform.startswith("linux"):
        return 0
    version = ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, 1)
    return max(0, int(version))


def put_up(fence: Fence) -> None:
    """Put this process behind the fence, for good.

    Parameters
    ----------
    fence : Fence
        What it gets.

    Raises
    ------
    OSError
        If a rail that this kernel has cannot be put up.
    """
    limit_resources(fence)
    if landlock_version() > 0:
        lock_files(fence)
    listen(fence)


def limit_resources(fence: Fence) -> None:
    """Limit memory, size of files and processor time; a system without such limits gets none.

    Parameters
    ----------
    fence : Fence
        What it gets.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = {
        "RLIMIT_AS": fence.memory_mb * MEGABYTE,
        "RLIMIT_FSIZE": fence.file_mb * MEGABYTE,
        "RLIMIT_CPU": fence.seconds,
        "RLIMIT_CORE": 0,
    }
    for name, most in limits.items():
        kind = getattr(resource, name)
        allowed = resource.getrlimit(kind)[1]
        if allowed != resource.RLIM_INFINITY:
            most = min(most, allowed)
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # macOS refuses some
            continue


def lock_files(fence: Fence) -> None:
    """Let the kernel keep this process to its folder, off TCP, and off other processes.

    Parameters
    ----------
    fence : Fence
        What it gets.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    version = landlock_version()
    all_rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    # Files from the first version on, TCP from the fourth, signals and sockets from the sixth.
    handled = [all_rights, *[0b11] * ((version >= 4) + (version >= 6))]
    attributes = struct.pack(f"={len(handled)}Q", *handled)
    libc = ctypes.CDLL(None, use_errno=True)

    def ask(number: int, *arguments: Any) -> int:
        answer = int(libc.syscall(number, *arguments))
        if answer < 0:
            raise OSError(ctypes.get_errno(), "Landlock refused")
        return answer

    rules = ask(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    grants = [(place, READING & all_rights) for place in readable(fence.hidden)]
    grants += [("/dev/null", FILE_RIGHTS), (fence.scratch, all_rights)]
    for place, rights in grants:
        try:
            handle = os.open(place, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
        except OSError:  # gone since it was listed
            continue
        mask = all_rights if os.path.isdir(place) else all_rights & FILE_RIGHTS
        rule = struct.pack("=Qi", rights & mask, handle)
        ask(ADD_RULE, rules, 1, rule, 0)
        os.close(handle)
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges: the kernel asks for this first
    ask(RESTRICT_SELF, rules, 0)
    os.close(rules)


def readable(hidden: Iterable[str]) -> list[str]:
    """List what may be read: the system, Python and the package, without the hidden folders.

    Parameters
    ----------
    hidden : iterable of str
        Folders to leave out.

    Returns
    -------
    list of str
        Paths that together cover what is allowed and nothing of what is hidden.
    """
    secret = [Path(place).resolve() for place in hidden]
    ours = own_places(hidden)
    roots = ["/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/dev", "/opt"]
    roots += [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]
    found: list[str] = []
    for root in {Path(place).resolve() for place in roots if place}:
        if root.exists() and str(root) != "/":
            around = root.parents if root in ours else ()
            found += _without(root, [other for other in secret if other not in around])
    return found


def own_places(hidden: Iterable[str]) -> list[Path]:
    """List where this Python itself lies in a hidden folder: without it no notebook could start.

    Teachers keep an environment beside the submissions, or in the course's own folder.

    Parameters
    ----------
    hidden : iterable of str
        Folders that must not be read.

    Returns
    -------
    list of Path
        Folders that may be read all the same.
    """
    secret = [Path(place).resolve() for place in hidden]
    ours = {Path(place).resolve() for place in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    return sorted(place for place in ours if any(other in place.parents for other in secret))


def _without(place: Path, secret: list[Path]) -> list[str]:
    if any(place == other or other in place.parents for other in secret):
        return []
    if not any(place in other.parents for other in secret):
        return [str(place)]
    return [part for child in place.iterdir() for part in _without(child, secret)]


def listen(fence: Fence) -> None:
    """Let Python itself refuse what a notebook for marking has no business with.

    Parameters
    ----------
    fence : Fence
        What it gets.
    """
    scratch = os.path.realpath(fence.scratch)
    hidden = tuple(os.path.realpath(place) for place in fence.hidden)
    ours = tuple(str(place) for place in own_places(hidden))
    within = tuple(place for place in hidden if any(Path(o) in Path(place).parents for o in ours))
    real, join, null = os.path.realpath, os.path.join, os.devnull

    def inside(path: Any, folders: tuple[str, ...]) -> bool:
        if isinstance(path, int):  # a file that is open already
            return False
        whole = real(os.fsdecode(path))
        return any(whole == folder or whole.startswith(join(folder, "")) for folder in folders)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(STARTING) or event == "subprocess.Popen":
            raise PermissionError("a notebook that is marked must not start programs")
        if event in SENDING:
            raise PermissionError("a notebook that is marked has no network")
        if event in ("os.kill", "os.killpg"):
            raise PermissionError("a notebook that is marked must not end programs")
        if event in WRITING:
            for path in arguments[:2]:
                if isinstance(path, str | bytes | os.PathLike) and not inside(path, (scratch,)):
                    raise PermissionError("a notebook that is marked writes in its folder only")
        elif event in ("open", "os.listdir", "os.scandir") and not isinstance(arguments[0], int):
            path = "." if arguments[0] is None else arguments[0]
            if inside(path, hidden) and (not inside(path, ours) or inside(path, within)):
                raise PermissionError("answers and submissions are not to be read")
            changing = event == "open" and _changes(arguments[1], arguments[2])
            if changing and os.fspath(path) != null and not inside(path, (scratch,)):
                raise PermissionError("a notebook that is marked writes in its folder only")

    sys.addaudithook(hook)


def _changes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
