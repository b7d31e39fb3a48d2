"""The learner's side of the autograder: runs statements, hands over values, judges nothing.

Started by `session` as a program of its own.  It puts up the fence, then does one thing at a time
as it is told: run a statement, hand over an answer, call the answer on arguments.  It knows no
right answer, so there is nothing here to be found out.
"""

from __future__ import annotations

import importlib
import importlib.abc
import json
import os
import sys
import types
from typing import Any, BinaryIO

ANSWERS = "recsys_tutorial.exercises"
LARGEST = 2 * 2**20
LONGEST_WORDS = 300


class _NoAnswers(importlib.abc.MetaPathFinder):
    """Keeps the room with the answers shut."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.startswith(f"{ANSWERS}."):
            raise ImportError("the answers are not here while a notebook is marked")


class _Said:
    """What a check says here: nothing."""

    ok = False
    mistake = message = more = ""
    solved = 0

    def __repr__(self) -> str:
        return "judged by the autograder"


def _silent(*_: Any, **__: Any) -> _Said:
    return _Said()


def _empty_room() -> types.ModuleType:
    room = types.ModuleType(ANSWERS)
    for name in ("check", "progress", "show_quiz", "forget_progress"):
        setattr(room, name, _silent)
    room.__path__ = []  # type: ignore[attr-defined]
    return room


class Child:
    """The loop that does as it is told.

    Parameters
    ----------
    source, target : binary files
        Lines of JSON come in and go out.
    """

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self.source, self.target = source, target
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        self.names: dict[str, Any] = main.__dict__
        self.answer: Any = None

    def serve(self) -> None:
        """Do one thing after the other until the parent closes."""
        while line := self.source.readline():
            self.tell(self.do(json.loads(line)))

    def tell(self, said: dict[str, Any]) -> None:
        """Send a reply.

        Parameters
        ----------
        said : dict
            The reply.
        """
        line = json.dumps(said).encode("ascii")
        if len(line) > LARGEST:
            line = json.dumps({"error": "the answer is too large to be looked at"}).encode("ascii")
        self.target.write(line + b"\n")
        self.target.flush()

    def do(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out an order.

        Parameters
        ----------
        order : dict
            What to load, to run, to hand over or to call.

        Returns
        -------
        dict
            What came of it, or the error in one line.
        """
        try:
            if "load" in order:
                return self.load(order["load"])
            if "run" in order:
                exec(compile(order["run"], f"<cell {order['cell']}>", "exec"), self.names)
                return {}
            if "answer" in order:
                self.answer = eval(compile(order["answer"], "<answer>", "eval"), self.names)
                return self.hand_over(self.answer)
            return self.call(order["call"])
        except BaseException as error:  # a learner's code may raise anything
            return {"error": in_words(error)}

    def load(self, wanted: list[list[str]]) -> dict[str, Any]:
        """Load packages, so that no answer has to wait for them.

        Parameters
        ----------
        wanted : list of [module, name]
            As in ``from module import name``; the name may be empty.

        Returns
        -------
        dict
            Nothing: whatever cannot be loaded is the business of the cell that asks for it.
        """
        for module, name in wanted:
            try:
                loaded = importlib.import_module(module)
                if name and not hasattr(loaded, name):
                    importlib.import_module(f"{module}.{name}")
            except BaseException:  # a package may stop in any way
                continue
        return {}

    def hand_over(self, value: Any) -> dict[str, Any]:
        """Describe an answer.

        Parameters
        ----------
        value : object
            The answer.

        Returns
        -------
        dict
            The value, and whether it can be called.
        """
        from recsys_tutorial.grading.wire import encode

        return {"value": encode(value), "callable": callable(value)}

    def call(self, written: Any) -> dict[str, Any]:
        """Call the answer.

        Parameters
        ----------
        written : object
            The arguments, as they arrived.

        Returns
        -------
        dict
            The result, and whether the arguments were changed.
        """
        from recsys_tutorial.grading.wire import decode, encode

        arguments = decode(written, self.ask_back)
        before = json.dumps(encode(arguments))
        result = self.answer(*arguments)
        changed = json.dumps(encode(arguments)) != before
        return {"value": encode(result), "changed": changed}

    def ask_back(self, place: int, arguments: tuple[Any, ...]) -> Any:
        """Have the parent call a function that it passed as an argument.

        Parameters
        ----------
        place : int
            Which one.
        arguments : tuple
            What to call it with.

        Returns
        -------
        object
            What it returned.

        Raises
        ------
        ValueError
            If it stopped with an error.
        """
        from recsys_tutorial.grading.wire import decode, encode

        self.tell({"back": place, "arguments": encode(arguments)})
        reply = json.loads(self.source.readline())
        if "error" in reply:
            raise ValueError(reply["error"])
        return decode(reply["value"])


def in_words(error: BaseException) -> str:
    """Put an error in one line.

    Parameters
    ----------
    error : BaseException
        The error.

    Returns
    -------
    str
        Its type and its words, cut where they grow long.
    """
    try:
        words = " ".join(str(error).split())[:LONGEST_WORDS]
    except BaseException:  # an error may refuse even to be read
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def main() -> None:
    """Take the pipes away from the learner's code, put up the fence, and serve."""
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb")
    # Whatever is printed goes nowhere: a flood costs its author time, and nobody else anything.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    from recsys_tutorial.grading.fence import Fence, put_up

    told = json.loads(source.readline())
    put_up(Fence(**{**told, "hidden": tuple(told["hidden"])}))
    sys.meta_path.insert(0, _NoAnswers())
    sys.modules[ANSWERS] = _empty_room()
    child = Child(source, target)
    from recsys_tutorial.grading import wire  # noqa: F401  (loaded before a learner can interfere)

    child.tell({"ready": True})
    child.serve()


if __name__ == "__main__":
    main()
