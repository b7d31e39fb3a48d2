"""The command line: ``recsys-tutorial run``, ``doctor``, ``fetch`` and ``grade``.

Taught in chapter 17 and on the page "Your own data".  All errors that data can cause are one line
on standard error and exit code 2; nothing is written then.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

import matplotlib
from tqdm import tqdm

from recsys_tutorial import __version__
from recsys_tutorial.datasets import DataError, Interactions, load_movielens, read_interactions
from recsys_tutorial.datasets.fetching import (
    RELEASES,
    fetch_release,
    read_release,
    write_tables,
)
from recsys_tutorial.doctor import examine
from recsys_tutorial.pipeline import (
    AUTO,
    DEFAULT_CLUSTERS,
    RECOMMENDERS,
    STEPS,
    check_model_folder,
    check_report_folder,
    choice_in_words,
    quality_in_words,
    run_pipeline,
    write_report,
)


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line.

    Returns
    -------
    ArgumentParser
        With the commands ``run``, ``doctor``, ``fetch`` and ``grade``.
    """
    parser = argparse.ArgumentParser(
        prog="recsys-tutorial", description="Group users by interest and recommend from the groups."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="a log in; groups, recommendations and a report out")
    run.add_argument("events", nargs="?", help="table, an event per row; default: MovieLens")
    _add_columns(run)
    _add_reading(run)
    run.add_argument(
        "--clusters",
        type=_clusters,
        default=DEFAULT_CLUSTERS,
        metavar="N",
        help=f"number of groups ({DEFAULT_CLUSTERS}); auto: chosen on a part of the training data",
    )
    run.add_argument("--top", type=_positive, default=10, help="recommendations per user (10)")
    run.add_argument(
        "--recommender",
        default="soft",
        choices=tuple(RECOMMENDERS),
        help="what makes the lists (soft); ease ranks better, without groups and for small logs",
    )
    run.add_argument(
        "--min-rating",
        type=_number,
        help="the least rating that counts as liked; by default every event counts",
    )
    run.add_argument("--seed", type=_seed, default=0, help="the same seed gives the same groups")
    run.add_argument("--out", default="report", help="folder for the report (default: report)")
    run.add_argument("--save", help="another folder for the recommender, to be loaded again")
    commands.add_parser("doctor", help="check this computer and say what to mend")
    fetch = commands.add_parser("fetch", help="download one of the large MovieLens sets")
    _add_fetching(fetch)
    grade = commands.add_parser("grade", help="for teachers: mark a class's notebooks")
    _add_grading(grade)
    return parser


def _add_fetching(fetch: argparse.ArgumentParser) -> None:
    fetch.add_argument("version", choices=tuple(RELEASES), help="how many ratings")
    fetch.add_argument("--out", metavar="FOLDER", help="for the tables (movielens-VERSION)")
    fetch.add_argument("--cache", metavar="FOLDER", help="where the zip is kept and looked for")
    fetch.add_argument(
        "--mirror", metavar="URL", help="folder with a copy, for example a teacher's"
    )


def _add_grading(grade: argparse.ArgumentParser) -> None:
    grade.add_argument("submissions", help="folder of notebooks, folders or zips; or a zip")
    grade.add_argument("--out", required=True, help="folder for the report")
    grade.add_argument(
        "--timeout",
        type=_positive,
        default=20,
        metavar="SECONDS",
        help="most for one answer with the cells it needs (20); five times that for a notebook",
    )
    grade.add_argument(
        "--memory", type=_positive, default=2048, metavar="MB", help="most per notebook (2048)"
    )
    grade.add_argument("--chapter", metavar="NN", help="mark all as this chapter; default: look")
    grade.add_argument(
        "--exercises",
        metavar="IDS",
        help="only what was set, with commas: 03.1,03.3 (default: all of each chapter)",
    )
    grade.add_argument("--jobs", type=_positive, metavar="N", help="notebooks at a time (2)")
    grade.add_argument(
        "--unfenced",
        action="store_true",
        help="go on where the kernel cannot keep learners' code off your files",
    )


def _add_columns(run: argparse.ArgumentParser) -> None:
    columns = run.add_argument_group("columns (names, or with --no-header numbers from 1)")
    columns.add_argument("--user", default="user", help="column with the users (default: user)")
    columns.add_argument("--item", default="item", help="column with the items (default: item)")
    columns.add_argument("--rating", help="column with ratings or counts, if there is one")
    columns.add_argument("--time", help="column with times, if there is one")
    columns.add_argument("--items", help="table that describes the items: item, title, genres")


def _add_reading(run: argparse.ArgumentParser) -> None:
    how = run.add_argument_group("how to read the table (found out and said, unless you say it)")
    how.add_argument("--sep", help="between columns: , ; | tab :: or another character")
    how.add_argument("--encoding", help="of the letters: utf-8, cp1252, utf-16, gb18030 ...")
    how.add_argument("--no-header", action="store_true", help="the first line is an event")
    how.add_argument("--time-unit", default="auto", choices=("auto", "s", "ms", "us", "ns"))
    how.add_argument("--date-order", choices=("dmy", "mdy"), help="is 03/04/2024 in April or March")
    how.add_argument("--decimal", choices=(".", ","), help="what stands before decimals")
    how.add_argument(
        "--rating-range",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        help="other ratings are errors",
    )
    how.add_argument("--duplicates", default="last", choices=("last", "sum", "max", "error"))
    how.add_argument(
        "--drop-bad-rows", action="store_true", help="leave out rows with missing or bad cells"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _clusters(text: str) -> int | str:
    if text == AUTO:
        return AUTO
    try:
        return _positive(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor {AUTO!r}") from None


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1}")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the command's name; by default those of the process.

    Returns
    -------
    int
        0 if all went well, 1 if `doctor` found a problem, 2 if the data cannot be used.
    """
    options = build_parser().parse_args(arguments)
    try:
        tasks = {"doctor": _doctor, "fetch": _fetch, "grade": _grade, "run": _run}
        return tasks[options.command](options)
    except DataError as error:
        print(f"recsys-tutorial: {error}", file=sys.stderr)
        return 2


def _doctor(options: argparse.Namespace) -> int:
    findings = examine()
    print("\n".join(map(str, findings)))
    problems = [f for f in findings if not f.ok and not f.optional]
    print(f"\n{len(problems)} problem(s)." if problems else "\nReady.")
    return int(bool(problems))


def _run(options: argparse.Namespace) -> int:
    check_report_folder(options.out)
    if options.save is not None:
        check_model_folder(options.save, options.out)
    # A report needs files, not windows; without this a server without a screen would fail.
    matplotlib.use("Agg")
    source: list[str] = []
    with tqdm(total=len(STEPS) + 2, bar_format="{l_bar}{bar}| step {n_fmt} of {total_fmt}") as bar:
        step = partial(_announce, bar)
        step("read the log")
        interactions = _load(options, source.append)
        result = run_pipeline(
            interactions,
            n_clusters=options.clusters,
            top=options.top,
            recommender=options.recommender,
            min_rating=options.min_rating,
            random_state=options.seed,
            source=source,
            progress=step,
        )
        step("write the report")
        page = write_report(result, options.out, save_to=options.save)
    for sentence in source:
        print(f"Read: {sentence}")
    if interactions.n_merged:
        print(f"Note: {interactions.n_merged:,} repeated events were {_merging(options)}.")
    for note in result.notes:
        print(f"Note: {note}")
    n_groups = len(result.clusters)
    groups = "1 group" if n_groups == 1 else f"{n_groups} groups"
    print(f"{groups}, {len(result.recommendations):,} recommendations.")
    if not result.tried.empty:
        print(choice_in_words(result))
    print(quality_in_words(result))
    print(f"Report: {page}")
    print(f"Model card: {page.parent / 'model_card.md'}; its questions are yours to answer.")
    if options.save is not None:
        print(
            f"Recommender: {options.save}; recsys_tutorial.recommenders.load_recommender reads it."
        )
    return 0


def _fetch(options: argparse.Namespace) -> int:
    path = fetch_release(options.version, folder=options.cache, mirror=options.mirror)
    print(f"{path}: complete, its SHA-256 is the published one.")
    log = read_release(path, RELEASES[options.version])
    ratings, items = write_tables(log, options.out or f"movielens-{options.version}")
    print(f"{log.n_events:,} ratings of {log.n_items:,} films by {log.n_users:,} people.")
    print("GroupLens asks you to cite Harper and Konstan (2015), and not to pass the data on.")
    print(
        f'Next: recsys-tutorial run "{ratings}" --rating rating --time timestamp --items "{items}"'
    )
    return 0


def _grade(options: argparse.Namespace) -> int:
    # Nobody but a teacher needs the exercises here.
    from recsys_tutorial.grading.classes import grade_class
    from recsys_tutorial.grading.reporting import (
        check_class_folder,
        summary,
        write_class_report,
    )

    check_class_folder(options.out, options.submissions)
    marks = grade_class(
        options.submissions,
        seconds=options.timeout,
        memory_mb=options.memory,
        chapter=options.chapter,
        exercises=None if options.exercises is None else _listed(options.exercises),
        jobs=options.jobs,
        unfenced=options.unfenced,
        keep_away=(options.out,),
        say=lambda paper: print(f"{paper.submission.file}: {paper.in_words}", flush=True),
    )
    page = write_class_report(marks, options.out)
    print(summary(marks))
    for sentence in marks.rails.in_words():
        print(f"Note: {sentence}")
    print(f"Report: {page}")
    return 0


def _listed(text: str) -> list[str]:
    return [word for word in re.split(r"[,;\s]+", text) if word]


def _announce(bar: tqdm[NoReturn], name: str) -> None:
    bar.set_description(name.ljust(24))
    bar.update(1)


def _merging(options: argparse.Namespace) -> str:
    if options.duplicates == "sum":
        return "added up"
    if options.duplicates == "max":
        return "merged with the one that has the highest rating"
    return f"merged with the {'latest one' if options.time else 'last one in the file'}"


def _about_a_file(options: argparse.Namespace) -> list[str]:
    """Name the options that say something about a file and were given."""
    usual = build_parser().parse_args(["run"])
    names = "user item rating time items sep encoding no_header time_unit date_order decimal"
    names += " rating_range duplicates drop_bad_rows"
    given = [name for name in names.split() if getattr(options, name) != getattr(usual, name)]
    return [f"--{name.replace('_', '-')}" for name in given]


def _load(options: argparse.Namespace, report: Callable[[str], object]) -> Interactions:
    if options.events is None:
        if given := _about_a_file(options):
            verb = "describes" if len(given) == 1 else "describe"
            raise DataError(f"{' and '.join(given)} {verb} a file; name the file first.")
        report("no file was named: these are the film ratings of the course (MovieLens).")
        return load_movielens()
    if options.min_rating is not None and options.rating is None:
        raise DataError("--min-rating needs a column of ratings: say --rating NAME.")
    return read_interactions(
        options.events,
        user=options.user,
        item=options.item,
        rating=options.rating,
        timestamp=options.time,
        timestamp_unit=options.time_unit,
        duplicates=options.duplicates,
        items=options.items,
        separator=options.sep,
        encoding=options.encoding,
        header=not options.no_header,
        date_order=options.date_order,
        decimal=options.decimal,
        rating_range=None if options.rating_range is None else tuple(options.rating_range),
        bad_rows="drop" if options.drop_bad_rows else "error",
        report=report,
    )
