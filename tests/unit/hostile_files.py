"""Files that nobody should send, and some that only look like it: the corpus of `test_hostile`.

Each is a function of a folder that writes a file and returns the words for ``recsys-tutorial run``.
`RIGHT` must be read, `REFUSED` must be refused, of `EITHER` both are in order.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

RIGHT, REFUSED, EITHER = "right", "refused", "either"
Write = Callable[[Path], list[str]]

PAIRS = [(f"u{u}", f"i{i}") for u in range(12) for i in range(8) if (u * i + u + i) % 3]
FORMULAS = [
    "=1+1",
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "=HYPERLINK(1)",
    "=|x",
]
MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></table><h1>mine</h1>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "<!-- ",
    "]]>",
    "&lt;b&gt;",
    "\"><iframe src='//x'>",
    "<style>*{display:none}</style>",
    "' onmouseover='alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
]
TRICKS = [
    "../../etc/passwd",
    "C:\\Windows\\system32",
    "/dev/null",
    "nul",
    "$(touch owned)",
    "`touch owned`",
    "; touch owned",
    "%s%s%n",
    "{0.__class__}",
    "{{ 7*7 }}",
    "{% for x in y %}",
    "${jndi:ldap://x/y}",
    "' OR 1=1 --",
    "__import__('os')",
    "$E=mc^2$",
    "\u202eabc",
    "a" * 3000,
    "\u0000"[:0] + "\u200b",
    "🦄" * 40,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A",
]


def quoted(cell: object) -> str:
    return '"' + str(cell).replace('"', '""') + '"'


def table(rows=PAIRS, header=("user", "item"), separator=",", end="\n") -> str:
    lines = [separator.join(map(quoted, row)) for row in rows]
    return end.join([separator.join(header), *lines]) + end


def with_first(user="u0", item="i0") -> list[tuple[str, str]]:
    """The usual rows, with other names for the first user and the first item."""
    return [(user if u == "u0" else u, item if i == "i0" else i) for u, i in PAIRS]


def put(content: str | bytes, *words: str, name: str = "log.csv") -> Write:
    def write(folder: Path) -> list[str]:
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        return [str(folder / name), *words]

    return write


def titled(title: str) -> Write:
    """A log whose films have a title that somebody else chose."""

    def write(folder: Path) -> list[str]:
        items = [(f"i{i}", title if i < 2 else f"film {i}", title) for i in range(8)]
        text = table(items, ("item", "title", "genres"))
        (folder / "items.csv").write_text(text, encoding="utf-8", newline="")
        words = put(table())(folder)
        return [*words, "--items", str(folder / "items.csv")]

    return write


CORPUS: dict[str, tuple[str, Write]] = {}


def add(group: str, expected: str, cases: dict[object, Write]) -> None:
    for name, write in cases.items():
        CORPUS[f"{group}: {name!s:.40}"] = (expected, write)


# Letters ----------------------------------------------------------------------------------------

LETTERS = {
    "utf-8": "Zoë 电影",
    "utf-8-sig": "Zoë 电影",
    "utf-16": "Zoë 电影",
    "utf-32": "Zoë 电影",
    "cp1252": "Zoë",
    "latin-1": "Renée",
    "gb18030": "电影用户",
    "big5": "電影用戶",
    "shift_jis": "映画ユーザ",
    "euc-kr": "영화",
    "cp1251": "Зоя",
    "koi8-r": "Зоя",
    "cp437": "Zoé",
    "mac-roman": "Zoë",
}
add("letters", EITHER, {c: put(table(with_first(t)).encode(c)) for c, t in LETTERS.items()})
add(
    "letters, named",
    RIGHT,
    {c: put(table(with_first(t)).encode(c), "--encoding", c) for c, t in LETTERS.items()},
)
add(
    "no letters",
    EITHER,
    {
        "half a letter at the end": put(table().encode() + "é".encode()[:1]),
        "bytes that are in no alphabet": put(b"user,item\n\xff\xfe\xfd,1\n"),
        "lone surrogates": put(table(with_first("\ud800"))),
        "zero bytes": put(table().encode() + b"\0\0\0"),
        "mark alone": put(b"\xef\xbb\xbf"),
        "two marks": put(b"\xef\xbb\xbf\xef\xbb\xbf" + table().encode()),
        "UTF-16 cut in a letter": put(table().encode("utf-16")[:-1]),
        "encoding that lies": put(table(with_first("é")).encode("utf-16"), "--encoding", "utf-8"),
        "encoding that is none": put(table(), "--encoding", "klingon"),
        "encoding that is no text": put(table(), "--encoding", "base64"),
    },
)

# Separators, quotes, line ends ------------------------------------------------------------------

add("separator", RIGHT, {s: put(table(separator=s)) for s in [",", ";", "\t", "|", "::"]})
add(
    "separator, named",
    EITHER,
    {
        s: put(table(separator=s), "--sep", s)
        for s in ["^", "~", " ", "#", "&&", "é", '"', "\n", ""]
    },
)
add(
    "quotes",
    EITHER,
    {
        "never closed": put(table() + '"u,i1\n' + "u1,i2\n" * 50),
        "opened in a cell": put(table() + 'u"1,i1\n'),
        "closed too early": put(table() + '"u"1,i1\n'),
        "single": put("user,item\n" + "".join(f"'{u}','{i}'\n" for u, i in PAIRS)),
        "escaped by a backslash": put(table() + '"a\\"b",i1\n'),
        "a hundred in a row": put(table() + '"' * 100 + ",i1\n"),
        "a line end inside": put(table(with_first("a\nb"))),
        "a table inside": put(table(with_first(table()))),
    },
)
add("line ends", RIGHT, {repr(e): put(table(end=e)) for e in ["\r\n", "\r", "\n"]})
add(
    "line ends, odd",
    EITHER,
    {
        repr(e): put(table(end=e))
        for e in ["\u2028", "\x0b", "\x0c", "\x85", "\n\r", "\r\r\n", "\\n"]
    },
)

# Shapes -----------------------------------------------------------------------------------------

add(
    "shape",
    REFUSED,
    {
        "empty": put(b""),
        "a space": put(b" "),
        "line ends alone": put(b"\n\n\n"),
        "header alone": put("user,item\n"),
        "header without a line end": put("user,item"),
        "other columns": put("a,b\n1,2\n"),
        "one column": put("user\n1\n"),
        "the same column twice": put("user,item,item\n1,2,3\n"),
        "a row too long": put(table() + "u1,i2,extra\n"),
        "no ids": put("user,item\n" + ",\n" * 30),
        "a line of three million letters": put(table() + "x" * 3_000_000),
        "a million columns, no row": put(",".join(map(str, range(1_000_000))) + "\n"),
    },
)
add(
    "shape, small",
    EITHER,
    {
        "one row": put("user,item\n1,2\n"),
        "a million columns of nothing": put("user,item" + "," * 1_000_000 + "\n1,2\n"),
        "one user": put("user,item\n" + "".join(f"1,{i}\n" for i in range(9))),
        "one item": put("user,item\n" + "".join(f"{u},1\n" for u in range(9))),
        "everybody has everything": put(table([(u, i) for u in range(6) for i in range(6)])),
        "the same row a thousand times": put("user,item\n" + "1,2\n" * 1000),
        "rows too short": put("user,item,more\n" + "".join(f"{u},{i}\n" for u, i in PAIRS)),
        "a thousand columns": put(
            "user,item,"
            + ",".join(f"c{n}" for n in range(1000))
            + "\n"
            + "1,2"
            + ",0" * 1000
            + "\n"
        ),
        "a name of a million letters": put("user,item\n" + "x" * 1_000_000 + ",1\n2,1\n"),
        "empty lines between": put(table(end="\n\n")),
        "a comment above": put("# made by hand\n" + table()),
        "sep= as Excel writes it": put("sep=,\n" + table()),
    },
)

# Numbers and times ------------------------------------------------------------------------------


def rated(value: str) -> Write:
    rows = [(u, i, value if n == 3 else 1 + n % 5) for n, (u, i) in enumerate(PAIRS)]
    return put(table(rows, ("user", "item", "rating")), "--rating", "rating")


def timed(value: str) -> Write:
    rows = [(u, i, value if n == 3 else 1_400_000_000 + n) for n, (u, i) in enumerate(PAIRS)]
    return put(table(rows, ("user", "item", "time")), "--time", "time")


NUMBERS = ["inf", "-inf", "1e400", "9" * 400, "0x10", "٣", "1e-320", "1,5", "1.2.3", "--1", "five"]
add(
    "rating",
    EITHER,
    {v: rated(v) for v in [*NUMBERS, "NaN", "", "-0", "1_000", "1e5", "½", "true"]},
)
ODD_TIMES = ["9999-12-31", "0001-01-01", "-1", "99999999999999999999", "inf", "NaN", "2016-02-30"]
ODD_TIMES += ["2016-03-05T25:00", "yesterday", "0", "1e9", "2016-03-05 12:00+99:00", "９"]
add("time", EITHER, {v: timed(v) for v in ODD_TIMES})
BIG = ["9" * 30, "-5", "1.5", "1e3", "007", "NaN", "inf", "9223372036854775808", "0", "-0"]
add("id", EITHER, {v: put(table(with_first(v, v))) for v in BIG})
numbers = [(f"{10**25 + u}", f"{2**70 + i}") for u in range(9) for i in range(9) if (u + i) % 2]
add("id", RIGHT, {"integers longer than a machine word": put(table(numbers))})

# Malice -----------------------------------------------------------------------------------------

for malice, words in {"formula": FORMULAS, "markup": MARKUP, "trick": TRICKS}.items():
    add(f"{malice} as a user", EITHER, {w: put(table(with_first(user=w))) for w in words})
    add(f"{malice} as an item", EITHER, {w: put(table(with_first(item=w))) for w in words})
    add(f"{malice} as a title", EITHER, {w: titled(w) for w in words})

# Packed -----------------------------------------------------------------------------------------


def zipped(*members: tuple[str, bytes], **options) -> bytes:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return box.getvalue()


TEXT = table().encode()
HEAD, ROWS = b"user,item\n", b"1,2\n" * 250_000
PACKERS = {
    "gz": partial(gzip.compress, compresslevel=9),
    "bz2": bz2.compress,
    "xz": partial(lzma.compress, preset=1),
    "zip": lambda data: zipped(("log.csv", data)),
}


def packed_bomb(kind: str) -> bytes:
    """Pack 100 MB.  What repeats takes bzip2 25 s, unless it is packed once and put in a row."""
    pack = PACKERS[kind]
    return pack(HEAD) + pack(ROWS) * 100 if kind == "bz2" else pack(HEAD + ROWS * 100)


def bomb(kind: str) -> Write:
    """Packed when it is asked for: 100 MB take a moment."""
    return lambda folder: put(packed_bomb(kind), name=f"log.csv.{kind}")(folder)


add("packed", RIGHT, {k: put(pack(TEXT), name=f"log.csv.{k}") for k, pack in PACKERS.items()})
add("packed, misnamed", RIGHT, {k: put(pack(TEXT)) for k, pack in PACKERS.items()})
add("packed, cut", REFUSED, {k: put(pack(TEXT)[:-9]) for k, pack in PACKERS.items()})
add("bomb", REFUSED, {k: bomb(k) for k in PACKERS})
add("called so", REFUSED, {k: put(TEXT, name=f"log.{k}") for k in PACKERS})
add(
    "packed, odd",
    EITHER,
    {
        "two tables": put(zipped(("a.csv", TEXT), ("b.csv", TEXT))),
        "nothing": put(zipped()),
        "out of the folder": put(zipped(("../../owned", TEXT))),
        "from the root": put(zipped(("/tmp/owned-by-zip", TEXT))),
        "zip in zip": put(zipped(("a.zip", zipped(("log.csv", TEXT))))),
        "gz in gz": put(gzip.compress(gzip.compress(TEXT))),
        "two streams": put(gzip.compress(TEXT) + gzip.compress(b"u0,i9\n")),
        "rubbish behind": put(gzip.compress(TEXT) + b"rubbish"),
        "a folder alone": put(zipped(("folder/", b""))),
    },
)

# Other formats, and what is no file -------------------------------------------------------------


def rubbish(seed: int) -> Write:
    return put(random.Random(seed).randbytes(4000))


add("rubbish", REFUSED, {seed: rubbish(seed) for seed in range(12)})
OTHERS = {
    "pdf": b"%PDF-1.7\n",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff\xe0",
    "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "parquet": b"PAR1\x15\x04",
    "hdf5": b"\x89HDF\r\n\x1a\n",
    "sqlite": b"SQLite format 3\x00",
    "pickle": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.",
    "old pickle": b"cos\nsystem\n(S'touch owned'\ntR.",
    "elf": b"\x7fELF\x02\x01\x01\x00",
    "json": b'[{"user": 1, "item": 2}]',
    "html": b"<!doctype html><table><tr><td>user<td>item</table>",
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    "xlsx": zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")),
    "a script": b"#!/bin/sh\ntouch owned\n",
}
add("format", REFUSED, {name: put(data) for name, data in OTHERS.items()})


def made(act: Callable[[Path], object], name: str = "log.csv") -> Write:
    def write(folder: Path) -> list[str]:
        act(folder / name)
        return [str(folder / name)]

    return write


def in_circles(path: Path) -> None:
    path.symlink_to(path)


NO_FILES: dict[object, Write] = {
    "missing": lambda folder: [str(folder / "nothing.csv")],
    "a folder": made(Path.mkdir),
    "a name of 300 letters": lambda folder: [str(folder / ("x" * 300))],
    "a name with a zero": lambda folder: [str(folder / "a\0b")],
    "an address": lambda folder: ["https://example.org/log.csv"],
    "nothing": lambda folder: [""],
}
if hasattr(os, "mkfifo"):
    NO_FILES.update(
        {
            "a pipe": made(os.mkfifo),
            "zeros for ever": lambda folder: ["/dev/zero"],
            "a link to nothing": made(lambda path: path.symlink_to("nowhere")),
            "a link in circles": made(in_circles),
        }
    )
add("no file", REFUSED, NO_FILES)
