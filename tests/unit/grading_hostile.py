"""Hand-ins by people who want to see the autograder fall, beyond those of `grading_class`.

The same form: a name, a content, and the marks that it must get.  Unknown marks are (None, None):
who writes nonsense into the pipe of her own process spoils her own marks, and whichever come out,
none may be better than what she answered.
"""

from __future__ import annotations

import io
import json
import stat
import struct
import unicodedata
import zipfile
from pathlib import Path

from tests.unit.grading_class import (
    ALL_RIGHT,
    GOOD,
    IDS,
    ROOT,
    WRONG_TEXTS,
    as_bytes,
    in_function,
    notebook,
    right_but,
    stopped,
    wrong,
)

SPOILT = {"05.1": ("right", ""), **{i: (None, None) for i in IDS[1:]}}
WRITE_TO_ALL = """
import os
while True:
    for handle in range(3, 30):
        try:
            os.write(handle, {what})
        except OSError:
            pass
"""


def build(folder: Path, target: Path) -> dict[str, tuple[object, dict | str]]:
    """List file name, content and what must come out: marks, or a word of the reason."""
    cases = {f"{name}.ipynb": case for name, case in _notebooks(folder, target).items()}
    return {**cases, **_files()}


def _notebooks(folder: Path, target: Path) -> dict[str, tuple[object, dict | str]]:
    key = str(ROOT / "recsys_tutorial" / "exercises" / "ch05.py")
    falls = {
        # Memory, time, recursion.
        "memory in small steps": "kept = []\nwhile True: kept.append(bytearray(2**20))",
        "swallows memory errors": """
            kept = []
            while True:
                try: kept.append(bytearray(2**22))
                except MemoryError: pass
            """,
        "swallows everything": """
            while True:
                try: 1 / 0
                except BaseException: pass
            """,
        "ignores signals": """
            import signal
            for number in range(1, 32):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            while True: pass
            """,
        "recurses without limit": "import sys; sys.setrecursionlimit(10**9); my_average(A, B)",
        "works when deleted": """
            class Late:
                def __del__(self):
                    while True: pass
            Late()
            """,
        "doubles a list": "x = [1]\nfor _ in range(60): x = [x, x]\nreturn x",
        "answers a gigabyte": "return np.zeros(2**27)",
        "answers a table without memory": "return np.broadcast_to(1.0, (10**6, 10**6))",
        "a list without end": """
            class Endless(list):
                def __iter__(self):
                    while True: yield 0
            return Endless()
            """,
        "a text without end": """
            class Endless(str):
                def __iter__(self):
                    while True: yield "x"
            return Endless()
            """,
        "a table of names without end": """
            class Endless(dict):
                def items(self):
                    while True: yield 1, 1
            return Endless()
            """,
        # Objects that answer back.
        "refuses to be a number": """
            class Lie:
                __class__ = float
                def __float__(self): raise KeyboardInterrupt
            return Lie()
            """,
        "an error that cannot be read": """
            def refuse(self): raise SystemExit(3)
            raise type("E\\n<b>", (BaseException,), {"__str__": refuse, "__repr__": refuse})()
            """,
        "raises an exit": "raise KeyboardInterrupt",
        "waits for input": "input()",
        # The screen, the pipe.
        "floods errors": 'import sys\nwhile True: sys.stderr.write("x" * 10**5)',
        "floods the pipe": WRITE_TO_ALL.format(what='b"x" * 65536'),
        "floods the pipe with lines": WRITE_TO_ALL.format(what=r'b"[]\n" * 9999'),
        "asks back without end": WRITE_TO_ALL.format(what=r"""b'{"back": 0}\n' * 999"""),
        "asks back for what is not there": WRITE_TO_ALL.format(
            what=r"""b'{"back": [1]}\n' * 999"""
        ),
        # Files and the key.
        "writes to the terminal": 'open("/dev/tty", "w").write("x")',
        "writes through a link": f"""
            import os
            os.symlink({str(target)!r}, "mine")
            open("mine", "w").write("x")
            """,
        "reads the key by another name": f'open("/proc/self/root" + {key!r}).read()',
        "reads the key as data": """
            import pkgutil
            pkgutil.get_data("recsys_tutorial", "exercises/ch05.py").decode()
            """,
        "opens the room again": """
            import sys
            sys.meta_path[:] = sys.meta_path[1:]
            del sys.modules["recsys_tutorial.exercises"]
            import recsys_tutorial.exercises.ch05
            """,
        "loads the key by its path": f"""
            from importlib.machinery import SourceFileLoader
            SourceFileLoader("key", {key!r}).load_module()
            """,
        "lists the hand-ins": f"import os; os.listdir({str(folder)!r})",
        "listens": "import socket; socket.socket().bind(('127.0.0.1', 0))",
    }
    does_nothing = {
        "deletes its folder": "import shutil, os; shutil.rmtree(os.getcwd(), ignore_errors=True)",
        "goes elsewhere": 'import os; os.chdir("/")',
        "works at the exit": "import atexit; atexit.register(lambda: [0 for _ in iter(int, 1)])",
        "leaves a thread": """
            import threading
            def go():
                while True: pass
            if threading.active_count() < 2: threading.Thread(target=go, daemon=True).start()
            """,
        "leaves processes": """
            import ctypes
            libc = ctypes.CDLL(None)
            if not hasattr(np, "_left"):
                np._left = True
                for _ in range(5):
                    if libc.fork() == 0:
                        libc.sleep(600)
                        libc._exit(0)
            """,
        "reads lines of the key": f"import linecache; linecache.getlines({key!r})",
        "patches a library": "np.isclose = np.allclose = np.array_equal = lambda *a, **k: True",
    }
    other = {
        "a generator without end": "return iter(int, 1)",
        "a list in itself": "x = []; x.append(x); return x",
        "a pickle": f"""
            class Bomb:
                def __reduce__(self):
                    import os
                    return os.remove, ({str(target)!r},)
            return Bomb()
            """,
        "equal to all": """
            class Yes:
                def __eq__(self, other): return True
                def __ne__(self, other): return False
                def __len__(self): raise RuntimeError("len")
                def __repr__(self): raise RuntimeError("repr")
                def __hash__(self): raise RuntimeError("hash")
            return Yes()
            """,
        "an array by its own word": """
            class Array:
                def __array__(self, *a, **k): raise RuntimeError("array")
            return [Array()]
            """,
        "no number": 'return float("nan")',
        "beyond all numbers": 'return float("inf")',
        "a text": 'return "5"',
        "more digits than fit": "return 10**100_000",
        "patches the wire": """
            import recsys_tutorial.grading.wire as w
            return w.Opaque("right")
            """,
    }
    cases: dict[str, tuple[object, dict | str]] = {}
    for name, text in falls.items():
        cases[name] = (right_but("05.2", in_function(text)), stopped("05.2"))
    for name, text in does_nothing.items():
        cases[name] = (right_but("05.2", in_function(text)), ALL_RIGHT)
    for name, text in other.items():
        cases[name] = (right_but("05.2", in_function(text)), wrong("05.2", "other"))
    unanswered = ALL_RIGHT | {"05.2": ("unanswered", "")}
    cases["nothing"] = (right_but("05.2", in_function("return None")), unanswered)
    answers = r"""
        import os
        for handle in range(3, 30):
            try: os.write(handle, b'{"value": 3, "changed": false, "callable": true}\n' * 99)
            except OSError: pass
        """
    cases["answers before it is asked"] = (right_but("05.2", in_function(answers)), SPOILT)
    deep = r"""
        import os
        for handle in range(3, 30):
            try: os.write(handle, b'{"error": ' + b"[" * 900 + b"]" * 900 + b"}\n")
            except OSError: pass
        """
    cases["a deep error"] = (right_but("05.2", in_function(deep)), SPOILT)
    cases["half a letter"] = (right_but("05.6", "my_gigabytes = 40 # \ud800"), stopped("05.6"))
    cases["a zero byte"] = (right_but("05.6", "my_gigabytes = 40\x00"), stopped("05.6"))
    cases["many digits"] = (right_but("05.6", "my_gigabytes = " + "9" * 9000), stopped("05.6"))
    cases["many brackets"] = (
        right_but("05.6", f"my_gigabytes = {'(' * 9000}{')' * 9000}"),
        stopped("05.6"),
    )
    cases["many signs"] = (right_but("05.6", f"my_gigabytes = {'-' * 9000}1"), stopped("05.6"))
    cases["a number of a megabyte"] = (
        right_but("05.6", "my_gigabytes = 1 << 4_000_000"),
        wrong("05.6", "other"),
    )
    cases["much code"] = (right_but("05.1", "my_height = 17 / 3\n" * 50_000), "letters of code")
    return cases


def _files() -> dict[str, tuple[object, dict | str]]:
    good, bad = as_bytes(GOOD), notebook(WRONG_TEXTS)
    long_output = json.loads(json.dumps(GOOD))
    output = {"output_type": "stream", "name": "stdout", "text": ["x" * 2**20] * 20}
    long_output["cells"][-1]["outputs"] = [output]
    wrong_marks = {i: ("wrong", None) for i in IDS}
    empty = b'{"cells": [' + b"{}," * 999_999 + b"{}]}"
    deep = b'{"cells": [], "metadata": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}"
    return {
        "a million cells.ipynb": (empty, "without an answer"),
        "deep inside.ipynb": (deep, "nested too deeply"),
        "long output.ipynb": (long_output, ALL_RIGHT),
        "too long output.ipynb": (good + b" " * (30 * 2**20), "too large"),
        "no numbers.ipynb": (b'{"x": [NaN, -Infinity, 1e999], ' + good[1:], ALL_RIGHT),
        "twice the same key.ipynb": (b'{"cells": [], ' + good[1:], ALL_RIGHT),
        "many digits in it.ipynb": (b'{"x": ' + b"9" * 9000 + b", " + good[1:], "not a notebook"),
        "two letters wide.ipynb": (good.decode().encode("utf-16"), "UTF-8"),
        "cut.ipynb": (good[: len(good) // 2], "no JSON"),
        "cells by name.ipynb": ({"cells": {"cell_type": "code"}}, "no cells"),
        "sheets of nothing.ipynb": ({"worksheets": [7]}, "not a notebook"),
        "slip.zip": (_zip({"../../../../tmp/owned-by-hand-in/5.ipynb": good}), ALL_RIGHT),
        "root.zip": (_zip({"/5.ipynb": good}), ALL_RIGHT),
        "link.zip": (_zip({"5.ipynb": b"/etc/passwd"}, link=True), "no JSON"),
        "locked.zip": (_locked(_zip({"5.ipynb": good})), "cannot be opened"),
        "bomb.zip": (_zip({"5.ipynb": b" " * (31 * 2**20)}), "too large"),
        "bombs.zip": (_zip({f"{n}.zip": b"" for n in range(5001)}), "5,001 files"),
        "zip zip zip.zip": (_zip({"a.zip": _zip({"b.zip": _zip({"5.ipynb": good})})}), "zip in a"),
        "twice.zip": (_zip({"a.txt": b"", "5.ipynb": good}), ALL_RIGHT),
        "CON.ipynb": (GOOD, ALL_RIGHT),
        "aux .ipynb": (GOOD, ALL_RIGHT),
        "\u202egpj.ipynb": (good, ALL_RIGHT),
        "a\nb.ipynb": (good, ALL_RIGHT),
        "x" * 200 + ".ipynb": (good, ALL_RIGHT),
        "{{ 7 * 7 }}.ipynb": (good, ALL_RIGHT),
        '"; =1+1.ipynb': (good, ALL_RIGHT),
        unicodedata.normalize("NFC", "José.ipynb"): (good, ALL_RIGHT),
        unicodedata.normalize("NFD", "José.ipynb"): (bad, wrong_marks),
        "Kim.ipynb": (good, ALL_RIGHT),
        "KIM.ipynb": (bad, wrong_marks),
    }


def _zip(files: dict[str, bytes], *, link: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            if link:
                member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(member, content)
    return buffer.getvalue()


def _locked(content: bytes) -> bytes:
    """Say that the first file of a zip has a password."""
    changed, central = bytearray(content), content.index(b"PK\x01\x02")
    struct.pack_into("<H", changed, 6, 1)
    struct.pack_into("<H", changed, central + 8, 1)
    return bytes(changed)
