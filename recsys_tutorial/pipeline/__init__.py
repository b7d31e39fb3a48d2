"""The source article's ``main()``, made real: a log in; groups, names, lists and a report out.

Seventh step, taught in chapter 17; the command line is a thin coat around it.  `running` computes,
`reporting` writes all or nothing, `card` says what a user of the results has to know.
"""

from recsys_tutorial.pipeline.card import (
    CARD_QUESTIONS,
    choice_in_words,
    model_card,
    quality_in_words,
)
from recsys_tutorial.pipeline.reporting import (
    REPORT_FILES,
    check_model_folder,
    check_report_folder,
    write_report,
)
from recsys_tutorial.pipeline.running import (
    AUTO,
    AUTO_CLUSTERS,
    DEFAULT_CLUSTERS,
    RECOMMENDERS,
    STEPS,
    PipelineResult,
    run_pipeline,
)

__all__ = [
    "AUTO",
    "AUTO_CLUSTERS",
    "CARD_QUESTIONS",
    "DEFAULT_CLUSTERS",
    "PipelineResult",
    "RECOMMENDERS",
    "REPORT_FILES",
    "STEPS",
    "check_model_folder",
    "check_report_folder",
    "choice_in_words",
    "model_card",
    "quality_in_words",
    "run_pipeline",
    "write_report",
]
