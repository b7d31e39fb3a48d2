"""The article's program: its table, its mended functions, its verbatim lines, where it stops."""

import ast
import inspect

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.article import code_proofs, script
from recsys_tutorial.article.script import COLUMNS, Stop, expect_stop, make_user_data

deep = [pytest.mark.slow, pytest.mark.deep]


@pytest.fixture(scope="module")
def table():
    return make_user_data()


# ------------------------------------------------------------------ the table


def test_the_table_is_what_the_article_reads(table):
    assert list(table.columns) == ["user_id", *COLUMNS, "label"]
    assert table["user_id"].tolist() == list(range(1, 1001))
    assert sorted(table["label"].unique()) == [0, 1, 2, 3, 4]
    assert table.drop(columns=COLUMNS).notna().all(axis=None)


def test_a_seed_makes_one_table(table):
    assert table.equals(make_user_data()) and not table.equals(make_user_data(random_state=1))


@pytest.mark.parametrize("n_users", [5, 7, 200])
def test_small_tables_hold_every_group(n_users):
    small = make_user_data(n_users)
    assert len(small) == n_users and small["label"].nunique() == 5
    assert small[COLUMNS].isna().to_numpy().sum() == round(0.015 * 4 * n_users)


@pytest.mark.parametrize("n_users", [4, 0, -1])
def test_too_few_users_are_refused(n_users):
    with pytest.raises(ValueError, match="cannot fill 5 groups"):
        make_user_data(n_users)


def test_the_groups_can_be_found(table):
    from recsys_tutorial.clustering import agreement

    data, labels = script.preprocess_data(table)
    assert agreement(script.cluster_users(data, 5), labels) > 0.7


# ------------------------------------------------------------------ the functions


def test_a_file_and_a_frame_give_the_same(table, tmp_path):
    table.to_csv(tmp_path / "user_data.csv", index=False)
    from_file, from_frame = (
        script.preprocess_data(source) for source in (tmp_path / "user_data.csv", table)
    )
    assert np.allclose(from_file[0], from_frame[0])
    assert from_file[1].equals(from_frame[1])


def test_preprocessing_drops_and_scales_as_the_article_does(table):
    data, labels = script.preprocess_data(table)
    assert len(data) == len(labels) == len(table.dropna()) < len(table)
    assert np.allclose(data.mean(axis=0), 0) and np.allclose(data.std(axis=0), 1)
    assert labels.index.tolist() == table.dropna().index.tolist()


def test_the_recommendations_are_the_rows_of_the_clusters():
    data = np.arange(8.0).reshape(4, 2)
    result = script.generate_recommendations(data, np.array([1, -1, 0, 1]), 3)
    assert [rows.tolist() for rows in result.values()] == [[[4, 5]], [[0, 1], [6, 7]], []]


@pytest.mark.parametrize(
    ("layer", "width"),
    [pytest.param(layer, width, marks=deep) for layer, width in ((-1, 7), (-2, 64), (0, 32))],
)
def test_the_features_are_those_of_the_layer(table, layer, width):
    data, labels = script.preprocess_data(table.head(60))
    features = script.extract_features(data, labels, layer=layer, epochs=1, n_out=7)
    assert features.shape == (len(data), width)
    assert np.allclose(features.sum(axis=1), 1, atol=1e-5) is (layer == -1)


@pytest.mark.slow
@pytest.mark.deep
def test_the_second_network_is_the_articles(table):
    data, labels = script.preprocess_data(table.head(60))
    model = script.train_model(np.tile(data, 3)[:, :10], labels, epochs=1)
    assert model.count_params() == 3_114


# ------------------------------------------------------------------ verbatim means verbatim


def body(source: str, name: str) -> list[str]:
    """Dump the statements of a function, without its imports."""
    (function,) = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    return [ast.dump(n) for n in function.body if not isinstance(n, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize("name", ["extract_features", "train_model"])
def test_the_proofs_run_the_lines_as_printed(name):
    mine = inspect.getsource(getattr(code_proofs, f"_verbatim_{name}"))
    assert body(mine, f"_verbatim_{name}") == body(code_proofs.listing(), name) != []


def test_the_listing_is_the_articles_section_5_2():
    tree = ast.parse(code_proofs.listing())
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == [
        "preprocess_data",
        "extract_features",
        "train_model",
        "cluster_users",
        "generate_recommendations",
    ]
    assert len(code_proofs.listing().splitlines()) == 97


# ------------------------------------------------------------------ the proofs can fail


def test_a_proof_that_nothing_stops_does_not_hold(monkeypatch):
    monkeypatch.setattr(script, "preprocess_data", lambda data: (np.eye(4), pd.Series(range(4))))
    assert not code_proofs.PROOFS["A1"]().holds


def test_proofs_about_the_program_read_the_program(monkeypatch):
    better = code_proofs.listing().replace("labels = cluster_users", "clusters = cluster_users")
    better += "\n    print(silhouette_score(data, clusters), model)\n"
    monkeypatch.setattr(code_proofs, "listing", lambda: better)
    assert not any(code_proofs.PROOFS[i]().holds for i in ("A13", "A20"))


def test_a_loop_that_serves_everybody_refutes_a27(monkeypatch):
    monkeypatch.setattr(script, "generate_recommendations", lambda data, *_: {0: data})
    assert not code_proofs.PROOFS["A27"]().holds


# ------------------------------------------------------------------ watching a program stop


def test_a_stop_is_printed_and_kept(capsys):
    with expect_stop() as stop:
        raise KeyError("user")
    assert stop == Stop("KeyError", "'user'")
    assert capsys.readouterr().out == "KeyError: 'user'\n"


def test_a_quiet_stop_prints_nothing(capsys):
    with expect_stop(quiet=True) as stop:
        raise ValueError("no")
    assert stop.message == "no" and capsys.readouterr().out == ""


def test_lines_that_do_not_stop_are_an_error():
    with pytest.raises(AssertionError, match="ran to their end"), expect_stop():
        pass


def test_an_interrupt_is_not_caught():
    with pytest.raises(KeyboardInterrupt), expect_stop():
        raise KeyboardInterrupt


def test_colours_arguments_and_long_tails_are_cut():
    text = "First.\n\n\x1b[1mSecond\x1b[0m\nthird\nfourth\nArguments received by x:\n  many"
    with expect_stop(quiet=True) as stop:
        raise ValueError(text)
    assert stop.message == "First.\nSecond\nthird"
