"""Every page, wide and narrow, light and dark, in a real browser."""

import pytest
from site_checks import (
    Page,
    all_problems,
    bare_page,
    broken_links,
    given_away,
    lost_outputs,
    one_language_entries,
    wrong_colab_links,
)
from site_support import toc_pages

from tests.notebooks.notebook_rules import CHAPTERS as NOTEBOOKS
from tests.notebooks.notebook_rules import answers, read, solutions_of

pytestmark = pytest.mark.site

PAGES = toc_pages()
CHAPTERS = [name for name in PAGES if name.startswith("notebooks/")]


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_page_in_browser(name, width, server, site, look_at):
    """One visit, all checks, in the light and when the system turns dark: opening takes longest.

    Wide, the page comes from a server; narrow, from a file, as on a memory stick.
    """
    origin = server if width > 600 else f"{site.as_uri()}/"
    light, dark = look_at(f"{origin}{name}.html", width, None, evening=True)
    problems = all_problems(light, origin, "light") + all_problems(dark, origin, "dark")
    assert not problems, "\n".join(problems)


# The theme's own pages follow the reader's choice alike; those that draw do so by themselves.
@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["book/intro", *(page for page in PAGES if "/play_" in page)])
def test_the_choice_of_a_reader_holds(name, theme, server, look_at):
    (view,) = look_at(f"{server}{name}.html", 1280, theme)
    problems = all_problems(view, server, theme)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", PAGES)
def test_page_has_language_title_and_one_heading(name, site):
    problems = bare_page((site / f"{name}.html").read_text(encoding="utf-8"))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", CHAPTERS)
def test_colab_opens_the_same_chapter(name, site, slug):
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    problems = wrong_colab_links(text, slug, name)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_shows_no_solution(path, site):
    page = (site / f"notebooks/{path.stem}.html").read_text(encoding="utf-8")
    problems = given_away(page, answers(read(solutions_of(path))))
    assert not problems, "\n".join(problems)


def test_links_inside_the_site_lead_somewhere(site):
    problems = broken_links(site)
    assert not problems, "\n".join(problems)


def test_glossary_has_sixty_entries_in_both_languages(site):
    text = (site / "book/glossary.html").read_text(encoding="utf-8")
    assert len(Page(text).glossary) >= 60
    problems = one_language_entries(text)
    assert not problems, "\n".join(problems)


def test_no_page_lost_its_outputs(site):
    """A notebook that was not executed has code cells but not one output."""
    for name in CHAPTERS:
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        assert lost_outputs(text) == [], name
