"""The course as a book: EPUB and PDF, and the checks that look at them."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from book_checks import bookmarks, epub_problems, pdf_problems
from site_support import ROOT, toc_pages

from tests.unit.javascript import BROWSERS

SENTENCE = "Can groups of users with similar interests tell us what to recommend"
PRINTED = ["book/intro", "notebooks/03_kmeans", "notebooks/A1_debugging_the_article"]
# Not in this process: another test's browser may be open, and Playwright bears one at a time.
PRINT = """
import sys, pathlib
sys.path.insert(0, "tools")
import formats
pages = formats.read_pages(names=sys.argv[2:])
sys.exit(0 if formats.write_pdf(pathlib.Path(sys.argv[1]), pages, formats.read_about()) else 3)
"""


def load(path: Path):
    """Load a file as a module."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def formats():
    """The tool as a module."""
    return load(ROOT / "tools" / "formats.py")


@pytest.fixture(scope="module")
def extension():
    """The extension that writes the pages as a module."""
    return load(ROOT / "book" / "_ext" / "book_formats.py")


# The books ------------------------------------------------------------------------------------


# One test for all of it: two would write the same pages at the same time in two processes.
@pytest.mark.site
@pytest.mark.slow
def test_the_whole_course_is_a_good_book(formats, site, browser, tmp_path):
    formats.write_pages()
    pages, about = formats.read_pages(), formats.read_about()
    assert [page.name for page in pages] == toc_pages()
    files = formats.epub_files(pages, about)
    formats.write_epub(tmp_path / "a.epub", files)
    formats.write_epub(tmp_path / "b.epub", formats.epub_files(pages, about))
    book = (tmp_path / "a.epub").read_bytes()
    assert book == (tmp_path / "b.epub").read_bytes(), "the same sources, another book"
    assert epub_problems(book, [page.label for page in pages]) == []
    assert len(book) < 15_000_000
    assert b"Answers to the quiz" in files["notebooks/03_kmeans.xhtml"]
    assert "聚类".encode() in files["book/glossary.xhtml"]

    command = [sys.executable, "-c", PRINT, str(tmp_path / "part.pdf"), *PRINTED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "wider than the paper" not in done.stderr
    titles = [page.title for page in pages if page.name in PRINTED]
    assert pdf_problems((tmp_path / "part.pdf").read_bytes(), titles, SENTENCE) == []
    assert [path.name for path in tmp_path.glob("*.part")] == []


# The checks -----------------------------------------------------------------------------------

BODY = (
    '<section id="a"><h1>One</h1><p><a href="two.xhtml#b">two</a> '
    '<img src="i.png" alt="a dot"/></p><span class="math">'
    '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="x"/></span></section>'
)


@pytest.fixture
def small(formats, tmp_path):
    """A function that binds a book of two pages, of which the first can be spoiled."""
    (tmp_path / "i.png").write_bytes((ROOT / "book/_static/apple-touch-icon.png").read_bytes())

    def bind(before: str = "", after: str = "", **changes: bytes | None) -> bytes:
        one = formats.Page("one", "Part", "One", BODY.replace(before, after) if before else BODY)
        two = formats.Page("two", "Part", "Two", '<section id="b"><h1>Two</h1></section>')
        about = formats.About("A for B", "Us", "1", "https://example.org/", 0)
        files = formats.epub_files([one, two], about, tmp_path)
        for name, content in changes.items():
            name = name.replace("_", ".")
            if content is None:
                files.pop(name)
            else:
                files[name] = files.get(name, b"").replace(*content) if content else b""
        formats.write_epub(tmp_path / "x.epub", files)
        return (tmp_path / "x.epub").read_bytes()

    return bind


def test_a_good_small_book_has_no_problems(small):
    assert epub_problems(small(), ["One", "Two"]) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('alt="a dot"', 'alt=" "', "has no text"),
        ("#b", "#c", "an anchor that is not there"),
        ("<h1>", "<script>x()</script><h1>", "<script> does nothing"),
        ("<h1>", '<h1 onclick="x()">', "<h1> does nothing"),
        ("<h1>", '<h1 id="a">', "twice"),
        (' aria-label="x"', "", "no picture with a text"),
        ("</h1>", "</h2>", "not well-formed"),
    ],
)
def test_the_check_sees_a_bad_page(small, before, after, said):
    assert any(said in problem for problem in epub_problems(small(before, after), ["One"]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"i_png": None}, "i.png is listed and missing"),
        ({"more_css": b""}, "more.css is not listed"),
        ({"content_opf": (b' properties="svg"', b"")}, "wrongly as to SVG"),
        ({"nav_xhtml": (b">Two<", b"><")}, "not in the contents: Two"),
        ({"two_xhtml": None}, "link to two.xhtml#b, which is not in the book"),
    ],
)
def test_the_check_sees_a_bad_book(small, changes, said):
    found = epub_problems(small(**changes), ["One", "Two"])
    assert any(said in problem for problem in found), found


def test_the_check_sees_a_zip_that_is_no_epub(small):
    old, new = zipfile.ZipFile(io.BytesIO(small())), io.BytesIO()
    with zipfile.ZipFile(new, "w") as archive:
        for name in sorted(old.namelist()):
            archive.writestr(name, old.read(name))
    assert "the first file is EPUB" in epub_problems(new.getvalue(), [])[0]


def test_the_check_sees_a_bad_pdf():
    pypdf = pytest.importorskip("pypdf")
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(200, 200)
    font = DictionaryObject({NameObject("/Subtype"): NameObject("/TrueType")})
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})}
    )
    lost = DictionaryObject({NameObject("/Dest"): TextStringObject("nowhere")})
    action = DictionaryObject({NameObject("/URI"): TextStringObject("file" + ":///x")})
    local = DictionaryObject({NameObject("/A"): action})
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(note) for note in (lost, local)])
    file = io.BytesIO()
    writer.write(file)
    found = " ".join(pdf_problems(file.getvalue(), ["One"], SENTENCE))
    for said in ("not A4", "all but empty", "nowhere", "link to file", "not in the file"):
        assert said in found
    assert "no bookmark: One" in found
    assert "not to be found" in found


def test_the_check_misses_links():
    pypdf = pytest.importorskip("pypdf")
    writer, file = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(595.3, 841.9)
    writer.write(file)
    assert "there are no links" in pdf_problems(file.getvalue(), [], "")


# The pieces -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("<p>a<br>b", "<p>a<br/>b</p>"),
        ('<div onclick="x()">a</div>', "<div>a</div>"),
        ("a<script>if (1 < 2) x()</script>b", "ab"),
        (
            "<style scoped>p {}</style><table border='1'><tr></tr></table>",
            "<table><tr></tr></table>",
        ),
        ("a &amp; b &lt; c", "a &amp; b &lt; c"),
        ('<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>',) * 2,
        ("<details><summary>Proof</summary>", "<details><summary>Proof</summary>"),
        ("</details>", "</details>"),
        ("<link href='a.css'><input checked>a", "a"),
        ("<button>Press</button></p>", ""),
    ],
)
def test_raw_html_becomes_well_formed(extension, source, result):
    assert extension.clean(source) == result


def test_a_quiz_on_paper_has_its_answers_at_the_end(extension):
    from docutils import nodes

    options = [("x", False, "No."), ("y", True, "Right.")]
    option = [{"answer": a, "correct": c, "feedback": f} for a, c, f in options]
    quiz = [{"question": "Which?", "answers": option}]
    assert "Right: b." in extension.quiz_answers(quiz).astext()
    asked = extension.quiz_questions(quiz)
    assert "Which?" in asked.astext()
    assert "Right" not in asked.astext()
    assert len(list(asked.findall(nodes.list_item))) == 3


def test_a_new_website_forgets_the_old_books(extension, formats, tmp_path):
    page = '<p>Text</p>\n<div class="toctree-wrapper compound"></div>'
    (tmp_path / "book").mkdir()
    home = tmp_path / "book" / "intro.html"
    home.write_text(page, encoding="utf-8")
    book = tmp_path / "user-interest-clustering.epub"
    book.write_bytes(b"book")
    for _ in range(2):  # twice is once
        formats.link_from_site([book], tmp_path)
    text = home.read_text(encoding="utf-8")
    assert text.count("../_downloads/user-interest-clustering.epub") == 1
    assert ".pdf" not in text, "no link to what was not made"
    assert (tmp_path / "_downloads" / book.name).read_bytes() == b"book"
    config = SimpleNamespace(root_doc="book/intro")
    app = SimpleNamespace(builder=SimpleNamespace(name="html"), outdir=tmp_path, config=config)
    extension.forget_books(app, None)
    assert home.read_text(encoding="utf-8") == page
    assert not (tmp_path / "_downloads" / book.name).exists()


def test_without_a_browser_there_is_no_half_pdf(formats, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "print_pdf", lambda source, keys: None)
    about = formats.About("A for B", "Us", "1", "https://example.org/", 0)
    page = formats.Page("one", "", "One", "<h1>One</h1>")
    assert not formats.write_pdf(tmp_path / "x.pdf", [page], about, tmp_path)
    assert list(tmp_path.glob("x.*")) == []
    assert "apt install" in " ".join(formats.NO_BROWSER.split())


def test_the_tool_and_the_tests_look_for_the_same_browsers(formats):
    # A tool of the course imports no test, so the list stands twice.
    assert formats.BROWSERS == BROWSERS


def test_an_epub_is_whole_or_not_there(formats, tmp_path):
    with pytest.raises(TypeError):
        formats.write_epub(tmp_path / "x.epub", {"a": b"x", "b": None})
    assert not (tmp_path / "x.epub").exists()


def test_links_lead_within_one_document(formats):
    body = '<h1 id="a">T</h1><p><a href="../book/two.xhtml#b">x</a><a href="three.xhtml">y</a></p>'
    page = formats.Page("notebooks/one", "Part", "T", body)
    text = formats.anchored(page, {"notebooks/one.xhtml", "book/two.xhtml"})
    assert '<h2 id="notebooks-one--a">' in text
    assert 'href="#book-two--b"' in text
    assert "<span>y</span>" in text, "a page that is not in the book has no link"


def test_bookmarks_get_their_blanks_back(formats):
    pypdf = pytest.importorskip("pypdf")
    writer, file = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(595.3, 841.9)
    above = writer.add_outline_item(title="Part", page_number=0)
    writer.add_outline_item(title="Alongtitle", page_number=0, parent=above)
    writer.write(file)
    about = formats.About("A for B", "Us", "1", "https://example.org/", 0)
    words = formats.headings("<h1>Part</h1><h2>A <em>long</em> title</h2>")
    made = pypdf.PdfReader(io.BytesIO(formats.with_metadata(file.getvalue(), about, words)))
    assert bookmarks(made.outline) == ["Part", "A long title"]
    assert (made.metadata.title, made.page_mode) == ("A for B", "/UseOutlines")


def test_unknown_pages_are_named(formats, tmp_path):
    with pytest.raises(SystemExit, match="no such page: notebooks/99"):
        formats.read_pages(tmp_path, ["notebooks/99"])


def test_broken_pages_are_named(formats, tmp_path):
    (tmp_path / "one.xhtml").write_text("<h1>One</h1><p>a<br>", encoding="utf-8")
    with pytest.raises(SystemExit, match="one is not well-formed"):
        formats.read_page(tmp_path, "one", "")
