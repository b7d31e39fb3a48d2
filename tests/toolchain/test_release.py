"""`tools/release.py`: what is packed, from which site, with which wheels; no network is needed."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name):
    """Import a program of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = load("release")
LOCK = (ROOT / "requirements.lock.txt").read_text(encoding="utf-8")
LINUX = release.SYSTEMS["linux"]


def write(path, content="", at=None):
    """Write a file with its folders, and date it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if at is not None:
        os.utime(path, (at, at))
    return path


def write_wheel(folder, name, number="1.0", needs=(), body=b"x = 1\n", tag="py3-none-any"):
    """Write a wheel of one module that pip can install."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{number}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs)
    files = {
        f"{module}/__init__.py": body,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    files[f"{info}/RECORD"] = "".join(f"{n},,\n" for n in [*files, f"{info}/RECORD"]).encode()
    path = folder / f"{module}-{number}-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as packed:
        for inside, content in files.items():
            packed.writestr(zipfile.ZipInfo(inside), content)
    return path


@pytest.fixture
def small(tmp_path):
    """A small repository with a finished site, built at the time 2000."""
    root = tmp_path / "repository"
    write(root / "pyproject.toml", '[project]\nversion = "9.8.7"\n')
    for name in ("notebooks/01_a.ipynb", "notebooks/solutions/01_a_solutions.ipynb"):
        write(root / name, "{}", at=1000)
    write(root / "book/setup.md", "# Setup", at=1000)
    write(root / "book/_ext/x.py", "", at=1000)
    write(root / "data/movies.csv.gz", b"\x1f\x8b", at=1000)
    write(root / "data/convert.py", "", at=1000)
    write(root / "recsys_tutorial/__init__.py", "", at=1000)
    write(root / "LICENSE", "MIT", at=1000)
    for name in ("index.html", "book/intro.html", "_static/a.png", "reports/01.log", ".buildinfo"):
        write(root / "_build/html" / name, name)
    write(root / "_build/html/.built", "", at=2000)
    return root


# The site -----------------------------------------------------------------------------------


def test_a_finished_site_is_taken(small):
    assert release.check_site(small) == small / "_build/html"


def refusal(root):
    """The message with which the site is refused."""
    with pytest.raises(SystemExit) as stopped:
        release.check_site(root)
    assert "python course.py book" in stopped.value.code
    return stopped.value.code


def test_a_missing_site_is_refused(small):
    (small / "_build/html/index.html").unlink()
    assert "no website" in refusal(small)


def test_a_site_with_warnings_is_refused(small):
    (small / "_build/html/.built").unlink()
    assert "without warnings" in refusal(small)


@pytest.mark.parametrize("name", ["book/setup.md", "notebooks/01_a.ipynb", "data/movies.csv.gz"])
def test_a_site_older_than_its_sources_is_refused(small, name):
    os.utime(small / name, (2001, 2001))
    assert f"{name} is newer" in refusal(small)


@pytest.mark.parametrize(
    "name", ["recsys_tutorial/__pycache__/a.pyc", "tests/a.py", "notebooks/.x", "README.md"]
)
def test_what_the_site_does_not_show_may_be_newer(small, name):
    write(small / name, "", at=3000)
    release.check_site(small)


def test_the_zip_holds_site_notebooks_data_and_licence(small):
    names = set(release.site_files(small, release.check_site(small)))
    assert names == {
        *("START-HERE.html", "README.txt", "LICENSE"),
        *("site/index.html", "site/book/intro.html", "site/_static/a.png"),
        *("notebooks/01_a.ipynb", "notebooks/solutions/01_a_solutions.ipynb"),
        *("book/setup.md", "data/movies.csv.gz"),
    }


def test_links_of_the_notebooks_lead_to_files_of_the_zip():
    """The real notebooks: their links to other files must not end in nothing on a stick."""
    names = set(release.site_files(ROOT, ROOT / "_build" / "no site"))
    missing = []
    for name in names:
        if name.endswith(".ipynb"):
            cells = json.loads((ROOT / name).read_text(encoding="utf-8"))["cells"]
            text = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
            for link in re.findall(r"\]\(([^)#:\s]+\.[a-z]+)\)", text):
                target = os.path.normpath(f"{Path(name).parent.as_posix()}/{link}")
                if target.replace(os.sep, "/") not in names:
                    missing.append(f"{name}: {link}")
    assert len(names) > 50 and missing == []


def test_the_start_page_and_the_texts():
    assert 'url=site/book/intro.html"' in release.START
    assert "START-HERE.html" in release.README and "sha256sum -c" in release.README
    for command in ("install", "lab", "serve --lan", "check"):
        assert f"classroom.py {command}`" in release.CLASSROOM
    assert "{" not in release.CLASSROOM.format(python="3.12", system="linux")


# The zip ------------------------------------------------------------------------------------


def test_the_same_files_give_the_same_bytes(small, tmp_path):
    files = release.with_sums(release.site_files(small, small / "_build/html"))
    release.write_zip(tmp_path / "one.zip", files)
    for path in small.rglob("*"):
        os.utime(path, (5000, 5000))
    release.write_zip(tmp_path / "two.zip", dict(reversed(files.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        assert packed.testzip() is None
        assert packed.namelist() == sorted(files)
        assert {entry.date_time for entry in packed.infolist()} == {release.ZIP_TIME}


def test_a_zip_is_whole_or_not_there(small, tmp_path):
    target = write(tmp_path / "a.zip", "an earlier release")
    with pytest.raises(FileNotFoundError):
        release.write_zip(target, {"a": b"1", "b": small / "is not there"})
    assert target.read_text() == "an earlier release"
    assert sorted(path.name for path in tmp_path.glob("a.zip*")) == ["a.zip"]


def test_the_sums_name_every_file_but_themselves(small):
    files = release.with_sums(release.site_files(small, small / "_build/html"))
    lines = files["SHA256SUMS"].decode().splitlines()
    assert [line.split("  ")[1] for line in lines] == sorted(set(files) - {"SHA256SUMS"})
    total = hashlib.sha256((small / "LICENSE").read_bytes()).hexdigest()
    assert f"{total}  LICENSE" in lines


# The wheels ---------------------------------------------------------------------------------

SMALL_LOCK = """# made by a test
alpha==1.0 ; sys_platform == 'linux' or sys_platform == 'win32' \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via recsys-tutorial (pyproject.toml)
beta==1.0 ; python_full_version < '3.11' \\
    --hash=sha256:b0
    # via
    #   alpha
    #   delta
beta==2.0 ; python_full_version >= '3.11' \\
    --hash=sha256:b1
    # via alpha
colours==3 ; sys_platform == 'win32' \\
    --hash=sha256:c0
    # via beta
delta==4.0 \\
    --hash=sha256:d0
    # via recsys-tutorial (pyproject.toml)
"""


def names(pins):
    return [f"{pin.name} {pin.version}" for pin in pins]


def test_the_lock_is_read():
    alpha, old, new, colours, delta = release.read_lock(SMALL_LOCK)
    assert alpha.hashes == ("sha256:aa", "sha256:ab") and alpha.needed_by == ("recsys-tutorial",)
    assert old.needed_by == ("alpha", "delta") and new.needed_by == ("alpha",)
    assert colours.marker == "sys_platform == 'win32'" and delta.marker == ""


@pytest.mark.parametrize(
    ("system", "python", "expected"),
    [
        ("linux", "3.10", ["alpha 1.0", "beta 1.0"]),
        ("linux", "3.13", ["alpha 1.0", "beta 2.0"]),
        ("windows", "3.12", ["alpha 1.0", "beta 2.0", "colours 3"]),
    ],
)
def test_only_what_is_needed_there_is_chosen(system, python, expected):
    where = release.markers(release.SYSTEMS[system], python)
    assert names(release.needed(release.read_lock(SMALL_LOCK), {"alpha"}, where)) == expected


def test_a_lock_that_lacks_something_is_refused():
    where = release.markers(release.SYSTEMS["macos"], "3.12")
    with pytest.raises(SystemExit, match="lacks alpha"):
        release.needed(release.read_lock(SMALL_LOCK), {"alpha", "delta"}, where)


@pytest.mark.parametrize("python", release.PYTHONS)
@pytest.mark.parametrize("system", release.SYSTEMS)
def test_the_real_lock_has_what_a_classroom_needs(system, python):
    roots = {"numpy", "tensorflow", "keras", "jupyterquiz", "ipykernel", "jupyterlab"}
    where = release.markers(release.SYSTEMS[system], python)
    pins = release.needed(release.read_lock(LOCK), roots, where)
    found = [pin.name for pin in pins]
    assert roots | {"h5py", "jupyter-server", "pyzmq"} <= set(found)
    assert len(found) == len(set(found)), "a package in two versions"
    assert not {"pyspark", "sphinx", "pytest", "mypy"} & set(found), "more than a classroom needs"
    assert all(pin.hashes for pin in pins)


def test_the_whole_lock_is_read():
    assert len(list(release.read_lock(LOCK))) == len(re.findall(r"(?m)^[\w.-]+==", LOCK))


def test_the_wheels_of_the_extras_are_asked_for(tmp_path):
    needs = ["numpy>=2", "Keras_x>=3; extra == 'deep'", "pytest; extra == 'test'"]
    wheel = write_wheel(tmp_path, "recsys-tutorial", needs=[*needs, "q; extra == 'notebooks'"])
    assert release.roots_of(wheel) == {"numpy", "keras-x", "q"}


@pytest.fixture
def pip(monkeypatch):
    """A pretended pip: keeps its command, and puts the wheels into the folder."""
    asked = []

    def fetch(what, *command):
        folder = Path(command[command.index("--dest") + 1])
        lines = Path(command[-1]).read_text(encoding="utf-8").splitlines()
        asked.append((command, lines))
        for line in lines:
            name, number = line.split()[0].split("==")
            write_wheel(folder, name, number)

    monkeypatch.setattr(release, "run", fetch)
    return asked


def pin(folder, name, number="1.0"):
    """A pin with the sum that the wheel of the pretended pip has."""
    wheel = write_wheel(folder, name, number)
    total = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return release.Pin(name, number, "", (f"sha256:{total}",), ())


def test_downloads_with_hashes_for_the_named_computer(pip, tmp_path):
    pins = [pin(tmp_path / "x", name) for name in ("alpha", "beta")]
    release.download(pins, release.SYSTEMS["windows"], "3.12", tmp_path / "wheels")
    ((command, lines),) = pip
    text = " ".join(command)
    for part in ("--require-hashes", "--only-binary=:all:", "--no-deps", "--python-version 3.12"):
        assert part in text
    assert "--platform win_amd64" in text and "--abi cp312" in text
    assert lines == [f"{p.name}==1.0 --hash={p.hashes[0]}" for p in pins]


def test_a_second_download_asks_for_what_is_new_or_damaged_only(pip, tmp_path):
    pins = [pin(tmp_path / "x", name) for name in ("alpha", "beta", "gamma")]
    folder = tmp_path / "wheels"
    release.download(pins[:2], LINUX, "3.11", folder)
    (folder / "beta-1.0-py3-none-any.whl").write_bytes(b"half of it")
    release.download(pins, LINUX, "3.11", folder)
    assert [line.split("==")[0] for line in pip[-1][1]] == ["beta", "gamma"]
    release.download(pins, LINUX, "3.11", folder)
    assert len(pip) == 2, "nothing was missing"
    release.download(pins[2:], LINUX, "3.11", folder)
    assert [path.name for path in folder.glob("*.whl")] == ["gamma-1.0-py3-none-any.whl"]


def test_a_wheel_that_does_not_come_is_named(pip, tmp_path, monkeypatch):
    monkeypatch.setattr(release, "run", lambda *command: None)
    with pytest.raises(SystemExit, match="not downloaded: alpha"):
        release.download([pin(tmp_path / "x", "alpha")], LINUX, "3.11", tmp_path / "wheels")


# The command --------------------------------------------------------------------------------


@pytest.fixture
def commanded(small, pip, monkeypatch, tmp_path):
    """The small repository in place of the real one, with two wheels to fetch."""
    write(small / "tools/classroom.py", "print('classroom')")
    wheels = tmp_path / "own"
    own = write_wheel(wheels, "recsys-tutorial", needs=["alpha", "beta; extra == 'deep'"])
    sums = {name: pin(tmp_path / "x", name).hashes[0] for name in ("alpha", "beta", "jupyterlab")}
    lock = "".join(f"{name}==1.0 \\\n    --hash={total}\n" for name, total in sums.items())
    write(small / "requirements.lock.txt", lock, at=1000)
    monkeypatch.setattr(release, "ROOT", small)
    monkeypatch.setattr(release, "own_wheel", lambda folder: own)
    return small


def made(root):
    return sorted(path.name for path in (root / "_build/release").iterdir())


def test_the_site_alone_needs_no_network(commanded, pip):
    assert release.main(["--site-only"]) == 0
    assert made(commanded) == ["SHA256SUMS", "user-interest-clustering-9.8.7-site.zip"]
    assert pip == []


def test_the_bundle_for_a_classroom(commanded, pip, capsys):
    assert release.main(["--python", "3.12", "--platform", "windows"]) == 0
    name = "user-interest-clustering-9.8.7-classroom-windows-py312.zip"
    assert name in made(commanded)
    with zipfile.ZipFile(commanded / "_build/release" / name) as packed:
        inside = set(packed.namelist())
        bundle = json.loads(packed.read("bundle.json"))
        pins = packed.read("wheels/requirements.txt").decode().splitlines()
        assert "For Python 3.12 on windows" in packed.read("README.txt").decode()
        wheels = [entry for entry in packed.infolist() if entry.filename.endswith(".whl")]
        assert {entry.compress_type for entry in wheels} == {zipfile.ZIP_STORED}
    assert {"classroom.py", "START-HERE.html", "site/index.html", "SHA256SUMS"} <= inside
    assert bundle["python"] == "3.12" and bundle["machine"] == "AMD64" and bundle["unpacked"] > 0
    assert [line.split("==")[0] for line in pins] == [
        *("alpha", "beta", "jupyterlab", "recsys-tutorial")
    ]
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}$", line) for line in pins)
    assert re.search(rf"^{re.escape(name)}: [\d.,]+ MB, \d+ s$", capsys.readouterr().out, re.M)


def test_all_means_every_system_and_python(commanded):
    assert release.main(["--all"]) == 0
    assert len(made(commanded)) == 2 + len(release.SYSTEMS) * len(release.PYTHONS)


def test_the_sums_of_the_zips(commanded):
    release.main([])
    folder = commanded / "_build/release"
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        total, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == total
    assert line.endswith("-site.zip")


def test_the_tag_must_be_the_version(commanded):
    assert release.main(["--site-only", "--tag", "v9.8.7"]) == 0
    with pytest.raises(SystemExit, match="v1.0 is not v9.8.7"):
        release.main(["--site-only", "--tag", "v1.0"])


@pytest.mark.parametrize("wrong", [["--python", "3.9"], ["--platform", "amiga"], ["--fast"]])
def test_wrong_options_are_exit_code_2(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        release.main(wrong)
    assert stopped.value.code == 2


def test_course_py_leads_here(tmp_path):
    """For real, in a copy without a site: the refusal comes from tools/release.py."""
    tools = [f"tools/{name}.py" for name in ("maintain", "release", "supply", "whole")]
    for name in ("course.py", "pyproject.toml", *tools):
        write(tmp_path / name, (ROOT / name).read_bytes())
    command = [sys.executable, str(tmp_path / "course.py"), "release"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no website" in done.stderr and "python course.py book" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_courses_own_wheel_is_the_same_each_time(tmp_path):
    one, two = (release.own_wheel(tmp_path / name) for name in ("one", "two"))
    assert one.name.startswith("recsys_tutorial-") and one.read_bytes() == two.read_bytes()
