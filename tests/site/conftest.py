"""Fixtures of the site's tests: the built site, a server for it, and a browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent
# pytest's import mode "importlib" leaves sys.path alone; the helpers beside this file need it.
sys.path.insert(0, str(HERE))

from site_support import ROOT, Loading, repository_url, serve  # noqa: E402

from tests.unit.javascript import BROWSERS  # noqa: E402

CHANNELS = ("chrome", "msedge")
# WCAG 2.2 up to AA, and what axe calls best practice.
AXE = """([left_out, asked]) => axe.run(
  { exclude: left_out },
  {
    /* It would fetch style sheets by itself, and look for those they import beside the page. */
    preload: false,
    resultTypes: ["violations"],
    ...asked,
  },
).then((found) => found.violations.map(({ id, help, nodes }) => (
  { id, help, nodes: nodes.map(({ html }) => html.slice(0, 160)) }
)))"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# One text of each kind is asked for its contrast: a page has thousands, in a few dozen styles.
KINDS = """() => {
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-kind]" }] });
  const seen = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    const written = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!written || !element.checkVisibility() || element.closest(".math svg")) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    let ground = element, below = "";
    while (ground && (!below || below.endsWith(", 0)"))) {
      below = getComputedStyle(ground).backgroundColor;
      ground = ground.parentElement;
    }
    const kind = [element.tagName, element.getAttribute("class"), color, below, fontSize];
    kind.push(element.parentElement.getAttribute("class"), fontWeight);
    if (!seen.has(kind.join())) element.dataset.kind = "";
    seen.add(kind.join());
  }
}"""
# Colours do not depend on the width.
COLOURS = ["color-contrast", "link-in-text-block"]
ALL = {"runOnly": TAGS}
BUT_COLOURS = {"runOnly": TAGS, "rules": {rule: {"enabled": False} for rule in COLOURS}}
# What depends on the theme beside colours: pictures that are shown in one theme alone.
PICTURES = ["image-alt", "svg-img-alt", "link-name", "button-name"]
# The pictures of formulas are hidden from screen readers, which read the MathML beside them, and
# are thousands of elements.
FORMULAS = [".math svg"]
UNTIL_DARK = """async () => {
  const begin = performance.now();
  while (document.documentElement.dataset.theme !== "dark" && performance.now() < begin + 3000)
    await new Promise(requestAnimationFrame);
}"""
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # No name but our own resolves: a request elsewhere is noted and fails, online and offline.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def missing(reason: str) -> None:
    """Skip on a laptop, fail in continuous integration, where nothing may be left out."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def root() -> Path:
    """Root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def slug() -> str:
    """Owner and name of the repository."""
    return repository_url().removeprefix("https://github.com/")


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built site."""
    folder = ROOT / "_build" / "html"
    if not (folder / "index.html").is_file():
        missing("the site is not built: run `python course.py book` first")
    return folder


@pytest.fixture(scope="session")
def extension() -> ModuleType:
    """The course's Sphinx extension as a module."""
    path = ROOT / "book" / "_ext" / "course_site.py"
    spec = importlib.util.spec_from_file_location("course_site", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def server(site: Path) -> Iterator[str]:
    """Address of the built site."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium: Playwright's own if it was fetched, else one that is installed."""
    playwright = pytest.importorskip("playwright.sync_api")
    named = [{"executable_path": path} for path in map(shutil.which, BROWSERS) if path]
    choices = [{}, *named, *({"channel": channel} for channel in CHANNELS)]
    with playwright.sync_playwright() as driver:
        for choice in choices:
            try:
                chromium = driver.chromium.launch(args=FLAGS, **choice)
            except playwright.Error:
                continue
            yield chromium
            chromium.close()
            return
    missing(f"no browser could be started; install one of {', '.join(BROWSERS)}")


@pytest.fixture(scope="session")
def axe() -> str:
    """The program of axe-core, which Deque publishes and axe-playwright-python carries."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None:
        missing("axe-playwright-python is not installed: python course.py setup")
    folder = Path(next(iter(package.submodule_search_locations)))
    return (folder / "axe.min.js").read_text(encoding="utf-8")


def axe_rules(width: int, theme: str | None, again: bool) -> dict | None:
    """Choose what axe is asked in a view: nothing twice, as it takes most of the time.

    On the second view of a visit its test of contrast is not asked anew: `low_contrast` of
    site_checks.py computes contrast in every view.
    """
    wide, dark = width > 600, theme == "dark"
    if not dark:
        return ALL if wide else BUT_COLOURS
    rules = PICTURES + ["color-contrast"] * (not again)
    return {"runOnly": {"type": "rule", "values": rules}} if wide else None


@pytest.fixture(scope="session")
def look_at(browser, axe) -> Iterator[Callable[..., dict]]:
    """Give a function that opens a page and collects what the checks want to know: a view."""
    script = (HERE / "page_view.js").read_text(encoding="utf-8")
    script = script[script.index("() =>") :].rstrip().rstrip(";")
    contexts = {}

    def context(width: int, theme: str | None):
        if (width, theme) not in contexts:
            new = browser.new_context(viewport={"width": width, "height": 800})
            # Where the theme keeps the reader's choice; on a first visit there is none.
            choice = f"localStorage.setItem('mode', '{theme}'); localStorage.theme = '{theme}'"
            if theme is not None:
                new.add_init_script(choice)
            contexts[width, theme] = new
        return contexts[width, theme]

    def look(url: str, width: int, theme: str | None, evening: bool = False) -> list[dict]:
        """Open `url` in a window of this width; in the evening the reader's system turns dark."""
        page = context(width, theme).new_page()
        heard = {"requests": [], "failed": [], "errors": []}
        page.on("request", lambda request: heard["requests"].append(request.url))
        page.on("requestfailed", lambda request: heard["failed"].append(request.url))
        page.on("response", lambda r: heard["failed"].append(r.url) if r.status >= 400 else None)
        page.on("console", lambda m: heard["errors"].append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: heard["errors"].append(str(error)))
        loading = Loading(page)
        # On a busy machine the network may idle before the page has been read to its end.
        page.goto(url, wait_until="load")
        page.evaluate(axe)
        page.evaluate(KINDS)
        views = []
        for now in [theme, "dark"][: 1 + evening]:
            if views:
                page.add_style_tag(content="* { transition: none !important }")
                page.emulate_media(color_scheme="dark")
                # Without success the view is light, and `wrong_theme` says so.
                page.evaluate(UNTIL_DARK)
            rules = axe_rules(width, now, again=bool(views))
            found = page.evaluate(AXE, [FORMULAS, rules]) if rules else []
            loading.settle()
            views.append({**heard, "axe": found, **page.evaluate(script)})
        page.close()
        return views

    yield look
    for opened in contexts.values():
        opened.close()


@pytest.fixture(scope="session")
def build_book() -> Callable[..., subprocess.CompletedProcess]:
    """Give a function that builds a small book in a folder and returns the finished process."""

    def build(folder: Path, *options: str) -> subprocess.CompletedProcess:
        # jupyter-book cannot be run with -m; the entry point may be another Python's.
        program = "from jupyter_book.cli.main import main; main()"
        paths = ["--config", "book/_config.yml", "--toc", "book/_toc.yml", "--path-output", "."]
        command = [sys.executable, "-c", program, "build", ".", *paths, *options]
        # The book's own package must win over the installed one.
        environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONUTF8": "1"}
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
        )

    return build
