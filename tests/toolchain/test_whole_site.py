"""`tools/whole.py`, `tools/build_site.py`: killed at any moment, the website is the old or the new.

A pretended jupyter-book writes as many files as each test wants, so that a build takes a moment.
``COURSE_KILLS=200 python -m pytest tests/toolchain/test_whole_site.py`` kills 200 times; otherwise
it is a few times, so that the check itself stays alive.
"""

from __future__ import annotations

import importlib.util
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("COURSE_KILLS", "8"))
PAGES = 30
# Writes the text VERSION into each page. Like Sphinx it remembers what it read before it writes,
# and leaves alone what it believes to be done.
PRETENDED = """
import os, pathlib, sys, time

def main(words, prog_name):
    out = pathlib.Path(words[words.index("--path-output") + 1]) / "_build"
    text, (pages, pause, code) = os.environ["VERSION"], map(float, os.environ["BUILD"].split())
    memory = out / ".doctrees" / "environment.pickle"
    known = memory.read_text() if memory.is_file() else ""
    print("pretending to build", flush=True)
    for folder in (out / "html" / "notebooks", memory.parent):
        folder.mkdir(parents=True, exist_ok=True)
    memory.write_text(text)
    for page in range(int(pages) if known != text else 0):
        with open(out / "html" / "notebooks" / f"{page}.html", "w") as file:
            file.write(text[:1])
            file.flush()
            time.sleep(pause)
            file.write(text[1:])
    (out / "html" / "index.html").write_text(text)
    sys.exit(int(code))
"""


def load(name):
    """Import a program of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


whole = load("whole")


@pytest.fixture
def course(tmp_path):
    """A folder with the builder, and beside it the pretended jupyter-book."""
    (tmp_path / "course/tools").mkdir(parents=True)
    (tmp_path / "fake/jupyter_book/cli").mkdir(parents=True)
    for name in ("whole.py", "build_site.py"):
        shutil.copy(ROOT / "tools" / name, tmp_path / "course/tools" / name)
    (tmp_path / "fake/jupyter_book/cli/main.py").write_text(PRETENDED, encoding="utf-8")
    return tmp_path / "course"


def start(course, version, pages=PAGES, pause=0.004, code=0, words=()):
    """Start a build."""
    env = {**os.environ, "VERSION": version, "BUILD": f"{pages} {pause} {code}"}
    env["PYTHONPATH"] = str(course.parent / "fake")
    command = [sys.executable, "-S", str(course / "tools/build_site.py"), *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=env, **pipes)


def build(course, version, **options):
    """Build to the end; give the exit code and what was said."""
    with start(course, version, **options) as process:
        said = process.stdout.read()
    return process.returncode, said


def versions(site):
    """The different texts of a site's pages: one if it is whole."""
    texts = {path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    return texts if len(list(site.rglob("*.html"))) == PAGES + 1 else texts | {"pages are missing"}


# A website ----------------------------------------------------------------------------------


def test_a_new_site_takes_the_place_of_the_old_one(course):
    site = course / "_build/html"
    for version in ("old", "new", "new"):
        assert build(course, version)[0] == 0
        assert versions(site) == {version}
    (site / "mine.html").write_text("of another build")
    assert build(course, "new")[0] == 0 and not (site / "mine.html").exists()
    assert sorted(path.name for path in site.parent.iterdir()) == ["html", "lock", "work"]


def test_times_of_files_stay(course):
    """`course.py release` compares the time of a file with that of the sources."""
    build(course, "old")
    made, shown = (course / f"_build/{name}/index.html" for name in ("work/_build/html", "html"))
    assert abs(made.stat().st_mtime - shown.stat().st_mtime) < 0.01


def test_a_failed_build_leaves_the_old_site_and_says_where_its_own_is(course):
    build(course, "old")
    code, said = build(course, "new", code=3)
    assert code == 3 and str(Path("_build/work/_build/html")) in said
    assert versions(course / "_build/html") == {"old"}
    code, said = build(course, "new")
    assert code == 0 and "written anew" in said
    assert versions(course / "_build/html") == {"new"}


def test_a_first_build_that_fails_leaves_no_site(course):
    assert build(course, "new", code=1)[0] == 1
    assert not (course / "_build/html").exists()


@pytest.mark.slow
def test_killed_at_any_moment_the_site_is_old_or_new(course):
    build(course, "0")
    begin = time.monotonic()
    build(course, "1")
    took, killed, chance = time.monotonic() - begin, 0, random.Random(0)
    for number in range(2, KILLS + 2):
        begin = time.monotonic()
        process = start(course, f"site {number}" * (number % 5 + 1))
        try:
            process.wait(chance.uniform(0, 1.1 * took))
            # A busy computer may have been slow when the first was timed.
            took = min(took, time.monotonic() - begin)
        except subprocess.TimeoutExpired:
            killed += 1
        process.kill()
        process.communicate()
        site = course / "_build/html"
        if site.is_dir():  # a reader who comes now
            assert len(versions(site)) == 1
        assert build(course, "", words=["--settle"])[0] == 0
        (text,) = versions(site)
        if process.returncode == 0:
            assert text.startswith(f"site {number}")
        # Whatever was left, the next build ends with the whole new site.
        if number % 2:
            assert build(course, f"healed {number}")[0] == 0
            assert versions(site) == {f"healed {number}"}
    assert killed > 0


@pytest.mark.slow
def test_without_the_note_that_a_build_ended_a_half_page_would_stay_for_ever(course):
    """The check is checked: what Sphinx believes to be done is what the folder must not keep."""
    work = course / "_build/work"
    for trusted in (False, True):
        build(course, "old")
        process = start(course, "new", pause=0.2)
        process.stdout.readline()
        time.sleep(0.3)
        process.kill()
        process.communicate()
        assert not (work / "finished").exists()
        if trusted:
            (work / "finished").touch()
        assert build(course, "new")[0] == 0
        assert (versions(course / "_build/html") == {"new"}) is not trusted


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a lock on Windows is another one")
def test_two_builds_do_not_meet(course):
    first = start(course, "first", pages=PAGES, pause=0.5)
    first.stdout.readline()
    try:
        code, said = build(course, "second")
        assert code == 1 and "another program builds" in said
        # Whoever serves meanwhile is not held up.
        assert build(course, "", words=["--settle"]) == (0, "")
    finally:
        first.kill()
        first.communicate()
    assert build(course, "second")[0] == 0, "the lock of a dead process holds nobody up"


@pytest.mark.skipif(os.name == "nt", reason="Windows does not say that a parent is gone")
def test_a_build_ends_with_the_program_that_started_it(course):
    program = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    env = {**os.environ, "VERSION": "x", "BUILD": "100 1 0"}
    env["PYTHONPATH"] = str(course.parent / "fake")
    command = [sys.executable, "-S", str(course / "tools/build_site.py")]
    parent = subprocess.Popen(
        [sys.executable, "-S", "-c", program, *command],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "pretending" in parent.stdout.readline()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    # The pipe closes when the last process that could write to it has ended.
    begin = time.monotonic()
    parent.stdout.read()
    assert time.monotonic() - begin < 30
    parent.stdout.close()


# Folders and files --------------------------------------------------------------------------


def fill(folder, text):
    folder.mkdir()
    (folder / "a").write_text(text)


@pytest.mark.parametrize(
    "there, shown",
    [
        ("html", "html"),
        ("html html.part", "html"),
        ("html html.new", "html.new"),
        ("html html.new html.old html.part", "html.new"),
        ("html.new html.old", "html.new"),
        ("html html.old", "html"),
        ("html.old html.part", "html.old"),
        ("html.part", None),
        ("", None),
    ],
)
def test_every_state_that_a_kill_leaves_is_settled(tmp_path, there, shown):
    for name in there.split():
        fill(tmp_path / name, name)
    for _ in range(2):  # twice is once
        whole.settle(tmp_path / "html")
        assert sorted(p.name for p in tmp_path.iterdir()) == (["html"] if shown else [])
        assert shown is None or (tmp_path / "html/a").read_text() == shown


def test_a_rename_that_fails_brings_the_old_folder_back(tmp_path, monkeypatch):
    """Windows: an open file in the new folder."""
    fill(tmp_path / "html", "old")
    fill(tmp_path / "html.new", "new")
    move = whole.move

    def refuse(source, target, seconds=0.0):
        if source.name == "html.new":
            raise PermissionError("open")
        return move(source, target, seconds)

    monkeypatch.setattr(whole, "move", refuse)
    with pytest.raises(PermissionError):
        whole.settle(tmp_path / "html")
    assert (tmp_path / "html/a").read_text() == "old"
    monkeypatch.undo()
    whole.settle(tmp_path / "html")
    assert (tmp_path / "html/a").read_text() == "new"


def test_a_file_that_is_open_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    fill(tmp_path / "a", "text")
    replace, refusals = os.replace, iter(range(3))

    def later(source, target):
        if next(refusals, None) is not None:
            raise PermissionError("open")
        replace(source, target)

    monkeypatch.setattr(whole.os, "replace", later)
    whole.move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b/a").read_text() == "text"
    monkeypatch.setattr(whole.os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError()))
    with pytest.raises(PermissionError):
        whole.move(tmp_path / "b", tmp_path / "c", seconds=0.0)


def test_a_folder_that_could_not_be_made_leaves_the_old_one(tmp_path):
    fill(tmp_path / "deck", "old")
    with pytest.raises(ValueError):
        with whole.renewed(tmp_path / "deck") as part:
            fill(part, "half")
            raise ValueError
    assert (tmp_path / "deck/a").read_text() == "old"
    with whole.renewed(tmp_path / "deck") as part:
        fill(part, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["deck"]
    assert (tmp_path / "deck/a").read_text() == "new"


def test_a_text_that_could_not_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "sums"
    whole.write_text(path, "öld\n")
    with pytest.raises(UnicodeEncodeError):
        whole.write_text(path, "new \ud800")
    assert path.read_bytes() == "öld\n".encode()


# Who follows --------------------------------------------------------------------------------


def test_everybody_knows_the_places():
    builder, formats = load("build_site"), load("formats")
    assert builder.SITE == ROOT / "_build/html" == formats.SITE
    assert formats.PAGES == builder.PAGES.with_name("epub")
    ci = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    setup = (ROOT / "book/setup.md").read_text(encoding="utf-8")
    reports = (builder.PAGES / "reports").relative_to(ROOT).as_posix()
    assert f"path: {reports}\n" in ci and f"`{reports}`" in setup


WRITERS = ["slides.py", "answers.py", "release.py", "formats.py"]


def half_writers(text):
    """Lines that write in the place itself, where somebody may be reading."""
    place = r"""^ *\(?(out|path|home|target|ROOT / OUT)\b.*\.write_(text|bytes)\("""
    return re.findall(place, text, re.MULTILINE)


@pytest.mark.parametrize("name", WRITERS)
def test_what_the_tools_write_is_whole(name):
    assert half_writers((ROOT / "tools" / name).read_text(encoding="utf-8")) == []


def test_the_check_of_the_tools_sees_a_half_writer():
    assert (
        half_writers('    (out / "index.html").write_text(text)\n    path.write_text(page)') != []
    )
    assert half_writers("draft.write_bytes(pdf)\ndraft.replace(path)") == []
