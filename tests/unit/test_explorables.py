"""The explorables in a notebook: one document without links, from a clone or a wheel."""

import builtins
import html
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from recsys_tutorial import explorables
from recsys_tutorial.explorables import EXPLORABLES, explorable_html, show_explorable

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "book" / "_static" / "explorables"
LINKS = re.compile(r"""<link|<img|<script[^>]+src=|@import|url\(|import\(|\bfetch\(|https?://""")


@pytest.fixture
def shown(monkeypatch):
    """Collect what would be displayed."""
    display = pytest.importorskip("IPython.display")
    outputs = []
    monkeypatch.setattr(display, "display", lambda output: outputs.append(output.data))
    return outputs


@pytest.mark.parametrize("name", EXPLORABLES)
def test_a_document_has_all_parts_and_asks_for_nothing(name):
    page = explorable_html(name)
    for file in EXPLORABLES[name].scripts:
        text = (FOLDER / file).read_text(encoding="utf-8")
        assert text.strip()[:200] in page, file
    # The name of SVG is an address that nobody visits.
    assert LINKS.findall(page.replace("http://www.w3.org/2000/svg", "")) == []
    assert page.count("<script>") == page.count("</script>") == len(EXPLORABLES[name].scripts) + 1
    assert f'data-explorable="{name}"' in page and page.count("<h1>") == 1


@pytest.mark.parametrize("name", EXPLORABLES)
def test_the_sites_page_loads_the_same_scripts_in_the_same_order(name):
    page = (ROOT / "book" / f"play_{name}.md").read_text(encoding="utf-8")
    loaded = re.findall(r'<script defer src="\.\./_static/explorables/([\w.-]+)"', page)
    assert loaded == [explorables.BASE_SCRIPT, *EXPLORABLES[name].scripts]
    assert f'data-explorable="{name}"' in page and explorables.STYLE in page


def test_links_in_a_document_would_be_noticed():
    for broken in ('<script src="x.js">', "@import 'x'", "fetch('a')", "https://x.org", "<link>"):
        assert LINKS.search(broken), broken


def test_a_script_cannot_end_its_element():
    script = explorables._script("const a = '</script><!--';")
    assert script.count("</script") == 1 and "<!--" not in script


@pytest.mark.parametrize("call", [explorable_html, show_explorable])
def test_an_unknown_name_is_answered_with_the_names(call):
    with pytest.raises(KeyError, match="no explorable 'cluster'.*'clusters', 'groups'"):
        call("cluster")


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(explorables, "_folder", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="explorable.css is missing"):
        explorable_html("clusters")


def test_the_frame_holds_the_document_and_is_locked_in(shown):
    show_explorable("clusters")
    (output,) = shown
    frame = re.fullmatch(r'<div><iframe srcdoc="([^"]*)" ([^>]*)></iframe></div>', output)
    assert html.unescape(frame.group(1)) == explorable_html("clusters")
    assert 'sandbox="allow-scripts"' in frame.group(2)
    assert 'title="K-means and DBSCAN by hand"' in frame.group(2)
    assert f'height="{EXPLORABLES["clusters"].height}"' in frame.group(2)


def test_the_height_is_the_readers(shown):
    show_explorable("clusters", height=640)
    assert 'height="640"' in shown[0]


@pytest.mark.parametrize("height", [0, -5, 199])
def test_a_frame_too_low_is_refused(height, shown):
    with pytest.raises(ValueError, match="200 pixels"):
        show_explorable("clusters", height=height)
    assert shown == []


def test_without_ipython_one_is_told_what_to_do(monkeypatch):
    real = builtins.__import__

    def no_ipython(name, *args, **kwargs):
        if name.startswith("IPython"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_ipython)
    with pytest.raises(ImportError, match="explorable_html"):
        show_explorable("clusters")


def test_in_a_wheel_the_files_lie_inside_the_package(tmp_path, monkeypatch):
    inside = tmp_path / "recsys_tutorial" / "explorables_assets"
    shutil.copytree(FOLDER, inside)
    monkeypatch.setattr(explorables, "__file__", str(inside.parent / "explorables.py"))
    assert explorables._folder() == inside
    in_wheel = explorable_html("clusters")
    monkeypatch.undo()
    assert explorables._folder() == FOLDER and explorable_html("clusters") == in_wheel


@pytest.mark.slow
def test_the_wheel_and_the_sdist_bring_the_files(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        sources = archive.getnames()
    for path in FOLDER.iterdir():
        assert f"recsys_tutorial/explorables_assets/{path.name}" in names
        assert any(name.endswith(f"/book/_static/explorables/{path.name}") for name in sources)


# Colours --------------------------------------------------------------------------------------

RULE = re.compile(r"(--[\w-]+):\s*(#[0-9a-f]{6})")


def colours(text, selector):
    """Variables of the first rule with this selector."""
    start = text.index(selector)
    return dict(RULE.findall(text[start : text.index("}", start)]))


def test_a_notebook_shows_the_colours_of_the_site():
    own = (FOLDER / "explorable.css").read_text(encoding="utf-8")
    site = (ROOT / "book" / "_static" / "course.css").read_text(encoding="utf-8")
    alone = "html:not([data-theme]) {"
    for ours, theirs in ((own, "light"), (own[own.index("@media (prefers-color") :], "dark")):
        mine = colours(ours, alone)
        assert len(mine) >= 7
        assert mine.items() <= colours(site, f'html[data-theme="{theirs}"]').items()


def luminance(colour):
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_groups_stand_out_from_the_paper_in_both_themes():
    own = (FOLDER / "explorable.css").read_text(encoding="utf-8")
    light = colours(own, "\n.explorable {")
    dark = colours(own, '\nhtml[data-theme="dark"] .explorable {')
    system = colours(own, "  html:not([data-theme]) .explorable {")
    assert dark == system and light.keys() == dark.keys() and len(light) >= 12
    for theme in (light, dark):
        marks = [v for name, v in theme.items() if name not in ("--xp-paper", "--xp-on-accent")]
        assert min(contrast(v, theme["--xp-paper"]) for v in marks) >= 3
    assert contrast("#777777", "#888888") < 3  # the measure can fail
