"""Report, tables, model card and model on disk: all or nothing.

Taught in chapter 17.  Names are escaped in the page, and in the CSV files no cell can become a
formula of a spreadsheet: whoever may name an item may not run a program on the reader's computer.
"""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, get_font

from recsys_tutorial.datasets import DataError
from recsys_tutorial.features import user_factors
from recsys_tutorial.pipeline.card import choice_in_words, model_card, quality_in_words
from recsys_tutorial.pipeline.running import RECOMMENDERS, PipelineResult
from recsys_tutorial.pipeline.templates import environment
from recsys_tutorial.plotting import (
    PALETTE,
    alt_text,
    plot_long_tail,
    project_2d,
    scatter_clusters,
    use_course_style,
)
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import save_recommender

REPORT_FILES = (
    "report.html",
    "model_card.md",
    "clusters.csv",
    "users.csv",
    "recommendations.csv",
    "evaluation.csv",
)
# Only when there was something to choose.
TRIED_FILE = "clusters_tried.csv"
MODEL_FILES = ("model.json", "arrays.npz")
EXAMPLES_IN_REPORT = 20
# What is left of a hundredth of a user is no second group.
WHOLE = 0.99
POINTS_IN_MAP = 5_000
# Seconds after which what a killed run left beside its report may go.
ABANDONED = 3600
# Where a spreadsheet begins a formula: at the start of a cell, and after what is between columns or
# lines where it is used, for a German one takes our comma for a letter and a semicolon for the end
# of a cell.  Japanese ones take the wide signs too.
FORMULA = re.compile(r"(^|[;\t\r\n])(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])")


def write_report(
    result: PipelineResult,
    folder: str | Path,
    *,
    answers: Mapping[str, str] | None = None,
    save_to: str | Path | None = None,
) -> Path:
    """Write a self-contained HTML report, CSV files and a model card, all or nothing.

    In the CSV files, text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end gets an
    apostrophe in front, so that no spreadsheet takes it for a formula; so does what follows a
    semicolon, a tab or a line end inside.  A NUL becomes U+FFFD, the sign for what cannot be shown.
    The report says how many cells got an apostrophe.

    Parameters
    ----------
    result : PipelineResult
        What to write.
    folder : str or Path
        A folder that does not exist, is empty, or holds an earlier report (which is replaced).
    answers : mapping of str to str, optional
        For the model card, as in `model_card`.
    save_to : str or Path, optional
        Another folder for the recommender itself, which `load_recommender` reads.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    DataError
        If a folder holds other files, or cannot be written.
    ValueError
        As in `model_card`.
    """
    folder = Path(folder)
    check_report_folder(folder)
    if save_to is not None:
        check_model_folder(save_to, folder)
    card = model_card(result, answers)
    tables = {
        "clusters": result.clusters,
        "users": result.users,
        "recommendations": result.recommendations,
    }
    reasons = _names_are_risky(result)
    safe = {name: _without_formulas(table, reasons=reasons) for name, table in tables.items()}
    n_changed = sum(count for _, count in safe.values())
    with ExitStack() as both:
        if save_to is not None:
            save_recommender(result.recommender, both.enter_context(_replacing(Path(save_to))))
        fresh = both.enter_context(_replacing(folder))
        for name, (table, _) in safe.items():
            end = _line_end(table)
            table.to_csv(fresh / f"{name}.csv", index=False, errors="replace", lineterminator=end)
        if not result.evaluation.empty:
            result.evaluation.to_csv(fresh / "evaluation.csv")
        if not result.tried.empty:
            result.tried.to_csv(fresh / TRIED_FILE)
        for name, text in (("model_card.md", card), ("report.html", _render(result, n_changed))):
            # Half a letter, as a broken program leaves it, cannot be written.
            (fresh / name).write_text(text, encoding="utf-8", errors="replace")
    return folder / "report.html"


def _line_end(table: pd.DataFrame) -> str:
    """Choose the line end that makes the writer quote every cell with one of its signs in it."""
    texts = [table[name] for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    held = any("\r" in str(text) for column in texts for text in column.unique())
    return "\r\n" if held else "\n"


def without_formula(text: str) -> str:
    """Put an apostrophe before whatever in a text a spreadsheet would run.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    str
        The cell; unchanged if nothing in it begins like a formula.

    References
    ----------
    OWASP, CSV Injection.

    Examples
    --------
    >>> without_formula("=1+1"), without_formula("a;=1+1"), without_formula("a-b")
    ("'=1+1", "a;'=1+1", 'a-b')
    """
    return FORMULA.sub(r"\1'", text)


def _without_nul(text: str) -> str:
    """Put a sign that can be seen where a NUL is: before Python 3.11 no CSV file may hold one."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _without_formulas(table: pd.DataFrame, *, reasons: bool) -> tuple[pd.DataFrame, int]:
    """Make the texts of a table harmless for a spreadsheet; count the cells that it changed."""
    safe, n_changed = table.copy(), 0
    for name in table.columns:
        # There are as many reasons as rows, and they are sentences of our own around names.
        if (name == "reason" and not reasons) or pd.api.types.is_numeric_dtype(table[name]):
            continue
        texts = table[name].astype(object)
        different = {text: without_formula(_without_nul(str(text))) for text in texts.unique()}
        changed = {text: made for text, made in different.items() if made != str(text)}
        if changed:
            risky = texts.isin(list(changed))
            formulas = [text for text in changed if FORMULA.search(str(text))]
            n_changed += int(texts.isin(formulas).sum())
            safe[name] = texts.where(~risky, texts.map(changed))
    return safe, n_changed


def _names_are_risky(result: PipelineResult) -> bool:
    """Whether any name that a reason may hold could begin a formula there, or breaks a file."""
    items = result.interactions.items
    columns = [items[name] for name in ("title", "genres") if name in items]
    columns += [result.clusters["name"], items["item"]]
    texts = (str(name) for names in columns for name in names.unique())
    return any(FORMULA.search(text) or "\0" in text for text in texts)


def check_report_folder(folder: str | Path) -> None:
    """Refuse a folder that a report must not be written to, before any work is done.

    Parameters
    ----------
    folder : str or Path
        The folder.

    Raises
    ------
    DataError
        If it is a file, holds anything but an earlier report, or cannot be written.
    """
    _check_folder(Path(folder), (*REPORT_FILES, TRIED_FILE), "report")


def check_model_folder(folder: str | Path, report_folder: str | Path | None = None) -> None:
    """Refuse a folder that a model must not be saved to, before any work is done.

    Parameters
    ----------
    folder : str or Path
        The folder.
    report_folder : str or Path, optional
        Where the report goes; the model needs a folder of its own.

    Raises
    ------
    DataError
        If it is a file, holds anything but an earlier model, cannot be written, or lies in or
        around the folder of the report.
    """
    folder = Path(folder)
    if report_folder is not None:
        mine, other = folder.resolve(), Path(report_folder).resolve()
        if mine == other or mine in other.parents or other in mine.parents:
            raise DataError(f"{folder} and the folder of the report must be apart. Name another.")
    _check_folder(folder, MODEL_FILES, "model")


def _check_folder(folder: Path, own_files: tuple[str, ...], what: str) -> None:
    _heal(folder)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file. Name a folder for the {what}.")
    try:
        others = sorted(p.name for p in folder.glob("*") if p.name not in own_files)
        # The place is tried, not asked: permissions are more than their letters.
        there = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
        place = there.parent if folder.exists() else there
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise DataError(f"Cannot write to {folder.parent}: {error.strerror}.") from None
    if others:
        raise DataError(
            f"{folder} holds other files ({', '.join(others[:3])}), which a {what} would bury. "
            "Choose an empty or a new folder."
        )


def _heal(folder: Path) -> None:
    """Put back what a kill between the two renames of `_replacing` took; sweep what it left."""
    with suppress(OSError):
        beside = [p for p in folder.parent.iterdir() if p.name.startswith(f".{folder.name}-")]
        beside.sort(key=lambda path: path.stat().st_mtime)
        for path in reversed(beside):
            if path.name.endswith("-old") and not folder.exists():
                os.replace(path, folder)
        for path in filter(Path.exists, beside):
            # A younger one may belong to a run that is alive.
            if time.time() - path.stat().st_mtime > ABANDONED:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Fill a new folder beside the old one, and swap them only when it is complete."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise DataError(f"Cannot write to {folder.parent}: {error.strerror}.") from None
    old = fresh.with_name(f"{fresh.name}-old")
    try:
        yield fresh
        fresh.chmod(0o755)
        if folder.exists():
            os.replace(folder, old)
        os.replace(fresh, folder)
    except OSError as error:
        raise DataError(f"Cannot write the report to {folder}: {error.strerror}.") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _render(result: PipelineResult, n_changed: int = 0) -> str:
    pages = environment()
    shown = result.users["user"].head(EXAMPLES_IN_REPORT)
    lists = result.recommendations
    return pages.get_template("report.html.j2").render(
        result=result,
        recommender=RECOMMENDERS[str(result.settings["recommender"])],
        quality=quality_in_words(result),
        choice=choice_in_words(result),
        tried=result.tried.reset_index().to_dict("records"),
        n_changed=n_changed,
        n_in_part=int((result.users["membership"] < WHOLE).sum()),
        figures=_figures(result),
        clusters=result.clusters.to_dict("records"),
        numbered="group 0" in _drawable(result.clusters["name"]),
        evaluation=result.evaluation.reset_index().to_dict("records"),
        examples=[(user, lists[lists["user"] == user].to_dict("records")) for user in shown],
        names=result.users.set_index("user")["name"],
    )


def _figures(result: PipelineResult) -> list[dict[str, str]]:
    """Draw the pictures of the report as base64 PNG with a description each."""
    # The look of the report must not become the look of the caller's own figures.
    with plt.rc_context():
        use_course_style()
        axes = [plot_long_tail(result.interactions.events["item"].value_counts())]
        axes.append(_draw_sizes(result.clusters))
        # Users of one group may all be the same point.
        if len(result.users) > 2 and len(result.clusters) > 1:
            axes.append(_draw_map(result))
        return [{"png": _png(ax), "alt": alt_text(ax)} for ax in axes]


def _draw_sizes(clusters: pd.DataFrame) -> Axes:
    ax = plt.subplots(figsize=(7, 0.6 + 0.35 * len(clusters)))[1]
    ax.barh(_drawable(clusters["name"]), clusters["users"], color=PALETTE[0])
    ax.invert_yaxis()
    ax.set(xlabel="users", ylabel="group", title="Size of the groups")
    return ax


def _drawable(names: pd.Series) -> list[str]:
    """Shorten names for a picture; number all groups instead where that leaves no clear names.

    The font may lack a letter, two names may be the same up to their end; between two dollar signs
    matplotlib would read a formula, and it hides what begins with an underscore.
    """
    font = get_font(findfont(FontProperties(family=plt.rcParams["font.family"])))
    letters = {ord(letter) for name in names for letter in name}
    short = names.str.slice(0, 40)
    if all(font.get_char_index(letter) for letter in letters) and short.is_unique:
        return (
            short.str.replace("$", r"\$", regex=False).str.replace("^_", " _", regex=True).tolist()
        )
    return [f"group {number}" for number in range(len(names))]


def _draw_map(result: PipelineResult) -> Axes:
    matrix, labels = result.groups.matrix_, result.groups.labels_
    names = _drawable(result.clusters["name"])
    # Every n-th user, so that each group keeps its share of a picture that can be read.
    step = -(-len(labels) // POINTS_IN_MAP)
    some = UserItemMatrix(matrix.values[::step], matrix.users[::step], matrix.items)
    flat = project_2d(user_factors(some, min(result.groups.n_factors, *some.shape)))
    ax = scatter_clusters(flat, labels[::step], names=names)
    ax.set(xlabel="first component", ylabel="second component", title="Users and their groups")
    return ax


def _png(ax: Axes) -> str:
    buffer = io.BytesIO()
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
