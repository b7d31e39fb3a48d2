"""`tools/classroom.py` in a small bundle: installing without a network, serving, damage found.

The bundle holds a site of two pages, one notebook and two wheels. The real one, where
`python course.py release` has made it for this computer, is tried in the last test.
"""

from __future__ import annotations

import ast
import hashlib
import http.client
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "tools" / "classroom.py").read_text(encoding="utf-8")
RUNNING = "{}.{}".format(*sys.version_info[:2])
SECRET = "nobody may read this"


def load(path):
    """Import a program that is no package."""
    spec = importlib.util.spec_from_file_location(f"{path.stem}_copy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = load(ROOT / "tools" / "release.py")
helpers = load(ROOT / "tests" / "toolchain" / "test_release.py")


@pytest.fixture(scope="module")
def bundle_zip(tmp_path_factory):
    """A small bundle for this computer, packed by tools/release.py."""
    root = tmp_path_factory.mktemp("bundle")
    wheels = [
        helpers.write_wheel(
            root, "recsys-tutorial", "9.8.7", ["tiny-helper"], b"import tiny_helper"
        ),
        helpers.write_wheel(root, "tiny-helper", body=b"answer = 42\n" + b"#" * 3000),
    ]
    cell = {"cell_type": "code", "source": ["import recsys_tutorial, tiny_helper\n"]}
    check = {"cell_type": "code", "source": ["assert tiny_helper.answer == 42"]}
    files = {
        "START-HERE.html": release.START.encode(),
        "site/index.html": b"the first page",
        "site/book/intro.html": b"the second page",
        "site/_static/course.js": b"1;",
        "notebooks/01_a.ipynb": json.dumps({"cells": [cell, check]}).encode(),
    }
    here = (sys.platform, platform.machine())
    system = release.System(os.name, here[0], platform.system(), here[1], ())
    packed = release.classroom_files(files, wheels, "this", system, RUNNING)
    target = root / "bundle.zip"
    release.write_zip(target, release.with_sums(packed))
    return target


@pytest.fixture
def room(bundle_zip, tmp_path):
    """The bundle, unpacked into a folder with a blank in its name; a secret lies beside it."""
    (tmp_path / "secret.txt").write_text(SECRET, encoding="utf-8")
    folder = tmp_path / "the room"
    zipfile.ZipFile(bundle_zip).extractall(folder)
    (folder / "own.txt").write_text(SECRET, encoding="utf-8")
    return folder


@pytest.fixture
def classroom(room):
    """The program of the unpacked bundle as a module."""
    return load(room / "classroom.py")


def refusal(classroom, *argv):
    """Run a command that must fail; give its message, which is what becomes exit code 1."""
    with pytest.raises(SystemExit) as stopped:
        classroom.main(list(argv))
    assert isinstance(stopped.value.code, str) and "Traceback" not in stopped.value.code
    return stopped.value.code


# The file itself ----------------------------------------------------------------------------


def test_an_old_python_can_parse_it_and_it_needs_nothing():
    tree = ast.parse(SOURCE, feature_version=(3, 6))
    found = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    found |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in found} <= sys.stdlib_module_names


@pytest.mark.parametrize("argv", [[], ["help"], ["--help"]])
def test_help(classroom, capsys, argv):
    assert classroom.main(argv) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in ("install", "lab", "serve", "check", "help"))


@pytest.mark.parametrize("wrong", [["fly"], ["serve", "--port", "x"], ["install", "now"]])
def test_wrong_usage_is_exit_code_2(classroom, capsys, wrong):
    assert classroom.main(wrong) == 2
    assert "usage:" in capsys.readouterr().err


# What goes wrong, and the mend --------------------------------------------------------------


def test_opened_inside_the_zip(tmp_path):
    shutil.copy(ROOT / "tools" / "classroom.py", tmp_path)
    for command in ("install", "check", "serve"):
        assert "unpack the whole zip" in refusal(load(tmp_path / "classroom.py"), command)


@pytest.mark.parametrize("name", ["wheels", "bundle.json"])
def test_the_wheels_are_missing(classroom, room, name):
    path = room / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    message = refusal(classroom, "install")
    assert "wheels" in message and "unpack the whole zip" in message


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 9, 2), (3, 14, 0)])
def test_the_wrong_python_is_told_the_right_one(classroom, monkeypatch, version):
    monkeypatch.setattr(classroom, "sys", SimpleNamespace(**{**vars(sys), "version_info": version}))
    message = refusal(classroom, "install")
    assert f"this is Python {version[0]}.{version[1]}" in message and RUNNING in message
    name = f"py -{RUNNING}" if os.name == "nt" else f"python{RUNNING}"
    assert f"{name} classroom.py install" in message


def test_the_wrong_system(classroom, monkeypatch):
    monkeypatch.setattr(classroom.platform, "machine", lambda: "vax")
    message = refusal(classroom, "install")
    assert "vax" in message and platform.machine() in message


def test_a_full_disk_before_and_during(classroom, monkeypatch):
    plenty, bundle = SimpleNamespace(free=10e9), classroom.read_bundle()
    monkeypatch.setattr(classroom, "read_bundle", lambda: {**bundle, "unpacked": 2e9})
    monkeypatch.setattr(classroom.shutil, "disk_usage", lambda path: SimpleNamespace(free=1e9))
    assert "only 1.0 GB free" in refusal(classroom, "install")
    monkeypatch.setattr(classroom.shutil, "disk_usage", lambda path: plenty)
    monkeypatch.setattr(classroom, "run", lambda *c: (1, "OSError: [Errno 28] No space left"))
    assert "the disk is full" in refusal(classroom, "install")


def test_a_python_without_venv(classroom, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert "apt install python3-venv" in refusal(classroom, "install")


def test_lab_before_install(classroom):
    assert "classroom.py install" in refusal(classroom, "lab")


def lab_settings(runtime, headers):
    """What JupyterLab tells a browser about its notifications, once it answers."""
    name = "lab/api/settings/@jupyterlab/apputils-extension:notification"
    for _ in range(120):
        try:
            # Its own file names the port: another program may have taken the one that was asked.
            address = json.loads(next(runtime.glob("jpserver-*.json")).read_text())["url"]
            request = urllib.request.Request(f"{address}{name}", headers=headers)
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)["schema"]["properties"]
        except (OSError, StopIteration, ValueError):
            time.sleep(0.5)
    raise AssertionError("JupyterLab does not answer")


@pytest.mark.slow
def test_lab_asks_nobody_for_news(room, tmp_path):
    """The lab of this computer, started as the room starts it: no notice about the internet."""
    (room / ".venv").mkdir()
    folders = {"JUPYTER_CONFIG_DIR": "own", "JUPYTER_RUNTIME_DIR": "runtime"}
    program = (
        "import sys, pathlib, classroom;"
        "classroom.PYTHON = pathlib.Path(sys.executable);"
        "classroom.STAMP.write_text('installed');"
        "sys.exit(classroom.main(sys.argv[1:]))"
    )
    options = ["--no-browser", "--allow-root", "--IdentityProvider.token=room"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, "lab", *options],
        cwd=room,
        env={**os.environ, **{key: str(tmp_path / name) for key, name in folders.items()}},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        told = lab_settings(tmp_path / "runtime", {"Authorization": "token room"})
    finally:
        (os.killpg if hasattr(os, "killpg") else os.kill)(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
    assert told["fetchNews"]["default"] == "false"
    assert told["checkForUpdates"]["default"] is False


def spoil(path):
    """Change one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_check_names_what_is_damaged(classroom, room, capsys):
    assert classroom.main(["check"]) == 0
    assert "every file is as packed" in capsys.readouterr().out
    spoil(room / "wheels/tiny_helper-1.0-py3-none-any.whl")
    spoil(room / "notebooks/01_a.ipynb")
    (room / "site/book/intro.html").unlink()
    assert classroom.main(["check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:-1] == [
        "edited or damaged: notebooks/01_a.ipynb",
        "missing: site/book/intro.html",
        "damaged: wheels/tiny_helper-1.0-py3-none-any.whl",
    ]


def test_install_names_a_damaged_wheel_before_it_begins(classroom, room):
    spoil(room / "wheels/tiny_helper-1.0-py3-none-any.whl")
    assert "damaged: wheels/tiny_helper-1.0" in refusal(classroom, "install")
    assert not (room / ".venv").exists()


def test_pip_is_kept_from_the_network(classroom, monkeypatch):
    for name in ("PIP_INDEX_URL", "PIP_TARGET", "PYTHONPATH"):
        monkeypatch.setenv(name, "from outside")
    show = "import os; print(sorted(k for k, v in os.environ.items() if v == 'from outside'))"
    assert classroom.run(sys.executable, "-c", show) == (0, "[]\n")


# Serving ------------------------------------------------------------------------------------


@contextmanager
def served(classroom):
    """Serve the bundle in this process; give host and port."""
    with classroom.Server(("127.0.0.1", 0), classroom.Handler) as server:
        # How often it looks whether it shall stop; its own half a second would be waited each time.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address
        finally:
            server.shutdown()


def ask(address, path, method="GET"):
    """Ask for a path exactly as it is written; give status and content."""
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.putrequest(method, path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, content


def test_pages_and_wheels_are_served(classroom, room):
    with served(classroom) as address:
        assert ask(address, "/") == (200, "the first page")
        assert ask(address, "/book/intro.html?x=1#y") == (200, "the second page")
        assert ask(address, "/_static/course.js")[0] == 200
        status, index = ask(address, "/simple/")
        assert status == 200
        assert re.findall('href="(.+?)"', index) == [
            "/simple/recsys-tutorial/",
            "/simple/tiny-helper/",
        ]
        status, page = ask(address, "/simple/tiny-helper/")
        wheel = room / "wheels/tiny_helper-1.0-py3-none-any.whl"
        total = hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert f'href="/wheels/{wheel.name}#sha256={total}"' in page
        assert ask(address, f"/wheels/{wheel.name}")[0] == 200
        assert ask(address, "/", "HEAD") == (200, "")


TRICKS = [
    *(
        "/../own.txt",
        "/../../secret.txt",
        "/book/../../own.txt",
        "/%2e%2e/own.txt",
        "/..%2fown.txt",
    ),
    *(
        "/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/..%5cown.txt",
        "/%252e%252e/own.txt",
        "/wheels/../own.txt",
    ),
    *("/wheels/..%2fown.txt", "//etc/passwd", "/./own.txt", "/own.txt", "/.venv/pyvenv.cfg"),
    *("/C:/Windows/win.ini", "/%00", "/book/%00intro.html", "/simple/../own.txt", "/classroom.py"),
    *(
        "/wheels/",
        "/book/",
        "/_static/",
        "/simple/nothing/",
        "/simple/a/b/c/",
        "/notebooks/01_a.ipynb",
    ),
    *("own.txt", "/SHA256SUMS", "/simple/%3Cscript%3E/"),
]


@pytest.mark.parametrize("path", TRICKS)
def test_nothing_else_is_served(classroom, path):
    with served(classroom) as address:
        status, content = ask(address, path)
        assert status in (400, 404) and SECRET not in content and "<script>" not in content
        assert ask(address, "/")[0] == 200, "the server did not survive"


def test_a_link_out_of_the_folder_is_not_followed(classroom, room):
    try:
        (room / "site/out.txt").symlink_to(room.parent / "secret.txt")
    except OSError:
        pytest.skip("this system lets nobody make links")
    with served(classroom) as address:
        assert ask(address, "/out.txt")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_is_read_only(classroom, method):
    with served(classroom) as address:
        assert ask(address, "/", method)[0] == 501


def test_the_tricks_would_work_on_a_careless_server(room):
    """The check of the check: a server of the whole folder gives the file away."""
    handler = lambda *a: http.server.SimpleHTTPRequestHandler(*a, directory=str(room))  # noqa: E731
    careless = SimpleNamespace(Server=http.server.ThreadingHTTPServer, Handler=handler)
    with served(careless) as address:
        assert ask(address, "/../own.txt")[1] == SECRET


def start(room, *options):
    """Start `serve` for real; give the process and its first line."""
    command = [sys.executable, "-u", str(room / "classroom.py"), "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline()


def test_serve_is_for_this_computer_alone(room):
    process, line = start(room)
    try:
        address = line.split()[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=20) as page:
            assert page.read() == b"the first page"
    finally:
        process.kill()
        process.communicate()


def test_serve_on_a_port_that_is_taken(classroom):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "port" in refusal(classroom, "serve", "--port", str(taken.getsockname()[1]))
    assert "65535" in refusal(classroom, "serve", "--port", "70000")


class EndedError(Exception):
    """In place of serving for ever."""


def test_the_address_for_the_room_is_large(classroom, monkeypatch, capsys):
    bound = []

    def bind(self):
        bound.append(self.server_address[0])
        self.server_port = 8000
        raise_at_serving(self)

    def raise_at_serving(self):
        self.serve_forever = lambda: (_ for _ in ()).throw(EndedError())

    monkeypatch.setattr(classroom.Server, "server_bind", bind)
    monkeypatch.setattr(classroom.Server, "server_activate", lambda self: None)
    monkeypatch.setattr(classroom, "addresses", lambda: ["192.168.100.100"])
    with pytest.raises(EndedError):
        classroom.main(["serve", "--lan"])
    shown = capsys.readouterr().out
    assert bound == ["0.0.0.0"] and "http://192.168.100.100:8000 " in shown
    index = "--index-url http://192.168.100.100:8000/simple/ --trusted-host 192.168.100.100"
    assert f'pip install {index} "recsys-tutorial[deep,notebooks]" jupyterlab' in shown
    rows = [line for line in shown.splitlines() if "###" in line]
    assert len(rows) >= 3 and max(map(len, shown.splitlines()[2:7])) <= 79


def test_large_letters_can_be_told_apart(classroom):
    shapes = {sign: classroom.large(sign) for sign in "0123456789.:"}
    assert len(set(shapes.values())) == len(shapes)
    assert all(len(shape.splitlines()) == 5 for shape in shapes.values())
    assert max(map(len, classroom.large("192.168.100.100:65535").splitlines())) <= 79


# The whole path -----------------------------------------------------------------------------


def without_network():
    """A prefix that cuts a program off, where the system permits it; a dead proxy in any case."""
    dead = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "PIP_INDEX_URL")}
    unshare = ["unshare", "-rn"]
    cut = shutil.which("unshare") and not subprocess.run([*unshare, "true"]).returncode
    return (unshare if cut else []), {**os.environ, **dead}


def install(room):
    """Run `install` in a process of its own, without a network."""
    prefix, env = without_network()
    command = [*prefix, sys.executable, str(room / "classroom.py"), "install"]
    return subprocess.run(command, cwd=room.parent, env=env, capture_output=True, text=True)


@pytest.mark.slow
def test_from_the_zip_to_a_notebook_and_to_a_learners_pip(room, tmp_path):
    done = install(room)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[4/4]" in done.stdout and "classroom.py lab" in done.stdout
    windows = os.name == "nt"
    python = room / ".venv" / ("Scripts/python.exe" if windows else "bin/python")

    cells = json.loads((room / "notebooks/01_a.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "".join("".join(cell["source"]) for cell in cells)
    subprocess.run([python, "-I", "-c", code], check=True, cwd=tmp_path)

    again = install(room)
    assert again.returncode == 0 and again.stdout.startswith("installed already")
    assert len(again.stdout.splitlines()) == 1

    # Stopped in the middle: the package is not there, and the stamp says so.
    classroom = load(room / "classroom.py")
    stamp = classroom.STAMP.read_text(encoding="utf-8")
    place = stamp.rsplit(" ", 1)[0]
    classroom.STAMP.write_text(f"{place} unfinished", encoding="utf-8")
    subprocess.run([python, "-m", "pip", "uninstall", "-qy", "tiny-helper"], check=True)
    resumed = install(room)
    assert resumed.returncode == 0 and "going on with" in resumed.stdout
    assert classroom.STAMP.read_text(encoding="utf-8") == stamp
    subprocess.run([python, "-I", "-c", code], check=True, cwd=tmp_path)

    # A learner's pip, from the teacher's computer.
    process, line = start(room)
    try:
        index = f"{line.split()[0]}/simple/"
        target = tmp_path / "learner"
        command = [sys.executable, "-m", "pip", "--isolated", "install", "--quiet"]
        command += ["--index-url", index, "--target", str(target), "recsys-tutorial"]
        env = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "no_proxy": "127.0.0.1"}
        subprocess.run(command, check=True, env=env)
    finally:
        process.kill()
        process.communicate()
    assert (target / "recsys_tutorial").is_dir() and (target / "tiny_helper").is_dir()


def real_bundle():
    """The bundle of this computer and Python, if `python course.py release` has made one."""
    kind = f"classroom-{release.this_system()}-py{RUNNING.replace('.', '')}.zip"
    return next(iter((ROOT / release.OUT).glob(f"*-{kind}")), None)


@pytest.mark.slow
@pytest.mark.skipif(real_bundle() is None, reason="no bundle: python course.py release makes it")
def test_the_real_bundle_runs_a_chapter_without_a_network(tmp_path):
    room = tmp_path / "room"
    zipfile.ZipFile(real_bundle()).extractall(room)
    done = install(room)
    assert done.returncode == 0, done.stdout + done.stderr
    python = room / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [python, "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", tmp_path]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    env.update(https_proxy="http://127.0.0.1:9", no_proxy="127.0.0.1")
    chapter = "notebooks/01_recommender_data.ipynb"
    subprocess.run([*command, chapter], cwd=room, env=env, check=True)
