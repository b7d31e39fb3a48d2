"""Sphinx extension: plans and reading paths as tables.

1. ``{plan} half_day`` shows a plan of ``book/teach/plans``: sums, one table a session, what is
   skipped, and how long the chapters take by the rule and by the clock;
2. ``{reading-path} analyst`` shows a path of ``book/teach/paths.yml`` with its minutes;
3. the running times in the tables come from the build itself, after all notebooks have run.

Everything is made as Markdown and parsed, so that links are checked like those of a page.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from pathlib import Path
from typing import Any

from course_minutes import OPENING, STANDING, Times, clock, read_times, run_seconds
from course_paths import WAYS, Step, read_paths, step_minutes
from course_plans import (
    Block,
    Home,
    Plan,
    Session,
    chosen,
    clock_times,
    extra_minutes,
    home_minutes,
    left_for_home,
    needed_minutes,
    practice_minutes,
    questions,
    read_plans,
    reading_minutes,
    sums,
)
from course_timings import TIMINGS, read_timings, real_minutes
from docutils import nodes
from docutils.statemachine import StringList
from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

ROOT = Path(__file__).resolve().parents[2]
NOT_MEASURED = "not measured"
LEFT = (
    "They stand in sections that are told, and learners meet them on the way. "
    "Say: leave the cell as it is and go on. "
    "No cell that is told needs an answer to them; whoever is fast may do one."
)


def hours(minutes: float) -> str:
    """Say minutes as a person does: ``45 min``, ``3 h``, ``2 h 25 min``."""
    whole, rest = divmod(round(minutes), 60)
    words = [f"{whole} h"] * bool(whole) + [f"{rest} min"] * bool(rest or not whole)
    return " ".join(words)


# Tables as Markdown ---------------------------------------------------------------------------


class Tables:
    """Writes tables for the page `docname`, from which links are relative."""

    def __init__(self, docname: str, times: dict[str, Times]):
        self.folder, self.times = posixpath.dirname(docname), times

    def to(self, name: str, suffix: str = "") -> str:
        """Give the address of a page."""
        return posixpath.relpath(name, self.folder) + suffix

    def chapter(self, number: str) -> str:
        """Link a chapter by its number and title."""
        chapter = self.times[number].chapter
        label = f"{number} · {chapter.title}"
        return f"[{label}]({self.to(chapter.name, '.ipynb')})"

    def notes(self, number: str) -> str:
        """Link the teacher's notes of a chapter."""
        key = posixpath.basename(self.times[number].chapter.name).split("_")[0]
        return f"[notes]({self.to(f'book/teach/notes/{key}', '.md')})"

    def section(self, number: str, title: str) -> str:
        """Link a section; the opening is the top of the chapter."""
        address = self.to(self.times[number].chapter.name, ".ipynb")
        known = title in self.times[number].sections and title != OPENING
        return f"[{title}]({address}{'#' + default_slugify(title) if known else ''})"

    def exercise(self, number: str, name: str) -> str:
        """Link an exercise, with its minutes."""
        exercise = self.times[number].exercises[name]
        address = self.to(self.times[number].chapter.name, ".ipynb")
        return (
            f"[{name}]({address}#{default_slugify(exercise.title)}) "
            f"({exercise.kind}, {exercise.minutes} min)"
        )

    def what(self, row: Block | Home) -> str:
        """Say what of the course a row is about."""
        parts = []
        if row.chapter:
            parts.append(f"**Chapter {row.chapter}** ({self.notes(row.chapter)})")
        if self.is_whole(row):
            whole = f"**Chapter** {self.chapter(row.chapter)} ({self.notes(row.chapter)})"
            parts = [f"{whole}, all of it"]
        else:
            parts += [self.section(row.chapter, title) for title in row.sections]
        parts += [self.exercise(row.chapter, e.name) for e in chosen(row, self.times)]
        if row.quiz:
            asked = questions(row, self.times)
            which = "" if row.quiz is True else f", questions {', '.join(map(str, asked))}"
            parts.append(
                f"quiz{which} ({practice_minutes(replace(row, exercises=()), self.times):.0f} min)"
            )
        if getattr(row, "page", ""):
            page = row.page  # type: ignore[union-attr]
            parts.append(f"page: []({self.to(page, '.md')})")
        extra = getattr(row, "extra", None)
        if extra:
            parts.append(f"and {extra.minutes} min for {extra.reason}")
        return "<br/>".join(parts)

    def is_whole(self, row: Block | Home) -> bool:
        """Tell whether a row tells a whole chapter."""
        known = self.times[row.chapter].sections if row.chapter else {}
        return bool(known) and {*known} <= {*row.sections, *STANDING}

    def session(self, session: Session, real: dict[str, tuple[float, int]]) -> list[str]:
        """Write the table of one session; `real` holds medians and counts of real minutes."""
        heads = ["At", "Min", *(["Really"] if real else []), "What", "How", "If late"]
        lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
        for block, at in zip(session.blocks, clock_times(session)):
            happened = ""
            if block.id in real:
                minutes, count = real[block.id]
                happened = f"{minutes:g} (of {count})"
            rest = block.kind in ("break", "lunch", "reserve")
            what = f"**{block.kind.capitalize()}**" if rest else self.what(block)
            # The word by which a row of the table of real times names this block.
            what = "<br/>".join(filter(None, [what, f"`{block.id}`"]))
            cells = [at, str(block.minutes), *([happened] if real else []), what]
            lines.append(_row([*cells, block.do, block.late]))
        last = clock_times(session)[-1]
        lines.append(_row([last, "", *([""] if real else []), "**End**", "", ""]))
        return lines

    def home(self, session: Session) -> list[str]:
        """Say what is done at home after a session."""
        if not session.home:
            return []
        about = f"**At home, {hours(home_minutes(session, self.times))} by the rule:**"
        items = []
        for row in session.home:
            text = self.what(row).replace("<br/>", ", ")
            items.append(f"- {text}. {row.do}".rstrip())
        return [about, "", *items]

    def chapters(self, plan: Plan) -> list[str]:
        """Compare, for each chapter of a plan, the plan's minutes with the chapter's own."""
        heads = ["Chapter", "Told here", "Its reading", "Exercises here", "All its exercises"]
        lines = [_row([*heads, "Its cells ran in"]), "|---" * 6 + "|"]
        rows: list[Block | Home] = [*plan.blocks]
        rows += [row for session in plan.sessions for row in session.home]
        for number in dict.fromkeys(row.chapter for row in rows if row.chapter):
            mine = [row for row in rows if row.chapter == number]
            chapter = self.times[number].chapter
            told = sum(reading_minutes(row, self.times) for row in mine)
            done = sum(practice_minutes(row, self.times) for row in mine)
            figures = [told, chapter.reading, done, chapter.exercises]
            cells = [f"{figure:.0f} min" for figure in figures]
            lines.append(_row([self.chapter(number), *cells, f"{{ran-in}}`{chapter.name}`"]))
        return lines

    def skipped(self, plan: Plan) -> list[str]:
        """Name what a plan leaves out of the chapters that it uses."""
        return [
            f"- Chapter {number}: {', '.join(self.section(number, t) for t in titles)}."
            for number, titles in plan.skipped.items()
        ]

    def left(self, plan: Plan) -> list[str]:
        """Name the exercises of told sections that nobody does in class."""
        return [
            f"- Chapter {number}: {', '.join(self.exercise(number, e.name) for e in exercises)}."
            for number, exercises in left_for_home(plan, self.times).items()
        ]

    def path(self, steps: list[Step]) -> list[str]:
        """Write the table of a reading path, with minutes that add up."""
        heads = ["Chapter", "How", "Min", "Up to here", "What for"]
        lines, total = [_row(heads), "|---" * len(heads) + "|"], 0
        for step in steps:
            minutes = step_minutes(step, self.times)
            total += minutes
            cells = [self.chapter(step.chapter), WAYS[step.do], str(minutes), hours(total)]
            lines.append(_row([*cells, step.why]))
        return lines


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def about_plan(plan: Plan, times: dict[str, Times]) -> str:
    """Say in one line what the minutes of a plan are made of."""
    kinds = sums(plan.blocks)
    told = sum(reading_minutes(block, times) for block in plan.blocks)
    done = sum(practice_minutes(block, times) for block in plan.blocks)
    parts = [
        f"**{hours(plan.minutes)}**, lunch not counted",
        f"sections told {told:.0f} min by the rule",
        f"exercises and quizzes {done:.0f} min by the rule",
        f"activities that the rule does not know {sum(map(extra_minutes, plan.blocks))} min",
        f"talk {kinds['talk']} min",
        f"breaks {kinds['break']} min",
        f"reserve {kinds['reserve']} min",
    ]
    home = sum(needed_minutes(row, times) for session in plan.sessions for row in session.home)
    return ", ".join(parts) + (f"; at home {hours(home)} in all." if home else ".")


# Directives -----------------------------------------------------------------------------------


class ran_in(nodes.Inline, nodes.TextElement):  # noqa: N801
    """The place of a running time, filled in when all notebooks have run."""


class RanIn(SphinxRole):
    """``{ran-in}`notebooks/03_kmeans` ``: how long its cells ran when the site was built."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Leave a place."""
        return [ran_in("", NOT_MEASURED, notebook=self.text)], []


class _Written(SphinxDirective):
    """A directive that writes Markdown."""

    required_arguments = 1

    def tables(self) -> Tables:
        """Make a writer for this page, which depends on what it reads."""
        for path in sorted((ROOT / "book/teach").rglob("*.yml")):
            self.env.note_dependency(str(path))
        self.env.note_dependency(str(ROOT / TIMINGS))
        for times in self.env.course_times.values():
            self.env.note_dependency(str(ROOT / f"{times.chapter.name}.ipynb"))
        return Tables(self.env.docname, self.env.course_times)

    def parsed(self, lines: list[str]) -> list[nodes.Node]:
        """Parse Markdown."""
        source = self.get_source_info()[0]
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, source), self.content_offset, holder)
        return holder.children

    def titled(self, title: str, lines: list[str]) -> nodes.section:
        """Make a section out of a title and Markdown."""
        section = nodes.section(names=[nodes.fully_normalize_name(title)])
        section += nodes.title("", title)
        section += self.parsed(lines)
        self.state.document.note_implicit_target(section, section)
        return section


class PlanDirective(_Written):
    """``{plan} half_day``."""

    def run(self) -> list[nodes.Node]:
        """Write the plan."""
        tables, times = self.tables(), self.env.course_times
        plan = read_plans(ROOT, times)[self.arguments[0]]
        rows = read_timings((ROOT / TIMINGS).read_text(encoding="utf-8"))
        real = real_minutes(rows, plan.name)
        known = [
            "*Really* is the median of the real minutes, with how many times they were taken."
            if real
            else "Nobody has sent real times of this plan yet; "
            f"[be the first]({tables.to('book/teach/index', '.md')}#what-really-happened)."
        ]
        found: list[nodes.Node] = self.parsed([about_plan(plan, times), *known])
        for session in plan.sessions:
            lines = [*tables.session(session, real), "", *tables.home(session)]
            title = session.title if len(plan.sessions) > 1 else "Minute by minute"
            found.append(self.titled(title, lines))
        rule = (
            "The first four columns follow the rule of the [index]"
            f"({tables.to('book/teach/index', '.md')}#where-the-minutes-come-from); "
            "the last is the clock of the computer that built this page, all cells in a row."
        )
        found.append(self.titled("Minutes by chapter", [*tables.chapters(plan), "", rule]))
        if plan.skipped:
            found.append(self.titled("What is skipped", tables.skipped(plan)))
        if left := tables.left(plan):
            found.append(self.titled("Exercises left for the evening", [LEFT, "", *left]))
        return found


class PathDirective(_Written):
    """``{reading-path} analyst``."""

    def run(self) -> list[nodes.Node]:
        """Write the path."""
        tables, times = self.tables(), self.env.course_times
        steps = read_paths(ROOT)[self.arguments[0]]
        total = sum(step_minutes(step, times) for step in steps)
        about = (
            f"**{len(steps)} chapters, {hours(total)}** by the minutes that each chapter states."
        )
        return self.parsed([about, "", *tables.path(steps)])


# Running times --------------------------------------------------------------------------------


def read_facts(app: Sphinx) -> None:
    """Read the chapters once for a build."""
    app.env.course_times = read_times(ROOT)


def measured(app: Sphinx) -> dict[str, float]:
    """Tell how long the notebooks ran; myst-nb keeps the clock in its cache."""
    return run_seconds(Path(app.config.nb_execution_cache_path or ""))


def fill_in(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the running times where places were left."""
    places = list(doctree.findall(ran_in))
    seconds = measured(app) if places else {}
    for place in places:
        ran = seconds.get(place["notebook"])
        place.replace_self(nodes.Text(NOT_MEASURED if ran is None else clock(ran)))


def rewrite_plans(app: Sphinx, env: Any) -> list[str]:
    """Have the pages with plans written again: the running times may be new."""
    return [name for name in env.found_docs if name.startswith("book/teach/")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.add_node(ran_in)
    app.add_role("ran-in", RanIn())
    app.add_directive("plan", PlanDirective)
    app.add_directive("reading-path", PathDirective)
    app.connect("builder-inited", read_facts)
    app.connect("doctree-resolved", fill_in)
    app.connect("env-updated", rewrite_plans)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
