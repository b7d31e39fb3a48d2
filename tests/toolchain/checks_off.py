"""A plug-in of pytest that switches checks off, one at a time, to see that a test objects.

After each test that passed, every check that complained while it ran, and that no test has vouched
for yet, is switched off: it finds nothing any more, whatever it is given.  Then the test runs once
more.  If it fails now, it holds the check to its word.  `test_checkers.py` starts pytest with it.

A check is a public function of one of the files in the environment variable CHECK_FILES that
gives texts, a list of them or one after the other.  Where a file has no annotations, as most tests
have none, a function is a check if it had nothing to say at least once.
"""

from __future__ import annotations

import ast
import copy
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import json
import os
import sys
import types
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

TEXTS = ("list[str]", "Iterator[str]", "Iterable[str]")


def checks_of(tree: ast.Module) -> dict[str, bool]:
    """Names of the functions that may be checks, and whether they say so themselves."""
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith(("_", "test_")):
            continue
        if node.returns is not None:
            if ast.unparse(node.returns) in TEXTS:
                found[node.name] = True
        elif not node.decorator_list:  # no fixture
            found[node.name] = False
    return found


class Switchboard:
    """Knows which checks complained, which are off, and which a test has vouched for."""

    def __init__(self, files: Iterable[Path]):
        self.trees = {
            path.resolve(): ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in files
        }
        self.complained: set[str] = set()
        self.praised: set[str] = set()
        self.vouched: dict[str, str] = {}
        self.off = ""

    def all(self) -> list[str]:
        keys = {
            f"{path.stem}.{name}": sure
            for path, tree in self.trees.items()
            for name, sure in checks_of(tree).items()
        }
        return [key for key, sure in keys.items() if sure or key in self.praised]

    def load(self, module: types.ModuleType, path: Path) -> None:
        """Run a file with a switch before every check, so that tables of checks have it, too."""
        tree = copy.deepcopy(self.trees[path])
        for node in tree.body:
            if getattr(node, "name", None) in checks_of(self.trees[path]):
                text = f"__switchboard__.switch({path.stem + '.' + node.name!r})"
                switch = ast.copy_location(ast.parse(text, mode="eval").body, node)
                node.decorator_list.append(switch)
        module.__dict__["__switchboard__"] = self
        exec(compile(ast.fix_missing_locations(tree), str(path), "exec"), module.__dict__)

    def switch(self, key: str) -> Callable:
        """Give a decorator that hears what a check says, and can keep it silent."""

        def heard(found):
            if not isinstance(found, list):
                return found
            (self.complained if found else self.praised).add(key)
            return [] if self.off == key else found

        def before(check: Callable) -> Callable:
            @functools.wraps(check)
            def at_once(*args, **kwargs):
                return heard(check(*args, **kwargs))

            @functools.wraps(check)
            def one_by_one(*args, **kwargs):
                count = 0
                for count, text in enumerate(check(*args, **kwargs), 1):  # noqa: B007
                    yield from heard([text])
                if not count:
                    heard([])

            return one_by_one if inspect.isgeneratorfunction(check) else at_once

        return before

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        """Run a test; then run it again without each check that it may vouch for."""
        self.complained.clear()
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        sound = all(report.passed for report in reports)
        for key in sorted(self.complained - set(self.vouched)) if sound else []:
            self.off = key
            again = runtestprotocol(item, nextitem=nextitem, log=False)
            self.off = ""
            if any(report.failed for report in again):
                self.vouched[key] = item.nodeid
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_sessionfinish(self):
        told = {"checks": self.all(), "vouched": self.vouched}
        Path(os.environ["CHECKS_TOLD"]).write_text(json.dumps(told), encoding="utf-8")


class Finder(importlib.abc.MetaPathFinder):
    """Lets a module load as ever, and hands it to the switchboard before anybody sees it."""

    def __init__(self, board: Switchboard):
        self.board = board

    def find_spec(self, name, path=None, target=None):
        return self.watched(importlib.machinery.PathFinder.find_spec(name, path, target))

    def watched(self, spec):
        place = Path(spec.origin).resolve() if spec is not None and spec.has_location else None
        if place not in self.board.trees:
            return None
        spec.loader.exec_module = lambda module: self.board.load(module, place)
        return spec


def pytest_configure(config):
    board = Switchboard(map(Path, json.loads(os.environ["CHECK_FILES"])))
    finder = Finder(board)
    sys.meta_path.insert(0, finder)
    # Tools are no package: their tests load them, and pytest the tests, by their path.
    by_path = importlib.util.spec_from_file_location

    def spec_from_file_location(*args, **kwargs):
        spec = by_path(*args, **kwargs)
        return finder.watched(spec) or spec

    importlib.util.spec_from_file_location = spec_from_file_location
    config.pluginmanager.register(board, "switchboard")
