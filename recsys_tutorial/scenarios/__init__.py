"""Ten fields, one way through them: what a field is made of, and one function that runs any field.

A room beside the pipeline, after the evaluation; taught in chapter 14.  `running` says what a
scenario is and runs it; `ten` describes the ten fields; `weighing` says what an event is worth, and
`ties` cuts a network in two.  A scenario of your own needs no new code but its parts.
"""

from recsys_tutorial.scenarios.running import (
    Scenario,
    ScenarioResult,
    Trial,
    run_scenario,
    scenario_table,
    start_trial,
    values_per_user,
)
from recsys_tutorial.scenarios.ten import SCENARIOS
from recsys_tutorial.scenarios.ties import split_ties
from recsys_tutorial.scenarios.weighing import recency_weights, weighted_matrix

__all__ = [
    "SCENARIOS",
    "Scenario",
    "ScenarioResult",
    "Trial",
    "recency_weights",
    "run_scenario",
    "scenario_table",
    "split_ties",
    "start_trial",
    "values_per_user",
    "weighted_matrix",
]
