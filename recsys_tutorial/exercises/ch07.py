"""Exercises of chapter 7, interest maps and the convolutional network.

The right layer holds the source article's own error: it takes the softmax for the hidden layer.
The last exercise asks what a description gains over the cheapest, and what that costs: the article
takes the largest network without asking.
All of them are checked without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from recsys_tutorial.exercises.engine import Exercise, Mistake

Window: TypeAlias = "tuple[list[str], list[str]]"
Layers: TypeAlias = "list[tuple[str, np.ndarray]]"
Scores: TypeAlias = "dict[str, list[float]]"
Costs: TypeAlias = "dict[str, float]"
Choice: TypeAlias = "tuple[str, float, float]"

# The article's first layer: 32 filters of 3 by 3 on a map of 28 by 28 with one channel.
SIDE, WIDTH, FILTERS, CHANNELS = 28, 3, 32, 1
WEIGHTS_PER_FILTER = WIDTH * WIDTH * CHANNELS
PLACES = (SIDE - WIDTH + 1) ** 2


def _window(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    return history[max(0, t - n_events) : t], history[t : t + horizon]


def _sees_the_event(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    return history[max(0, t - n_events + 1) : t + 1], history[t : t + horizon]


def _asks_about_the_past(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    return history[max(0, t - n_events) : t], history[max(0, t - horizon) : t]


def _shows_the_oldest(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    return history[: min(n_events, t)], history[t : t + horizon]


def _as_printed(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    return history[t - n_events + 1 : t + 1], history[t : t + horizon]


def _exchanged(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    shown, asked = _window(history, t, n_events, horizon)
    return asked, shown


def _horizon_as_a_place(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    return history[max(0, t - n_events) : t], history[t:horizon]


def _negative_start(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    return history[t - n_events : t], history[t : t + horizon]


def _skips_the_event(history: list[str], t: int, n_events: int, horizon: int) -> Window:
    return history[max(0, t - n_events) : t], history[t + 1 : t + 1 + horizon]


def _window_probes() -> list[tuple[list[str], int, int, int]]:
    films = [f"film {number}" for number in range(12)]
    # A long history, a short one, and one that ends before the horizon does.
    cuts = [(7, 4, 3), (3, 5, 2), (10, 6, 4), (6, 6, 6), (1, 2, 2), (11, 3, 1)]
    return [(films, *cut) for cut in cuts]


def _convolution(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    height, width = weights.shape
    places = np.lib.stride_tricks.sliding_window_view(interest_map, (height, width))
    return (places * weights).sum(axis=(2, 3))


def _flipped(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _convolution(interest_map, weights[::-1, ::-1])


def _same_padding(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _convolution(np.pad(interest_map, 1), weights)


def _largest(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    places = np.lib.stride_tricks.sliding_window_view(interest_map, weights.shape)
    return (places * weights).max(axis=(2, 3))


def _mean(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _convolution(interest_map, weights) / weights.size


def _transposed(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _convolution(interest_map, weights.T)


def _relu(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.maximum(0, _convolution(interest_map, weights))


def _one_place_too_few(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _convolution(interest_map, weights)[:-1, :-1]


def _matrix_product(interest_map: np.ndarray, weights: np.ndarray) -> np.ndarray:
    places = np.lib.stride_tricks.sliding_window_view(interest_map, weights.shape)
    return (places @ weights).sum(axis=(2, 3))


def _convolution_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(7)
    small = (np.arange(12.0).reshape(3, 4), np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [3.0] * 3]))
    shapes = [(3, 3), (5, 6), (7, 4), (4, 9), (28, 28)]
    return [small, *[(rng.normal(size=shape), rng.normal(size=(3, 3))) for shape in shapes]]


def _features(layers: Layers) -> np.ndarray:
    return dict(layers)["features"]


def _counted(place: int) -> Callable[[Layers], np.ndarray]:
    return lambda layers: layers[place][1]


def _named(name: str) -> Callable[[Layers], np.ndarray]:
    return lambda layers: dict(layers)[name]


def _layer_probes() -> list[tuple[Layers]]:
    rng = np.random.default_rng(9)
    return [(layers,) for n_users in (2, 4, 7) for layers in _layers(rng, n_users)]


def _layers(rng: np.random.Generator, n: int) -> list[Layers]:
    flat, features = rng.random((n, 12)), rng.random((n, 6))
    silenced = features * (rng.random((n, 6)) < 0.6) / 0.6
    mix = rng.random((n, 3))
    mix = mix / mix.sum(axis=1, keepdims=True)
    body = [("filters", rng.random((n, 4, 4, 3))), ("pooled", rng.random((n, 2, 2, 3)))]
    more = [("filters_2", rng.random((n, 3, 3, 2))), ("pooled_2", rng.random((n, 2, 2, 2)))]
    head = [("flat", flat), ("features", features)]
    silent, end = ("dropout", silenced), ("mix", mix)
    # With dropout, as in this chapter; without, as in the article; and deeper than either.
    return [[*body, *head, silent, end], [*body, *head, end], [*body, *more, *head, silent, end]]


def _notice(own: str, dense: str, flattened: str, cnn: str) -> Callable[[], dict[str, str]]:
    """What each competitor of the ablation notices, by the names that the chapter gives them."""
    return lambda: {
        "own history": own,
        "dense": dense,
        "flattened softmax": flattened,
        "CNN": cnn,
    }


def _shuffled(maps: np.ndarray, orders: np.ndarray) -> np.ndarray:
    return np.take_along_axis(maps, orders[:, :, None], axis=1)


def _one_order_for_all(maps: np.ndarray, orders: np.ndarray) -> np.ndarray:
    return maps[:, orders[0]]


def _topics_shuffled(maps: np.ndarray, orders: np.ndarray) -> np.ndarray:
    # Made to fit, since a map may have more topics than events.
    columns = orders % maps.shape[2]
    return np.take_along_axis(maps, columns[:, None, : maps.shape[2]], axis=2)


def _rows_of_everybody(maps: np.ndarray, orders: np.ndarray) -> np.ndarray:
    n_users, n_events, n_topics = maps.shape
    places = np.argsort(orders.T.reshape(-1), kind="stable")
    return maps.reshape(-1, n_topics)[places].reshape(n_users, n_events, n_topics)


def _put_where_it_goes(maps: np.ndarray, orders: np.ndarray) -> np.ndarray:
    return np.take_along_axis(maps, np.argsort(orders, axis=1)[:, :, None], axis=1)


def _every_order_for_every_map(maps: np.ndarray, orders: np.ndarray) -> np.ndarray:
    return maps[:, orders]


def _backwards(maps: np.ndarray, orders: np.ndarray) -> np.ndarray:
    return maps[:, ::-1]


def _nothing_moved(maps: np.ndarray, orders: np.ndarray) -> np.ndarray:
    return maps


def _shuffle_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(11)
    # Two users, three events, two topics; the first order is a turn, which is not its own inverse.
    small = np.array([[[1, 0], [2, 0], [3, 0]], [[0, 4], [0, 5], [0, 6]]], dtype=float)
    probes = [(small, np.array([[1, 2, 0], [0, 2, 1]]))]
    for n_users, n_events, n_topics in [(3, 4, 4), (2, 5, 3), (4, 6, 8), (3, 8, 5), (5, 7, 7)]:
        orders = np.array([rng.permutation(n_events) for _ in range(n_users)])
        probes.append((rng.random((n_users, n_events, n_topics)), orders))
    return probes


def _means(scores: Scores) -> dict[str, float]:
    return {name: sum(runs) / len(runs) for name, runs in scores.items()}


def _account(name: str, means: dict[str, float], costs: Costs) -> Choice:
    """Say what a description gains over the cheapest one, and how many times its cost."""
    cheapest = min(costs, key=costs.__getitem__)
    return name, means[name] - means[cheapest], costs[name] / costs[cheapest]


def _good_enough(means: dict[str, float], margin: float) -> list[str]:
    return [name for name in means if means[name] >= max(means.values()) - margin]


def _choice(scores: Scores, costs: Costs, margin: float) -> Choice:
    means = _means(scores)
    return _account(min(_good_enough(means, margin), key=costs.__getitem__), means, costs)


def _choose_best(scores: Scores, costs: Costs, margin: float) -> Choice:
    means = _means(scores)
    return _account(max(means, key=means.__getitem__), means, costs)


def _choose_largest(scores: Scores, costs: Costs, margin: float) -> Choice:
    return _account(max(costs, key=costs.__getitem__), _means(scores), costs)


def _choose_cheapest(scores: Scores, costs: Costs, margin: float) -> Choice:
    return _account(min(costs, key=costs.__getitem__), _means(scores), costs)


def _choose_by_best_run(scores: Scores, costs: Costs, margin: float) -> Choice:
    return _choice({name: [max(runs)] for name, runs in scores.items()}, costs, margin)


def _choose_per_weight(scores: Scores, costs: Costs, margin: float) -> Choice:
    means = _means(scores)
    return _account(max(means, key=lambda name: means[name] / costs[name]), means, costs)


def _choose_first_good(scores: Scores, costs: Costs, margin: float) -> Choice:
    means = _means(scores)
    return _account(_good_enough(means, margin)[0], means, costs)


def _choose_strictly(scores: Scores, costs: Costs, margin: float) -> Choice:
    means = _means(scores)
    good = [name for name in means if means[name] > max(means.values()) - margin]
    return _account(min(good, key=costs.__getitem__), means, costs)


def _gain_from_nothing(scores: Scores, costs: Costs, margin: float) -> Choice:
    name, _, price = _choice(scores, costs, margin)
    return name, _means(scores)[name], price


def _gain_over_the_worst(scores: Scores, costs: Costs, margin: float) -> Choice:
    name, _, price = _choice(scores, costs, margin)
    means = _means(scores)
    return name, means[name] - min(means.values()), price


def _price_as_a_difference(scores: Scores, costs: Costs, margin: float) -> Choice:
    name, gain, _ = _choice(scores, costs, margin)
    return name, gain, costs[name] - min(costs.values())


def _runs(text: str) -> Scores:
    """Read "CNN 0.75 0.5, mean 0.25" as the runs of two descriptions."""
    rows = [row.split() for row in text.split(", ")]
    return {name: [float(run) for run in runs] for name, *runs in rows}


def _choice_probes() -> list[tuple[Scores, Costs, float]]:
    costs = {"CNN": 3200.0, "flat": 800.0, "halves": 64.0, "mean": 32.0}
    # Scores in eighths, so that a margin can be met to the letter.
    worlds = {
        "CNN 0.75 0.5, flat 0.625 0.25, halves 0.5 0.5, mean 0.25 0.25": 0.125,
        "mean 0.5 0.375, halves 0.5 0.25, flat 0.25 0.5, CNN 1 0.75": 0.125,
        "CNN 0.5, flat 0.125, halves 0.875, mean 0.75": 0.0625,
        "flat 0.75 0.75, CNN 0.875 0.75, halves 1 0.125, mean 0.5 0.5": 0.25,
        "CNN 0.5 0.5, flat 0.625 0.375, halves 0 0.25, mean 0.5 0.375": 0.25,
    }
    probes = [(_runs(text), dict(costs), margin) for text, margin in worlds.items()]
    two = _runs("dense 0.625 0.625 0.5, GRU 0.75 0.25 0.5")
    return [*probes, (two, {"GRU": 600.0, "dense": 400.0}, 0.25)]


EXERCISES = (
    Exercise(
        "07.1",
        "A window that sees the future",
        "repair",
        _window,
        (
            Mistake(
                "sees the event it is asked about",
                _sees_the_event,
                "The event at t stands in both lists, so the network may copy the answer. "
                "Where does a slice end?",
            ),
            Mistake(
                "the version that was to be mended",
                _as_printed,
                "This is the version in the notebook. The event at t stands in both lists; and try "
                "it with a short history, where its start is negative.",
            ),
            Mistake(
                "exchanged",
                _exchanged,
                "You return what is asked first and what is shown second. "
                "The exercise names them the other way round.",
            ),
            Mistake(
                "the horizon taken for a place",
                _horizon_as_a_place,
                "The horizon is a number of events, and the second number of a slice is a place. "
                "At which place does the last event asked for stand?",
            ),
            Mistake(
                "asks about the past",
                _asks_about_the_past,
                "You ask for events before t. Those are already shown: the task would be to copy.",
            ),
            Mistake(
                "shows the oldest events",
                _shows_the_oldest,
                "You show how the history began. Which events say most about what comes next?",
            ),
            Mistake(
                "a negative start",
                _negative_start,
                "With a short history the start of your slice is negative, and Python counts a "
                "negative place from the end. What should the smallest start be?",
            ),
            Mistake(
                "skips an event",
                _skips_the_event,
                "The event at t is in neither list. It is the first one that lies in the future.",
            ),
        ),
        "Everything shown stands before t, and it is the latest; everything asked starts at t.",
        "A slice history[a:b] ends before b. The first slice ends at t and begins n_events "
        "earlier, but never below 0; the second begins at t.",
        _window_probes,
    ),
    Exercise(
        "07.2",
        "A convolution by hand",
        "write",
        _convolution,
        (
            Mistake(
                "flipped filter",
                _flipped,
                "You turned the filter round. Mathematicians call that a convolution; a network "
                "lays the filter on the map as it is.",
            ),
            Mistake(
                "padding",
                _same_padding,
                "Your result is as large as the map: you put zeros around it. "
                "The article's layer uses only places where the whole filter lies on the map.",
            ),
            Mistake(
                "maximum instead of sum",
                _largest,
                "You took the largest product at each place. That is the job of the pooling layer; "
                "what does the formula do with the nine products?",
            ),
            Mistake(
                "mean instead of sum",
                _mean,
                "You divided by the number of weights. The formula does not.",
            ),
            Mistake(
                "rows and columns exchanged",
                _transposed,
                "Your filter lies on its side: its rows are time, as those of the map are.",
            ),
            Mistake(
                "relu",
                _relu,
                "You replaced negative responses by 0. The layer does so afterwards; "
                "here we want the responses themselves.",
            ),
            Mistake(
                "one place too few",
                _one_place_too_few,
                "Your last row and your last column are missing. "
                "How many places has the filter on a map of 3 by 3?",
            ),
            Mistake(
                "a product of matrices",
                _matrix_product,
                "You multiplied piece and filter as matrices. The formula multiplies the two "
                "numbers that lie on top of each other.",
            ),
        ),
        "For every place, cut out a piece of the map as large as the filter, multiply the two "
        "number by number, and add up.",
        "Two loops, over the rows and columns at which the filter fits: r from 0 to "
        "len(map) - len(filter). Each place gets (piece * weights).sum().",
        _convolution_probes,
    ),
    Exercise(
        "07.3",
        "How large is the map after two layers?",
        "predict",
        lambda: (SIDE - WIDTH + 1) // 2,
        (
            Mistake(
                "nothing shrinks",
                lambda: SIDE,
                "That is the side of the map that goes in. Both layers make it smaller.",
            ),
            Mistake(
                "padding",
                lambda: SIDE // 2,
                "You let the filter hang over the edge. Without padding it has fewer places: "
                "where is its first row when its last row lies on row 28?",
            ),
            Mistake(
                "one place too many",
                lambda: (SIDE - WIDTH + 2) / 2,
                "Count the places of the filter again: on a map of 3 by 3 there is one.",
            ),
            Mistake(
                "one place too few",
                lambda: (SIDE - WIDTH) // 2,
                "Count the places of the filter again: on a map of 3 by 3 there is one, not none.",
            ),
            Mistake(
                "pooling forgotten",
                lambda: SIDE - WIDTH + 1,
                "Right after the convolution. What does the pooling layer do with each "
                "block of 2 by 2?",
            ),
            Mistake(
                "pooling that overlaps",
                lambda: SIDE - WIDTH,
                "You moved the pooling window by one. Its blocks lie side by side.",
            ),
        ),
        "Give one number, the side. First count the places of a window of 3 on a row of 28.",
        "The window fits on as many places as the row is longer than the window, plus one. "
        "Pooling by 2 then halves that number.",
    ),
    Exercise(
        "07.4",
        "How many numbers does the first layer learn?",
        "predict",
        lambda: FILTERS * (WEIGHTS_PER_FILTER + 1),
        (
            Mistake(
                "no biases",
                lambda: FILTERS * WEIGHTS_PER_FILTER,
                "Those are the weights. Each filter has one number more, which is added to "
                "every response.",
            ),
            Mistake(
                "one filter",
                lambda: WEIGHTS_PER_FILTER + 1,
                "That is one filter. How many has the layer?",
            ),
            Mistake(
                "three channels",
                lambda: FILTERS * (3 * WEIGHTS_PER_FILTER + 1),
                "You counted three channels, as a photograph has them: red, green and blue. "
                "How many has an interest map?",
            ),
            Mistake(
                "weights for every place",
                lambda: FILTERS * (WEIGHTS_PER_FILTER + 1) * PLACES,
                "You gave every place of the filter weights of its own. "
                "Which of them does a convolution share?",
            ),
            Mistake(
                "weights for every cell of the map",
                lambda: FILTERS * WEIGHTS_PER_FILTER * SIDE * SIDE,
                "You multiplied by the cells of the map. Would the layer have more to learn "
                "if the map were larger?",
            ),
            Mistake(
                "one bias for all",
                lambda: FILTERS * WEIGHTS_PER_FILTER + 1,
                "You counted one bias. Each filter has its own.",
            ),
        ),
        "Count what one filter learns, then multiply by the number of filters.",
        "One filter has a weight for each of its cells and one number that is added at the "
        "end. Did you count both, for every filter?",
    ),
    Exercise(
        "07.5",
        "The right layer",
        "repair",
        _features,
        (
            Mistake(
                "the softmax",
                _counted(-1),
                "That is the softmax, which the source article takes for the hidden layer: "
                "each row sums to 1. What does the network know before it makes a forecast?",
            ),
            Mistake(
                "the dropout",
                _counted(-2),
                "The last layer but one is not always the same layer: with dropout it hands out "
                "features of which some were silenced by chance. Can you ask for a layer "
                "in another way than by counting?",
            ),
            Mistake(
                "a fixed place",
                _counted(-3),
                "Your place is right for the network with dropout and wrong for the one without. "
                "Can you ask for a layer in another way than by counting?",
            ),
            Mistake(
                "a fixed place, from the front",
                _counted(3),
                "Your place is right for the article's network and wrong for a deeper one. "
                "Can you ask for a layer in another way than by counting?",
            ),
            Mistake(
                "the name",
                lambda layers: "features",
                "That is the name of the layer. What stands beside it in the pair?",
            ),
            Mistake(
                "the flattened map",
                _named("flat"),
                "These are the pooled filter responses in one long row. No weight has yet "
                "decided which of them matter together.",
            ),
            Mistake(
                "the filters",
                _named("filters"),
                "These are still pictures, one per filter. Clustering wants one row per user.",
            ),
        ),
        "You want the activations of the hidden dense layer. Each layer comes with its name.",
        "Do not count, neither from the end nor from the front. Search the list "
        "for the pair whose first part is the name of the hidden layer.",
        _layer_probes,
    ),
    Exercise(
        "07.6",
        "Who would notice?",
        "predict",
        _notice("neither", "neither", "rows", "both"),
        (
            Mistake(
                "everybody notices everything",
                _notice("both", "both", "both", "both"),
                "Add up the rows of a map, shuffle them, and add up again. "
                "What has become of the sum?",
            ),
            Mistake(
                "every network notices both",
                _notice("neither", "both", "both", "both"),
                "One of the networks gets the mean of the rows. "
                "Which of the two shuffles changes a mean, and what can fresh weights undo?",
            ),
            Mistake(
                "a convolution does not mind the columns",
                _notice("neither", "neither", "rows", "rows"),
                "Fresh weights can follow a column only where each column has weights of its own. "
                "Do the nine weights of a filter belong to one column?",
            ),
            Mistake(
                "an average minds the order",
                _notice("rows", "neither", "rows", "both"),
                "All 28 films shown are counted. In which order must you know them to count them?",
            ),
            Mistake(
                "a mean minds the columns, a flattened map does not",
                _notice("neither", "columns", "rows", "both"),
                "The mean has one number for each column, and the first layer one weight for each "
                "number. Permute the columns alike in all maps: can fresh weights follow them?",
            ),
            Mistake(
                "only a convolution knows the order",
                _notice("neither", "neither", "neither", "both"),
                "Another competitor also has a weight of its own for every event of every topic. "
                "Shuffle the rows differently in each map: do its weights still meet the same "
                "event?",
            ),
            Mistake(
                "flattening minds the columns",
                _notice("neither", "neither", "both", "both"),
                "The columns are permuted alike in all maps. A model with one weight for each "
                "cell carries its weights along; does it compare neighbours?",
            ),
            Mistake(
                "a mean minds the columns",
                _notice("neither", "columns", "both", "both"),
                "The mean has one number for each column, and the first layer one weight for each "
                "number. Permute the columns alike in all maps: can fresh weights follow them?",
            ),
            Mistake(
                "a convolution slides over time",
                _notice("neither", "neither", "rows", "columns"),
                "A filter is found wherever it stands, but it looks at three events running. "
                "Are they still the same three after the rows were shuffled?",
            ),
            Mistake(
                "rows and columns exchanged",
                _notice("neither", "neither", "columns", "both"),
                "You may have exchanged the two: rows are time, columns are topics.",
            ),
        ),
        "Ask of each competitor: would the numbers it computes with be the same after the shuffle, "
        "but for an order that it can learn anew?",
        "Two questions. Rows are shuffled differently in every map: who has weights that belong to "
        "a place in time? Columns are permuted alike in all maps: who compares neighbours?",
    ),
    Exercise(
        "07.7",
        "Shuffle time, and only time",
        "write",
        _shuffled,
        (
            Mistake(
                "one order for all",
                _one_order_for_all,
                "You gave every map the order of the first. A network could learn that one order "
                "as well as the true one; time would still be there.",
            ),
            Mistake(
                "every order for every map",
                _every_order_for_every_map,
                "Your result has one axis too many: it holds each map in the order of every user. "
                "Which of these orders belongs to map i?",
            ),
            Mistake(
                "topics shuffled",
                _topics_shuffled,
                "You moved the columns. Rows are time; the topics have to stay where they are.",
            ),
            Mistake(
                "rows of everybody",
                _rows_of_everybody,
                "You moved events from one user to another. "
                "Then the mean profiles change too, and you would not know what a loss is due to.",
            ),
            Mistake(
                "there and back",
                _put_where_it_goes,
                "You moved row r to the place orders[i, r]. The exercise asks the other way "
                "round: row r of the new map is which row of the old one?",
            ),
            Mistake(
                "backwards",
                _backwards,
                "You turned every map upside down. That is an order as well, and one that can be "
                "learnt.",
            ),
            Mistake(
                "nothing moved",
                _nothing_moved,
                "Your maps are as they were. If you put rows in order somewhere else, "
                "is that what you return?",
            ),
        ),
        "Each map keeps its own rows, in the order that its own line of `orders` gives.",
        "Go through the users one by one: an array of places in square brackets picks the rows "
        "of one map in that order. Then stack the maps.",
        _shuffle_probes,
    ),
    Exercise(
        "07.8",
        "What it gains, and what it costs",
        "write",
        _choice,
        (
            Mistake(
                "the best mean, whatever it costs",
                _choose_best,
                "You took the highest mean. Whoever is within the margin of it cannot be told "
                "apart from it: among those, cost decides.",
            ),
            Mistake(
                "the largest network",
                _choose_largest,
                "You took the most expensive description, as the source article does. Size is what "
                "you pay, and no merit.",
            ),
            Mistake(
                "the cheapest, whatever it scores",
                _choose_cheapest,
                "You took the cheapest of all. It has to be good enough first: within the margin "
                "of the best mean.",
            ),
            Mistake(
                "the best run",
                _choose_by_best_run,
                "You judged each description by its luckiest run. Use the mean over its runs.",
            ),
            Mistake(
                "score for each weight",
                _choose_per_weight,
                "You divided score by cost. Then a small description wins, good or not: a "
                "hundredth of the weights need not come with a hundredth of the score.",
            ),
            Mistake(
                "the first that is good enough",
                _choose_first_good,
                "You took the first name within the margin. The order of a dict says nothing "
                "about cost.",
            ),
            Mistake(
                "strictly within the margin",
                _choose_strictly,
                "Whoever lies below the best by the margin to the letter is good enough as well.",
            ),
            Mistake(
                "gain over nothing",
                _gain_from_nothing,
                "The name is right. A score is not yet a gain: how much more is it than what the "
                "cheapest description reaches?",
            ),
            Mistake(
                "gain over the worst",
                _gain_over_the_worst,
                "The name is right, but the gain is measured against the worst. The alternative "
                "that costs least is the one to be measured against.",
            ),
            Mistake(
                "price as a difference",
                _price_as_a_difference,
                "The price should say how many times the cost of the cheapest it is.",
            ),
        ),
        "Three steps: the mean of each description's runs; who is at most the margin below the "
        "best mean; and the least cost among those.",
        "Keep two names apart, the one you choose and the cheapest of all. The gain is a "
        "difference of their two means, the price a ratio of their two costs; both may say that "
        "nothing was gained.",
        _choice_probes,
    ),
)
