"""Run every notebook as a reader in Colab would; `course.py colab` calls this.

python tools/colab_like.py [--only TEXT ...] [--jobs N] [--python PATH]

`tools/colab-pip-freeze.txt` says what Colab has.  Those of its packages that touch the course go
into .venv-colab, the course follows as a wheel by the notebooks' own setup cells, and then:

1. no package that was there before may have another version, or be gone;
2. every notebook, alone in an empty folder, has to run from top to bottom.

The results lie in _build/colab (report.md, report.json).
"""

import argparse
import concurrent.futures
import dataclasses
import email
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
FREEZE = ROOT / "tools" / "colab-pip-freeze.txt"
KERNEL = "colab-like"
CELL_SECONDS = 600
# The extras that the setup cells name; the test of the tool compares.
EXTRAS = ("notebooks", "deep")
# What Colab has, and what could change how the course runs there although it does not ask for it:
# the notebook's own machinery, what pandas and Keras use when they find it, and Spark.
AROUND = (
    *("pip", "setuptools", "wheel", "ipykernel", "ipython", "ipywidgets", "notebook"),
    *("jupyter-server", "jupyter-console", "nbclient", "nbconvert", "nbformat", "psutil"),
    *("bottleneck", "numexpr", "numba", "pyarrow", "tf-keras", "pyspark"),
)
# What a chapter promises where a part of it may be missing, as it says so in its outputs.
PROMISES = {
    "16_scaling_out": r"^(Spark \d.*|Spark is not here.*)$",
    "18_tool_landscape": r"^(the shipped run of.*|measured just now.*)$",
}


def normal(name: str) -> str:
    """Write a package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


# What Colab has -----------------------------------------------------------------------------


@dataclasses.dataclass
class Colab:
    """Colab's listing: its day, its Python, and name and version of its packages."""

    date: str
    python: str
    pins: dict[str, str]

    @property
    def minor(self) -> str:
        """Two parts of Python's version: for these the packages are made."""
        return ".".join(self.python.split(".")[:2])


def read_freeze(path: Path) -> Colab:
    """Read the listing; stop, naming the line, if it is not of the form that its head promises."""
    if not path.exists():
        raise SystemExit(f"{path.name} is missing: it lists what Colab has; get it back from git")
    lines = path.read_text(encoding="utf-8").splitlines()
    head = " ".join(line for line in lines if line.startswith("#"))
    date, python = re.search(r"\d{4}-\d\d-\d\d", head), re.search(r"Python (3\.\d+(\.\d+)?)", head)
    if date is None or python is None:
        raise SystemExit(f"{path.name}: its head must name a day (2026-08-19) and a Python (3.13)")
    pins: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        pin = re.fullmatch(r"([A-Za-z0-9][\w.-]*)==([\w.!+-]+)", line.strip())
        if pin is None:
            raise SystemExit(f"{path.name}, line {number}: {line!r} is not name==version")
        if normal(pin[1]) in pins:
            raise SystemExit(f"{path.name}, line {number}: {pin[1]} stands there twice")
        pins[normal(pin[1])] = pin[2]
    if not pins:
        raise SystemExit(f"{path.name} lists no package")
    return Colab(date[0], python[1], pins)


def find_python(minor: str, candidates: Iterable[str | Path] | None = None) -> Path:
    """Find a Python of Colab's minor version on this computer; stop if there is none."""
    if candidates is None:
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        candidates = [sys.executable, f"python{minor}", "python3", "python"]
        candidates += sorted(pyenv.glob(f"{minor}.*/bin/python"), reverse=True)
    for candidate in candidates:
        program = shutil.which(str(candidate))
        ask = "import sys; print(*sys.version_info[:2], sep='.'); print(sys._base_executable)"
        if program is None:
            continue
        done = subprocess.run([program, "-c", ask], capture_output=True, text=True, check=False)
        said = done.stdout.split("\n")
        if done.returncode == 0 and said[0] == minor:
            return Path(said[1] or program)  # never the Python of an environment
    raise SystemExit(
        f"Colab runs Python {minor}, and this computer has none: other versions take other "
        f"packages, so nothing was tried. Install Python {minor}, or name one: "
        "python course.py colab -- --python PATH"
    )


# The environment ----------------------------------------------------------------------------


def build_wheel(course: ModuleType, folder: Path) -> Path:
    """Build the course's wheel, as the setup cell's pip would from the repository."""
    code, _ = course.run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    wheels = sorted(folder.glob("*.whl"))
    if code or not wheels:
        raise SystemExit("the wheel of the course could not be built; the reason is above")
    return wheels[-1]


def asked_by(wheel: Path, extras: Iterable[str]) -> list[str]:
    """Names of the packages that a wheel asks for, with some of its extras."""
    from packaging.requirements import Requirement

    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        told = email.message_from_bytes(archive.read(name))
    found = []
    for one in map(Requirement, told.get_all("Requires-Dist", [])):
        where = [{"extra": ""}, *({"extra": extra} for extra in extras)]
        if one.marker is None or any(one.marker.evaluate(w) for w in where):
            found.append(normal(one.name))
    return sorted(set(found))


def versions_in(python: Path) -> dict[str, str]:
    """List what is installed for a Python, as its own pip sees it."""
    command = [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"pip of .venv-colab does not work: {done.stderr.strip()[-500:]}")
    return {normal(one["name"]): one["version"] for one in json.loads(done.stdout)}


def make_environment(course: ModuleType, base: Path, colab: Colab, names: list[str]) -> Path:
    """Make .venv-colab, or bring it back to what it was before the course came; give its Python."""
    venv = course.ROOT / ".venv-colab"
    python = venv / course.PYTHON.relative_to(course.VENV)
    mark, before = venv / "colab-stamp.txt", venv / "preinstalled.txt"
    asked = repr((str(base), colab.python, sorted(colab.pins.items()), sorted(names)))
    stamp = hashlib.sha256(asked.encode()).hexdigest()
    uv = [sys.executable, "-m", "uv"]
    if mark.exists() and mark.read_text(encoding="utf-8") == stamp:
        sync = ["pip", "sync", "--quiet", "--python", python, before]
        if course.run(*uv, *sync)[0] == 0:
            return python
    print(f"making .venv-colab: {len(names)} packages and what they need ...", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder, "colab.txt")
        pins.write_text("".join(f"{n}=={v}\n" for n, v in colab.pins.items()), encoding="utf-8")
        # `python -m venv`, not uv's: it takes the interpreter as it is and looks for no other.
        steps = [[base, "-m", "venv", "--clear", "--without-pip", venv]]
        steps += [[*uv, "pip", "install", "--quiet", "--python", python, "-c", pins, *names]]
        if any(course.run(*step)[0] for step in steps):
            raise SystemExit("Colab's packages could not be installed; the reason is above")
    # What Colab does without must not be there before the course asks for it: jedi, for one.
    foreign = sorted(set(versions_in(python)) - set(colab.pins))
    if foreign:
        print(f"Colab does without {', '.join(foreign)}: removed again", flush=True)
        course.run(*uv, "pip", "uninstall", "--quiet", "--python", python, *foreign)
    there = versions_in(python)
    before.write_text("".join(f"{n}=={v}\n" for n, v in there.items()), encoding="utf-8")
    mark.write_text(stamp, encoding="utf-8")
    return python


def unlike_colab(installed: dict[str, str], colab: Colab) -> list[str]:
    """Packages of the environment that Colab has not, or in another version."""
    return [
        f"{name} {version}, Colab has {colab.pins.get(name, 'none')}"
        for name, version in sorted(installed.items())
        if colab.pins.get(name) != version
    ]


@dataclasses.dataclass
class Changes:
    """What an installation did to the packages that were there before, and what it added."""

    changed: list[str]
    removed: list[str]
    added: list[str]

    @property
    def harmless(self) -> bool:
        """Whether everything that was there is there, in the same version."""
        return not self.changed and not self.removed


def compare(before: dict[str, str], after: dict[str, str]) -> Changes:
    """Compare two listings of packages."""
    both = sorted(set(before) & set(after))
    return Changes(
        [f"{n}: {before[n]} became {after[n]}" for n in both if before[n] != after[n]],
        [f"{n} {before[n]}" for n in sorted(set(before) - set(after))],
        [f"{n} {after[n]}" for n in sorted(set(after) - set(before))],
    )


# Notebooks ----------------------------------------------------------------------------------


def offer_kernel(python: Path, folder: Path) -> None:
    """Let Jupyter find the environment's kernel: a folder of kernels for this run alone."""
    kernel = folder / "kernels" / KERNEL
    kernel.mkdir(parents=True)
    start = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": start, "display_name": "Colab-like", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(about), encoding="utf-8")
    for leak in ("MPLBACKEND", "PYTHONHOME", "PYTHONPATH"):
        os.environ.pop(leak, None)
    # The second one: a debugger's remark on how Python was built, at each start.
    os.environ.update(JUPYTER_PATH=str(folder), PYDEVD_DISABLE_FILE_VALIDATION="1")
    # Colab's machines have neither the course's .venv on the path nor anything of this one's.
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"


@dataclasses.dataclass
class Result:
    """What became of a notebook: its time, its first error, what it warned of and promised."""

    name: str
    seconds: float = 0.0
    error: str = ""
    warnings: list[str] = dataclasses.field(default_factory=list)
    said: str = ""


def texts(notebook: dict, kinds: Iterable[str]) -> str:
    """Everything that a notebook printed on some streams, in order."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    return "\n".join(o["text"] for o in outputs if o.get("name") in kinds)


def failed_line(traceback: Iterable[str]) -> str:
    """Find the line at which a traceback's first arrow points: a bare `assert` says no more."""
    text = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(traceback))
    arrow = re.search(r"^-+> *\d+ (.*)", text, re.MULTILINE)
    return arrow[1].strip() if arrow else ""


def first_error(notebook: dict) -> str:
    """Name the first error among the outputs; a cell tagged `raises-exception` may have one."""
    for number, cell in enumerate(notebook["cells"]):
        if "raises-exception" in cell["metadata"].get("tags", []):
            continue
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                what = output["evalue"] or failed_line(output["traceback"])
                return f"cell {number}: {output['ename']}: {what}"
    return ""


def execute(notebook: dict, folder: Path) -> str:
    """Run a notebook in a folder; return its first error, if there is one."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    told = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, kernel_name=KERNEL, timeout=CELL_SECONDS, resources=told, allow_errors=False
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return first_error(notebook) or str(error)
    except CellTimeoutError:
        return f"a cell took more than {CELL_SECONDS} s"
    except DeadKernelError:
        return "the kernel died"
    return first_error(notebook)


def run_alone(path: Path, execute=execute) -> Result:
    """Copy one notebook into an empty folder and run it there, as somebody who downloaded it."""
    import nbformat

    result = Result(path.stem)
    with tempfile.TemporaryDirectory(prefix="as-downloaded-") as name:
        copy = Path(shutil.copy(path, name))
        notebook = nbformat.read(copy, as_version=4)
        began = time.perf_counter()
        result.error = execute(notebook, Path(name))
        result.seconds = round(time.perf_counter() - began, 1)
    heard = texts(notebook, ["stderr"])
    result.warnings = sorted(set(re.findall(r"\w*Warning: .*", heard)))
    if path.stem in PROMISES and not result.error:
        kept = re.search(PROMISES[path.stem], texts(notebook, ["stdout"]), re.MULTILINE)
        result.said = kept[0] if kept else ""
        result.error = "" if kept else f"it did not say /{PROMISES[path.stem]}/"
    return result


def setup_cells(paths: Iterable[Path]) -> dict[str, str]:
    """The different setup cells of some notebooks, by the extras that they ask for."""
    found: dict[str, str] = {}
    for path in paths:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        first = next(cell for cell in cells if cell["cell_type"] == "code")
        source = "".join(first["source"])
        asked = re.search(r'"recsys-tutorial\[([\w,]+)\] @ git\+https://[^"]+"', source)
        if asked is None:
            raise SystemExit(f"{path.name}: its first code cell does not install the course")
        if found.setdefault(asked[1], source) != source:
            raise SystemExit(f"{path.name}: another setup cell for [{asked[1]}] than elsewhere")
    return found


def install_by(source: str, wheel: Path, folder: Path, execute=execute) -> str:
    """Run a setup cell, the wheel in the place of the repository; return an error, if any."""
    from nbformat.v4 import new_code_cell, new_notebook

    here = re.sub(r"git\+https://[^\"]+", wheel.resolve().as_uri(), source)
    # Without a restart: the next cell of a chapter imports the package, too.
    use = "import recsys_tutorial\nassert 'site-packages' in recsys_tutorial.__file__"
    return execute(new_notebook(cells=[new_code_cell(here), new_code_cell(use)]), folder)


# Putting it together ------------------------------------------------------------------------


def table(rows: Iterable[Result]) -> list[str]:
    """Write results as a table of Markdown."""
    lines = ["| notebook | seconds | result |", "|---|---:|---|"]
    for row in rows:
        about = row.error or "; ".join(["runs", *filter(None, [row.said])])
        if row.warnings:
            about += f"; {len(row.warnings)} kinds of warnings"
        lines.append(f"| {row.name} | {row.seconds:.0f} | {about.replace('|', '/')} |")
    return lines


def write_report(folder: Path, facts: dict, rows: list[Result]) -> None:
    """Write report.json and report.md."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {**facts, "notebooks": [dataclasses.asdict(row) for row in rows]}
    (folder / "report.json").write_text(json.dumps(whole, indent=1), encoding="utf-8")
    lines = ["# The notebooks with Colab's versions", ""]
    for name, value in facts.items():
        if isinstance(value, list):
            value = ", ".join(value) or "none"
        lines += [f"- **{name}**: {value}"]
    lines += ["", *table(rows), ""]
    for row in rows:
        lines += [f"- {row.name}: {warning}" for warning in row.warnings]
    (folder / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def install_course(course: ModuleType, python: Path, wheel: Path, paths: list[Path]) -> Changes:
    """Install by each of the setup cells in turn; give what they all together did."""
    before, whole = versions_in(python), Changes([], [], [])
    # The richest one last: it stays for the notebooks.
    for asked, source in sorted(setup_cells(paths).items(), key=lambda item: len(item[0])):
        if "recsys-tutorial" in versions_in(python):
            remove = ["uninstall", "--yes", "--quiet", "recsys-tutorial"]
            course.run(python, "-m", "pip", *remove)
        with tempfile.TemporaryDirectory() as folder:
            error = install_by(source, wheel, Path(folder))
        if error:
            raise SystemExit(f"the setup cell for [{asked}] failed: {error}")
        whole = compare(before, versions_in(python))
        if not whole.harmless:
            break
    return whole


def load_course(root: Path) -> ModuleType:
    """Take `course.py` as a module."""
    spec = importlib.util.spec_from_file_location("course", root / "course.py")
    course = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(course)
    return course


def run_all(course: ModuleType, options: argparse.Namespace) -> int:
    """Do everything; return 1 if a version changed or a notebook failed."""
    colab = read_freeze(FREEZE)
    base = find_python(colab.minor, [options.python] if options.python else None)
    paths = sorted((course.ROOT / "notebooks").rglob("*.ipynb"))
    chosen = [path for path in paths if any(text in path.stem for text in options.only)]
    if not chosen:
        raise SystemExit(f"no notebook's name contains {' or '.join(options.only)}")
    with tempfile.TemporaryDirectory(prefix="colab-") as name:
        folder = Path(name)
        wheel = build_wheel(course, folder)
        names = sorted({*asked_by(wheel, EXTRAS), *AROUND} & set(colab.pins))
        python = make_environment(course, base, colab, names)
        before = versions_in(python)
        offer_kernel(python, folder / "jupyter")
        print(f"installing {wheel.name} by the notebooks' setup cells ...", flush=True)
        changes = install_course(course, python, wheel, paths)
        facts = {
            "Colab's listing of": f"{colab.date}, Python {colab.python}",
            "Python here": subprocess.check_output([python, "-V"], text=True).split()[1],
            "packages compared": len(before),
            "not as in the listing": unlike_colab(before, colab),
            "changed by the course": changes.changed,
            "removed by the course": changes.removed,
            "added by the course": changes.added,
        }
        for title, value in facts.items():
            print(f"{title}: {', '.join(value) or 'none' if isinstance(value, list) else value}")
        rows: list[Result] = []
        if changes.harmless:
            with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
                for row in pool.map(run_alone, chosen):
                    rows.append(row)
                    print(table([row])[-1], flush=True)
    report = course.ROOT / "_build" / "colab"
    write_report(report, facts, rows)
    failed = [row.name for row in rows if row.error]
    print(f"{len(rows) - len(failed)} of {len(chosen)} notebooks run; see {report / 'report.md'}")
    return int(bool(failed or facts["not as in the listing"] or not changes.harmless))


def main(argv: list[str]) -> int:
    """Read the options; go on with the Python of .venv, which has what is needed."""
    parser = argparse.ArgumentParser(prog="python course.py colab --", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="TEXT", help="notebooks with TEXT in the name"
    )
    parser.add_argument("--jobs", default=1, type=int, metavar="N", help="notebooks at a time")
    parser.add_argument("--python", metavar="PATH", help="an interpreter of Colab's version")
    options = parser.parse_args(argv)
    course = load_course(ROOT)
    if Path(sys.prefix).resolve() != course.VENV.resolve():
        course.setup(0)
        return int(course.run(course.PYTHON, Path(__file__).resolve(), *argv)[0])
    return run_all(course, options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
