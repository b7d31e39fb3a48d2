"""The sources of the site: configuration, table of contents, references, shipped files."""

import json
import re

import pytest
import yaml
from site_support import repository_url, toc_pages

REFERENCE = re.compile(r"\[([a-z]+\d{4}[a-z]+)\]")
BIB_KEY = re.compile(r"^@\w+\{([^,\s]+),", re.MULTILINE)


def keys_in(text):
    """Keys of works that a text names in brackets."""
    return set(REFERENCE.findall(text))


def test_reference_pattern():
    assert keys_in("see [arthur2007kmeans] and [x2], [a list](b.md)") == {"arthur2007kmeans"}


def test_configuration_names_the_repository_of_pyproject(root):
    config = yaml.safe_load((root / "book/_config.yml").read_text(encoding="utf-8"))
    assert config["repository"]["url"] == repository_url()


def test_prose_names_no_other_repository(root, slug):
    for path in (root / "book").rglob("*.md"):
        for found in re.findall(r"github\.com/([\w.-]+/[\w-]+)", path.read_text(encoding="utf-8")):
            assert found in (slug, "YOU/YOUR-FORK"), f"{path.name} names {found}"


@pytest.mark.parametrize("name", toc_pages())
def test_every_page_of_the_contents_exists_once(name, root):
    sources = [root / f"{name}{suffix}" for suffix in (".md", ".ipynb")]
    assert sum(path.is_file() for path in sources) == 1
    assert toc_pages().count(name) == 1


def test_every_work_that_a_chapter_names_is_in_the_list(root):
    known = set(BIB_KEY.findall((root / "book/references.bib").read_text(encoding="utf-8")))
    assert len(known) >= 40
    unknown = {}
    for path in sorted([*(root / "notebooks").rglob("*.ipynb"), *(root / "book").rglob("*.md")]):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        unknown.update({key: path.name for key in keys_in(text) - known})
    assert not unknown, f"not in book/references.bib: {unknown}"


@pytest.mark.site
def test_list_of_references_shows_every_key(root, site):
    page = (site / "book/references.html").read_text(encoding="utf-8")
    for key in BIB_KEY.findall((root / "book/references.bib").read_text(encoding="utf-8")):
        assert f'id="{key}"' in page


def test_style_sheet_loads_nothing_from_elsewhere(root):
    text = (root / "book/_static/course.css").read_text(encoding="utf-8")
    assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", text)


@pytest.mark.parametrize("name", ["logo.svg", "favicon.svg"])
def test_pictures_are_small_and_harmless(root, name):
    text = (root / "book/_static" / name).read_text(encoding="utf-8")
    assert len(text) < 4000
    assert "<script" not in text and "href" not in text


def test_prose_keeps_one_sentence_per_line(root):
    """So that a change of one sentence is a change of one line, for editors and translators."""
    ends = re.compile(r"[a-z)`*]{2}[.?!] +[A-Z][a-z]")
    for path in (root / "book").rglob("*.md"):
        fenced = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            fenced ^= line.startswith("```")
            inside_table_or_list = line.lstrip().startswith(("|", "- ", ":", "{", "  "))
            numbered = re.match(r"\d+\. ", line)
            if not (fenced or inside_table_or_list or numbered or line.startswith("  ")):
                assert not ends.search(line), f"{path.name}:{number}: {line}"


def repeated_terms(glossary):
    """List the names, English or Chinese, that two entries of a glossary share."""
    lines = [line for line in glossary.splitlines() if line and not line.startswith((" ", ":"))]
    return sorted({line for line in lines if lines.count(line) > 1})


def test_no_two_terms_share_a_name(root):
    text = (root / "book/glossary.md").read_text(encoding="utf-8")
    entries = text.split(":::{glossary}")[1].split("\n:::")[0]
    assert entries.count("\n\n") > 100 and repeated_terms(entries) == []


def test_a_shared_name_is_seen():
    assert repeated_terms("leak\n泄漏\n  One. [x]\n\nleakage\n泄漏\n  Two.\n") == ["泄漏"]
