"""The slides: how a chapter is cut, and that no deck lacks anything, leads out or gives away."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from site_support import ROOT
from slide_checks import (
    CUT_OFF,
    MOST_WORDS,
    faint,
    fit_complaints,
    folder_complaints,
    leaks,
    slide_complaints,
)

ASSETS = ROOT / "tools/slides_assets"


def load(path: Path):
    """Load a file as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


slides = load(ROOT / "tools/slides.py")
rules = load(ROOT / "tests/notebooks/notebook_rules.py")
CHAPTERS = slides.read_chapters(ROOT)
KMEANS = CHAPTERS["notebooks/03_kmeans"]


def cell(code, output="", tags=""):
    out = f'<div class="cell_output docutils container">{output}</div>' if output else ""
    return (
        f'<div class="cell {tags}docutils container"><div class="cell_input">'
        f"<div class=highlight><pre><span></span>{code}\n</pre></div></div>{out}</div>"
    )


def printed(text):
    return f'<div class="output stream"><pre>{text}</pre></div>'


SHOWN = cell("1", printed("1"))
PICTURE = f'<img alt="{"A cloud of points, one for each viewer. " * 2}" src="../_images/a.png"/>'
OPENING = """<h1>K-means<a class="headerlink" href="#k">#</a></h1>
<p><strong>The question.</strong> Who?</p><p><strong>Afterwards you can</strong></p>
<ul class="simple"><li><p>count;</p></li><li><p>add.</p></li></ul>
<p><strong>You need</strong> <a href="01_x.html">the data</a>.</p>"""
PREDICT = """<section id="e"><h3>Exercise: one user<a class="headerlink" href="#e">#</a></h3>
<p><em>Predict</em> her cost.</p>{}{}<p>Afterwards the chapter goes on.</p></section>""".format(
    cell("my_cost = ...", tags="tag_exercise "),
    cell('check("03.1", my_cost)', printed("Not yet: the secret hint"), "tag_check "),
)
QUIZ = cell('show_quiz("03")', "<div>every answer</div>")
END = f"""<section id="q"><h2>Quiz</h2>{QUIZ}</section>
<section id="c"><h2>Claims, checked</h2><p>Claim.</p>{cell("assert 1", printed("hold"))}</section>
<section id="z"><h2>What we claimed, and what we did not</h2><p><strong>Shown:</strong> a.</p>
<p><strong>Not shown:</strong> b.</p><p><strong>References</strong>: [x].</p></section>"""


def page(*sections, opening=OPENING, end=END):
    """A page as the website has it."""
    made = "".join(
        f'<section id="s{i}"><h2>Section {i}</h2>{s}</section>' for i, s in enumerate(sections, 1)
    )
    return f"<html><body><article><section>{opening}{made}{end}</section></article></body></html>"


def cut(*sections, **more):
    """The slides of the sections, without the opening and the end."""
    return slides.cut(page(*sections, **more), KMEANS)[2 : -2 if "end" not in more else None]


# Cutting --------------------------------------------------------------------------------------


def test_the_opening_and_the_end():
    title, outcomes, quiz, closing = slides.cut(page(), KMEANS)
    assert (title.kind, title.title) == ("title", KMEANS.title)
    assert "reading 40 min, exercises 50 min" in title.body[0]
    assert "count;" in outcomes.body[0]
    assert "<a" not in "".join(title.notes) and "the data" in title.notes[0]
    assert quiz.lead[0].startswith("7 questions") and "every answer" not in str(quiz)
    assert "Not shown" in str(closing.body) and "References" in str(closing.notes)


def test_two_sentences_lead_to_a_picture_and_the_rest_is_for_the_speaker():
    text = "<p>One &lt; two.\nTwo with <code>x\ny</code>.\nThree.</p>"
    (slide,) = cut(text + cell("plot()\nshow()", PICTURE))
    assert slide.kind == "picture"
    assert slide.lead == ["One &lt; two.", "Two with <code>x\ny</code>."]
    assert "plot()" not in "".join(slide.body) and 'src="../_images/a.png"' in slide.body[0]
    assert "Three." in slide.notes[0] and "2 lines, in 03_kmeans.ipynb" in slide.notes[-1]


def test_prose_between_two_things_goes_to_the_one_that_it_speaks_of():
    first, second = cut(
        f"<p>A.</p>{SHOWN}<p>That was one.</p><p>Now two.\nB.\nC.</p>{SHOWN}<p>End.</p>"
    )
    assert first.lead == ["A."] and "That was one." in first.notes[-1]
    assert second.lead == ["Now two.", "B."] and "End." in second.notes[-1]


@pytest.mark.parametrize(("lines", "kind", "shown"), [(12, "code", True), (13, "output", False)])
def test_long_code_is_left_out_and_the_slide_says_where_it_is(lines, kind, shown):
    code = "\n".join(f"step_{i}()" for i in range(lines))
    (slide,) = cut("<p>A.</p>" + cell(code, printed("done")))
    assert slide.kind == kind and ("step_3()" in str(slide.body)) == shown
    assert "done" in str(slide.body) and (f"{lines} lines" in str(slide.body)) != shown


def test_code_that_prints_nothing_waits_for_the_code_that_does():
    (slide,) = cut("<p>A.</p>" + cell("x = 1") + cell("print(x)", printed("1")))
    assert "x = 1\nprint(x)" in slide.body[0]
    long = "\n".join(f"x = {i}" for i in range(12))
    (slide,) = cut("<p>A.</p>" + cell(long) + cell("print(x)", printed("1")))
    assert "x = 3" not in str(slide.body) and "print(x)" in str(slide.body)
    (slide,) = cut("<p>A.</p>" + cell("def f():\n    return 1"))
    assert slide.kind == "code"


def test_short_code_stands_beside_its_formula():
    formula = '<div class="math"><svg></svg><math><mi>J</mi></math></div>'
    (slide,) = cut("<p>A.\nB.\nC, as</p>" + formula + "<p>Try.</p>" + cell("f()", printed("1")))
    assert slide.kind == "formula" and slide.lead == ["A.", "B.", "C, as"]
    assert "f()" in str(slide.body) and "Try." in slide.notes[-1]
    long = "\n".join(["f()"] * 7)
    assert len(cut("<p>A.</p>" + formula + "<p>Try.</p>" + cell(long, printed("1")))) == 2


def test_boxes_lists_tables_and_sections_of_prose():
    theorem = "<blockquote><p><strong>Theorem 1.</strong> True.</p></blockquote>"
    note = "<blockquote><p><strong>Note.</strong> By the way.</p></blockquote>"
    many = "<ul>" + "<li>x</li>" * 8 + "</ul>"
    table = "<div><table border='1'><tr><td>1</td></tr></table></div>"
    got = cut("<p>A.</p>" + theorem + note + table + "<ul><li>x</li></ul>", "<p>B.\nC.</p>" + many)
    assert [slide.kind for slide in got] == ["theorem", "table", "list", "prose"]
    assert "By the way" in str(got[1].notes) + str(got[0].notes)
    assert "border" not in str(got[1].body)
    assert got[3].body == ["<ul><li>B.</li><li>C.</li></ul>"]


def test_an_exercise_shows_its_stub_and_nothing_of_what_the_check_says():
    before, turn, after = cut("<p>A.</p>" + SHOWN + PREDICT + cell("2", printed("2")))
    assert turn.exercise == "03.1" and turn.title == "Your turn: one user"
    assert "my_cost = ..." in str(turn.body) and "secret" not in str([before, turn, after])
    assert after.title == "Section 1" and after.lead == ["Afterwards the chapter goes on."]
    html = slides.slide_html(turn, 0)
    assert "Exercise 03.1 · 3 minutes" in html


def test_what_leads_to_an_exercise_stands_before_it_and_on_it():
    start = "<p>Four users.\nTwo groups.\nThe centres start at (3, 0).</p>"
    before, turn = cut(start + PREDICT)
    assert before.kind == "prose" and "start at (3, 0)" in before.body[0]
    assert turn.lead == ["Two groups.", "The centres start at (3, 0)."]
    _, turn = cut("<p>A.</p>" + SHOWN + "<p>Old.</p><p>New.</p>" + PREDICT)
    assert turn.lead == ["New."]
    _, turn = cut("<p>A.</p>" + SHOWN + PREDICT)
    assert turn.lead == []


@pytest.mark.parametrize(
    ("before", "text", "shown"),
    [
        (cell("centres = [1]\nx = 2", printed("7")), "the three centres above", "centres = [1]"),
        (cell("t", "<table><tr><td>secret tea</td></tr></table>"), "the table above", "secret tea"),
        ('<div class="math"><math><mi>J</mi></math></div>', "the formula above", "<mi>J</mi>"),
        ("<p>The <strong>lift</strong> is b.</p>" + SHOWN, "the definition above", "is b"),
        (SHOWN, "the version below", None),
        (SHOWN, "a film above 4", None),
    ],
)
def test_what_an_exercise_calls_above_stands_on_its_slide(before, text, shown):
    made = cut("<p>A.</p>" + before + PREDICT.replace("her cost", f"it, with {text}"))
    (turn,) = [slide for slide in made if slide.exercise]
    above = [part for part in turn.body if 'above"' in part]
    assert [shown in part for part in above] == ([True] if shown else [])
    assert "x = 2" not in str(above)


def test_what_is_too_tall_goes_on_over_more_slides():
    rows = "".join(f"<tr><th>{n}</th><td>x</td></tr>" for n in range(40))
    head = "<thead><tr><th>name</th></tr></thead>"
    table = f"<div class='output text_html'><table>{head}<tbody>{rows}</tbody></table></div>"
    made = cut("<p>A.</p>" + cell("show()\n" * 11 + "t", table))
    assert [slide.kind for slide in made] == ["code", *["output"] * 3]
    assert all("name" in slide.body[0] for slide in made[1:])
    assert made[0].lead == ["A."] and {slide.title for slide in made} == {"Section 1"}
    told = "".join("".join(slide.body) for slide in made[1:])
    assert [told.count(f"<th>{n}</th>") for n in range(40)] == [1] * 40
    lines = printed("\n".join(f"line {n}." for n in range(50)))
    made = cut("<p>A.</p>" + cell("show()", lines))
    told = "".join(slides.plain_text(slide.body) for slide in made)
    assert len(made) == 3 and [told.count(f"line {n}.") for n in range(50)] == [1] * 50
    made = cut("<p>A.</p>" + cell("show()\n" * 13, lines))
    assert len(made) == 3 and "13 lines" in made[-1].body[-1] and "line 49" in made[-1].body[0]
    wide = (
        f"<div><table><tbody>{('<tr><td>' + 'word ' * 30 + '</td></tr>') * 9}</tbody></table></div>"
    )
    assert len(cut("<p>A.</p>" + wide)) == 2
    (one,) = cut("<p>A.</p>" + cell("show()", printed("\n".join(["a"] * 8))))
    assert one.kind == "code"


def test_a_wide_text_below_a_picture_gets_a_slide_of_its_own():
    picture, output = cut("<p>A.</p>" + cell("plot()", PICTURE + printed("x" * 120)))
    assert (picture.kind, output.kind) == ("picture", "output") and "xxx" not in str(picture.body)
    assert len(cut("<p>A.</p>" + cell("plot()", PICTURE + printed("x" * 60)))) == 1


def test_links_styles_and_scripts_stay_behind():
    text = '<p>See <a href="04.html">next</a> and <a href="https://a.org">A</a>.</p>'
    table = '<div class="output text_html"><style>x</style><script>y</script><table></table></div>'
    (slide,) = cut(text + cell("t", table))
    assert slide.lead == ['See next and <a href="https://a.org">A</a>.']
    assert "<style" not in str(slide.body) and "<script" not in str(slide.body)


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<html><body>404</body></html>", "no article"),
        (page(opening="<h1>K</h1>"), "does not say"),
        (page(opening="<h1>K</h1><p><strong>Afterwards you can</strong></p>"), "no list"),
        (page(PREDICT.replace("tag_check", "")), "no check follows"),
        (page(PREDICT.replace("check(", "look(")), "without a number"),
    ],
)
def test_a_broken_page_stops_the_command(html, said):
    with pytest.raises(SystemExit, match=said):
        slides.cut(html, KMEANS)


def test_wrong_use_stops_the_command(tmp_path):
    with pytest.raises(SystemExit, match="no chapter 99"):
        slides.main(["--only", "99", "--site", str(tmp_path), "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="course.py book"):
        slides.main(["--only", "03", "--site", str(tmp_path), "--out", str(tmp_path)])


def test_minutes_are_those_of_the_chapters():
    assert slides.MINUTES == rules.MINUTES
    deck = slides.cut(page("<p>A.</p>" + SHOWN + PREDICT), KMEANS)
    assert slides.minutes_of(deck) == rules.MINUTES["predict"]


# The teacher's notes --------------------------------------------------------------------------


TEACHER = """# Teaching notes

For [the chapter](x.ipynb).

## The one idea

> Count.

## Misconceptions

- **"Old."** See [this](y.ipynb).
  *Mistake*: 03.1 "all centres"
- Other. *Mistake*: 03.2 "x"

## If time is short

- **Skip**: [the first](../../../notebooks/03_kmeans.ipynb#section-1), it is long.
"""


def test_notes_of_the_teacher_go_where_they_belong():
    deck = slides.cut(page("<p>A.</p>" + SHOWN + PREDICT), KMEANS)
    slides.add_teacher_notes(deck, TEACHER)
    by_title = {slide.title: "".join(slide.notes) for slide in reversed(deck)}
    assert "Count." in by_title[KMEANS.title] and "it is long" in by_title[KMEANS.title]
    assert "Other." in by_title["Afterwards you can"]
    assert "it is long" in by_title["Section 1"] and "Other" not in by_title["Section 1"]
    turn = by_title["Your turn: one user"]
    assert "all centres" in turn and "Other" not in turn
    assert "all centres" not in by_title["Afterwards you can"]
    assert "<a" not in turn and "<h2" not in "".join(by_title.values())


def test_the_minutes_of_the_chapter_stand_on_its_title_alone():
    deck = slides.cut(page("<p>A.</p>" + SHOWN + PREDICT), KMEANS)
    table = "| minutes | what |\n|---|---|\n| 10 | 03.1 alone |\n"
    slides.add_teacher_notes(deck, TEACHER + f"\n## Minutes\n\nIt takes 80.\n\n{table}")
    assert ["03.1 alone" in str(slide.notes) for slide in deck] == [True] + [False] * 5


def test_notes_that_name_nothing_are_spread_and_keep_their_code():
    deck = slides.cut(page(*["<p>A.</p>" + SHOWN] * 6), KMEANS)
    steps = "\n\n".join(
        f"{n}. Step {n}.\n\n   ```python\n   x = {n}\n\n   # - no point\n   ```\n\n   "
        + "word " * 100
        for n in range(1, 5)
    )
    slides.add_teacher_notes(deck, f"# Notes\n\nFor x.\n\n## Live coding\n\nSlowly.\n\n{steps}\n")
    said = ["".join(slide.notes) for slide in deck]
    assert max(len(slides.plain_text([text]).split()) for text in said) <= slides.MOST_NOTES
    where = [next(n for n, text in enumerate(said) if f"Step {i}." in text) for i in range(1, 5)]
    assert where == sorted(where) and len(set(where)) > 1 and where[0] == 1
    for i, n in zip(range(1, 5), where):
        assert f"x = {i}" in said[n] and said[n].count("Live coding") == said[n].count("Step") + (
            "Slowly" in said[n]
        )


@pytest.mark.site
def test_headings_are_linked_as_on_the_site(site):
    html = (site / "notebooks/03_kmeans.html").read_text(encoding="utf-8")
    for slide in slides.cut(html, KMEANS)[2:]:
        if slide.kind != "exercise":
            assert f'<section id="{slides.anchor(slide.title)}">' in html


# A plan ---------------------------------------------------------------------------------------


def plan_of(*rows):
    blocks = [
        {"id": f"b{n}", "kind": "teach", "minutes": 10, "do": "Run.", "late": "Stop.", **row}
        for n, row in enumerate(rows)
    ]
    session = {"title": "Day", "start": "09:00", "blocks": blocks}
    text = yaml.safe_dump({"title": "One day", "minutes": 10, "sessions": [session]})
    return sys.modules["course_plans"].parse_plan("one_day", text, {})


def test_a_plan_keeps_what_it_tells_and_sets_and_says_when():
    sections = ["<p>A.</p>" + SHOWN + PREDICT, "<p>B.</p>" + SHOWN, "<p>C.</p>" + SHOWN]
    deck = slides.cut(page(*sections), KMEANS)
    plan = plan_of(
        {"chapter": "3", "sections": ["Section 2"]},
        {"chapter": "3", "sections": ["Section 3"], "exercises": ["03.1"]},
        {"chapter": "4", "sections": ["Section 1"]},
    )
    kept = slides.in_plan(deck, plan, "3")
    titles = [slide.title for slide in kept]
    assert titles[2:] == ["Your turn: one user", "Section 2", "Section 3"]
    notes = {slide.title: "".join(slide.notes) for slide in kept}
    assert "One day, 09:00: b0, 10 minutes" in notes["Section 2"]
    assert "One day, 09:10: b1" in notes["Your turn: one user"]
    assert "If late: Stop." in notes["Section 2"] and "b2" not in str(notes)
    assert "09:00" not in str([slide.notes for slide in deck])
    quiz = plan_of({"chapter": "3", "quiz": True})
    assert [slide.kind for slide in slides.in_plan(deck, quiz, "3")] == [
        "title",
        "outcomes",
        "quiz",
    ]


def test_a_plan_that_does_not_exist_or_lacks_a_chapter_is_named(tmp_path):
    with pytest.raises(SystemExit, match="no plan weekend; there are half_day"):
        slides.main(["--plan", "weekend"])
    with pytest.raises(SystemExit, match="one_day has nothing of chapter 16"):
        slides.main(["--plan", "one_day", "--only", "16", "--site", str(tmp_path)])


# The decks ------------------------------------------------------------------------------------


def test_reveal_is_as_published_light_and_has_its_licence():
    sums = dict(reversed(line.split()) for line in (ASSETS / "SHA256SUMS").read_text().splitlines())
    for name, digest in sums.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name
    assert "Copyright (C) 2011" in (ASSETS / "LICENSE").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in ASSETS.iterdir()) < 300_000


def test_every_pair_of_colours_can_be_read():
    style = (ASSETS / "theme.css").read_text(encoding="utf-8")
    assert faint(style) == []
    assert faint(style.replace("--slide-muted: #55606f", "--slide-muted: #aab4c2")) == [
        "muted on paper",
        "muted on card",
    ]


@pytest.fixture
def deck(tmp_path):
    """A small deck that keeps all rules."""
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images/a.png").write_bytes(b"picture")
    (tmp_path / "notebooks").mkdir()
    source = tmp_path / "notebooks/03_kmeans.html"
    sections = ["<p>A.\nB.</p>" + cell("plot()", PICTURE)] * 3
    made = slides.cut(page(*sections, "<p>C.</p>" + SHOWN + PREDICT), KMEANS)
    slides.write_deck(tmp_path / "deck", source, KMEANS, made)
    return tmp_path / "deck"


def complaints_of(deck, exercises=("03.1",), answers=frozenset()):
    html = (deck / "index.html").read_text(encoding="utf-8")
    return [
        *slide_complaints(html, list(exercises)),
        *leaks(html, set(answers)),
        *folder_complaints(deck),
    ]


def test_a_deck_is_a_folder_of_its_own(deck):
    assert complaints_of(deck) == []
    assert 'src="pictures/a.png"' in (deck / "index.html").read_text(encoding="utf-8")
    assert (deck / "pictures/a.png").read_bytes() == b"picture"


BROKEN = {
    "words of notes": lambda html: html.replace(
        '<aside class="notes">', '<aside class="notes">' + "word " * (MOST_WORDS + 1), 1
    ),
    "speaks of a table above": lambda html: html.replace("her cost", "from the table above"),
    "alt text": lambda html: re.sub('alt="[^"]*"', "", html),
    "is not in the folder": lambda html: html.replace("pictures/a.png", "pictures/b.png"),
    "used by nobody": lambda html: html.replace("reveal/code.css", "reveal/theme.css"),
    "fetched from elsewhere": lambda html: html.replace("reveal/reveal.js", "https://x.org/r.js"),
    "leads out of the deck": lambda html: html.replace("A. B.", 'A. <a href="../x.html">B.</a>'),
    "without a heading": lambda html: html.replace("<h2>Section 1</h2>", ""),
    "is empty": lambda html: re.sub(r'<p class="lead">7 questions.*?</pre>', "", html, flags=re.S),
    "has no notes": lambda html: html.replace('<aside class="notes">', "<aside>", 1),
    "exercises": lambda html: html.replace("Exercise 03.1", "Exercise 03.2"),
    "a check or a quiz": lambda html: html.replace("my_cost = ...", "Not yet"),
    "given away": lambda html: html.replace("my_cost = ...", "my_cost = ((x - c)  **2) .sum()"),
    "slides": lambda html: re.sub(r'<section class="picture">.*?</section>', "", html, flags=re.S),
}


@pytest.mark.parametrize("said", BROKEN)
def test_the_checks_see_what_is_broken(deck, said):
    path = deck / "index.html"
    html = path.read_text(encoding="utf-8")
    broken = BROKEN[said](html)
    assert broken != html
    path.write_text(broken, encoding="utf-8")
    assert any(said in text for text in complaints_of(deck, answers={"my_cost=((x-c)**2).sum()"}))


def test_the_checks_miss_a_licence(deck):
    (deck / "reveal/LICENSE").unlink()
    assert complaints_of(deck) == ["reveal.js without its licence"]


def seen_in(browser, folder):
    """What `CUT_OFF` sees of a deck."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto((folder / "index.html").as_uri())
    page.wait_for_function("document.documentElement.dataset.fitted")
    seen = page.evaluate(CUT_OFF)
    page.close()
    return seen


@pytest.mark.slow
def test_what_is_cut_off_or_small_is_seen(deck, browser):
    assert fit_complaints(seen_in(browser, deck)) == []
    path = deck / "index.html"
    html = path.read_text(encoding="utf-8")
    lines = "\n".join(f"line {n}" for n in range(60))
    path.write_text(html.replace("my_cost = ...", lines, 1), encoding="utf-8")
    found = fit_complaints(seen_in(browser, deck))
    assert any("cut off" in text for text in found) and any("pixels" in text for text in found)
    # Code that fits keeps its 24 pixels, a long line makes it smaller, and it is never cut.
    path.write_text(html.replace("my_cost = ...", "x" * 95, 1), encoding="utf-8")
    sizes = [size for _, _, size in seen_in(browser, deck) if size < 99]
    assert min(sizes) < max(sizes) == 24 and fit_complaints(seen_in(browser, deck)) == []


def test_decks_of_small_type_are_seen():
    assert fit_complaints([[n, [], 18] for n in range(10)])[-1] == (
        "only 0 of 10 slides can be read far off"
    )
    assert fit_complaints([[1, [], 12.0]])[0] == "slide 1: code of 12 pixels"


@pytest.mark.slow
def test_a_deck_opens_from_a_stick_turns_and_prints(deck, browser):
    asked, wrong = [], []
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    ready = "window.Reveal && Reveal.isReady()"
    page.goto((deck / "index.html").as_uri())
    page.wait_for_function(ready)
    assert page.locator("section.present h1").inner_text() == KMEANS.title
    page.keyboard.press("ArrowRight")
    assert page.locator("section.present h2").inner_text() == "Afterwards you can"
    page.wait_for_function("location.hash == '#/1'")
    n_slides = page.evaluate("Reveal.getTotalSlides()")
    page.goto(f"{(deck / 'index.html').as_uri()}?print-pdf")
    page.wait_for_function(f"document.querySelectorAll('.pdf-page').length == {n_slides}")
    page.close()
    assert wrong == [] and {url.split(":")[0] for url in asked} == {"file"}


@pytest.fixture(scope="module")
def decks(site, tmp_path_factory):
    """The decks of all chapters."""
    out = tmp_path_factory.mktemp("slides")
    assert slides.main(["--site", str(site), "--out", str(out)]) == 0
    yield out
    shutil.rmtree(out)


@pytest.mark.site
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_makes_a_good_deck(decks, name):
    path = ROOT / f"{name}.ipynb"
    notebook, solved = rules.read(path), rules.read(rules.solutions_of(path))
    folder = decks / slides.short_number(name)
    assert complaints_of(folder, rules.exercise_ids(notebook), rules.answers(solved)) == []


@pytest.mark.site
@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_of_a_deck_is_cut_off(decks, browser, name):
    assert fit_complaints(seen_in(browser, decks / slides.short_number(name))) == []


@pytest.mark.site
def test_the_start_of_the_bad_start_can_be_seen(site):
    html = (site / "notebooks/03_kmeans.html").read_text(encoding="utf-8")
    deck = slides.cut(html, KMEANS)
    place = next(n for n, slide in enumerate(deck) if slide.exercise == "03.5")
    for slide in deck[place - 1 : place + 1]:
        assert "(3,0)" in re.sub(r"\s", "", slides.plain_text([*slide.lead, *slide.body]))
    (cost,) = [slide for slide in deck if slide.exercise == "03.1"]
    assert "centres = np.array(" in slides.plain_text(cost.body)


@pytest.mark.site
def test_the_list_of_decks_leads_to_all(decks):
    html = (decks / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]+)"', html)
    assert len(links) == len(CHAPTERS) and all((decks / link).is_file() for link in links)
