"""Proofs of the errors in the article's program, A1 to A27.

The seven that stop the program run the article's lines as printed and catch the very exception;
the others run `script`, which is the program mended only so far that it runs.  Chapter A1 shows
how to run one: ``prove("A10")``.  TensorFlow is imported inside the functions.
"""

from __future__ import annotations

import ast
import inspect
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from recsys_tutorial.article import script
from recsys_tutorial.article.proving import Proof
from recsys_tutorial.clustering import kmeans_objective, silhouette_curve

if TYPE_CHECKING:
    import keras

# What the article prints as the result of its program (section 5.4).
PRINTED = {
    0: [[1, 1], [2, 2], [3, 3]],
    1: [[4, 4], [5, 5]],
    2: [[6, 6]],
    3: [[7, 7], [8, 8]],
    4: [[9, 9]],
}
# The steps of its sections 3.1 and 3.4, in its order, and the numbers of its section 3.5.
STEPS_3_1 = ["数据集构建", "特征提取", "模型训练", "模型评估"]
STEPS_3_4 = ["数据预处理", "特征提取", "模型训练", "聚类分析", "推荐结果生成"]
COLUMNS_3_5, CLUSTERS_3_5 = 10, 10
# Names under which a program would split its data or judge its result.
EVALUATING = {"train_test_split", "validation_data", "validation_split", "evaluate", "score"}
EVALUATING |= {"silhouette_score", "adjusted_rand_score", "recall_score", "precision_score"}


def listing() -> str:
    """Give the program of the article's section 5.2, as printed.

    Returns
    -------
    str
        Python code with Chinese comments, lines 255 to 351 of the article.

    Examples
    --------
    >>> listing().splitlines()[0]
    'import numpy as np'
    """
    file = resources.files("recsys_tutorial.article") / "listing_5_2.txt"
    return file.read_text(encoding="utf-8")


# ------------------------------------------------------------------ the article's lines, verbatim


def _verbatim_extract_features(data: Any) -> Any:
    import tensorflow as tf
    from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
    from keras.models import Sequential
    from keras.optimizers import Adam

    model = Sequential()
    model.add(Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1)))
    model.add(MaxPooling2D((2, 2)))
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    model.add(Dense(10, activation="softmax"))

    model.compile(optimizer=Adam(), loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(data, epochs=10, batch_size=32)

    feature_vector = model.layers[-1].output
    feature_tensor = tf.keras.Model(inputs=model.input, outputs=feature_vector)

    return feature_tensor.predict(data)


def _verbatim_train_model(data: Any) -> Any:
    from keras.layers import Dense
    from keras.models import Sequential
    from keras.optimizers import Adam

    model = Sequential()
    model.add(Dense(64, activation="relu", input_shape=(data.shape[1],)))
    model.add(Dense(32, activation="relu"))
    model.add(Dense(10, activation="softmax"))

    model.compile(optimizer=Adam(), loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(data, epochs=10, batch_size=32)

    return model


def _mended_network(n_columns: int = 4) -> keras.Model:
    """Build the first network with the one repair that stop 1 asks for: dense layers."""
    from keras.layers import Dense, Flatten
    from keras.models import Sequential
    from keras.optimizers import Adam

    model = Sequential()
    model.add(Dense(32, activation="relu", input_shape=(n_columns,)))
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    model.add(Dense(10, activation="softmax"))
    model.compile(optimizer=Adam(), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def _stopped(attempt: Callable[[], object]) -> script.Stop:
    """Run lines of the article and catch what stops them; without a stop the kind is empty."""
    try:
        with warnings.catch_warnings():
            # The article's way to declare an input works, with a warning each time.
            warnings.simplefilter("ignore", UserWarning)
            with script.expect_stop(quiet=True) as stop:
                attempt()
    except AssertionError:
        return script.Stop()
    return stop


def _stopped_training(attempt: Callable[[], object]) -> script.Stop:
    """Do the same with lines that train a network, without Keras's bars of progress."""
    import keras

    interactive = keras.config.is_interactive_logging_enabled()
    keras.config.disable_interactive_logging()
    try:
        return _stopped(attempt)
    finally:
        if interactive:
            keras.config.enable_interactive_logging()


def _says(stop: script.Stop, kind: str, *phrases: str) -> bool:
    """Whether a stop is of a kind and its message holds one of the phrases."""
    return stop.kind == kind and any(phrase in stop.message for phrase in phrases)


@cache
def _users() -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Scaled columns and labels as the article's first function gives them, and the table."""
    table = script.make_user_data()
    features, labels = script.preprocess_data(table)
    return features, labels.to_numpy(), table


@cache
def _softmax(seed: int = 0, epochs: int = 10) -> np.ndarray:
    """The features of the article's first network, after a seed that it does not set."""
    import keras

    keras.utils.set_random_seed(seed)
    data, labels, _ = _users()
    return script.extract_features(data, labels, epochs=epochs)


def _same_groups(first: np.ndarray, second: np.ndarray) -> float:
    return float(adjusted_rand_score(first, second))


# ------------------------------------------------------------------ the seven stops


def _a1() -> Proof:
    with tempfile.TemporaryDirectory() as folder:
        stop = _stopped(lambda: script.preprocess_data(Path(folder) / "user_data.csv"))
    read = [*script.COLUMNS, "label"]
    naming = [column for column in read if "user" in column or "id" in column.split("_")]
    shows = (
        f"Reading user_data.csv stops with {stop.kind}. Of the {len(read)} columns that the code "
        f"uses, {len(naming)} name a user."
    )
    return Proof("A1", shows, stop.kind == "FileNotFoundError" and not naming)


def _a2() -> Proof:
    data, _, _ = _users()
    stop = _stopped_training(lambda: _verbatim_extract_features(data))
    reshaped = _stopped(lambda: data.reshape(-1, 28, 28, 1)[len(data) - 1])
    shows = (
        f"The printed function, given {data.shape[1]} columns, stops with {stop.kind}: it expects "
        f"28 * 28 = {28 * 28} numbers per user. Reshaping the table stops with {reshaped.kind} too."
    )
    return Proof("A2", shows, _says(stop, "ValueError", "28, 28, 1") and bool(reshaped.kind))


def _a4() -> Proof:
    data, _, _ = _users()
    stop = _stopped_training(lambda: _mended_network().fit(data, epochs=10, batch_size=32))
    told = _says(stop, "ValueError", "None", "Target data is missing")
    fits = [n for n in ast.walk(ast.parse(listing())) if isinstance(n, ast.Call) and n.keywords]
    fits = [n for n in fits if getattr(n.func, "attr", "") == "fit"]
    targets = sum(len(call.args) - 1 for call in fits)
    shows = (
        f"The {len(fits)} printed calls to train a network hand over {targets} targets; the first "
        f"stops with {stop.kind}: {_short(stop)}."
    )
    return Proof("A4", shows, told and targets == 0)


def _a5() -> Proof:
    data, labels, _ = _users()
    import keras

    one_hot = keras.utils.to_categorical
    column = pd.Series(labels)
    integers = _stopped_training(
        lambda: _mended_network().fit(data, column, epochs=10, batch_size=32)
    )
    words = _stopped(lambda: one_hot(np.array(["sport", "news"]), 10))
    from_one = _stopped(lambda: one_hot(np.array([1, 5, 10]), 10))
    shows = (
        f"Integer labels stop with {integers.kind}, since a target of 1 column meets an output of "
        f"10. One-hot rows made from words stop with {words.kind}, from labels 1 to 10 with "
        f"{from_one.kind}."
    )
    holds = _says(integers, "ValueError", "shape", "rank", "incompatible")
    return Proof("A5", shows, holds and words.kind == "ValueError" and bool(from_one.kind))


def _a6() -> Proof:
    data, labels, _ = _users()
    import keras

    five = keras.utils.to_categorical(labels)
    stop = _stopped_training(lambda: _mended_network().fit(data, five, epochs=10, batch_size=32))
    padded = keras.utils.to_categorical(labels, 10)
    empty = int((padded.sum(axis=0) == 0).sum())
    shows = (
        f"One-hot rows of the {five.shape[1]} classes that occur stop with {stop.kind}; padded to "
        f"{padded.shape[1]} they run, with {empty} classes that nobody belongs to."
    )
    return Proof(
        "A6", shows, _says(stop, "ValueError", "same shape", "incompatible") and empty == 5
    )


def _a7() -> Proof:
    import keras

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = _mended_network()
    output = model.layers[-1].output
    stop = _stopped(lambda: keras.Model(inputs=model.input, outputs=output))
    mended = keras.Model(inputs=model.inputs, outputs=output)
    shows = (
        f"With Keras {keras.__version__}, model.input stops with {stop.kind}; model.inputs gives "
        f"a network with {mended.output_shape[-1]} outputs."
    )
    return Proof(
        "A7", shows, _says(stop, "AttributeError", "input") and mended.output_shape[-1] == 10
    )


def _a8() -> Proof:
    features = _softmax()
    stop = _stopped_training(lambda: _verbatim_train_model(features))
    shows = (
        f"The printed train_model, given the {features.shape[1]} features of the first network, "
        f"stops with {stop.kind}: {_short(stop)}."
    )
    return Proof("A8", shows, _says(stop, "ValueError", "None", "Target data is missing"))


def _short(stop: script.Stop) -> str:
    """Give the first sentence of a message, without its full stop."""
    return stop.message.splitlines()[-1].split(". ")[0].rstrip(".")


# ------------------------------------------------------------------ errors that run


def _a3() -> Proof:
    rng = np.random.default_rng(0)
    users, swapped = rng.normal(size=(100, 4)), [1, 0, 2, 3]
    filter_, weights = rng.normal(size=2), rng.normal(size=4)

    def convolved(table: np.ndarray, tried: np.ndarray = filter_) -> np.ndarray:
        """One filter on two neighbouring columns, then the largest response."""
        places = np.lib.stride_tricks.sliding_window_view(table, 2, axis=1)
        return np.asarray((places @ tried).max(axis=1))

    # The filter gets the chance that the dense layer gets: mirrored, it undoes the swap in the
    # one window that holds both columns.
    changed = min(
        float(np.mean(~np.isclose(convolved(users), convolved(users[:, swapped], tried))))
        for tried in (filter_, filter_[::-1])
    )
    dense = np.allclose(users @ weights, users[:, swapped] @ weights[swapped])
    shows = (
        f"Swapping two of four columns changes the convolved feature of {changed:.0%} of 100 "
        "users, even if the filter may be mirrored; a dense layer has weights that "
        f"{'undo' if dense else 'do not undo'} the swap."
    )
    return Proof("A3", shows, changed > 0.5 and dense)


def _a9() -> Proof:
    data, labels, _ = _users()
    last = _softmax().astype(float)
    off = float(np.abs(last.sum(axis=1) - 1).max())
    spread = np.linalg.svd(last - last.mean(axis=0), compute_uv=False)
    rank = int((spread > 1e-5 * spread[0]).sum())
    hidden = script.extract_features(data, labels, layer=-2, epochs=1)
    shows = (
        f"layers[-1] gives {last.shape[1]} numbers per user that sum to 1 up to {off:.0e}, so at "
        f"most {rank} of them are free; the hidden layer, layers[-2], gives {hidden.shape[1]}."
    )
    return Proof("A9", shows, off < 1e-5 and rank < last.shape[1] and hidden.shape[1] == 64)


def _a10() -> Proof:
    import keras

    data, truth, _ = _users()
    raw = _same_groups(truth, script.cluster_users(data, 5))
    told = _same_groups(truth, script.cluster_users(_softmax(), 5))
    few, labels = script.preprocess_data(script.make_user_data(200))
    groups = labels.to_numpy()
    unrelated = np.random.default_rng(1).integers(0, 5, len(few))

    def behind_network(epochs: int) -> float:
        """Agreement behind a network that was told nothing about the groups, mean of three."""
        found = []
        for seed in range(3):
            keras.utils.set_random_seed(seed)
            features = script.extract_features(few, unrelated, epochs=epochs)
            found.append(_same_groups(groups, script.cluster_users(features, 5)))
        return float(np.mean(found))

    untrained, misled = behind_network(0), behind_network(30)
    before = _same_groups(groups, script.cluster_users(few, 5))
    shows = (
        f"Agreement with the true groups: {told:.2f} after training on the groups themselves, "
        f"{raw:.2f} for K-means on the four columns without a network. Among 200 users it is "
        f"{before:.2f} on the columns, {untrained:.2f} behind a network that was not trained, and "
        f"{misled:.2f} after training on a label that means nothing."
    )
    alike = abs(misled - untrained) < 0.15
    circular = told < raw + 0.15 and told > 0.6
    return Proof("A10", shows, circular and misled < before - 0.15 and alike)


def _a11() -> Proof:
    data, labels, _ = _users()
    features = _softmax()
    before = script.generate_recommendations(data, script.cluster_users(features, 5), 5)
    script.train_model(features, labels, epochs=1)
    after = script.generate_recommendations(data, script.cluster_users(features, 5), 5)
    same = sum(np.array_equal(before[i], after[i]) for i in range(5))
    reads = [n for n in ast.walk(_main()) if isinstance(n, ast.Name) and n.id == "model"]
    used = sum(isinstance(node.ctx, ast.Load) for node in reads)
    shows = (
        f"Without and with the large model, {same} of 5 entries of the result are identical; the "
        f"main program reads the name model {used} times."
    )
    return Proof("A11", shows, same == 5 and used == 0)


def _a12() -> Proof:
    calls = _calls(_main())
    places = calls.index("extract_features") + 1, calls.index("train_model") + 1
    early = sum(s.index("特征提取") < s.index("模型训练") for s in (STEPS_3_1, STEPS_3_4))
    off = float(np.abs(_softmax().sum(axis=1) - 1).max())
    shows = (
        f"Of the main program's calls extract_features is number {places[0]} and train_model "
        f"number {places[1]}, and {early} lists of steps have the same order. What the second "
        f"network learns from is the first one's forecast: its rows sum to 1 up to {off:.0e}."
    )
    return Proof("A12", shows, places[0] < places[1] and early == 2 and off < 1e-5)


def _a13() -> Proof:
    uses = [n for n in ast.walk(_main()) if isinstance(n, ast.Name) and n.id == "labels"]
    uses.sort(key=lambda node: (node.lineno, node.col_offset))
    kinds = ["written" if isinstance(node.ctx, ast.Store) else "read" for node in uses]
    shows = f"In the main program the name labels is, in this order, {', '.join(kinds)}: "
    shows += f"{kinds.index('read')} values before the first reading, so the truth is lost."
    return Proof("A13", shows, kinds == ["written", "written", "read"])


def _a14() -> Proof:
    data, _, table = _users()
    result = script.generate_recommendations(data, script.cluster_users(_softmax(), 5), 5)
    rows = np.vstack(list(result.values()))
    same = np.array_equal(_sorted(rows), _sorted(data))
    items = [column for column in table.columns if "item" in column]
    shows = (
        f"All {len(result)} entries together hold {len(rows)} rows of {rows.shape[1]} numbers: "
        f"{'the very table that went in' if same else 'something else'}. "
        f"{len(items)} columns name an item."
    )
    return Proof("A14", shows, same and not items)


def _sorted(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T)]


def _a15() -> Proof:
    data, _, _ = _users()
    printed = np.vstack([np.array(rows, float) for rows in PRINTED.values()])
    labels = np.repeat(list(PRINTED), [len(rows) for rows in PRINTED.values()])
    centres = np.array([np.mean(rows, axis=0) for rows in PRINTED.values()])
    j = kmeans_objective(printed, labels, centres)
    best = float(KMeans(5, n_init=50, random_state=0).fit(printed).inertia_)
    shows = (
        f"Printed: {printed.shape[1]} columns of float32, mean {printed.mean():.0f}. The code "
        f"gives {data.shape[1]} columns of {data.dtype}, mean {abs(data.mean()):.0f}. The printed "
        f"partition has J = {j:.0f}, the best {best:.0f}; an unlucky start may end there."
    )
    impossible = printed.shape[1] != data.shape[1] and data.dtype != np.float32
    centred = bool(np.abs(data.mean(axis=0)).max() < 1e-9)
    return Proof("A15", shows, impossible and centred)


def _a16() -> Proof:
    data, _, table = _users()
    result = script.generate_recommendations(data, script.cluster_users(_softmax(), 5), 5)
    found = sum(user in result for user in table["user_id"])
    columns = {rows.shape[1] for rows in result.values()}
    shows = (
        f"{len(table)} users, and {len(result)} keys, the numbers of the clusters. {found} user "
        f"ids happen to be such numbers too; the values hold {max(columns)} columns and no id."
    )
    return Proof("A16", shows, set(result) == set(range(5)) and columns == {data.shape[1]})


def _a17() -> Proof:
    data, _, _ = _users()
    (chosen,) = [
        int(ast.literal_eval(node.value))
        for node in ast.walk(_main())
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "num_clusters"
    ]
    silhouettes = silhouette_curve(data[:300], [3, chosen, CLUSTERS_3_5])
    shows = (
        f"The example: {COLUMNS_3_5} columns, {CLUSTERS_3_5} clusters; the code: {data.shape[1]} "
        f"columns, {chosen} clusters. On 300 users the silhouette is {silhouettes[3]:.2f} at "
        f"k = 3, {silhouettes[chosen]:.2f} at k = {chosen} and {silhouettes[10]:.2f} at k = 10."
    )
    holds = (COLUMNS_3_5, CLUSTERS_3_5) != (data.shape[1], chosen)
    return Proof("A17", shows, holds and bool(silhouettes[10] < silhouettes[5] - 0.05))


def _a18() -> Proof:
    import keras

    data, labels, _ = _users()
    runs = [script.cluster_users(_softmax(seed, epochs=3), 5) for seed in (1, 2)]
    keras.utils.set_random_seed(1)
    again = script.cluster_users(script.extract_features(data, labels, epochs=3), 5)
    number = float(np.mean(runs[0] == runs[1]))
    repeated = bool((again == runs[0]).all())
    shows = (
        f"K-means has its seed, and two starts of the network give {number:.0%} of the users the "
        f"same number, while the groups agree to {_same_groups(*runs):.2f}. With the network "
        f"seeded as well, {'all' if repeated else 'not all'} numbers repeat."
    )
    return Proof("A18", shows, number < 1 and _same_groups(*runs) < 1 and repeated)


def _a19() -> Proof:
    data, _, table = _users()
    lost = len(table) - len(data)
    cells = float(table[script.COLUMNS].isna().to_numpy().mean())
    _, labels = script.preprocess_data(table)
    gap = next(i for i in range(len(table)) if i not in labels.index)
    stop = _stopped(lambda: labels[gap])
    newcomer = table[script.COLUMNS].dropna().iloc[[0]]
    alone = StandardScaler().fit_transform(newcomer)
    shows = (
        f"{cells:.1%} empty cells cost {lost} of {len(table)} users. labels[{gap}] stops with "
        f"{stop.kind}. The scaler is gone, and fitted anew on one newcomer it gives her "
        f"{np.unique(np.abs(alone)).size} distinct value, {np.abs(alone).max():.0f}."
    )
    alone_is_zero = bool((alone == 0).all())
    return Proof(
        "A19", shows, lost / len(table) > 3 * cells and stop.kind == "KeyError" and alone_is_zero
    )


def _a20() -> Proof:
    tree = ast.parse(listing())
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    names |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg}
    found = names & EVALUATING
    shows = (
        f"Of {len(EVALUATING)} names for splitting data and judging results, checked one by one, "
        f"the program uses {len(found)}; its only measure is the metrics= of two classifiers."
    )
    return Proof("A20", shows, not found and "metrics" in names)


def _a21() -> Proof:
    import keras

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = _mended_network()
    feature_vector = model.layers[-1].output
    inside = keras.Model(inputs=model.inputs, outputs=feature_vector)
    outside = inside.predict(np.zeros((2, 4)), verbose=0)
    kinds = [type(thing).__name__ for thing in (feature_vector, inside, outside)]
    shows = (
        f"feature_vector is a {kinds[0]}; the name feature_tensor stands for 2 things, "
        f"a {kinds[1]} model in the function and an {kinds[2]} in the main program."
    )
    return Proof("A21", shows, len(set(kinds)) == 3 and kinds[2] == "ndarray")


def _a22() -> Proof:
    import keras

    layers = keras.layers
    body: list[Any] = [keras.Input((28, 28, 1)), layers.Conv2D(32, 3), layers.MaxPooling2D(2)]
    body += [layers.Flatten(), layers.Dense(64), layers.Dense(10)]
    large = [keras.Input((10,)), layers.Dense(64), layers.Dense(32), layers.Dense(10)]
    first, second = (keras.Sequential(part).count_params() for part in (body, large))
    shows = (
        f"The convolutional network has {first:,} parameters, the large model {second:,}; small "
        f"language models have about a hundred million, {1e8 / second:,.0f} times as many."
    )
    return Proof("A22", shows, first == 347_146 and second == 3_114)


def _a23() -> Proof:
    tree = ast.parse(listing())
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    picked = [t for t in texts if isinstance(t, str) and t.startswith("feature_")]
    scalers = [name for name in _calls(tree) if name == "StandardScaler"]
    shows = (
        f"Before any network is built, the program names {len(picked)} prepared columns by hand "
        f"and scales them in {len(scalers)} step of its own."
    )
    return Proof("A23", shows, len(picked) == 4 and len(scalers) == 1)


def _a24() -> Proof:
    data, _, _ = _users()
    labels = script.cluster_users(data, 5)
    stop = _stopped(lambda: labels.predict(data[:1]))  # type: ignore[attr-defined]
    kept = KMeans(5, n_init=10, random_state=0).fit(data)
    right = int((kept.predict(data) == kept.labels_).sum())
    shows = (
        f"Asking the article's result for the cluster of a new user stops with {stop.kind}. "
        f"The fitted estimator has {len(kept.cluster_centers_)} centres and puts {right} of "
        f"{len(data)} users where they were."
    )
    return Proof("A24", shows, stop.kind == "AttributeError" and right == len(data))


def _a25() -> Proof:
    default = inspect.signature(KMeans).parameters["n_init"].default
    rng = np.random.default_rng(3)
    centres = np.repeat(rng.uniform(-10, 10, (12, 2)), 60, axis=0)
    users = centres + 0.4 * rng.normal(size=centres.shape)
    j = {
        n: [KMeans(12, n_init=n, random_state=s).fit(users).inertia_ for s in range(n_seeds)]
        for n, n_seeds in ((default, 12), (1, 3), (10, 3))
    }
    worst, best = max(j[default]), min(j[10])
    shows = (
        f"The default of n_init is {default!r}. The worst J of 12 seeds is {worst / best:.2f} "
        f"times the best; with n_init=10 the worst of 3 is {max(j[10]) / best:.2f} times the best."
    )
    one_start = bool(np.allclose(j[default][:3], j[1]))
    return Proof("A25", shows, one_start and worst > 1.05 * best and max(j[10]) < worst)


def _a26() -> Proof:
    data, _, _ = _users()
    softmax = _softmax()
    nearest = [
        NearestNeighbors(n_neighbors=2).fit(space).kneighbors(space)[1][:, 1]
        for space in (data, softmax)
    ]
    shared = float(np.mean(nearest[0] == nearest[1]))
    groups = [script.cluster_users(space, 5) for space in (data, softmax)]
    agree = _same_groups(groups[0], groups[1])
    shows = (
        f"The nearest neighbour in the space of clustering is the nearest one in the space of the "
        f"result for {shared:.0%} of the users, and clusters found in the two agree to {agree:.2f}."
    )
    return Proof("A26", shows, shared < 0.5 and agree < 0.999)


def _a27() -> Proof:
    data, _, _ = _users()
    labels = DBSCAN(eps=0.6, min_samples=8).fit_predict(data)
    noise = int((labels == -1).sum())
    result = script.generate_recommendations(data, labels, int(labels.max()) + 1)
    served = sum(len(rows) for rows in result.values())
    shows = f"DBSCAN calls {noise} of {len(data)} users noise; the loop serves {served} users."
    return Proof("A27", shows, noise > 0 and served == len(data) - noise)


def _main() -> ast.stmt:
    """Give the main program of the listing."""
    return ast.parse(listing()).body[-1]


def _calls(tree: ast.AST) -> list[str]:
    """List the functions that are called by their plain names, in order."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [function for function in calls if isinstance(function, ast.Name)]
    return [name.id for name in sorted(names, key=lambda name: (name.lineno, name.col_offset))]


PROOFS: dict[str, Callable[[], Proof]] = {
    "A1": _a1,
    "A2": _a2,
    "A3": _a3,
    "A4": _a4,
    "A5": _a5,
    "A6": _a6,
    "A7": _a7,
    "A8": _a8,
    "A9": _a9,
    "A10": _a10,
    "A11": _a11,
    "A12": _a12,
    "A13": _a13,
    "A14": _a14,
    "A15": _a15,
    "A16": _a16,
    "A17": _a17,
    "A18": _a18,
    "A19": _a19,
    "A20": _a20,
    "A21": _a21,
    "A22": _a22,
    "A23": _a23,
    "A24": _a24,
    "A25": _a25,
    "A26": _a26,
    "A27": _a27,
}
