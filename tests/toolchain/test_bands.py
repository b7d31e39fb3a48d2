"""`tools/bands.py`: every result has a band with a reason, and each way to leave one is told.

What is measured here is made up, but for two tests: the quick results, and (slow) the others.
"""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = """
[g.one]
on_lock = 0.5
low = 0.4
high = 0.7
why = "Seeds move it by a tenth."

[g.sizes]
on_lock = [5, 3]
low = [4, 2]
high = [6, 4]
why = "One user stands between the two."
"""


def load_tool():
    """Import `tools/bands.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("bands", ROOT / "tools" / "bands.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bands"] = module  # its dataclasses look for their module
    spec.loader.exec_module(module)
    return module


tool = load_tool()
MEASURES, SLOW, BROKEN = tool.load_measures()


def bands_of(text, tmp_path):
    """Read a file of bands that consists of this text."""
    path = tmp_path / "bands.toml"
    path.write_text(text, encoding="utf-8")
    return tool.read_bands(path)


def measured(function, tmp_path, text=GOOD):
    """Rows for a function that measures the group `g`."""
    return tool.measure_all({"g": function}, bands_of(text, tmp_path)).rows


def problems(rows):
    """What is wrong with which result."""
    return {row.name: row.problem for row in rows if row.problem}


# The file and the functions of the course ---------------------------------------------------


def test_every_band_has_a_function_and_every_function_a_band():
    assert BROKEN == ""
    assert {band.group for band in tool.read_bands().values()} == set(MEASURES)
    assert set(SLOW) < set(MEASURES)


def test_every_function_says_what_it_measures():
    assert [name for name, function in MEASURES.items() if not function.__doc__] == []


def test_most_chapters_have_a_result():
    chapters = {match[1] for name in MEASURES if (match := re.match(r"ch(\d\d)", name))}
    assert len(chapters) >= 16 and "a1" in MEASURES


def fast():
    """The functions that take seconds."""
    return [name for name in MEASURES if name not in SLOW]


@pytest.mark.slow
@pytest.mark.parametrize("group", fast())
def test_the_quick_results_are_inside_their_bands(group):
    taken = tool.measure_all(MEASURES, tool.read_bands(), [group])
    assert taken.rows and problems(taken.rows) == {}


@pytest.mark.slow
@pytest.mark.deep
@pytest.mark.parametrize("group", sorted(SLOW))
def test_the_other_results_are_inside_their_bands(group):
    taken = tool.measure_all(MEASURES, tool.read_bands(), [group])
    assert taken.rows and problems(taken.rows) == {}


# Broken files -------------------------------------------------------------------------------


def test_a_good_file_is_read(tmp_path):
    found = bands_of(GOOD, tmp_path)
    assert list(found) == ["g.one", "g.sizes"] and found["g.one"].group == "g"
    assert (found["g.one"].low, found["g.sizes"].high) == (0.4, [6, 4])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("low = 0.4", "low = 0.8", "g.one: upside down, low is above high"),
        ("low = [4, 2]", "low = [4, 5]", "g.sizes: upside down"),
        ("on_lock = 0.5", "on_lock = 0.9", "g.one: on_lock is outside of its own band"),
        ("on_lock = 0.5\n", "", "g.one: on_lock is missing"),
        ("high = 0.7\n", "", "g.one: high is missing"),
        ('why = "Seeds move it by a tenth."\n', "", "g.one: why is missing"),
        ('"Seeds move it by a tenth."', '""', "g.one: why must be a sentence"),
        ('"Seeds move it by a tenth."', '"noise"', "g.one: why must be a sentence"),
        ('"Seeds move it by a tenth."', "3", "g.one: why must be a sentence"),
        ("high = 0.7", "high = 0.7\nwidth = 1", "g.one: width is none of"),
        ("high = 0.7", 'high = "wide"', "g.one: on_lock, low and high must be numbers"),
        ("high = 0.7", "high = true", "g.one: on_lock, low and high must be numbers"),
        ("high = 0.7", "high = nan", "g.one: on_lock, low and high must be numbers"),
        ("low = [4, 2]", "low = [4]", "g.sizes: on_lock, low and high differ in length"),
        ("[g.one]", "[g]\none = 3\n[g.two]", "g.one: write a table [g.one] with"),
        ("[g.one]", "loose = 3\n[g.one]", "loose: a band is called [group.name]"),
        ("[g.one]", "[g.one", "is no TOML"),
        ("[g.sizes]", "[g.one]", "is no TOML"),
    ],
)
def test_a_broken_file_is_named(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(SystemExit, match=re.escape(said)):
        bands_of(GOOD.replace(old, new, 1), tmp_path)


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    text = GOOD.replace("low = 0.4", "low = 0.8").replace("low = [4, 2]\n", "")
    with pytest.raises(SystemExit, match=r"2 faults\ng.one: upside .*\ng.sizes: low is missing"):
        bands_of(text, tmp_path)


def test_a_missing_file_and_a_file_of_bytes_are_named(tmp_path):
    with pytest.raises(SystemExit, match=r"bands.toml is missing"):
        tool.read_bands(tmp_path / "bands.toml")
    (tmp_path / "bands.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SystemExit, match="is no TOML"):
        tool.read_bands(tmp_path / "bands.toml")


# Results ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"one": 0.5, "sizes": [5, 3]}, {}),
        ({"one": np.float64(0.4), "sizes": np.array([6, 2])}, {}),
        ({"one": 0.7, "sizes": (4, 4)}, {}),
        ({"one": 0.39, "sizes": [5, 3]}, {"g.one": "out of its band"}),
        ({"one": 0.71, "sizes": [5, 3]}, {"g.one": "out of its band"}),
        ({"one": 0.5, "sizes": [5, 5]}, {"g.sizes": "out of its band"}),
        ({"one": 0.5, "sizes": [5, 3, 1]}, {"g.sizes": "out: 3 numbers"}),
        ({"one": 0.5, "sizes": []}, {"g.sizes": "out: 0 numbers"}),
        ({"one": math.nan, "sizes": [5, 3]}, {"g.one": "out of its band"}),
        ({"one": math.inf, "sizes": [5, 3]}, {"g.one": "out of its band"}),
        ({"one": None, "sizes": [5, 3]}, {"g.one": "out: not a number"}),
        ({"one": "0.5", "sizes": [5, 3]}, {"g.one": "out: not a number"}),
        ({"one": True, "sizes": [5, 3]}, {"g.one": "out: not a number"}),
        (
            {"one": 0.5, "sizes": [5, 3], "new": 1},
            {"g.new": "no band: write one into tests/bands.toml"},
        ),
        ({"one": 0.5}, {"g.sizes": "could not be measured: the function gives no such value"}),
    ],
)
def test_values_are_held_to_their_bands(tmp_path, values, wrong):
    assert problems(measured(lambda: values, tmp_path)) == wrong


def test_a_measurement_that_raises_is_two_rows_and_the_next_one_counts(tmp_path):
    def broken():
        raise AttributeError("module 'sklearn' has no attribute 'x'\nand more")

    bands = bands_of(GOOD + GOOD.replace("[g.", "[h."), tmp_path)
    fine = {"one": 0.5, "sizes": [5, 3]}
    taken = tool.measure_all({"g": broken, "h": lambda: fine}, bands)
    said = "could not be measured: AttributeError: module 'sklearn' has no attribute 'x'"
    assert problems(taken.rows) == {"g.one": said, "g.sizes": said}
    assert [row.name for row in taken.rows if not row.problem] == ["h.one", "h.sizes"]


def test_a_function_without_any_band_that_raises_is_a_row(tmp_path):
    taken = tool.measure_all({"g": lambda: 1 / 0}, {})
    assert problems(taken.rows) == {
        "g": "could not be measured: ZeroDivisionError: division by zero"
    }


def test_a_function_that_gives_no_table_is_told(tmp_path):
    rows = measured(lambda: 0.5, tmp_path)
    assert all("could not be measured: AttributeError" in row.problem for row in rows)


def test_a_band_without_a_function_is_told(tmp_path):
    taken = tool.measure_all({}, bands_of(GOOD, tmp_path))
    assert len(taken.rows) == 2
    assert all("has no such function" in row.problem for row in taken.rows)


def test_the_drift_is_the_share_of_the_way_to_the_edge(tmp_path):
    rows = measured(lambda: {"one": 0.6, "sizes": [6, 3]}, tmp_path)
    assert [row.used for row in rows] == pytest.approx([0.5, 1.0])
    rows = measured(lambda: {"one": 0.45, "sizes": [5, 3]}, tmp_path)
    assert [row.used for row in rows] == pytest.approx([0.5, 0.0])
    assert tool.room_used(1.1, 1.0, 1.0, 1.0) == math.inf


def test_some_results_can_be_asked_for(tmp_path):
    bands, calls = bands_of(GOOD + GOOD.replace("[g.", "[h."), tmp_path), []
    measures = {name: lambda name=name: calls.append(name) or {"one": 0.5} for name in "gh"}
    taken = tool.measure_all(measures, bands, only=["h.one"])
    assert calls == ["h"] and [row.name for row in taken.rows] == ["h.one"]
    taken = tool.measure_all(measures, bands, leave={"g"})
    assert calls == ["h", "h"] and {row.band.group for row in taken.rows} == {"h"}


def test_what_will_go_away_is_told_once(tmp_path):
    def warns():
        for _ in range(3):
            warnings.warn("x is going", FutureWarning, stacklevel=1)
        warnings.warn("only a remark", UserWarning, stacklevel=1)
        return {"one": 0.5, "sizes": [5, 3]}

    taken = tool.measure_all({"g": warns}, bands_of(GOOD, tmp_path))
    assert taken.warned == ["g: FutureWarning: x is going"]
    assert "will go away: g: FutureWarning: x is going" in tool.report(taken, {})


# The report ---------------------------------------------------------------------------------


def test_the_report_begins_with_what_is_wrong(tmp_path):
    taken = tool.measure_all({"g": lambda: {"one": 0.9, "sizes": [5, 4]}}, bands_of(GOOD, tmp_path))
    lines = tool.report(taken, {"numpy": "9.9"}).splitlines()
    assert lines[:2] == ["numpy 9.9", ""]
    assert lines[2:5] == [
        "g.one: out of its band",
        "    measured 0.9, on the lock 0.5, band 0.4 to 0.7",
        "    Seeds move it by a tenth.",
    ]
    assert " 100% of the way  g.sizes = [5 4] (lock [5 3]), [4 2] to [6 4]" in lines
    assert lines[-1].startswith("1 of 2 results inside their bands")


def test_the_json_has_all_rows_and_is_strict(tmp_path):
    values = {"one": math.nan, "sizes": [5, 3], "new": np.int64(3)}
    taken = tool.measure_all({"g": lambda: values}, bands_of(GOOD, tmp_path))

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    found = json.loads(tool.as_json(taken, {"numpy": "9"}), parse_constant=refuse)
    rows = {row["name"]: row for row in found["rows"]}
    assert rows["g.one"]["measured"] == "nan" and rows["g.new"]["measured"] == 3
    assert rows["g.sizes"]["why"] == "One user stands between the two."
    assert found["versions"] == {"numpy": "9"}


def test_the_versions_name_what_is_missing(monkeypatch):
    monkeypatch.setattr(tool, "WATCHED", ("numpy", "no-such-package"))
    found = tool.versions()
    assert (found["numpy"], found["no-such-package"]) == (np.__version__, "none")


def run_main(monkeypatch, tmp_path, function, *options):
    """Run the command on a made-up course."""
    bands = bands_of(GOOD, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(tool, "read_bands", lambda: bands)
        patched.setattr(tool, "load_measures", lambda: ({"g": function}, {"g"}, ""))
        return tool.main(options)


def test_the_command_says_whether_all_is_well(monkeypatch, tmp_path, capsys):
    fine = {"one": 0.5, "sizes": [5, 3]}
    path = tmp_path / "new" / "bands.json"
    assert run_main(monkeypatch, tmp_path, lambda: fine, "--json", str(path)) == 0
    assert "2 of 2 results inside" in capsys.readouterr().out
    assert len(json.loads(path.read_text(encoding="utf-8"))["rows"]) == 2
    assert run_main(monkeypatch, tmp_path, lambda: {**fine, "one": 0}) == 1
    assert run_main(monkeypatch, tmp_path, lambda: 1 / 0, "--only", "g.one") == 1
    assert run_main(monkeypatch, tmp_path, lambda: 1 / 0, "--fast") == 0
    with pytest.raises(SystemExit) as stop:
        run_main(monkeypatch, tmp_path, lambda: fine, "--only", "g.tow")
    assert stop.value.code == 2 and "called g.tow" in capsys.readouterr().err


def test_functions_that_cannot_be_imported_are_a_report(monkeypatch, tmp_path, capsys):
    def gone(name):
        raise ImportError("cannot import name 'HDBSCAN' from 'sklearn.cluster'")

    monkeypatch.setattr(tool.importlib, "import_module", gone)
    bands = bands_of(GOOD, tmp_path)
    monkeypatch.setattr(tool, "read_bands", lambda: bands)
    assert tool.main([]) == 1
    said = capsys.readouterr().out
    assert said.count("could not be measured: tools/band_measures.py cannot be imported") == 2
    assert "HDBSCAN" in said and "Traceback" not in said
