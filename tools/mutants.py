"""Would the tests notice?  Change the code on purpose, one place at a time, and see who objects.

python tools/mutants.py list [PART ...]     how many changes (mutants) there are in each file
python tools/mutants.py run [PART ...] [--size 150] [--seed 9] [--minutes 60] [--recheck]
python tools/mutants.py report              the score of each room, and who survived unexplained

A PART is a room (`clustering`), a file (`evaluation/growth.py`), or `checkers`: the rules that the
tests hold chapters and pages to, which must notice what they are for.  From each room a random
sample is tried; a larger `--size` keeps the smaller sample and adds to it.  Results are kept in
_build/mutants, so that a stopped run goes on where it was; two runs of different rooms may go on
side by side.  `--recheck` gives those who survived all tests of their file, the slow ones too: do
that before you explain them in tests/mutants.toml.

The changes are those of mutmut 3, which is not in .venv: the command says how to fetch it.  Its own
runner copies the whole tree, measures the whole suite first, and takes no sample; so the running is
done here.  No file is changed: a forked process, which has numpy and its like loaded already,
imports the changed text in place of the file and runs the tests that reach the changed line.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import hashlib
import importlib
import importlib.util
import json
import os
import re
import resource
import select
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, NamedTuple

import pytest

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "recsys_tutorial"
# Chapters' exercises (chNN.py) are data: their named mistakes are mutants made by hand, and
# tests/unit/test_exercises.py tries every one.
ROOMS = ("clustering", "evaluation", "recommenders", "exercises")
DATA = "ch"
TOOL = "_build/mutants/tool"
# Checks that are checked: what says whether chapters, pages, plans and exercises are sound.
CHECKERS = (
    *("tests/notebooks/notebook_rules.py", "tests/unit/exercise_rules.py"),
    *("tests/site/site_checks.py", "tests/site/book_checks.py", "tests/site/glossary_checks.py"),
    *("tests/site/leak_checks.py", "tests/site/slide_checks.py", "tests/site/told_cells.py"),
    *("tests/site/look_checks.py", "tests/site/site_weighing.py"),
    *("tests/site/teaching_notes.py", "tools/objectives.py", "tools/class_tests.py"),
    *("tools/supply.py", "book/_ext/course_plans.py", "book/_ext/course_paths.py"),
)
GOAL = 0.85
KINDS = ("equivalent", "harmless")
# A process that runs away is ended by its processor time: a busy computer kills nobody.
SPARE_SECONDS, TIMES, MEMORY = 20, 5, 6 << 30
# Changed prose proves nothing, and a changed type is the business of mypy.
PROSE_CALLS = {"warn", "cast", "TypeVar"}
NOT_LOADED_FIRST = {"tensorflow", "keras", "pyspark", "torch", "__main__", "__mp_main__"}


class Mutant(NamedTuple):
    """One change: its name, the function it is in, what becomes of what, and which lines run it."""

    key: str
    path: str
    where: str
    before: str
    after: str
    line: int
    reached_by: range | None  # None: run on import, so any test may notice
    text: Any  # a function that gives the changed file

    def told(self) -> str:
        return f"{self.key}  {self.path}:{self.line} {self.where}: {self.before} -> {self.after}"


# ------------------------------------------------------------------ the changes


def find_operators(folder: Path) -> list:
    """Give mutmut's changes; they wait in a folder that stands behind everything else."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        from mutmut.mutation.mutators import mutation_operators, operator_string
    except ImportError:
        how = f'{sys.executable} -m uv pip install --target {folder} "mutmut>=3.8,<4"'
        raise SystemExit(f"mutmut is missing; type: {how}") from None

    def one_string(node):
        yield from list(operator_string(node))[:1]  # not lower and upper case as well

    return [(kind, one_string if f is operator_string else f) for kind, f in mutation_operators]


def find_mutants(source: str, path: str, operators: list) -> list[Mutant]:
    """List all changes of a file, in its order."""
    import libcst as cst
    from libcst.metadata import MetadataWrapper, PositionProvider

    wrapper = MetadataWrapper(cst.parse_module(source))
    module, places = wrapper.module, wrapper.resolve(PositionProvider)
    found, seen = [], Counter()

    def is_prose(node) -> bool:
        name = getattr(node, "func", None)
        name = getattr(name, "attr", name)
        guard = isinstance(node, cst.If) and module.code_for_node(node.test) == "TYPE_CHECKING"
        listing = isinstance(node, cst.Assign) and "__all__" in module.code_for_node(node)
        silent = (cst.Raise, cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
        call = isinstance(node, cst.Call) and getattr(name, "value", "") in PROSE_CALLS
        return isinstance(node, silent) or guard or listing or call

    def lines(node, statement, function) -> range | None:
        if function is None:
            return None
        # A default is evaluated on import, but only a call of the function shows it.
        whole = function if statement is function else None
        first = places[(function.body if whole else statement)].start.line
        return range(first, places[(function if whole else node)].end.line + 1)

    def walk(node, names, statement, function) -> None:
        if is_prose(node):
            return
        if isinstance(node, cst.ClassDef | cst.FunctionDef):
            names = [*names, node.name.value]
        if isinstance(node, cst.FunctionDef):
            function = function or node
        if isinstance(node, cst.BaseStatement):
            statement = node
        for kind, operator in operators:
            for new in operator(node) if isinstance(node, kind) else ():
                add(node, new, ".".join(names), lines(node, statement, function))
        for child in node.children:
            walk(child, names, statement, function)

    def add(node, new, where, reached_by) -> None:
        before, after = (" ".join(module.code_for_node(n).split()) for n in (node, new))
        if before == after:
            return
        same = (where, before, after)
        seen[same] += 1
        key = hashlib.sha256(repr((path, *same, seen[same])).encode()).hexdigest()[:10]
        line = places[node].start.line if node in places else min(reached_by or [1])
        text = lambda: module.deep_replace(node, new).code  # noqa: E731
        found.append(Mutant(key, path, where, before, after, line, reached_by, text))

    walk(module, [], None, None)
    return found


def sample(mutants: Iterable[Mutant], size: int, seed: int) -> list[Mutant]:
    """Draw at random, so that a larger sample holds the smaller one; none that does not compile."""
    order = sorted(mutants, key=lambda m: hashlib.sha256(f"{seed} {m.key}".encode()).digest())
    drawn: list[Mutant] = []
    for mutant in order:
        if len(drawn) == size:
            break
        with contextlib.suppress(SyntaxError):
            compile(mutant.text(), mutant.path, "exec", dont_inherit=True)
            drawn.append(mutant)
    return drawn


# ------------------------------------------------------------------ the tests of a file


def sources(root: Path, package: str, parts: Iterable[str]) -> dict[str, list[Path]]:
    """Give the files of each room that are asked for; without a wish, those of `ROOMS`."""
    found: dict[str, list[Path]] = {}
    for part in parts or ROOMS:
        if part == "checkers":
            found[part] = [root / path for path in CHECKERS]
            continue
        here = root / package / part
        files = [here] if here.suffix == ".py" else sorted(here.glob("*.py"))
        if not files or not here.exists():
            raise SystemExit(f"there is no {here.relative_to(root)}")
        code = [f for f in files if f.name != "__init__.py" and not f.name.startswith(DATA)]
        found.setdefault(part.split("/")[0], []).extend(code)
    return found


def exported(init: Path) -> dict[str, str]:
    """Say for each name that a room gives away in which of its files it is defined."""
    names = {}
    package = init.parent.name
    for node in ast.walk(ast.parse(init.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.split(f"{package}.")[-1]
            names.update({alias.asname or alias.name: module for alias in node.names})
    return names


def heirs(file: Path) -> set[str]:
    """Name the neighbours with a class that inherits from one of this file."""
    found = set()
    for path in sorted(file.parent.glob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        taken = {
            alias.asname or alias.name
            for node in nodes
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(f".{file.stem}")
            for alias in node.names
        }
        bases = [base for node in nodes if isinstance(node, ast.ClassDef) for base in node.bases]
        if any(isinstance(base, ast.Name) and base.id in taken for base in bases):
            found.add(path.stem)
    return found


@functools.cache
def parsed(path: Path, _changed: int) -> tuple[str, list[ast.AST]]:
    """Give a file's text, and what of it may name a module."""
    text = path.read_text(encoding="utf-8")
    kinds = (ast.Import, ast.ImportFrom, ast.Attribute)
    return text, [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def tests_of(root: Path, file: Path) -> list[Path]:
    """List the test files that import from this file, directly or by way of its room.

    Whoever tests a class also tests what it inherits.  A tool is loaded by its path, a checker by
    its bare name: for those, the name must stand there.
    """
    module = ".".join(file.relative_to(root).with_suffix("").parts)
    package, _, name = module.rpartition(".")
    init = file.parent / "__init__.py"
    mine = {name, *heirs(file)} if init.exists() else set()
    names = {n for n, m in exported(init).items() if m in mine} if init.exists() else set()
    outside = re.compile(rf"\b{name}\b") if not init.exists() else None

    def imports(node: ast.AST) -> bool:
        if isinstance(node, ast.Import):
            return any(alias.name == module for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            taken = {alias.name for alias in node.names}
            return node.module == module or (
                node.module == package and bool(taken & (names | {name}))
            )
        # room.function, after `import ... as room`
        here = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        return here and node.attr in names and node.value.id == package.rpartition(".")[2]

    found = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        text, nodes = parsed(path, path.stat().st_mtime_ns)
        hit = bool(outside.search(text)) if outside else any(map(imports, nodes))
        found += [path] if hit else []
    return found


def fingerprint(files: Iterable[Path]) -> str:
    """Give a short name to what is in the files."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]


# ------------------------------------------------------------------ in a process of its own


class Instead:
    """Load a text in place of a file, whoever imports it, by whatever name."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text, self.used = os.path.realpath(path), text, False

    def begin(self) -> None:
        """Change how Python reads modules; for a process of its own."""
        from_file = SourceFileLoader.get_code

        def get_code(loader: SourceFileLoader, name: str) -> Any:
            if os.path.realpath(loader.path) != self.path:
                return from_file(loader, name)
            self.used = True
            return compile(self.text, self.path, "exec", dont_inherit=True)

        SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


class Watch:
    """Tell which test failed, and, if there is a coverage, which lines each test reached."""

    def __init__(self, cover: Any = None) -> None:
        self.cover, self.failed, self.seconds, self.fixtures = cover, "", {}, {}
        self.now = ""

    def switch(self, context: str) -> None:
        if self.cover:
            self.cover.switch_context(context)

    def pytest_runtest_logstart(self, nodeid):
        self.now = nodeid
        self.switch(nodeid)

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report):
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collection_modifyitems(self, items):
        self.fixtures = {item.nodeid: list(getattr(item, "fixturenames", ())) for item in items}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        # What a shared fixture runs is run for all who use it, not only for the first.
        shared = fixturedef.scope != "function"
        self.switch(f"fixture {fixturedef.argname}" if shared else self.now)
        yield
        self.switch(self.now)


def in_child(root: Path, instead: Instead, tests: list[str], watch: Watch, marks: str) -> int:
    """Run tests with one file changed; this process is not good for anything else afterwards."""
    os.chdir(root)
    sys.path.insert(0, str(root))
    instead.begin()
    # Plain, as pytest would read a file that it is given (for its doctests) in its own way.
    quiet = ["-q", "-x", "--no-header", "--assert=plain", "-p", "no:cacheprovider"]
    quiet += ["-p", "no:xdist", "-m", marks, "--doctest-modules"]

    # The doctests last, as in the whole suite: to collect them, pytest imports the module anew and
    # puts it in the place of a function of the same name (clustering.dbscan).
    def is_own(test: str) -> bool:
        return os.path.realpath(test.split("::")[0]) == instead.path

    tests = sorted(tests, key=is_own)
    return int(pytest.main([*quiet, *tests], plugins=[watch]))


def address_space() -> int:
    """Bytes that this process has mapped: a fork begins with them."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def forked(work: Any, cpu_seconds: float) -> dict[str, Any]:
    """Do work in a fork, which may run away, eat memory or fall over; give what it has to say."""
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    start = time.monotonic()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            os.setsid()
            os.close(read)
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nothing, stream)
            limit = int(cpu_seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if sys.platform == "linux":
                limit = MEMORY + address_space()
                resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            try:
                said = work()
            except BaseException as error:
                said = {"error": f"{type(error).__name__}: {error}"}
            with os.fdopen(write, "wb") as pipe:
                pipe.write(json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    told, asleep = b"", False
    with os.fdopen(read, "rb") as pipe:
        while True:
            # Processor time is limited above; this is for those who wait for ever.
            left = start + 10 * cpu_seconds - time.monotonic()
            if not select.select([pipe], [], [], max(left, 0))[0]:
                asleep = True
                break
            part = os.read(pipe.fileno(), 1 << 16)
            if not part:
                break
            told += part
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    answer = json.loads(told) if told and not asleep else {}
    # Who has answered was ended above, by our own hand.
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) and not answer else 0
    by = signal.SIGKILL if asleep else ended
    seconds = used.ru_utime + used.ru_stime
    return {"signal": int(by), "asleep": asleep, "cpu": round(seconds, 2), **answer}


def loads(file: Path) -> bool:
    """Say if a file, changed as it is here, can be imported at all."""
    spec = importlib.util.spec_from_file_location("alone", file)
    sys.modules["alone"] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        return False
    return True


def is_of(root: Path, module: Any) -> bool:
    """Say if a module is a file of the course, which may import the one that is changed."""
    file = getattr(module, "__file__", None)
    inside = bool(file) and Path(file).resolve().is_relative_to(root)
    return inside and not Path(file).resolve().relative_to(root).parts[0].startswith(".")


def measure(root: Path, file: Path, tests: list[Path], marks: str) -> dict[str, Any]:
    """Run the tests of an unchanged file: all must pass; say who reaches which line, and when."""
    package = file.relative_to(root).parts[0]

    def work():
        import coverage

        cover = coverage.Coverage(data_file=None, config_file=False, include=[str(file)])
        cover.start()
        watch, instead = Watch(cover), Instead(file, file.read_text(encoding="utf-8"))
        code = in_child(root, instead, [str(t) for t in [file, *tests]], watch, marks)
        cover.stop()
        reached = cover.get_data().contexts_by_lineno(str(file))
        users = defaultdict(list)
        for test, fixtures in watch.fixtures.items():
            for fixture in fixtures:
                users[f"fixture {fixture}"].append(test)
        lines = {
            line: sorted({t for c in contexts for t in users.get(c, [c])})
            for line, contexts in reached.items()
        }
        loaded = [m for m in sys.modules if m.split(".")[0] not in NOT_LOADED_FIRST]
        own = (PACKAGE, package, "tests", "conftest")
        loaded = [m for m in loaded if not is_of(root, sys.modules[m])]
        return {
            "code": code,
            "failed": watch.failed,
            "used": instead.used,
            "lines": lines,
            "seconds": watch.seconds,
            "modules": [m for m in loaded if not m.startswith(own)],
        }

    return forked(work, 1800)


def choose(mutant: Mutant, base: dict[str, Any]) -> list[str]:
    """List the tests that can notice a change, the quickest first."""
    everyone = sorted(base["seconds"], key=lambda t: (base["seconds"][t], t))
    if mutant.reached_by is None:
        return everyone
    wanted = {t for line in mutant.reached_by for t in base["lines"].get(str(line), ())}
    # "" is what runs on import, of a test file say, whose tests are not told apart then.
    return everyone if "" in wanted else [t for t in everyone if t in wanted]


def attempt(root: Path, mutant: Mutant, tests: list[str], cpu: float, marks: str) -> dict[str, Any]:
    """Let the tests loose on one mutant: killed, or survived, and by whom."""
    if not tests:
        return {"outcome": "survived", "by": "no test gets there", "cpu": 0.0}
    file = root / mutant.path
    text = mutant.text()

    def work():
        watch, instead = Watch(), Instead(file, text)
        code = in_child(root, instead, tests, watch, marks)
        by = watch.failed
        if code not in (0, 1) and not by and not loads(file):
            by = "import"  # of a conftest, say, of which pytest makes no report
        return {"code": code, "by": by, "used": instead.used}

    done = forked(work, cpu)
    code, by = done.get("code"), done.get("by", "")
    if done["asleep"] or done["signal"] in (signal.SIGXCPU, signal.SIGKILL):
        outcome, by = "killed", "time"
    elif code is None and done["signal"]:
        outcome, by = "killed", f"crash (signal {done['signal']})"
    elif code in (1, 2, 4) and by:
        outcome = "killed"
    elif code == 0 and done.get("used"):
        outcome = "survived"
    else:
        used = done.get("used")
        outcome, by = "unclear", done.get("error") or f"pytest {code}, changed file used: {used}"
    return {"outcome": outcome, "by": by, "cpu": done["cpu"]}


# ------------------------------------------------------------------ keeping and telling


def read_results(store: Path) -> dict[str, dict[str, Any]]:
    """Give the last word on every mutant; half a line, from a stop, is none."""
    results = {}
    if store.exists():
        for line in store.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                results[entry["key"]] = entry
    return results


def add_result(store: Path, entry: dict[str, Any]) -> None:
    """Write one line at once, so that two runs may share the file."""
    store.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    handle = os.open(store, flags, 0o644)
    try:
        # On a line of its own, even after half a line of a run that was stopped.
        os.write(handle, f"\n{json.dumps(entry)}\n".encode())
    finally:
        os.close(handle)


def still_valid(entry: dict[str, Any] | None, source: str, tests: str, recheck: bool) -> bool:
    """Say if a result needs no new run.

    Who was killed stays so while the file is the same: more tests kill no fewer.  Who survived is
    tried again when the tests have changed, or, once, with all of them.
    """
    if not entry or entry["source"] != source or entry["outcome"] == "unclear":
        return False
    if entry["outcome"] == "killed":
        return True
    return entry["tests"] == tests and (entry["thorough"] or not recheck)


def interval(killed: int, tried: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a share, which holds near 0 and 1 too."""
    if not tried:
        return 0.0, 1.0
    share, square = killed / tried, z * z
    middle = (share + square / (2 * tried)) / (1 + square / tried)
    half = z / (1 + square / tried)
    half *= (share * (1 - share) / tried + square / (4 * tried * tried)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def read_reasons(path: Path) -> dict[str, dict[str, str]]:
    """Read why those who survived may; a reason that says nothing is refused."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    for entry in entries:
        missing = {"key", "where", "change", "kind", "why"} - set(entry)
        if missing:
            raise SystemExit(f"{path.name}: {entry.get('key')} lacks {', '.join(sorted(missing))}")
        if entry["kind"] not in KINDS:
            raise SystemExit(f"{path.name}: {entry['key']} is neither {' nor '.join(KINDS)}")
        if len(entry["why"].split()) < 4:
            raise SystemExit(f"{path.name}: {entry['key']}: the reason says nothing")
    twice = [k for k, n in Counter(e["key"] for e in entries).items() if n > 1]
    if twice:
        raise SystemExit(f"{path.name}: twice: {', '.join(twice)}")
    return {entry["key"]: entry for entry in entries}


def judge(
    drawn: list[Mutant], results: dict[str, dict[str, Any]], reasons: dict[str, dict[str, str]]
) -> dict[str, Any]:
    """Count a sample.

    `score` leaves out the equivalent, whom no test can kill; `raw` counts them as survivors.  The
    harmless count as survivors in both.
    """
    tried = [m for m in drawn if results.get(m.key, {}).get("outcome") in ("killed", "survived")]
    killed = [m for m in tried if results[m.key]["outcome"] == "killed"]
    alive = [m for m in tried if results[m.key]["outcome"] == "survived"]
    same = [m for m in alive if reasons.get(m.key, {}).get("kind") == "equivalent"]
    fair = len(tried) - len(same)
    return {
        "drawn": len(drawn),
        "tried": len(tried),
        "killed": len(killed),
        "equivalent": len(same),
        "raw": len(killed) / len(tried) if tried else 0.0,
        "score": len(killed) / fair if fair else 0.0,
        "interval": interval(len(killed), fair),
        "unexplained": [m for m in alive if m.key not in reasons],
        "explained though killed": [m for m in killed if m.key in reasons],
    }


# ------------------------------------------------------------------ the commands


def collect(root: Path, package: str, parts: list[str], operators: list) -> dict[str, list[Mutant]]:
    """List the changes of each room."""
    rooms = {}
    for room, files in sources(root, package, parts).items():
        texts = [(f.read_text(encoding="utf-8"), f.relative_to(root).as_posix()) for f in files]
        rooms[room] = [m for text, path in texts for m in find_mutants(text, path, operators)]
    return rooms


def run_file(
    root: Path, path: str, mutants: list[Mutant], store: Path, until: float, recheck: bool
) -> int:
    """Try the mutants of one file; return how many were."""
    file = root / path
    tests = tests_of(root, file)
    marks = "not site and not deep" if recheck else "not slow and not site and not deep"
    source, state = fingerprint([file]), fingerprint(tests)
    results = read_results(store)
    todo = [m for m in mutants if not still_valid(results.get(m.key), source, state, recheck)]
    if not todo or time.monotonic() > until:
        return 0
    kept = store.parent / "base" / f"{path.replace('/', '.')}.{'all' if recheck else 'quick'}.json"
    mark = f"{source} {state} {marks}"
    base = json.loads(kept.read_text()) if kept.exists() else {}
    if base.get("mark") != mark:
        base = {**measure(root, file, tests, marks), "mark": mark}
        if base.get("code") != 0 or not base.get("used"):
            wrong = base.get("failed") or f"pytest {base.get('code')}, signal {base['signal']}"
            print(f"{path}: not tried; its tests do not pass unchanged: {wrong}", flush=True)
            return 0
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(base))
        base = json.loads(kept.read_text())
    for module in base["modules"]:  # what all forks would load anew
        with contextlib.suppress(BaseException):
            importlib.import_module(module)
    for number, mutant in enumerate(todo):
        if time.monotonic() > until:
            return number
        chosen = list(base["seconds"]) if recheck else choose(mutant, base)
        cpu = SPARE_SECONDS + TIMES * sum(base["seconds"][t] for t in chosen)
        done = attempt(root, mutant, chosen, cpu, marks)
        entry = {"key": mutant.key, **done, "source": source, "tests": state, "thorough": recheck}
        add_result(store, entry)
        print(f"{done['outcome']:8} {done['cpu']:6.1f} s  {mutant.told()}", flush=True)
    return len(todo)


def main(argv: list[str]) -> int:
    """Read the command line; return 1 if the report is not good enough."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("list", "run", "report"))
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--size", type=int, default=150)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("--recheck", action="store_true")
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--package", default=PACKAGE)
    asked = parser.parse_args(argv)
    root, store = asked.root.resolve(), asked.root.resolve() / "_build/mutants/results.jsonl"
    rooms = collect(root, asked.package, asked.parts, find_operators(ROOT / TOOL))
    if asked.command == "list":
        for mutants in rooms.values():
            for path, count in Counter(m.path for m in mutants).items():
                print(f"{count:6}  {path}")
        return 0
    drawn = {room: sample(mutants, asked.size, asked.seed) for room, mutants in rooms.items()}
    if asked.command == "run":
        until, start, count = time.monotonic() + 60 * asked.minutes, time.monotonic(), 0
        for mutants in drawn.values():
            for path in sorted({m.path for m in mutants}):
                mine = [m for m in mutants if m.path == path]
                count += run_file(root, path, mine, store, until, asked.recheck)
        took = (time.monotonic() - start) / 60
        print(f"{count} mutants in {took:.1f} minutes, {count / max(took, 1e-9):.1f} a minute")
        return 0
    return report(root, rooms, drawn, read_results(store))


def report(root: Path, rooms: dict, drawn: dict, results: dict) -> int:
    """Print the score of each room and what is left to do; return 1 if there is something."""
    page = root / "tests" / "mutants.toml"
    reasons = read_reasons(page) if page.exists() else {}
    bad = 0
    print("| room | mutants | drawn | tried | killed | equivalent | raw | score | 95 % |")
    print("|---|---|---|---|---|---|---|---|---|")
    told = []
    for room, mutants in rooms.items():
        r = judge(drawn[room], results, reasons)
        counts = [len(mutants), r["drawn"], r["tried"], r["killed"], r["equivalent"]]
        shares = [f"{r['raw']:.1%}", f"{r['score']:.1%}", "{:.0%} to {:.0%}".format(*r["interval"])]
        print(f"| {room} | " + " | ".join(map(str, counts + shares)) + " |")
        bad |= r["tried"] < r["drawn"] or r["score"] < GOAL
        for what in ("unexplained", "explained though killed"):
            told += [f"{what}: {m.told()}" for m in r[what]]
        unclear = [m for m in drawn[room] if results.get(m.key, {}).get("outcome") == "unclear"]
        told += [f"unclear, {results[m.key]['by']}: {m.told()}" for m in unclear]
    gone = set(reasons) - {m.key for mutants in rooms.values() for m in mutants}
    if set(rooms) == set(ROOMS):
        told += [f"explained, but no such mutant: {key}" for key in sorted(gone)]
    print("\n".join(["", *told]) if told else "\nEvery survivor is explained.")
    return int(bool(bad or told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
