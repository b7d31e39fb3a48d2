"""Has a new library moved the course's results?  Measure them anew and compare with their bands.

python tools/bands.py [--only NAME ...] [--fast] [--json FILE]

tests/bands.toml says what each result was on the lock, how far it may go, and why so far.
`tools/band_measures.py` measures.  Of each result the report says where in its band it lies; those
that left it, or could not be measured at all, come first, each with its reason, and make the exit
code 1.  A warning that something will go away is told too: it is the drift of tomorrow.

`--fast` leaves out what trains a network; `--only ch03 ch07.loss` takes some.  The JSON of `--json`
has the same rows, with every digit.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import math
import platform
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
BANDS = ROOT / "tests" / "bands.toml"
KEYS = ("on_lock", "low", "high", "why")
# What a result can depend on; the rest of what is installed does not compute.
WATCHED = (
    *("numpy", "scipy", "pandas", "scikit-learn", "threadpoolctl"),
    *("tensorflow", "keras", "matplotlib", "recsys-tutorial"),
)
Measure = Callable[[], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Band:
    """Where a result was on the lock, and between what it may lie; lists go number by number."""

    name: str
    on_lock: Any
    low: Any
    high: Any
    why: str

    @property
    def group(self) -> str:
        """The function that measures it."""
        return self.name.partition(".")[0]


@dataclasses.dataclass(frozen=True)
class Row:
    """What became of one result.

    `used` is the share of the way from the value on the lock to the edge of the band: 0 is no
    drift, 1 the edge.  `problem` is empty where all is well.
    """

    name: str
    measured: Any = None
    band: Band | None = None
    used: float | None = None
    problem: str = ""


# The file ----------------------------------------------------------------------------------


def numbers(value: Any) -> list[float] | None:
    """Take a number or a list of numbers as a list; anything else, such as a name, as None."""
    some = value if isinstance(value, list) else [value]
    right = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in some)
    return [float(one) for one in some] if right else None


def fault(name: str, entry: Any) -> str:
    """Say what is wrong with one entry of the file; empty if nothing is."""
    if not isinstance(entry, dict):
        return f"{name}: write a table [{name}] with {', '.join(KEYS)}"
    if missing := [key for key in KEYS if key not in entry]:
        return f"{name}: {missing[0]} is missing"
    if unknown := sorted(set(entry) - set(KEYS)):
        return f"{name}: {unknown[0]} is none of {', '.join(KEYS)}"
    why = entry["why"]
    if not (isinstance(why, str) and len(why.split()) >= 4 and why.rstrip().endswith(".")):
        return f"{name}: why must be a sentence that says why the band is so wide"
    found = [numbers(entry[key]) for key in KEYS[:3]]
    if None in found or any(math.isnan(one) for some in found for one in some or ()):
        return f"{name}: on_lock, low and high must be numbers, or lists of numbers"
    here, low, high = found
    if not len(here) == len(low) == len(high):
        return f"{name}: on_lock, low and high differ in length"
    if any(a > b for a, b in zip(low, high)):
        return f"{name}: upside down, low is above high"
    if not all(a <= x <= b for a, x, b in zip(low, here, high)):
        return f"{name}: on_lock is outside of its own band"
    return ""


def read_bands(path: Path = BANDS) -> dict[str, Band]:
    """Read the bands; stop with every fault of the file, if it has any."""
    try:
        groups = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SystemExit(f"{path.name} is missing: get it back from git") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SystemExit(f"{path.name} is no TOML: {error}") from None
    loose = [name for name, entries in groups.items() if not isinstance(entries, dict)]
    entries = {
        f"{group}.{name}": entry
        for group, table in groups.items()
        if group not in loose
        for name, entry in table.items()
    }
    wrong = [f"{name}: a band is called [group.name]" for name in loose]
    wrong += [said for name, entry in entries.items() if (said := fault(name, entry))]
    if wrong:
        raise SystemExit("\n".join([f"{path.name} has {len(wrong)} faults", *wrong]))
    return {name: Band(name, **entry) for name, entry in entries.items()}


# Measuring ---------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Turn NumPy's numbers and arrays into Python's own, for comparing and for JSON."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def room_used(value: float, here: float, low: float, high: float) -> float:
    """Share of the way from the value on the lock to the edge on this side; infinite if no way."""
    if value == here:
        return 0.0
    room = high - here if value > here else here - low
    return abs(value - here) / room if room > 0 else math.inf


def compare(name: str, measured: Any, band: Band | None) -> Row:
    """Hold one measured result to its band."""
    measured = plain(measured)
    if band is None:
        return Row(name, measured, problem="no band: write one into tests/bands.toml")
    found, limits = numbers(measured), zip(*map(numbers, (band.on_lock, band.low, band.high)))
    if found is None:
        return Row(name, measured, band, problem="out: not a number")
    if len(found) != len(numbers(band.on_lock)):
        return Row(name, measured, band, problem=f"out: {len(found)} numbers")
    parts = list(zip(found, limits))
    # "Not within" and not "beyond": NaN is neither above nor below anything.
    out = [x for x, (_, low, high) in parts if not low <= x <= high]
    used = max((room_used(x, *limit) for x, limit in parts), default=0.0)
    return Row(name, measured, band, used, "out of its band" if out else "")


@dataclasses.dataclass
class Taken:
    """What the measuring of some groups brought."""

    rows: list[Row] = dataclasses.field(default_factory=list)
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    warned: list[str] = dataclasses.field(default_factory=list)


def told(error: BaseException) -> str:
    """One line about an error."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}".rstrip(": ")


def measure(group: str, function: Measure, bands: Mapping[str, Band], taken: Taken) -> None:
    """Run one function, and add a row for each of its results, whatever happens."""
    began, bands_here = time.perf_counter(), [n for n, b in bands.items() if b.group == group]
    values: Mapping[str, Any] = {}
    problem = "could not be measured: the function gives no such value"
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            values = {f"{group}.{key}": value for key, value in function().items()}
        except Exception as error:  # whatever a new version does, the other results count
            problem = f"could not be measured: {told(error)}"
    taken.seconds[group] = round(time.perf_counter() - began, 1)
    going = (DeprecationWarning, FutureWarning, PendingDeprecationWarning)
    kinds = {told(one.message) for one in heard if issubclass(one.category, going)}
    taken.warned += sorted(f"{group}: {kind}" for kind in kinds)
    taken.rows += [
        compare(name, values[name], bands[name])
        if name in values
        else Row(name, None, bands[name], problem=problem)
        for name in bands_here
    ]
    extra = [name for name in values if name not in bands]
    taken.rows += [compare(name, values[name], None) for name in extra]
    if not bands_here and not extra:
        taken.rows.append(Row(group, problem=problem))


def measure_all(
    measures: Mapping[str, Measure],
    bands: Mapping[str, Band],
    only: Collection[str] = (),
    leave: Collection[str] = (),
) -> Taken:
    """Measure all groups, or some; a band whose group has no function gets a row, too."""
    groups = dict.fromkeys([*measures, *(band.group for band in bands.values())])
    chosen = {name.partition(".")[0] for name in only} or set(groups)
    taken = Taken()
    for group in groups:
        if group not in chosen or group in leave:
            continue
        if group in measures:
            measure(group, measures[group], bands, taken)
            continue
        problem = "could not be measured: tools/band_measures.py has no such function"
        names = [name for name, band in bands.items() if band.group == group]
        taken.rows += [Row(name, None, bands[name], problem=problem) for name in names]
    if only:
        wanted = set(only)
        taken.rows = [row for row in taken.rows if wanted & {row.name, row.name.partition(".")[0]}]
    return taken


def versions() -> dict[str, str]:
    """Versions of what computes; "none" for what is not installed."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in WATCHED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "none"
    return found


# The report --------------------------------------------------------------------------------


def short(value: Any) -> str:
    """Write a value with four digits, a list with its numbers."""
    if isinstance(value, list):
        return "[" + " ".join(map(short, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else "-" if value is None else str(value)


def span(band: Band | None) -> str:
    """Write a band as its two ends."""
    if band is None:
        return "-"
    exact = band.low == band.high
    return f"exactly {short(band.low)}" if exact else f"{short(band.low)} to {short(band.high)}"


def report(taken: Taken, about: Mapping[str, str]) -> str:
    """Write everything as text: what is wrong first, then the rest, most drift first."""
    bad = [row for row in taken.rows if row.problem]
    good = sorted((row for row in taken.rows if not row.problem), key=lambda row: -(row.used or 0))
    lines = [", ".join(f"{name} {version}" for name, version in about.items()), ""]
    for row in bad:
        lines += [f"{row.name}: {row.problem}"]
        if row.band:
            here = f"on the lock {short(row.band.on_lock)}, band {span(row.band)}"
            lines += [f"    measured {short(row.measured)}, {here}", f"    {row.band.why}"]
    lines += [""] * bool(bad)
    for row in good:
        lock, share = short(row.band.on_lock), f"{row.used or 0:.0%}"
        lines.append(f"{share:>5s} of the way  {row.name} = {short(row.measured)} (lock {lock})")
        lines[-1] += f", {span(row.band)}"
    lines += [f"will go away: {warning}" for warning in taken.warned]
    lines += ["", f"{len(good)} of {len(taken.rows)} results inside their bands"]
    lines[-1] += f", {sum(taken.seconds.values()):.0f} s"
    return "\n".join(lines)


def finite(value: Any) -> Any:
    """JSON has no infinity and no NaN: write their names."""
    if isinstance(value, list):
        return [finite(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def as_json(taken: Taken, about: Mapping[str, str]) -> str:
    """Write everything as JSON."""
    rows = [
        {key: finite(value) for key, value in dataclasses.asdict(row).items() if key != "band"}
        | ({"on_lock": b.on_lock, "low": b.low, "high": b.high, "why": b.why} if b else {})
        for row in taken.rows
        for b in [row.band]
    ]
    whole = {"versions": dict(about), "seconds": taken.seconds, "warned": taken.warned}
    return json.dumps({**whole, "rows": rows}, indent=1, ensure_ascii=False, default=str)


def load_measures() -> tuple[dict[str, Measure], Collection[str], str]:
    """Give the functions, those that are slow, and what kept them from being imported."""
    sys.path[:0] = [path for path in (str(ROOT / "tools"), str(ROOT)) if path not in sys.path]
    try:
        module = importlib.import_module("band_measures")
    except Exception as error:  # a name that a new version no longer has
        return {}, (), f"tools/band_measures.py cannot be imported: {told(error)}"
    return module.MEASURES, module.SLOW, ""


def main(argv: Iterable[str]) -> int:
    """Measure, print the report; return 1 if a result left its band or could not be measured."""
    parser = argparse.ArgumentParser(prog="python tools/bands.py", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="groups, or results")
    parser.add_argument("--fast", action="store_true", help="without what takes long")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as well")
    options = parser.parse_args(list(argv))
    bands = read_bands()
    measures, slow, broken = load_measures()
    known = {*bands, *measures, *(band.group for band in bands.values())}
    if unknown := [name for name in options.only if name not in known]:
        parser.error(f"no result or group is called {unknown[0]}")
    taken = measure_all(measures, bands, options.only, slow if options.fast else ())
    if broken:
        problem = f"could not be measured: {broken}"
        taken.rows = [dataclasses.replace(row, problem=problem) for row in taken.rows]
    about = versions()
    print(report(taken, about))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(as_json(taken, about) + "\n", encoding="utf-8")
    return int(any(row.problem for row in taken.rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
