"""The rest of the Sphinx extension: figures without text, repairs of the theme's HTML."""

import json

import nbformat
import pytest

FIGURE = """import matplotlib.pyplot as plt
plt.plot([1, 2]);"""
CONFIG = """
title: Tiny
only_build_toc_files: true
exclude_patterns: [".*", "_build"]
execute: {timeout: 300}
sphinx: {local_extensions: {course_site: _ext}}
"""


@pytest.mark.parametrize("alt", ["Two groups of dots.", "A map of 3.5 million users"])
def test_useful_texts(extension, alt):
    assert extension.is_useful_alt(alt)


@pytest.mark.parametrize("alt", [None, "", "  ", "figure.png", "../_images/8a9f.svg", "x.JPEG"])
def test_useless_texts(extension, alt):
    assert not extension.is_useful_alt(alt)


def write_book(folder, root, metadata):
    """Write a book whose only page draws a figure in a cell with this metadata."""
    (folder / "book/_ext").mkdir(parents=True)
    (folder / "notebooks").mkdir()
    source = (root / "book/_ext/course_site.py").read_text(encoding="utf-8")
    (folder / "book/_ext/course_site.py").write_text(source, encoding="utf-8")
    (folder / "book/_config.yml").write_text(CONFIG, encoding="utf-8")
    toc = {"format": "jb-book", "root": "notebooks/01"}
    (folder / "book/_toc.yml").write_text(json.dumps(toc), encoding="utf-8")
    figure = nbformat.v4.new_code_cell(FIGURE, metadata=metadata)
    cells = [nbformat.v4.new_markdown_cell("# Page"), figure]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, folder / "notebooks/01.ipynb")


@pytest.mark.slow
def test_a_figure_without_text_fails_the_build_every_time(tmp_path, root, build_book):
    write_book(tmp_path, root, {})
    for _ in range(2):  # the second build would skip the unchanged page, and with it the warning
        result = build_book(tmp_path, "-W", "--keep-going")
        assert result.returncode != 0
        assert "has no alternative text" in result.stderr
        assert '{"mystnb": {"image": {"alt": "..."}}}' in result.stderr


@pytest.mark.slow
def test_the_text_of_a_cell_reaches_the_page(tmp_path, root, build_book):
    write_book(tmp_path, root, {"mystnb": {"image": {"alt": "A line that rises."}}})
    result = build_book(tmp_path, "-W", "--keep-going")
    assert result.returncode == 0, result.stdout + result.stderr
    page = (tmp_path / "_build/html/notebooks/01.html").read_text(encoding="utf-8")
    assert 'alt="A line that rises."' in page
    assert "unpkg.com" not in page


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<summary aria-label="Toggle hidden content">', "<summary>"),
        ("<tr><th></th><th>user</th></tr>", "<tr><td></td><th>user</th></tr>"),
        ('<dt id="term-1">K 均值<a', '<dt id="term-1" lang="zh-Hans">K 均值<a'),
        ('<dt id="term-user">user<a', '<dt id="term-user">user<a'),
        (
            '<div class="citation" id="a1b" role="doc-biblioentry">',
            '<div class="citation" id="a1b" role="listitem">',
        ),
    ],
)
def test_repairs_of_html(extension, before, after):
    assert extension.fix_html(before) == after


def test_repairing_twice_changes_nothing_more(extension):
    page = '<div class="output text_html"><th></th></div><dt id="t">用户<a>'
    once = extension.fix_html(page)
    assert extension.fix_html(once) == once != page
