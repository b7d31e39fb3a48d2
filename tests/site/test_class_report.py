"""The page that marks a class, in a browser: wide and narrow, light and dark, on paper."""

import io

import pytest

from recsys_tutorial.grading.classes import ClassMarks, Paper
from recsys_tutorial.grading.collecting import Submission
from recsys_tutorial.grading.fence import Rails
from recsys_tutorial.grading.marking import Mark, Marked
from recsys_tutorial.grading.reporting import write_class_report

pytestmark = pytest.mark.site

IDS = [f"05.{n}" for n in range(1, 7)]
RUN = "axe.run().then((found) => found.violations.map(({ id, nodes }) => [id, nodes[0].html]))"


def papers():
    """A class with long names, long messages and somebody who handed in a picture."""
    states = ["right", "wrong", "stopped", "unanswered", "missing", "right"]
    marks = tuple(
        Mark(exercise, state, "sizes forgotten" * (state == "wrong"), "KeyError: " * 9)
        for exercise, state in zip(IDS, states)
    )
    for number in range(30):
        learner = f"Learner {number} von und zu Langenfeld-Breitenbach" + "x" * (number == 7) * 120
        yield Paper(
            Submission(learner, f"{learner}.ipynb"),
            Marked("05", marks),
            remarks=("the same functions as somebody else",) * (number == 3),
        )
    yield Paper(Submission("camera", "IMG_20260314_0001_" * 6 + ".jpg"), problem="not a notebook")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    rails = Rails(memory=True, files=False, network=False, processes=False)
    return write_class_report(ClassMarks(tuple(papers()), rails), folder / "out")


def faults(page, axe):
    """What keeps somebody from reading a page."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    page.evaluate(axe)
    found = [f"axe {name}: {where[:120]}" for name, where in page.evaluate(RUN)]
    return found + [f"{wide} px in a window of {window} px"] * (wide > window)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_can_be_read(width, scheme, report, browser, axe):
    # Its own rules forbid every script, axe too.
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(report.as_uri())
    problems = faults(page, axe)
    targets = page.locator("nav a").evaluate_all("links => links.map(a => a.hash.slice(1))")
    assert len(targets) == 5 and all(page.locator(f"[id='{name}']").count() for name in targets)
    context.close()
    assert not problems, "\n".join(problems)


def test_a_report_that_cannot_be_read_is_seen(browser, axe):
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.set_content(
        "<html><body><main><p style='color: #ccc; background: #fff'>pale</p>"
        "<table style='width: 900px'><tr><td>wide</td></tr></table></main></body></html>"
    )
    problems = " ".join(faults(page, axe))
    page.close()
    assert "900 px" in problems or "908 px" in problems
    assert "axe color-contrast" in problems and "axe html-has-lang" in problems


def test_the_report_can_be_printed(report, browser):
    from pypdf import PdfReader

    page = browser.new_page(color_scheme="dark")
    page.goto(report.as_uri())
    made = page.pdf(format="A4", prefer_css_page_size=True)
    page.close()
    text = " ".join(" ".join(p.extract_text() for p in PdfReader(io.BytesIO(made)).pages).split())
    assert len(PdfReader(io.BytesIO(made)).pages) <= 6
    for words in ("Class report", "05.6", "What the class got wrong", "not a notebook", "Seconds"):
        assert words in text
