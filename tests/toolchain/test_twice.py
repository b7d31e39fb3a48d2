"""`tools/twice.py`: what a mask excuses is excused, and everything else that differs is told.

No notebook runs but in the slow test; the executed ones are made here.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def load_tool():
    """Import `tools/twice.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("twice", ROOT / "tools" / "twice.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["twice"] = module  # its dataclasses look for their module
    spec.loader.exec_module(module)
    return module


tool = load_tool()


def said(text, name="stdout"):
    """A stream."""
    return new_output("stream", name=name, text=text)


def shown(**data):
    """A result with some kinds of data; `text_plain` stands for text/plain."""
    return new_output("display_data", data={k.replace("_", "/"): v for k, v in data.items()})


def picture(colour=0, size=(20, 10), spot=0):
    """A picture of one colour, with some pixels of another one."""
    pixels = np.full((size[1], size[0], 3), colour, np.uint8)
    pixels.reshape(-1, 3)[:spot] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def write(folder, *cells, name="03_kmeans"):
    """Save an executed notebook; a cell is a pair of source and outputs."""
    folder.mkdir(parents=True, exist_ok=True)
    code = [new_code_cell(source, outputs=list(outputs)) for source, outputs in cells]
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), *code])
    nbformat.write(notebook, folder / f"{name}.ipynb")


def compared(tmp_path, one, other, source="print(x)", name="03_kmeans"):
    """Compare one cell that was run twice."""
    for folder, outputs in (("one", one), ("two", other)):
        write(tmp_path / folder, (source, outputs), name=name)
    sides = [tool.read_folder(tmp_path / folder) for folder in ("one", "two")]
    assert [broken for _, broken in sides] == [[], []]
    return tool.compare(*(notebooks for notebooks, _ in sides))


# Masks --------------------------------------------------------------------------------------

EXCUSED = [
    ("took 1.25 s", "took 13 s"),
    ("after 4 seconds", "after 5 seconds"),
    ("median 0.9 ms, 99 % within 1.6 ms", "median 0.8 ms, 99 % within 2.0 ms"),
    ("21 µs", "1,021 µs"),
    ("built with 12 MB", "built with 13.5 MB"),
    ("<object at 0x7fdfba43abd0>", "<object at 0x7f02b9685750>"),
    ("saved in /tmp/tmpab12/x.csv", "saved in /tmp/tmpzz99/x.csv"),
    ("in /var/folders/3x/T/a", "in /var/folders/9y/T/b"),
    ("largest difference: 4e-15", "largest difference: 2.7e-16"),
    ("\x1b[31mred\x1b[0m", "red"),
    (" 10%|#   |\r 90%|### |\rdone", "done"),
    ("ipykernel_123", "ipykernel_9"),
    ("1b4e28ba-2fa1-11d2-883f-0016d3cca427", "9b4e28ba-2fa1-11d2-883f-0016d3cca420"),
    ("I0000 00:00:1795684873.3 3376 port.cc:153] oneDNN is on\nx", "x"),
    ("26/11/26 09:15:34 WARN NativeCodeLoader: Unable\nx", "x"),
    ('Setting default log level to "WARN".\nTo adjust logging level use sc.x(y).\nx', "x"),
    ("a  \nb", "a\nb"),
]


@pytest.mark.parametrize(("one", "other"), EXCUSED)
def test_what_may_differ_is_excused(tmp_path, one, other):
    assert compared(tmp_path, [said(one)], [said(other)]).same


@pytest.mark.parametrize("mask", tool.MASKS, ids=[mask.why for mask in tool.MASKS])
def test_every_mask_is_needed_and_says_why(mask, monkeypatch, tmp_path):
    assert re.compile(mask.pattern) and len(mask.why.split()) >= 2
    hit = [text for pair in EXCUSED for text in pair if re.search(mask.pattern, text)]
    samples = [
        "T_a1b2c_row1",
        "2026-11-26 09:15:34.123: I tensorflow",
        "C:\\" + "Users\\x\\Temp\\y",
    ]
    samples += ["WARNING: All log messages before absl is"]
    assert hit or [text for text in samples if re.search(mask.pattern, text)], mask


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ARI 0.94", "ARI 0.95"),
        ("5 clusters", "6 clusters"),
        ("28 shares", "29 shares"),
        ("nDCG 0.0845 s2", "nDCG 0.0846 s2"),
        ("difference 1e-9", "difference 2e-9"),
        ("1 m", "2 m"),
        ("a\nb", "a"),
        ("a", "b\na"),
        ("x at 0x12", "x at 0x13"),
        ("data/movielens.csv", "data/insteval.csv"),
        ("-0.1", "0.1"),
        ("{'a', 'b'}", "{'b', 'a'}"),
    ],
)
def test_what_may_not_differ_is_told(tmp_path, one, other):
    report = compared(tmp_path, [said(one)], [said(other)])
    assert len(report.differences) == 1 and not report.same


def test_a_difference_has_its_place(tmp_path):
    one, other = "same\nARI 0.94\nthen 1", "same\nARI 0.95\nthen 2"
    report = compared(tmp_path, [said(one)], [said(other)], source="# first\nprint(ari)")
    assert report.differences == [
        tool.Difference("03_kmeans", 1, "# first", "stdout", 2, "ARI 0.94", "ARI 0.95")
    ]
    text = tool.write(report)
    assert "03_kmeans, cell 1 (# first), stdout, line 2\n    one:   ARI 0.94" in text
    assert "1 texts differ, in 1 cells" in text


def test_of_a_long_line_the_piece_that_differs_is_shown(tmp_path):
    one, other = ("<td>" * 200 + end + "</td>" * 200 for end in ("0.94", "0.95"))
    report = compared(tmp_path, [shown(text_html=one)], [shown(text_html=other)])
    (found,) = report.differences
    assert "0.94" in found.one and "0.95" in found.other and len(found.one) <= 160


# Outputs ------------------------------------------------------------------------------------


def test_a_stream_in_pieces_is_one_stream(tmp_path):
    one = [said("a\n"), said("w\n", "stderr"), said("b\n")]
    assert compared(tmp_path, one, [said("a\nb\n"), said("w\n", "stderr")]).same
    assert not compared(tmp_path, one, [said("b\na\n"), said("w\n", "stderr")]).same


def test_a_log_that_is_masked_away_is_no_output(tmp_path):
    log = said("I0000 00:00:17.3 33 port.cc:153] on\n", "stderr")
    assert compared(tmp_path, [said("a"), log], [said("a")]).same
    report = compared(tmp_path, [said("a"), said("FutureWarning: x", "stderr")], [said("a")])
    assert report.differences[0].kind == "outputs"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([said("a")], []),
        ([shown(text_plain="1")], [shown(text_plain="1"), shown(text_plain="2")]),
        ([shown(text_plain="1")], [shown(text_html="1")]),
        (
            [new_output("error", ename="E", evalue="1")],
            [new_output("error", ename="E", evalue="2")],
        ),
        ([shown(text_html="<td>1</td>")], [shown(text_html="<td>2</td>")]),
        ([shown(text_latex="x")], [shown(text_latex="y")]),
        ([shown(application_json={"a": 1})], [shown(application_json={"a": 2})]),
    ],
)
def test_outputs_of_every_kind_are_compared(tmp_path, one, other):
    assert len(compared(tmp_path, one, other).differences) == 1
    assert compared(tmp_path, one, one).same


def quiz(word, question="Why?"):
    """What jupyterquiz shows, under a random id."""
    html = f'<div id="{word}" data-shufflequestions="False"></div><style>#{word} {{}}</style>'
    script = f'let questions{word} = "{question}";'
    return [shown(text_html=html), shown(application_javascript=script)]


def test_the_random_id_of_a_quiz_is_excused_and_its_questions_are_not(tmp_path):
    one = quiz("dhfoJPZNYayW")
    assert compared(tmp_path, one, quiz("vbVrbokUoabr")).same
    assert not compared(tmp_path, one, quiz("vbVrbokUoabr", "Why not?")).same


def test_pictures_are_a_note_and_no_difference(tmp_path):
    def noted(one, other):
        report = compared(tmp_path, *([shown(image_png=p) for p in side] for side in (one, other)))
        assert report.same
        return report.notes

    assert noted([picture()], [picture()]) == []
    assert noted([picture()], [picture(3)]) == []  # nobody sees it
    assert noted([picture()], [picture(spot=50)])[0].endswith("25.00% of the pixels changed")
    assert noted([picture()], [picture(size=(20, 11))])[0].endswith("a picture of another size")
    broken = base64.b64encode(b"no picture").decode()
    assert noted([picture()], [broken])[0].endswith("a picture of another size")
    assert noted([picture()], [picture(), picture()])[0].endswith("1 pictures and 2")


# Cells of a clock ---------------------------------------------------------------------------

TABLE = "users  refit, ms  events\n1000        25.8  14929.7\n4000       116.4  67069.0"
SLOWER = "users   refit, ms  events\n1000         125.8  9.7\n4000         NaN  1e+05"


def test_in_a_cell_of_a_clock_numbers_are_masked_and_words_are_not(tmp_path):
    clock = {"source": "costs = []\nfor size in sizes: ...", "name": "13_keeping_up"}
    assert compared(tmp_path, [said(TABLE)], [said(SLOWER)], **clock).same
    assert not compared(
        tmp_path, [said(TABLE)], [said(SLOWER.replace("refit", "fit"))], **clock
    ).same
    html = "<td>{}</td>\n<td>3.4</td>"
    sides = [[shown(text_html=html.format(x))] for x in ("1.2", "")]
    assert compared(tmp_path, *sides, **clock).same
    # The same words in another chapter, or another cell, are no excuse.
    assert not compared(tmp_path, [said(TABLE)], [said(SLOWER)], **{**clock, "name": "12_x"}).same
    assert not compared(tmp_path, [said(TABLE)], [said(SLOWER)], "x = []", "13_keeping_up").same


def lines_of_chapter(chapter):
    """All lines of code of a chapter."""
    (path,) = (ROOT / "notebooks").glob(f"{chapter}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [{line.strip() for line in source.splitlines()} for source in code]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # How far each column came: the last rows are whole, end in an empty cell, or are missing.
        (["2 0.5 0.1", "4     0.2"], ["2 0.5 0.1", "4 0.9    "]),
        (["2 0.5 0.1", "4 0.9    ", "8        "], ["2 0.5 0.1"]),
        (["2 0.5    ", "4 0.9    "], ["2 0.5 0.1", "4 0.9    ", "8     0.3"]),
    ],
)
def test_how_far_a_measurement_came_in_its_time_is_excused(tmp_path, one, other):
    clock = {"source": "costs = []\nfor size in sizes: ...", "name": "13_keeping_up"}
    sides = [[said("\n".join(["  fit  top", *rows]))] for rows in (one, other)]
    assert compared(tmp_path, *sides, **clock).same


@pytest.mark.parametrize("timed", tool.TIMED, ids=[f"{t.chapter} {t.why}" for t in tool.TIMED])
def test_every_cell_of_a_clock_is_there_once_and_has_a_reason(timed):
    assert len(timed.why.split()) >= 2
    assert sum(timed.line in lines for lines in lines_of_chapter(timed.chapter)) == 1


# Folders ------------------------------------------------------------------------------------


def test_cells_of_another_source_are_skipped_and_counted(tmp_path):
    write(tmp_path / "one", ("a", [said("1")]), ("old", [said("2")]), ("c", [said("3")]))
    write(tmp_path / "two", ("a", [said("1")]), ("new", []), ("more", []), ("c", [said("4")]))
    sides = [tool.read_folder(tmp_path / name)[0] for name in ("one", "two")]
    report = tool.compare(*sides)
    assert (report.counts["cells"], report.counts["skipped"]) == (2, 2)
    assert [one.cell for one in report.differences] == [3]


def test_a_notebook_of_one_side_only_is_told(tmp_path):
    write(tmp_path / "one", ("a", []))
    write(tmp_path / "one", ("a", []), name="04_dbscan")
    write(tmp_path / "two", ("a", []))
    report = tool.compare(*(tool.read_folder(tmp_path / name)[0] for name in ("one", "two")))
    assert report.failed == ["04_dbscan: only one of the two"] and not report.same


def test_nothing_compared_is_no_success(tmp_path):
    (tmp_path / "one").mkdir()
    assert not tool.compare([], []).same
    assert tool.main(["--compare", str(tmp_path / "one"), str(tmp_path / "one")]) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": [{}]}', '{"cells": 3}', "\xff"])
def test_a_broken_notebook_is_told(tmp_path, text, capsys):
    write(tmp_path / "one", ("a", []))
    (tmp_path / "one" / "04_x.ipynb").write_bytes(text.encode("latin-1"))
    folder = str(tmp_path / "one")
    assert tool.main(["--compare", folder, folder]) == 1
    assert "04_x.ipynb: no notebook: " in capsys.readouterr().out


def test_notebooks_of_a_cache_are_named_by_what_they_check(tmp_path):
    for folder, cells in {
        "aa": [('check("03.1", x)', []), ('progress("03")', [])],
        "bb": [('check("03.1", x)', [])],
        "cc": [('check("A1.1", x)', []), ('progress("A1")', [])],
        "dd": [("print(1)", [])],
    }.items():
        write(tmp_path / folder, *cells, name="base")
    names = [notebook.name for notebook in tool.read_folder(tmp_path)[0]]
    assert names == ["03", "03_solutions", "A1", "dd"]


def test_the_command_compares_and_writes(tmp_path, capsys):
    for folder, text in (("one", "ARI 0.94"), ("two", "ARI 0.95")):
        write(tmp_path / folder, ("print(x)", [said(text)]))
        write(tmp_path / folder, ("print(x)", [said("same")]), name="04_dbscan")
    folders = [str(tmp_path / name) for name in ("one", "two")]
    path = tmp_path / "new" / "report.json"
    assert tool.main(["--compare", *folders, "--json", str(path)]) == 1
    assert "2 notebooks, 2 cells, 2 texts" in capsys.readouterr().out
    (found,) = json.loads(path.read_text(encoding="utf-8"))["differences"]
    assert (found["notebook"], found["one"]) == ("03_kmeans", "ARI 0.94")
    assert tool.main(["--compare", *folders, "--only", "04"]) == 0
    with pytest.raises(SystemExit) as stop:
        tool.main(["--compare", folders[0], str(tmp_path / "three")])
    assert stop.value.code == 2


# Running ------------------------------------------------------------------------------------


@pytest.fixture
def course(monkeypatch, tmp_path):
    """A course of two notebooks."""
    for name in ("03_kmeans", "04_dbscan"):
        write(tmp_path / "notebooks", ("print(1)", []), name=name)
    (tmp_path / "recsys_tutorial").mkdir()
    (tmp_path / "recsys_tutorial" / "x.py").write_text("1")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "FOLDER", tmp_path / "_build" / "twice")
    return tmp_path


class Runner:
    """Stand in for the kernel."""

    def __init__(self, fails=()):
        self.ran, self.fails = [], fails

    def __call__(self, path, target, environment):
        self.ran.append((path.stem[:2], target.parent.name, environment["OMP_NUM_THREADS"]))
        assert environment["PYTHONHASHSEED"] != "0" and "MPLBACKEND" not in environment
        if path.stem[:2] in self.fails:
            return "ValueError: no"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        return ""


def test_every_notebook_runs_in_two_ways_and_once(course):
    first, second = Runner(), Runner()
    assert tool.run_all([], False, first) == []
    assert first.ran == [(n, r, t) for n in ("03", "04") for r, t in (("one", "1"), ("two", "2"))]
    assert tool.run_all([], False, second) == [] and second.ran == []
    (course / "recsys_tutorial" / "x.py").write_text("2")
    assert tool.run_all(["04"], False, second) == [] and {n for n, *_ in second.ran} == {"04"}
    tool.run_all(["04"], True, second)
    assert len(second.ran) == 4


def test_a_notebook_that_fails_is_told_and_tried_again(course, monkeypatch, capsys):
    runner = Runner(fails=("03",))
    failed = tool.run_all([], False, runner)
    assert failed == [f"03_kmeans, run {name}: ValueError: no" for name in ("one", "two")]
    assert tool.run_all([], False, runner) == failed and len(runner.ran) == 6
    monkeypatch.setattr(tool, "run_all", lambda only, again: failed)
    assert tool.main([]) == 1
    assert "failed: 03_kmeans, run one: ValueError: no" in capsys.readouterr().out


def test_an_unknown_notebook_is_refused(course):
    with pytest.raises(SystemExit, match="no notebook's name contains 77"):
        tool.run_all(["77"], False, Runner())


@pytest.mark.slow
def test_real_kernels_differ_as_they_should(course, capsys):
    source = "import os\nprint(os.environ['OMP_NUM_THREADS'])\nprint(hash('a') % 1000)"
    write(course / "notebooks", (source, []))
    write(course / "notebooks", ("assert 1 == 2, 'a claim'", []), name="04_dbscan")
    assert tool.main([]) == 1
    said = capsys.readouterr().out
    assert "03_kmeans, cell 1 (import os), stdout, line 1\n    one:   1\n    other: 2" in said
    assert "failed: 04_dbscan, run one: AssertionError: a claim" in said
