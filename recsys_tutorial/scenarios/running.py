"""What a scenario is, and the one function that runs it.

Taught in chapter 14.  The words describe a field to people; the callables describe it to the
machine.  Everything that fields have in common (cutting, fitting, ranking, measuring, comparing in
pairs) is written once, in `run_scenario`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from recsys_tutorial.datasets import FieldLog, Interactions
from recsys_tutorial.evaluation import (
    METRICS,
    Comparison,
    find_hits,
    metrics_from_hits,
    paired_bootstrap,
)
from recsys_tutorial.preprocessing import Split, UserItemMatrix, user_item_matrix
from recsys_tutorial.recommenders import Popularity, Recommender

GUARDED = "groups, guarded"


@dataclass(frozen=True, eq=False)
class Trial:
    """A field's log, cut in two, with everything that the parts of a scenario may look at.

    Attributes
    ----------
    field : FieldLog
        The log and what is known about its people.
    train, test : Interactions
        The two halves.
    matrix : UserItemMatrix
        The training half, weighed.
    """

    field: FieldLog
    train: Interactions
    test: Interactions
    matrix: UserItemMatrix

    @property
    def people(self) -> pd.DataFrame:
        """Facts about the people, one row per row of the matrix."""
        return self.field.people.loc[self.matrix.users]

    @property
    def items(self) -> pd.DataFrame:
        """Facts about the items, one row per column of the matrix."""
        return self.field.log.items.set_index("item").loc[self.matrix.items]


@dataclass(frozen=True, eq=False)
class Scenario:
    """One field of application: in words, and in the parts that `run_scenario` puts together.

    Attributes
    ----------
    name : str
        The field.
    people, items, behaviour : str
        Who they are, what is recommended, and what is recorded.
    source : str
        Where the data come from: real, or a generator with its assumptions.
    features, grouping, recommendation : str
        How the people are described and grouped, and what is made of the groups.
    harm, rule : str
        What a list may do to somebody, and the rule that guards against it.
    lesson : str
        What this field teaches and the others do not.
    load : callable
        ``load(random_state)`` gives a `FieldLog`.
    split : callable
        ``split(field_log, random_state)`` gives a `Split`.
    groups : callable
        ``groups(trial, random_state)`` gives a fitted recommender that works by groups.
    guard : callable
        ``guard(recommender, trial)`` puts the rule around a fitted recommender.
    harm_of : callable
        ``harm_of(lists, trial)`` measures the harm of lists, between 0 and 1.
    baseline : callable, optional
        As `groups`: what the groups must beat; by default everybody's popularity.
    rivals : mapping
        More recommenders by name, each as `groups`.
    weigh : callable
        Turns the training log into a `UserItemMatrix`; by default every event counts 1.
    metric : str
        One of the names in `recsys_tutorial.evaluation.METRICS`.
    k : int
        Length of the lists.
    reference : str
        The baseline in words.

    Raises
    ------
    ValueError
        If the metric does not exist, `k` is less than 1, a text is empty, or a rival has the name
        of one of the three models that are always there.

    Examples
    --------
    >>> from recsys_tutorial.scenarios import SCENARIOS
    >>> SCENARIOS["travel"].people, SCENARIOS["travel"].metric
    ('travellers', 'ndcg')
    """

    name: str
    people: str
    items: str
    behaviour: str
    source: str
    features: str
    grouping: str
    recommendation: str
    harm: str
    rule: str
    lesson: str
    load: Callable[[int], FieldLog]
    split: Callable[[FieldLog, int], Split]
    groups: Callable[[Trial, int], Recommender]
    guard: Callable[[Recommender, Trial], Recommender]
    harm_of: Callable[[pd.DataFrame, Trial], float]
    baseline: Callable[[Trial, int], Recommender] | None = None
    rivals: Mapping[str, Callable[[Trial, int], Recommender]] = field(default_factory=dict)
    weigh: Callable[[Interactions], UserItemMatrix] = user_item_matrix
    metric: str = "ndcg"
    k: int = 10
    reference: str = "popularity, one list for everybody"

    def __post_init__(self) -> None:
        """Check the parts."""
        if self.metric not in METRICS:
            raise ValueError(f"metric='{self.metric}' is not one of {', '.join(METRICS)}.")
        if self.k < 1:
            raise ValueError(f"k={self.k} must be at least 1.")
        empty = [n for n, v in vars(self).items() if isinstance(v, str) and not v.strip()]
        if empty:
            raise ValueError(f"'{empty[0]}' is empty. Say it in words: somebody will rely on it.")
        taken = {"baseline", "groups", GUARDED} & set(self.rivals)
        if taken:
            raise ValueError(f"A rival is called {sorted(taken)[0]!r}. Choose another name.")

    @property
    def card(self) -> pd.Series:
        """The field in words, one line per question."""
        words = {n: v for n, v in vars(self).items() if isinstance(v, str)}
        words["metric"] = f"{self.metric}@{self.k}, in pairs against the reference"
        return pd.Series(words, name=words.pop("name"))


@dataclass(frozen=True, eq=False)
class ScenarioResult:
    """What `run_scenario` found.

    Attributes
    ----------
    scenario : Scenario
        What was run.
    trial : Trial
        The data as they were cut.
    models : dict of str to Recommender
        ``baseline``, ``groups``, ``groups, guarded``, and the rivals.
    values : DataFrame
        The metric of every tested person under every model.
    gain : Comparison
        Groups minus baseline, in pairs.
    price : Comparison
        Groups with the rule minus groups without it, in pairs.
    harm_baseline, harm_before, harm_after : float
        The harm of the lists of the baseline, and of those by groups, without and with the rule.
    """

    scenario: Scenario
    trial: Trial
    models: dict[str, Recommender]
    values: pd.DataFrame
    gain: Comparison
    price: Comparison
    harm_baseline: float
    harm_before: float
    harm_after: float

    def against(self, first: str, second: str = "baseline") -> Comparison:
        """Compare two of the models in pairs.

        Parameters
        ----------
        first, second : str
            Names of models.

        Returns
        -------
        Comparison
            First minus second.

        Raises
        ------
        KeyError
            If there is no such model.
        """
        for name in (first, second):
            if name not in self.values:
                raise KeyError(f"No model '{name}'. There are: {', '.join(self.models)}.")
        return paired_bootstrap(self.values[first], self.values[second])


def start_trial(scenario: Scenario, *, random_state: int = 0) -> Trial:
    """Load the log of a scenario and cut it in two.

    Parameters
    ----------
    scenario : Scenario
        The field.
    random_state : int
        Seed of generator and split.

    Returns
    -------
    Trial
        What the models will see, and what they will be asked.

    Examples
    --------
    >>> from recsys_tutorial.scenarios import SCENARIOS
    >>> start_trial(SCENARIOS["social network"]).matrix.shape
    (34, 34)
    """
    loaded = scenario.load(random_state)
    train, test = scenario.split(loaded, random_state)
    return Trial(loaded, train, test, scenario.weigh(train))


def values_per_user(
    recommender: Recommender, trial: Trial, *, metric: str = "ndcg", k: int = 10
) -> pd.Series:
    """Measure the lists of everybody who is in the training and wants something in the test.

    Parameters
    ----------
    recommender : Recommender
        Fitted on the users and items of the trial.
    trial : Trial
        The data.
    metric : str
        One of the names in `recsys_tutorial.evaluation.METRICS`.
    k : int
        Length of the lists.

    Returns
    -------
    Series
        One number per tested person.

    Raises
    ------
    ValueError
        If the recommender was fitted on other users or items, or nobody can be tested.

    Examples
    --------
    >>> from recsys_tutorial.scenarios import SCENARIOS
    >>> trial = start_trial(SCENARIOS["social network"])
    >>> values_per_user(Popularity().fit(trial.matrix), trial).between(0, 1).all().item()
    True
    """
    known = recommender.matrix_
    if not (known.users.equals(trial.matrix.users) and known.items.equals(trial.matrix.items)):
        raise ValueError("The recommender was fitted on other users or items than the trial has.")
    wanted = user_item_matrix(trial.test, like=trial.matrix).values
    rows = (wanted.indptr[1:] > wanted.indptr[:-1]).nonzero()[0]
    if not rows.size:
        raise ValueError("Nobody in the test is in the training. Use another split.")
    users, wanted = trial.matrix.users[rows], wanted[rows]
    hits = find_hits(recommender.top_k(users, k), wanted)
    found = metrics_from_hits(hits, wanted.indptr[1:] - wanted.indptr[:-1], k)
    return pd.Series(found[metric], index=users, name=metric)


def run_scenario(scenario: Scenario, *, random_state: int = 0) -> ScenarioResult:
    """Cut, fit, rank, measure, guard, and compare in pairs.

    Parameters
    ----------
    scenario : Scenario
        The field.
    random_state : int
        Seed.

    Returns
    -------
    ScenarioResult
        Models, values, gain, harm and price.

    Raises
    ------
    ValueError
        If a part of the scenario gives something that does not fit.

    Examples
    --------
    >>> from recsys_tutorial.scenarios import SCENARIOS
    >>> found = run_scenario(SCENARIOS["social network"])
    >>> found.values.shape[1], found.harm_before > found.harm_after
    (4, True)
    """
    trial = start_trial(scenario, random_state=random_state)
    baseline: Callable[[Trial, int], Recommender] = scenario.baseline or (
        lambda trial, _: Popularity().fit(trial.matrix)
    )
    models: dict[str, Recommender] = {
        "baseline": baseline(trial, random_state),
        "groups": scenario.groups(trial, random_state),
    }
    models[GUARDED] = scenario.guard(models["groups"], trial)
    models |= {name: make(trial, random_state) for name, make in scenario.rivals.items()}
    values = pd.DataFrame(
        {
            name: values_per_user(model, trial, metric=scenario.metric, k=scenario.k)
            for name, model in models.items()
        }
    )
    harms = [
        float(scenario.harm_of(models[name].recommend(values.index, scenario.k), trial))
        for name in ("baseline", "groups", GUARDED)
    ]
    gain = paired_bootstrap(values["groups"], values["baseline"])
    price = paired_bootstrap(values[GUARDED], values["groups"])
    return ScenarioResult(scenario, trial, models, values, gain, price, *harms)


def scenario_table(results: Iterable[ScenarioResult]) -> pd.DataFrame:
    """Put scenarios side by side.

    Parameters
    ----------
    results : iterable of ScenarioResult
        From `run_scenario`.

    Returns
    -------
    DataFrame
        One row per field: ``people`` (tested), ``metric``, ``baseline``, ``groups``, ``gain`` with
        ``low`` and ``high``; the harm of the lists: ``harm, baseline``, ``harm`` (of groups) and
        ``harm, guarded``; ``price`` (what the rule changed).

    Examples
    --------
    >>> from recsys_tutorial.scenarios import SCENARIOS
    >>> table = scenario_table([run_scenario(SCENARIOS["social network"])])
    >>> table.loc["social network", "metric"]
    'ndcg@5'
    """
    rows = {}
    for found in results:
        gain = found.gain.difference
        rows[found.scenario.name] = {
            "people": len(found.values),
            "metric": f"{found.scenario.metric}@{found.scenario.k}",
            "baseline": found.values["baseline"].mean(),
            "groups": found.values["groups"].mean(),
            "gain": gain.mean,
            "low": gain.low,
            "high": gain.high,
            "harm, baseline": found.harm_baseline,
            "harm": found.harm_before,
            "harm, guarded": found.harm_after,
            "price": found.price.difference.mean,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("field")
