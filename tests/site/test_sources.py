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


def configured_elsewhere(text, address):
    """Repositories that a configuration names instead of one, or that it names none."""
    named = (yaml.safe_load(text).get("repository") or {}).get("url")
    return [] if address and named == address else [f"{named} instead of {address}"]


def test_configuration_names_the_repository_of_pyproject(root):
    text = (root / "book/_config.yml").read_text(encoding="utf-8")
    assert configured_elsewhere(text, repository_url()) == []


def test_a_configuration_that_names_another_repository_is_seen():
    text, ours = "repository:\n  url: https://{}\n  branch: main\n", "https://me/course"
    assert configured_elsewhere(text.format("me/course"), ours) == []
    assert configured_elsewhere(text.format("me/old"), ours) == [
        f"https://me/old instead of {ours}"
    ]
    assert configured_elsewhere("title: A\n", ours) == [f"None instead of {ours}"]
    assert configured_elsewhere("repository: {url: ''}", "")


def other_repositories(text, slug):
    """Repositories that a text names beside our own and the reader's."""
    named = re.findall(r"github\.com/([\w.-]+/[\w-]+)", text)
    return [found for found in named if found not in (slug, "YOU/YOUR-FORK")]


def test_prose_names_no_other_repository(root, slug):
    for path in (root / "book").rglob("*.md"):
        assert other_repositories(path.read_text(encoding="utf-8"), slug) == [], path.name


def test_another_repository_is_seen():
    text = "https://github.com/{}/blob/main and github.com/YOU/YOUR-FORK"
    assert other_repositories(text.format("me/course"), "me/course") == []
    assert other_repositories(text.format("me/old-name"), "me/course") == ["me/old-name"]


@pytest.mark.parametrize("name", toc_pages())
def test_every_page_of_the_contents_exists_once(name, root):
    sources = [root / f"{name}{suffix}" for suffix in (".md", ".ipynb")]
    assert sum(path.is_file() for path in sources) == 1
    assert toc_pages().count(name) == 1


def unknown_works(root):
    """Works that a chapter or a page names and the list of references lacks, with the page."""
    known = set(BIB_KEY.findall((root / "book/references.bib").read_text(encoding="utf-8")))
    unknown = {}
    for path in sorted([*(root / "notebooks").rglob("*.ipynb"), *(root / "book").rglob("*.md")]):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        unknown.update({key: path.name for key in keys_in(text) - known})
    return unknown


def test_every_work_that_a_chapter_names_is_in_the_list(root):
    text = (root / "book/references.bib").read_text(encoding="utf-8")
    assert len(set(BIB_KEY.findall(text))) >= 40
    assert unknown_works(root) == {}


def test_a_work_that_is_not_in_the_list_is_seen(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "book/references.bib").write_text("@article{known1999work,\n}\n")
    (tmp_path / "book/page.md").write_text("See [known1999work] and [lost2001page].")
    cells = [
        {"cell_type": "markdown", "source": ["See ", "[lost2002cell]."]},
        {"cell_type": "code", "source": ["x[code2003cell]"]},
    ]
    (tmp_path / "notebooks/01.ipynb").write_text(json.dumps({"cells": cells}))
    assert unknown_works(tmp_path) == {"lost2001page": "page.md", "lost2002cell": "01.ipynb"}


def unlisted_works(page, entries):
    """Works of a list of entries to which the page of references gives no place."""
    return [key for key in BIB_KEY.findall(entries) if f'id="{key}"' not in page]


@pytest.mark.site
def test_list_of_references_shows_every_key(root, site):
    page = (site / "book/references.html").read_text(encoding="utf-8")
    assert unlisted_works(page, (root / "book/references.bib").read_text(encoding="utf-8")) == []


def test_a_work_without_a_place_on_the_page_is_seen():
    entries = "@article{here1999work,\n}\n@book{lost2001book,\n}\n"
    page = '<div id="here1999work">H</div><a href="#lost2001book">{}</a>'
    assert unlisted_works(page, entries) == ["lost2001book"]
    assert unlisted_works(page + '<div id="lost2001book">', entries) == []


def loads_from_elsewhere(css):
    """Say if a style sheet asks another host, or another style sheet, for something."""
    return bool(re.search(r"@import|url\(\s*['\"]?(https?:)?//", css))


def test_style_sheet_loads_nothing_from_elsewhere(root):
    assert not loads_from_elsewhere((root / "book/_static/course.css").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "css",
    [
        "@import 'more.css';",
        "a { background: url(https://example.org/a.png) }",
        "a { background: url( '//example.org/a.png') }",
    ],
)
def test_a_style_sheet_that_asks_elsewhere_is_seen(css):
    assert loads_from_elsewhere(css)
    assert not loads_from_elsewhere("a { background: url('a.png') } /* https://w3.org */")


def harm_in_picture(svg):
    """What a small drawing should not have."""
    found = [word for word in ("<script", "href") if word in svg]
    return found + ([f"{len(svg)} letters"] if len(svg) >= 4000 else [])


@pytest.mark.parametrize("name", ["logo.svg", "favicon.svg"])
def test_pictures_are_small_and_harmless(root, name):
    assert harm_in_picture((root / "book/_static" / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("<script>x</script>", "<script"),
        ('<use href="https://example.org/a.svg"/>', "href"),
        (4000 * " ", "4011 letters"),
        ("<path/>", None),
    ],
)
def test_a_harmful_picture_is_seen(part, found):
    assert harm_in_picture(f"<svg>{part}</svg>") == ([found] if found else [])


def crowded_lines(text):
    """Lines of prose with more than one sentence, and their numbers."""
    ends = re.compile(r"[a-z)`*]{2}[.?!] +[A-Z][a-z]")
    fenced, found = False, []
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= line.startswith("```")
        inside_table_or_list = line.lstrip().startswith(("|", "- ", ":", "{", "  "))
        numbered = re.match(r"\d+\. ", line)
        if not (fenced or inside_table_or_list or numbered or line.startswith("  ")):
            found += [f"{number}: {line}"] if ends.search(line) else []
    return found


def test_prose_keeps_one_sentence_per_line(root):
    """So that a change of one sentence is a change of one line, for editors and translators."""
    for path in (root / "book").rglob("*.md"):
        assert crowded_lines(path.read_text(encoding="utf-8")) == [], path.name


def test_two_sentences_in_a_line_are_seen():
    two = "One ends here. Another begins."
    assert crowded_lines(f"One.\n{two}\nAsk `this`? Then that.") == [
        f"2: {two}",
        "3: Ask `this`? Then that.",
    ]
    assert crowded_lines(f"```\n{two}\n```\n| {two} |\n- {two}\n1. {two}\n  {two}") == []


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


# Commands that the standard library alone can run: any Python will do.
ANY_PYTHON = r"course\.py|classroom\.py|--version|-m (?:http\.server|uv cache clean)"
WINDOWS = r".venv\Scripts\python"


def commands_astray(text):
    """List commands of a page that a Python without the course's packages cannot run."""
    bare = re.findall(r"(?:^|`)python3? [^`\n]+", text, re.MULTILINE)
    found = [c.strip("`") for c in bare if not re.match(rf"`?python3? (?:{ANY_PYTHON})\b", c)]
    silent = ".venv/bin/python " in text and WINDOWS not in text and "Linux and macOS" not in text
    return found + (["nothing for Windows"] if silent else [])


def test_commands_name_the_python_that_has_the_packages(root):
    notes = [*root.glob("tools/**/*.md"), *root.glob("data/*/README.md"), root / "README.md"]
    for path in [*(root / "book").rglob("*.md"), *notes]:
        assert commands_astray(path.read_text(encoding="utf-8")) == [], path.name


def test_commands_of_another_python_are_seen():
    for good in ("course.py kit", "-m http.server", "classroom.py install", "course.py lab  # a"):
        assert commands_astray(f"Run `python {good}`.\n```\npython3 {good}\n```\n") == []
    for bad in ("tools/answers.py", "-m pytest tests", "-m uv pip install x", "-m http.client"):
        assert commands_astray(f"Run `python {bad}` now.") == [f"python {bad}"]
        assert commands_astray(f"```bash\npython3 {bad}\n```\n") == [f"python3 {bad}"]
    ours = "`.venv/bin/python tools/a.py`"
    assert commands_astray(ours) == ["nothing for Windows"]
    assert commands_astray(f"{ours}, on Windows `{WINDOWS}`") == []
    assert commands_astray(f"On Linux and macOS, {ours}") == []
