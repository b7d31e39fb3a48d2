"""The bench: every method of the course and its peers, asked the same question on the same terms.

Run by ``python course.py bench``, read in chapters 11 and 18.  It stands beside the pipeline: it
looks at everything up to the evaluation, and nothing looks at it.

One idea a file: `protocol` holds the rules, `methods` who takes part, `peers` the other libraries
behind our interface, `running` the work and its interruptions, `table` what came out, `front`
which methods are worth their time.
"""

from recsys_tutorial.bench.front import (
    beaten_by,
    describe_front,
    pareto_front,
    plot_front,
)
from recsys_tutorial.bench.methods import METHODS, Method
from recsys_tutorial.bench.peers import installed_peers
from recsys_tutorial.bench.protocol import Task, judge, make_task
from recsys_tutorial.bench.running import QUICK, Plan, run_bench
from recsys_tutorial.bench.table import COLUMNS, overview, results, user_scores

__all__ = [
    "COLUMNS",
    "METHODS",
    "Method",
    "Plan",
    "QUICK",
    "Task",
    "beaten_by",
    "describe_front",
    "installed_peers",
    "judge",
    "make_task",
    "overview",
    "pareto_front",
    "plot_front",
    "results",
    "run_bench",
    "user_scores",
]
