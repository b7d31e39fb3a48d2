"""A model card: what was done with which data, how well it works, and what only a person can say.

Taught in chapter 17.  The numbers come from the run; the questions about people cannot, and stay
visibly open until somebody answers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

import pandas as pd

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.pipeline.running import (
    BESIDE,
    FEWEST_TESTED,
    RECOMMENDERS,
    USED,
    PipelineResult,
)
from recsys_tutorial.pipeline.templates import environment

CARD_QUESTIONS = {
    "purpose": "What shall the lists be used for, and by whom?",
    "not_for": "What must they not be used for?",
    "people": "Who are the people in the data, and what did they agree to?",
    "harms": "Whom could a wrong group or a wrong list hurt, and how would you notice?",
    "oversight": "Who looks at the lists, how often, and who can switch them off?",
    "contact": "Who answers questions?",
}
NOT_FILLED = "**NOT FILLED IN.** Only the author can answer this."


def quality_in_words(result: PipelineResult) -> str:
    """Say in a sentence or two how good the lists are, against popularity and with an interval.

    Parameters
    ----------
    result : PipelineResult
        From `run_pipeline`.

    Returns
    -------
    str
        The verdict.

    Examples
    --------
    >>> from recsys_tutorial.pipeline import run_pipeline
    >>> log = pd.DataFrame({"user": [1, 2], "item": ["a", "b"]})
    >>> result = run_pipeline(Interactions.from_frame(log, rating=None, timestamp=None))
    >>> quality_in_words(result)
    'The quality is unknown: nothing could be held out.'
    """
    board = result.evaluation
    if board.empty:
        return "The quality is unknown: nothing could be held out."
    used = board.loc[next(name for name in board.index if name.endswith(USED))]
    popular, top, tested = board.iloc[0], result.settings["top"], int(used["users"])
    figures = f"nDCG@{top} {used['ndcg']:.3f}, popularity {popular['ndcg']:.3f}"
    if tested < FEWEST_TESTED:
        who = "one user" if tested == 1 else f"{tested} users"
        return f"The quality is unknown: only {who} could be tested ({figures})."
    figures += (
        f"; gain {used['ndcg'] - popular['ndcg']:+.3f}, "
        f"95 % interval {used['gain_low']:+.3f} to {used['gain_high']:+.3f}; "
        f"{tested:,} users tested."
    )
    if used["gain_low"] > 0:
        return f"Better than the same list for everybody: {figures}"
    if used["gain_high"] < 0:
        return f"WORSE than the same list for everybody: {figures}"
    return f"It cannot be told whether this beats the same list for everybody: {figures}"


def choice_in_words(result: PipelineResult) -> str:
    """Say how the number of groups was chosen, of what, and how much hung on it.

    Parameters
    ----------
    result : PipelineResult
        From `run_pipeline`.

    Returns
    -------
    str
        One to three sentences.

    Examples
    --------
    >>> from recsys_tutorial.pipeline import run_pipeline
    >>> log = pd.DataFrame({"user": [1, 2], "item": ["a", "b"]})
    >>> result = run_pipeline(Interactions.from_frame(log, rating=None, timestamp=None))
    >>> choice_in_words(result)
    'The number of groups was given: 10, and 2 were made: no more users differ.'
    """
    board, number = result.tried, result.settings["n_clusters"]
    n_made, maker = len(result.clusters), str(result.settings["recommender"])
    if board.empty:
        given = result.settings["clusters_by"] == "the caller"
        how = "was given" if given else "could not be chosen, so the default was taken"
        fewer = f", and {n_made} were made: no more users differ" if n_made != number else ""
        return f"The number of groups {how}: {number}{fewer}."
    curve = ", ".join(f"{tried}: {row.ndcg:.3f}" for tried, row in board.iterrows())
    made = (
        f"{number} groups were chosen on events held out of the training part, "
        f"not on the test (nDCG@{result.settings['top']} by number of groups: {curve})."
    )
    if maker in BESIDE:
        made += f" That is a curve of soft groups; the lists are made by: {RECOMMENDERS[maker]}."
    first, row = board.iloc[0], board.iloc[board.index.tolist().index(number)]
    if row["ndcg"] > first["ndcg"] and row["gain_low"] <= 0:
        return (
            f"{made} Over {board.index[0]} groups that is a gain of "
            f"{row['ndcg'] - first['ndcg']:+.3f}, 95 % interval {row['gain_low']:+.3f} to "
            f"{row['gain_high']:+.3f}, and may be luck."
        )
    return made


def model_card(result: PipelineResult, answers: Mapping[str, str] | None = None) -> str:
    """Write the model card of a run.

    Parameters
    ----------
    result : PipelineResult
        From `run_pipeline`.
    answers : mapping of str to str, optional
        Answers to `CARD_QUESTIONS`, by key.  A question without one is marked as not filled in.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        If there is an answer to a question that is not asked.

    References
    ----------
    Mitchell and others (2019), Model Cards for Model Reporting. [mitchell2019model]

    Examples
    --------
    >>> from recsys_tutorial.pipeline import run_pipeline
    >>> log = pd.DataFrame({"user": [1, 2], "item": ["a", "b"]})
    >>> result = run_pipeline(Interactions.from_frame(log, rating=None, timestamp=None))
    >>> model_card(result, {"contact": "Ann"}).count("**NOT FILLED IN.**")
    5
    """
    given = dict(answers or {})
    unknown = set(given) - set(CARD_QUESTIONS)
    if unknown:
        raise ValueError(f"No question is called {sorted(unknown)}; ask {list(CARD_QUESTIONS)}.")
    said = {key: str(given.get(key, "")).strip() or NOT_FILLED for key in CARD_QUESTIONS}
    log, lists = result.interactions, result.recommendations
    pages = environment(for_markdown=True)
    return pages.get_template("model_card.md.j2").render(
        questions=CARD_QUESTIONS,
        answers=said,
        n_open=sum(text == NOT_FILLED for text in said.values()),
        result=result,
        recommender=RECOMMENDERS[str(result.settings["recommender"])],
        quality=quality_in_words(result),
        choice=choice_in_words(result),
        asked={"validation": "chosen", "the default": "by default"}.get(
            str(result.settings["clusters_by"]), "asked for"
        ),
        evaluation=result.evaluation.reset_index().to_dict("records"),
        tried=result.tried.reset_index().to_dict("records"),
        clusters=result.clusters.to_dict("records"),
        period=_period(log),
        median_events=int(log.events["user"].value_counts().median()),
        few=float((log.events["user"].value_counts() < 5).mean()),
        shown=lists["item"].nunique() / max(log.n_items, 1),
        smallest=int(result.clusters["users"].min()),
        package=_version(),
    )


def _period(log: Interactions) -> str:
    if not log.has_time:
        return ""
    times = pd.to_datetime(log.events["timestamp"], unit="s")
    return f"{times.min():%Y-%m-%d} to {times.max():%Y-%m-%d}"


def _version() -> str:
    try:
        return version("recsys-tutorial")
    except PackageNotFoundError:
        return "not installed"
