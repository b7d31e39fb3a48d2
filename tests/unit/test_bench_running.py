"""The work of the bench: what one failure costs, what a kill costs, and that nothing is mixed up.

No peer needs to be installed: methods are pretended, and a library that is absent is one test more.
"""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_tutorial.bench import peers, running
from recsys_tutorial.bench.__main__ import main
from recsys_tutorial.bench.front import OURS
from recsys_tutorial.bench.methods import (
    METHODS,
    REFERENCE,
    Method,
    describe,
    fitted,
    grid_of,
    method_named,
)
from recsys_tutorial.bench.protocol import Task, judge, make_task
from recsys_tutorial.bench.running import (
    Plan,
    answer_job,
    in_a_process,
    library_version,
    run_bench,
)
from recsys_tutorial.bench.table import COLUMNS
from recsys_tutorial.bench.writing import write_whole
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import Popularity, Recommender

PLAN = Plan(seeds=(0,), rounds=2, data=("insteval",))


class Guess(Recommender):
    """Popularity with noise: `noise` makes it worse, the seed makes it differ."""

    def __init__(self, noise=0.0, random_state=0):
        self.noise = noise
        self.random_state = random_state

    def fit(self, matrix):
        self.matrix_ = matrix
        self.popularity_ = np.asarray(matrix.values.sum(axis=0)).ravel()
        rng = np.random.default_rng(self.random_state)
        self.scores_ = self.popularity_ + self.noise * rng.random(len(self.popularity_))
        return self

    def _score_rows(self, rows):
        return np.tile(self.scores_, (len(rows), 1))


def guess(task, parameters, seed, threads):
    return Guess(**parameters, random_state=seed)


def broken(task, parameters, seed, threads):
    raise RuntimeError("it fell\nover")


def absent(task, parameters, seed, threads):
    import a_peer_that_nobody_has  # noqa: F401


def cheat(task, parameters, seed, threads):
    class Cheat(Popularity):
        def top_k(self, users=None, k=20, *, items=None):
            return np.tile(np.argsort(-self.popularity_)[:k], (len(self.matrix_.users), 1))

    return Cheat()


GOOD = Method("good", OURS, "cluster", guess, ({"noise": 900.0}, {"noise": 0.0}), is_seeded=True)
ALS = Method(REFERENCE, "implicit", "peer", guess, ({"noise": 100.0},), is_seeded=True)
BROKEN = Method("broken", "LightFM", "peer", broken)
ABSENT = Method("absent", "Surprise", "peer", absent)
CHEAT = Method("cheat", "Spark", "peer", cheat)
ALL = (GOOD, ALS, BROKEN, ABSENT, CHEAT)


def here(job):
    return answer_job(job, ALL)


def quiet(line):
    """Say nothing."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    lines = []
    table = run_bench(folder, plan=PLAN, methods=ALL, answer=here, say=lines.append)
    return folder, table, lines


@pytest.mark.slow
def test_the_table_has_one_row_per_setting_and_method(finished):
    _, table, _ = finished
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * len(ALL)
    assert not table.duplicated(["data", "split", "method"]).any()


def test_a_failed_method_costs_its_own_row_and_says_why(finished):
    _, table, lines = finished
    failed = table[table["method"].isin(["broken", "absent", "cheat"])]
    numbers = ["ndcg", "recall", "seconds", "time_ratio", "memory_mb", "gain_on_als"]
    assert failed[numbers].isna().all(axis=None) and not failed["on_front"].any()
    reasons = failed.set_index("method")["reason"].to_dict()
    assert reasons["broken"] == "RuntimeError: it fell over"
    assert "a_peer_that_nobody_has" in reasons["absent"]
    assert "met already" in reasons["cheat"]
    healthy = table[table["method"].isin(["good", REFERENCE])]
    assert healthy[["ndcg", "time_ratio"]].notna().all(axis=None)
    assert (healthy["reason"] == "").all()
    assert any("failed: RuntimeError" in line for line in lines)


def test_the_best_point_of_the_grid_is_found_on_validation(finished):
    _, table, _ = finished
    good = table[table["method"] == "good"]
    assert (good["parameters"] == "noise=0").all() and (good["n_tried"] == 2).all()
    task = make_task("insteval", "latest", validation=True)
    expected = judge(Guess().fit(task.train).top_k(k=20), task)["ndcg"].mean()
    assert good["validated"].iloc[0] == pytest.approx(expected, abs=1e-4)


def test_the_reference_has_ratio_one(finished):
    _, table, _ = finished
    assert (table.loc[table["method"] == REFERENCE, "time_ratio"] == 1).all()


def test_results_are_written_and_agree_with_each_other(finished):
    folder, table, _ = finished
    csv = pd.read_csv(folder / "leaderboard.csv")
    assert csv["ndcg"].equals(table["ndcg"].reset_index(drop=True))
    words = (folder / "leaderboard.md").read_text(encoding="utf-8")
    assert "failed: RuntimeError: it fell over" in words and "| good |" in words
    with np.load(folder / "users.npz", allow_pickle=False) as parts:
        assert parts["insteval_latest_methods"].tolist() == ["good", REFERENCE]
        means = parts["insteval_latest_ndcg"].mean(axis=0) / 10_000
    mine = table[(table["split"] == "latest") & (table["reason"] == "")]
    assert means == pytest.approx(mine["ndcg"].to_numpy(float), abs=1e-4)
    for name in ("front_latest.png", "front_latest.svg", "front_random.txt"):
        assert (folder / name).stat().st_size > 100
    assert not list(folder.rglob("*.part*"))


@pytest.mark.slow
def test_a_second_run_asks_only_what_failed(finished):
    folder, _, _ = finished
    asked = []
    run_bench(
        folder, plan=PLAN, methods=ALL, answer=lambda job: asked.append(job) or here(job), say=quiet
    )
    assert {job["method"] for job in asked} == {"broken", "absent", "cheat"}


def test_a_mended_peer_gets_its_row(tmp_path):
    mended = Method("broken", "LightFM", "peer", guess)
    plan = Plan(seeds=(0,), rounds=1, data=("insteval",), splits=("latest",))
    run_bench(tmp_path, plan=plan, methods=[BROKEN], answer=here, say=quiet)
    table = run_bench(
        tmp_path, plan=plan, methods=[mended], answer=lambda j: answer_job(j, [mended]), say=quiet
    )
    assert table["reason"].tolist() == [""] and table["ndcg"].notna().all()


class Killed(BaseException):
    """Stands for a kill: nothing in the bench may catch it."""


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(tmp_path):
    plan = Plan(seeds=(0,), rounds=1, data=("insteval",))
    asked = []

    def dies_at_the_third(job):
        if len(asked) == 2:
            raise Killed
        asked.append(job)
        return here(job)

    with pytest.raises(Killed):
        run_bench(tmp_path, plan=plan, methods=(GOOD, ALS), answer=dies_at_the_third, say=quiet)
    assert not (tmp_path / "leaderboard.csv").exists()
    later = []
    table = run_bench(
        tmp_path,
        plan=plan,
        methods=(GOOD, ALS),
        answer=lambda job: later.append(job) or here(job),
        say=quiet,
    )
    assert len(asked) + len(later) == 4 + 2 and table["ndcg"].notna().all()


def test_a_half_written_answer_is_asked_again(tmp_path):
    plan = Plan(seeds=(0,), rounds=0, data=("insteval",), splits=("latest",))
    run_bench(tmp_path, plan=plan, methods=[GOOD], answer=here, say=quiet)
    (path,) = (tmp_path / "jobs").glob("*.json")
    path.write_text(path.read_text(encoding="utf-8")[:50], encoding="utf-8")
    asked = []
    run_bench(
        tmp_path,
        plan=plan,
        methods=[GOOD],
        answer=lambda job: asked.append(job) or here(job),
        say=quiet,
    )
    assert len(asked) == 1


def test_another_grid_seed_or_code_is_another_question(tmp_path, monkeypatch):
    plan = Plan(seeds=(0,), rounds=0, data=("insteval",), splits=("latest",))
    other = Method("good", OURS, "cluster", guess, ({"noise": 5.0},), is_seeded=True)
    asked = []

    def answer(job):
        asked.append(job)
        return answer_job(job, [other])

    run_bench(tmp_path, plan=plan, methods=[GOOD], answer=here, say=quiet)
    run_bench(tmp_path, plan=plan, methods=[other], answer=answer, say=quiet)
    assert len(asked) == 1
    more = Plan(seeds=(0, 1), rounds=0, data=("insteval",), splits=("latest",))
    run_bench(tmp_path, plan=more, methods=[other], answer=answer, say=quiet)
    assert len(asked) == 2
    monkeypatch.setattr(running, "_code_digest", lambda method: "another state of the code")
    run_bench(tmp_path, plan=more, methods=[other], answer=answer, say=quiet)
    assert len(asked) == 3


def test_a_write_that_dies_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    write_whole(path, "old")

    def dies(here, there):
        raise Killed

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(Killed):
        write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "old"


def test_without_the_reference_there_are_seconds_but_no_ratio(tmp_path):
    plan = Plan(seeds=(0,), rounds=1, data=("insteval",), splits=("latest",))
    table = run_bench(tmp_path, plan=plan, methods=[GOOD], answer=here, say=quiet)
    assert table["seconds"].notna().all() and table["time_ratio"].isna().all()
    assert (tmp_path / "leaderboard.md").exists() and not list(tmp_path.glob("front_*"))


@pytest.mark.slow
def test_all_methods_are_timed_in_every_round_in_another_order(tmp_path):
    orders = {}

    methods = [Method(f"m{i}", OURS, "cluster", guess) for i in range(5)]
    plan = Plan(seeds=(0,), rounds=3, data=("insteval",), splits=("latest",))

    def answer(job):
        if job["kind"] == "timing":
            orders.setdefault(job["round"], []).append(job["method"])
        return answer_job(job, methods)

    run_bench(tmp_path, plan=plan, methods=methods, answer=answer, say=quiet)
    assert [sorted(names) for names in orders.values()] == [[f"m{i}" for i in range(5)]] * 3
    assert len({tuple(names) for names in orders.values()}) == 3


# A process for each job ---------------------------------------------------------------------

JOB = {"method": "popularity", "data": "insteval", "split": "latest", "kind": "quality"}
JOB |= {"seeds": [0], "n_grid": None, "threads": 1, "timeout": 120.0}


@pytest.mark.slow
def test_a_job_in_a_process_gives_the_same_and_its_memory():
    pytest.importorskip("psutil")
    apart, near = in_a_process(JOB), answer_job(JOB)
    assert apart["ndcg"] == near["ndcg"]
    assert 30 < apart["memory_mb"] < 2000


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os._exit(9)", "code 9"),
        (
            "import sys; print('ImportError: no such thing', file=sys.stderr); sys.exit(1)",
            "no such",
        ),
        ("pass", "said nothing"),
    ],
)
def test_a_process_that_dies_or_is_silent_gives_a_reason(code, reason):
    answer = in_a_process(JOB, [sys.executable, "-c", code])
    assert reason in answer["error"] and "\n" not in answer["error"]


def test_a_process_that_hangs_is_ended():
    begin = time.monotonic()
    job = {**JOB, "timeout": 0.5}
    answer = in_a_process(job, [sys.executable, "-c", "import time; time.sleep(60)"])
    assert answer["error"] == "gave up after 0.5 s" and time.monotonic() - begin < 30


def test_threads_are_told_to_the_process():
    code = "import json, os, sys; json.dump({'t': os.environ['OMP_NUM_THREADS']}, "
    code += "open(sys.argv[2], 'w'))"
    assert in_a_process({**JOB, "threads": 2}, [sys.executable, "-c", code])["t"] == "2"


# Who takes part -----------------------------------------------------------------------------


def test_names_are_unique_and_known_to_the_table():
    names = [method.name for method in METHODS]
    assert len(set(names)) == len(names) and REFERENCE in names
    slugs = {running._slug("quality", "insteval", "latest", name) for name in names}
    assert len(slugs) == len(names), "two methods would share a file"


def test_every_library_of_the_issue_takes_part():
    assert {m.library for m in METHODS} == {OURS, *peers.DISTRIBUTIONS}
    assert {m.kind for m in METHODS} == {
        *("baseline", "cluster", "classic", "hybrid", "control", "peer")
    }
    assert all((m.library == OURS) != (m.kind == "peer") for m in METHODS)


def test_hybrid_and_control_have_one_budget():
    assert method_named("EASE + clusters").grid == method_named("EASE + genres").grid


@pytest.fixture(scope="module")
def small():
    """Forty people and fifty things in two groups."""
    rng = np.random.default_rng(0)
    chance = np.kron(np.eye(2), np.ones((20, 25))) * 0.4 + 0.05
    seen = rng.random((40, 50)) < chance
    held = (rng.random((40, 50)) < chance) & ~seen
    users, items = pd.RangeIndex(40), pd.RangeIndex(50)
    cells = sparse.csr_array(seen.astype(float))
    stars = sparse.csr_array(seen * rng.integers(1, 6, (40, 50)).astype(float))
    return Task(
        UserItemMatrix(cells, users, items),
        UserItemMatrix(stars, users, items),
        sparse.csr_array(held.astype(float)),
        rng.random((40, 3)),
    )


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_every_method_that_is_installed_gives_lists_without_seen_items(method, small):
    if method.library not in {OURS, *peers.installed_peers()}:
        pytest.skip(f"{method.library} is not installed")
    if method.library in ("Spark", "TensorFlow Recommenders"):
        pytest.skip("starts an engine for the whole process; the bench itself asks it")
    parameters = {
        name: tuple(min(v, 5) for v in value) if name == "n_clusters" and np.ndim(value) else value
        for name, value in method.grid[0].items()
    }
    first, again = (fitted(method, small, parameters, 0, 1).top_k(k=20) for _ in range(2))
    assert judge(first, small)["ndcg"].mean() > 0
    assert (first == again).all(), "two runs with one seed differ"


def test_a_peer_that_is_absent_says_its_name(small, monkeypatch):
    def refuse(name, package=None):
        raise ModuleNotFoundError(f"No module named {name.split('.')[0]!r}")

    monkeypatch.setattr(peers.importlib, "import_module", refuse)
    for method in METHODS:
        if method.kind == "peer":
            told = "No module named '[a-z0-9_]+'|pyspark is not installed"
            with pytest.raises(ImportError, match=told):
                fitted(method, small, method.grid[0], 0, 1)


class FakeImplicit:
    """Like implicit, it fills short lists up with what was seen, at the worst score."""

    def __init__(self, scores):
        self.table = scores

    def fit(self, cells, show_progress):
        assert cells.indices.dtype == np.int32 and cells.data.dtype == np.float32
        self.cells = cells

    def recommend(self, rows, seen, N, filter_already_liked_items):
        scores = np.array(self.table[rows], dtype=np.float32)
        scores[seen.toarray() > 0] = -np.finfo(np.float32).max
        top = np.argsort(-scores, axis=1, kind="stable")[:, :N]
        return top, np.take_along_axis(scores, top, axis=1)


def test_short_lists_of_implicit_end_in_empty_places():
    class Fake(peers._Implicit):
        def _learn(self, matrix):
            self._fit_model(FakeImplicit(np.arange(8.0).reshape(2, 4)), matrix)

    seen = sparse.csr_array(np.array([[1.0, 1, 1, 0], [0, 0, 0, 1]]))
    matrix = UserItemMatrix(seen, pd.Index(["u", "v"]), pd.Index(list("abcd")))
    top = Fake().fit(matrix).top_k(k=3)
    assert top.tolist() == [[3, -1, -1], [2, 1, 0]] and top.dtype == np.int32
    assert Fake().fit(matrix).top_k(["v"], k=2).tolist() == [[2, 1]]


def test_versions_and_words():
    assert library_version(OURS) and library_version("no such library") == ""
    assert grid_of(a=[1, 2], b=[3]) == ({"a": 1, "b": 3}, {"a": 2, "b": 3})
    assert describe({"n_clusters": [20, 50], "x": 0.25}) == "n_clusters=20+50, x=0.25"
    with pytest.raises(ValueError, match="no method 'x'"):
        method_named("x")


# The command line ---------------------------------------------------------------------------


def test_a_method_that_does_not_exist_is_wrong_usage(tmp_path, capsys):
    before = dict(os.environ), signal.getsignal(signal.SIGTERM)
    assert main(["--out", str(tmp_path), "--methods", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err and not list(tmp_path.iterdir())
    # Whoever calls it as a function keeps what she has.
    assert (dict(os.environ), signal.getsignal(signal.SIGTERM)) == before


def test_as_a_program_it_draws_without_windows_and_lets_its_worker_end(tmp_path):
    tell = """
import os, runpy, signal, sys
sys.argv = ["bench", "--methods", "nonsense"]
try:
    runpy.run_module("recsys_tutorial.bench", run_name="__main__")
except SystemExit as end:
    print(end.code, os.environ["MPLBACKEND"], callable(signal.getsignal(signal.SIGTERM)))
"""
    environment = {**os.environ, "MPLBACKEND": "TkAgg"}
    command = [sys.executable, "-c", tell]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.stdout.split() == ["2", "Agg", "True"], run.stderr


def test_one_job_reads_and_writes_files(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps(JOB), encoding="utf-8")
    assert main(["--job", str(tmp_path / "job.json"), str(tmp_path / "answer.json")]) == 0
    answer = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert len(answer["ndcg"]) == len(answer["users"]) == 1682


@pytest.mark.slow
def test_the_command_writes_the_table(tmp_path, capsys):
    words = ["--quick", "--out", str(tmp_path), "--data", "insteval", "--methods", "popularity"]
    assert main(words) == 0
    assert "popularity" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "quick" / "leaderboard.csv")
    assert table["run"].eq("quick").all() and len(table) == 2
