"""The command line and the doctor: what a person with a CSV file and a deadline meets."""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement

from recsys_tutorial import cli, doctor
from recsys_tutorial.cli import main
from recsys_tutorial.datasets import DataError


@pytest.fixture
def events(tmp_path):
    rng = np.random.default_rng(1)
    rows = [
        (f"u{u}", f"film {i}", f"2024-01-{1 + n:02d} 10:{u:02d}", 1 + i % 5)
        for u in range(20)
        for n, i in enumerate(rng.permutation(15)[:6])
    ]
    path = tmp_path / "events.csv"
    pd.DataFrame(rows, columns=["who", "what", "when", "stars"]).to_csv(path, index=False)
    return path


def run(*words):
    return main([str(word) for word in words])


NAMED = ("--user", "who", "--item", "what", "--time", "when")


def test_run_on_a_csv(events, tmp_path, capsys):
    out = tmp_path / "report"
    assert run("run", events, *NAMED, "--clusters", 3, "--top", 2, "--out", out) == 0
    said = capsys.readouterr()
    assert "3 groups, 40 recommendations" in said.out and str(out / "report.html") in said.out
    assert "step 6 of 6" in said.err
    assert len(pd.read_csv(out / "recommendations.csv")) == 40


@pytest.mark.parametrize("seed", ["-1", "4294967296", "1.5", "²"])
def test_a_seed_that_is_none_is_refused_in_words(events, tmp_path, capsys, seed):
    out = tmp_path / "report"
    with pytest.raises(SystemExit) as stopped:
        run("run", events, *NAMED, "--seed", seed, "--out", out)
    assert stopped.value.code == 2 and not out.exists()
    assert "is not a whole number from 0 to 4294967295" in capsys.readouterr().err


def test_a_missing_item_table_is_not_blamed_on_the_log(events, tmp_path, capsys):
    out = tmp_path / "report"
    assert run("run", events, *NAMED, "--items", tmp_path / "gone.csv", "--out", out) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("recsys-tutorial: There is no file") and "gone.csv" in last


@pytest.mark.slow
def test_run_without_a_file_uses_movielens(tmp_path, capsys):
    assert run("run", "--clusters", 5, "--top", 1, "--out", tmp_path / "report") == 0
    said = capsys.readouterr().out
    assert "5 groups, 671 recommendations" in said
    assert "Read: no file was named: these are the film ratings of the course" in said


def test_titles_and_genres_from_an_item_table(events, tmp_path):
    items = tmp_path / "items.csv"
    films = [f"film {i}" for i in range(15)]
    genres = ["Noir", "War", "Noir|War"] * 5
    table = {"what": films, "title": [f.upper() for f in films], "genres": genres}
    pd.DataFrame(table).to_csv(items, index=False)
    out = tmp_path / "report"
    assert run("run", events, *NAMED, "--items", items, "--clusters", 2, "--out", out) == 0
    assert pd.read_csv(out / "recommendations.csv")["title"].str.isupper().all()
    assert pd.read_csv(out / "clusters.csv")["name"].str.contains("Noir|War").all()


def test_repeated_events_are_merged_and_counted(events, tmp_path, capsys):
    table = pd.read_csv(events)
    pd.concat([table, table.head(4)]).to_csv(events, index=False)
    assert run("run", events, *NAMED, "--out", tmp_path / "report") == 0
    assert "4 repeated events were merged with the latest one." in capsys.readouterr().out
    words = ("--user", "who", "--item", "what", "--rating", "stars")
    assert run("run", events, *words, "--out", tmp_path / "second") == 0
    assert "events were merged with the last one in the file." in capsys.readouterr().out
    assert run("run", events, *words, "--duplicates", "sum", "--out", tmp_path / "third") == 0
    assert "4 repeated events were added up." in capsys.readouterr().out
    assert run("run", events, *words, "--duplicates", "max", "--out", tmp_path / "fourth") == 0
    assert "were merged with the one that has the highest rating." in capsys.readouterr().out


def fails(words, capsys, *needles):
    assert run(*words) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    for needle in needles:
        assert needle in said


def spoil(events, column, row, value):
    table = pd.read_csv(events, dtype=object)
    table.loc[row, column] = value
    table.to_csv(events, index=False)


@pytest.mark.parametrize(
    ("column", "value", "needles"),
    [
        ("who", None, ["who", "row 7", "missing"]),
        ("what", None, ["what", "row 7", "missing"]),
        ("stars", None, ["stars", "row 7", "missing"]),
        ("stars", "good", ["stars", "row 7", "not a number"]),
        ("stars", "inf", ["stars", "row 7", "infinite"]),
        ("when", None, ["when", "row 7", "missing"]),
        ("when", "yesterday", ["when", "row 7", "not a time"]),
        ("when", "2999-01-01", ["when", "row 7", "future"]),
        ("when", "1901-01-01", ["when", "row 7", "1970"]),
    ],
)
def test_bad_cells_name_column_row_and_mend(events, tmp_path, capsys, column, value, needles):
    spoil(events, column, 5, value)
    words = ["run", events, *NAMED, "--rating", "stars", "--out", tmp_path / "report"]
    fails(words, capsys, "events.csv", *needles)
    assert not (tmp_path / "report").exists()


def test_wrong_column_offers_the_nearest(events, capsys):
    fails(["run", events, "--user", "Who", "--item", "what"], capsys, "Did you mean 'who'?")


def test_missing_file(tmp_path, capsys):
    fails(["run", tmp_path / "no.csv"], capsys, "There is no file")


def test_empty_file(tmp_path, capsys):
    (tmp_path / "empty.csv").write_text("")
    fails(["run", tmp_path / "empty.csv"], capsys, "is empty")


def test_unknown_item_table_column(events, tmp_path, capsys):
    (tmp_path / "items.csv").write_text("name,genre\na,b\n")
    words = ["run", events, *NAMED, "--items", tmp_path / "items.csv"]
    fails(words, capsys, "items.csv", "no column 'what'")


def test_item_without_description_is_named(events, tmp_path, capsys):
    (tmp_path / "items.csv").write_text("what,title\nfilm 0,Zero\n")
    words = ["run", events, *NAMED, "--items", tmp_path / "items.csv"]
    fails(words, capsys, "not in the item table")


def test_options_without_a_file(capsys):
    fails(["run", "--time", "when"], capsys, "--time describes a file; name the file first")
    # Forgetting the file must not end in a report about films.
    fails(["run", "--user", "WHO", "--no-header"], capsys, "--user and --no-header describe")


def test_busy_folder_is_refused_before_the_work(events, tmp_path, capsys):
    fails(["run", events, *NAMED, "--out", tmp_path], capsys, "holds other files")


def test_a_missing_cell_names_the_way_to_drop_the_row(events, tmp_path, capsys):
    out = tmp_path / "report"
    spoil(events, "who", 5, None)
    words = ["run", events, *NAMED, "--rating", "stars", "--out", out]
    fails(words, capsys, "missing user (row 7)", "--drop-bad-rows")
    assert not out.exists()
    assert run(*words, "--drop-bad-rows") == 0
    assert "1 of 120 rows had a missing or bad cell" in capsys.readouterr().out


@pytest.mark.slow
def test_auto_chooses_and_says_so(events, tmp_path, capsys):
    out = tmp_path / "report"
    assert run("run", events, *NAMED, "--clusters", "auto", "--out", out) == 0
    said = capsys.readouterr().out
    assert "groups were chosen on events held out of the training part, not on the test" in said
    assert (out / "clusters_tried.csv").exists()
    assert run("run", events, *NAMED, "--clusters", "5", "--out", out) == 0
    assert not (out / "clusters_tried.csv").exists()


def test_min_rating_and_its_errors(events, tmp_path, capsys):
    out = tmp_path / "report"
    rated = ["run", events, *NAMED, "--rating", "stars", "--out", out]
    fails(["run", events, *NAMED, "--min-rating", "4", "--out", out], capsys, "say --rating NAME")
    fails([*rated, "--min-rating", "6"], capsys, "No rating is 6 or more", "lower --min-rating")
    for word in ("nan", "inf", "four"):
        with pytest.raises(SystemExit) as stopped:
            run(*rated, "--min-rating", word)
        assert stopped.value.code == 2 and "is not a number" in capsys.readouterr().err
    assert not out.exists()
    assert run(*rated, "--min-rating", "4") == 0
    assert "events count as liked: a rating of 4 or more" in capsys.readouterr().out


@pytest.mark.parametrize("bad", ["0", "-3", "ten", "2.5"])
def test_bad_numbers_are_usage_errors(events, capsys, bad):
    with pytest.raises(SystemExit) as stopped:
        run("run", events, "--clusters", bad)
    assert stopped.value.code == 2 and "whole number" in capsys.readouterr().err


def test_no_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2


@pytest.mark.slow
def test_module_can_be_run():
    done = subprocess.run(
        [sys.executable, "-m", "recsys_tutorial", "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.strip() == cli.__version__


def test_doctor_on_this_machine(capsys):
    code = run("doctor")
    said = capsys.readouterr().out
    assert "100,004 ratings" in said and "Python 3." in said
    assert (code == 0) == ("PROBLEM" not in said)


def test_doctor_returns_one_on_a_problem(monkeypatch, capsys):
    broken = doctor.Finding(False, "numpy is not installed", "Run: pip install numpy")
    monkeypatch.setattr(cli, "examine", lambda: [broken])
    assert run("doctor") == 1
    said = capsys.readouterr().out
    assert "PROBLEM  numpy" in said and "Mend: Run: pip install numpy" in said


def test_missing_optional_package_is_no_problem(monkeypatch, capsys):
    monkeypatch.setattr(
        cli, "examine", lambda: [doctor.Finding(False, "tensorflow", "Run", optional=True)]
    )
    assert run("doctor") == 0 and "missing  tensorflow" in capsys.readouterr().out


def test_doctor_names_old_and_missing_packages(monkeypatch):
    wanted = ["numpy>=999", "no-such-thing>=1", 'tensorflow>=999; extra == "deep"']
    monkeypatch.setattr(doctor, "requires", lambda name: wanted)
    findings = {f.what.split()[0]: f for f in doctor._packages()}
    assert "needs >=999" in findings["numpy"].what and "pip install" in findings["numpy"].mend
    assert not findings["no-such-thing"].ok and not findings["no-such-thing"].optional
    assert (
        findings["tensorflow"].optional and "chapters 7, 8, 9 and A1" in findings["tensorflow"].what
    )


def test_doctor_looks_for_what_opens_the_notebooks(monkeypatch):
    assert sum(f.what.startswith("jupyterlab ") for f in doctor.examine()) == 1
    monkeypatch.setattr(doctor, "version", lambda name: {"jupyterlab": "4.2"}[name])
    (there,) = doctor._lab()
    assert there.ok and there.what == "jupyterlab 4.2" and not there.mend

    def absent(name):
        raise doctor.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", absent)
    (missing,) = doctor._lab()
    assert not missing.ok and missing.optional
    assert "-m pip install jupyterlab" in missing.mend and "Colab" in missing.mend


@pytest.mark.parametrize(
    ("where", "typed", "before"),
    [
        ("here/.venv/bin/python", ".venv/bin/python", ""),
        ("elsewhere/bin/python", "{}/elsewhere/bin/python", ""),
        ("my files/bin/python", '{}/my files/bin/python"', '& "' if os.name == "nt" else '"'),
    ],
)
def test_doctor_says_which_python_to_install_for(where, typed, before, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "executable", str(tmp_path / where))
    monkeypatch.setattr(doctor, "requires", lambda name: ["no-such-thing>=1"])
    (missing,) = doctor._packages()
    said = missing.mend.replace(str(tmp_path), "{}").replace("\\", "/").split(" -m pip")[0]
    assert said == f"Run: {before}{typed}"


def test_doctor_skips_packages_for_other_systems(monkeypatch):
    monkeypatch.setattr(doctor, "requires", lambda name: ['x>=1; sys_platform == "amiga"'])
    assert doctor._packages() == []


def test_doctor_without_an_installation(monkeypatch):
    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", absent)
    monkeypatch.setattr(doctor, "metadata", absent)
    assert "setup" in doctor._packages()[0].mend
    assert doctor._python()[0].ok


def test_doctor_names_a_wrong_python(monkeypatch):
    monkeypatch.setattr(doctor, "metadata", lambda name: {"Requires-Python": "<3"})
    finding = doctor._python()[0]
    assert not finding.ok and "<3" in finding.mend


def test_doctor_names_broken_data(monkeypatch):
    def broken():
        raise DataError("ratings.csv.gz was changed. Restore it")

    monkeypatch.setattr(doctor, "load_movielens", broken)
    assert "Restore it" in doctor._data()[0].mend


def test_doctor_names_a_full_disk_and_a_locked_folder(monkeypatch):
    usage = type("usage", (), {"free": 10})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)

    def locked(dir):
        raise PermissionError

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", locked)
    room, folder = doctor._disk()
    assert not room.ok and not folder.ok and "folder of your own" in folder.mend


def test_requirement_belongs_to_one_extra_only():
    deep = Requirement('keras>=3; extra == "deep"')
    assert doctor._belongs(deep, "deep") and not doctor._belongs(deep, "")
    assert doctor._belongs(Requirement("numpy"), "") and not doctor._belongs(
        Requirement("numpy"), "deep"
    )
