"""Every chapter opens itself, and nothing else, in Binder, Colab and Kaggle."""

from __future__ import annotations

import pytest
from site_checks import Page
from site_support import toc_pages

CHAPTERS = [name for name in toc_pages() if name.startswith("notebooks/")]
ADDRESSES = {
    "mybinder.org": "https://mybinder.org/v2/gh/{slug}/main?urlpath=lab/tree/{docname}.ipynb",
    "colab.research.google.com": "https://colab.research.google.com/github/{slug}/blob/main/"
    "{docname}.ipynb",
    "kaggle.com": "https://kaggle.com/kernels/welcome?src=https://raw.githubusercontent.com/"
    "{slug}/main/{docname}.ipynb",
}


def wrong_launch_links(text: str, slug: str, docname: str) -> list[str]:
    """Places in which a chapter cannot be opened, or opens as something else."""
    links = Page(text).links
    problems = []
    for host, address in ADDRESSES.items():
        wanted = address.format(slug=slug, docname=docname)
        # `www.kaggle.com` of a data set's page is no place to run a chapter.
        found = [link for link in links if link.startswith(wanted.split(slug)[0])]
        problems += [] if found else [f"{docname}: no link to {host}"]
        problems += [f"{docname}: {link} instead of {wanted}" for link in found if link != wanted]
    return problems


@pytest.mark.site
@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_opens_itself_everywhere(name, site, slug):
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    problems = wrong_launch_links(text, slug, name)
    assert not problems, "\n".join(problems)


def page(slug="me/course", docname="notebooks/03_kmeans", without=""):
    """A page with its links, one of them perhaps left out."""
    links = [a.format(slug=slug, docname=docname) for h, a in ADDRESSES.items() if h != without]
    return "".join(f'<a href="{link}">here</a>' for link in links)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (page(without="kaggle.com"), "no link to kaggle.com"),
        (page(without="mybinder.org"), "no link to mybinder.org"),
        (page() + page(docname="notebooks/04_dbscan"), "04_dbscan.ipynb instead of"),
        (page() + page(slug="you/fork"), "you/fork"),
        (page().replace("/main/", "/master/"), "/master/"),
    ],
)
def test_the_check_sees_wrong_links(text, word):
    assert word in "\n".join(wrong_launch_links(text, "me/course", "notebooks/03_kmeans"))


def test_the_check_lets_right_links_pass():
    other = '<a href="https://www.kaggle.com/datasets/x/y">data</a>'
    assert wrong_launch_links(page() + other, "me/course", "notebooks/03_kmeans") == []
    assert not wrong_launch_links(page(), "me/course", "notebooks/03_kmeans")


@pytest.mark.parametrize(
    "repository", ["https://github.com/me/course", "https://github.com/me/course/"]
)
def test_kaggle_takes_the_raw_notebook(extension, repository):
    url = extension.kaggle_url(repository, "main", "notebooks/03_kmeans")
    wanted = ADDRESSES["kaggle.com"].format(slug="me/course", docname="notebooks/03_kmeans")
    assert url == wanted
