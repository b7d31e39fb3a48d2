"""From bytes to text: what a file is packed in, and how its letters were written down.

Taught in chapter 17.  Nothing is taken from the file's name: an archive and a picture are known by
their first bytes, a Unicode text by its mark or because all of it decodes.  Only for the older
alphabets of one country does the reader guess, and then it says so.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recsys_tutorial.datasets.interactions import DataError

PACKINGS = {
    b"\x1f\x8b": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
OPENERS: dict[str, Any] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
# First bytes of files that are no tables, and what to do about them.
OTHERS = {
    b"%PDF": "a PDF document. Export the table itself as CSV",
    b"\x89PNG": "a picture. Name the CSV file",
    b"GIF8": "a picture. Name the CSV file",
    b"\xff\xd8\xff": "a picture. Name the CSV file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook. Save the sheet as 'CSV UTF-8'",
    b"PAR1": "a Parquet file. Convert it: pandas.read_parquet(...).to_csv(...)",
    b"\x89HDF": "an HDF5 file. Convert it to CSV",
    b"SQLite format 3": "a database. Export the table as CSV",
    b"\x80\x04\x95": "a Python pickle, which could run any program. Export the table as CSV",
    b"\x80\x05\x95": "a Python pickle, which could run any program. Export the table as CSV",
}
# Longer marks first: that of UTF-32 begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8 with a mark"),
    codecs.BOM_UTF32_LE: ("utf-32", "UTF-32"),
    codecs.BOM_UTF32_BE: ("utf-32", "UTF-32"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
BLOCK = 1 << 20
# A log packs to a tenth, one with much repetition to a fiftieth.
LARGEST_RATIO, LEAST_RATION = 200, 64 << 20
BROKEN = (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError)
ASK = (
    "Say which: --encoding NAME (encoding= in Python), for example cp1252 (Western Europe), "
    "cp1251 (Cyrillic) or shift_jis (Japanese)"
)


@dataclass(frozen=True)
class TextFile:
    """A file that can be read as text, as often as needed.

    Attributes
    ----------
    path : Path
        The file.
    packing : str
        ``""``, ``"gz"``, ``"bz2"``, ``"xz"`` or ``"zip"``.
    member : str
        The table inside a zip archive.
    encoding : str
        Name of Python's codec.
    described : str
        The encoding and the packing in words, and whether they were guessed.
    """

    path: Path
    packing: str
    member: str
    encoding: str
    described: str

    @contextmanager
    def open(self) -> Iterator[IO[str]]:
        """Open the text; line ends are left as they are, for the CSV reader to see.

        Yields
        ------
        text stream
            From its beginning.

        Raises
        ------
        DataError
            If the archive is damaged, or the bytes are no text in this encoding.
        """
        try:
            with _unpacked(self.path, self.packing, self.member) as raw:
                yield io.TextIOWrapper(raw, encoding=self.encoding, newline="")
        except UnicodeError:
            raise DataError(
                f"{self.path.name} is not text in the encoding {self.encoding}. {ASK}."
            ) from None
        except BROKEN as error:
            raise _unreadable(self.path, error) from None


def open_text(path: Path, encoding: str | None = None) -> TextFile:
    r"""Find out how to read a file as text.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str, optional
        Name of a codec; by default it is found out.

    Returns
    -------
    TextFile
        Where the text is and how it is written.

    Raises
    ------
    DataError
        If there is no such file, it may not be read, is a folder, a damaged archive, one with
        several members, or no text; or if `encoding` has no codec.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log.csv"
    >>> _ = path.write_bytes("user,item\nZoë,Amélie\n".encode("cp1252"))
    >>> open_text(path).encoding
    'cp1252'
    """
    try:
        is_there = path.exists()
    except (OSError, ValueError):  # a name that no file can have, a link in circles
        is_there = False
    if not is_there:
        shown = " ".join(str(path)[:300].split())
        raise DataError(f"There is no file {shown}. Check the path and the folder you are in.")
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name the CSV file inside it.")
    if not path.is_file():
        # It could be read once, or for ever; a table is looked at several times.
        raise DataError(f"{path} is a pipe or a device, no file. Write the table to a file first.")
    try:
        with path.open("rb") as file:
            packing = _packing(path, file.read(16))
        member = _only_member(path) if packing == "zip" else ""
        with _unpacked(path, packing, member) as raw:
            codec, words = _named(encoding) if encoding else _find_encoding(path, raw)
    except PermissionError:
        raise DataError(f"{path} may not be read: no permission. Ask its owner.") from None
    except BROKEN as error:
        raise _unreadable(path, error) from None
    packed = f", packed as {packing}" if packing else ""
    return TextFile(path, packing, member, codec, words + packed)


def _unreadable(path: Path, error: Exception) -> DataError:
    problem = str(error).strip() or type(error).__name__
    return DataError(f"{path.name} is not a table that can be read: {problem}.")


def _packing(path: Path, start: bytes) -> str:
    found = next((kind for mark, kind in PACKINGS.items() if start.startswith(mark)), "")
    claimed = path.suffix.lower().removeprefix(".")
    if start and not found and claimed in PACKINGS.values():
        raise DataError(f"{path.name} is not a table that can be read: it is no {claimed} archive.")
    return found


def _only_member(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/")]
    # What a Mac packs beside the table: __MACOSX/._log.csv and .DS_Store.
    names = [n for n in names if "__MACOSX" not in n and not Path(n).name.startswith(".")]
    if "[Content_Types].xml" in names:
        raise DataError(f"{path.name} is an Excel workbook. Save the sheet as 'CSV UTF-8'.")
    if len(names) != 1:
        some = ", ".join(names[:3]) or "nothing"
        raise DataError(f"{path.name} holds {len(names)} files ({some}). Pack one table in it.")
    return names[0]


class _Rationed(io.RawIOBase):
    """What comes out of an archive, until there is more of it than any table packs into so little.

    A few kilobytes can unpack to more than a disk holds: made by accident (a log of one line, again
    and again) or by malice.
    """

    def __init__(self, raw: Any, path: Path) -> None:
        self.raw, self.path, self.n_read = raw, path, 0
        self.ration = max(LEAST_RATION, LARGEST_RATIO * path.stat().st_size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self.raw.read(len(buffer))
        self.n_read += len(block)
        if self.n_read > self.ration:
            raise DataError(
                f"{self.path.name} unpacks to more than {self.ration // 2**20:,} MB, over "
                f"{LARGEST_RATIO} times its size. Unpack it and look at what it holds."
            )
        buffer[: len(block)] = block
        return len(block)


@contextmanager
def _unpacked(path: Path, packing: str, member: str) -> Iterator[Any]:
    if packing == "zip":
        with zipfile.ZipFile(path) as archive, archive.open(member) as raw:
            yield io.BufferedReader(_Rationed(raw, path), BLOCK)
    elif packing:
        with OPENERS[packing](path, "rb") as raw:
            yield io.BufferedReader(_Rationed(raw, path), BLOCK)
    else:
        with path.open("rb") as raw:
            yield raw


def _named(encoding: str) -> tuple[str, str]:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError):
        raise DataError(
            f"There is no encoding {encoding!r}. Usual ones: utf-8, cp1252, utf-16, gb18030."
        ) from None
    # Whoever says UTF-8 does not want to think about Excel's mark.
    return ("utf-8-sig" if name == "utf-8" else name), f"{encoding} (as you said)"


def _find_encoding(path: Path, raw: IO[bytes]) -> tuple[str, str]:
    """Name the codec and say it in words: by mark, by decoding all of it, or by a guess."""
    block = raw.read(BLOCK)
    for start, kind in OTHERS.items():
        if block.startswith(start):
            raise DataError(f"{path.name} is {kind}.")
    for mark, found in MARKS.items():
        if block.startswith(mark):
            return found
    wide = _wide(block)
    if wide:
        return wide, "UTF-16 without a mark"
    decoder, plain = codecs.getincrementaldecoder("utf-8")(), True
    while block:
        if b"\x00" in block:
            raise DataError(f"{path.name} is not text: it holds zero bytes. Name a CSV file.")
        following = raw.read(BLOCK)
        try:
            decoder.decode(block, final=not following)
        except UnicodeDecodeError:
            return _guess(path, block)
        plain = plain and block.isascii()
        block = following
    return "utf-8", "plain ASCII" if plain else "UTF-8"


def _wide(block: bytes) -> str:
    """Recognise two bytes a letter by the zeros in every second place."""
    even, odd = block[0:2000:2], block[1:2000:2]
    if len(odd) > 4 and odd.count(0) > 0.6 * len(odd) and even.count(0) == 0:
        return "utf-16-le"
    if len(odd) > 4 and even.count(0) > 0.6 * len(even) and odd.count(0) == 0:
        return "utf-16-be"
    return ""


def _guess(path: Path, block: bytes) -> tuple[str, str]:
    """Tell Western European letters from Chinese ones; refuse to guess among all others.

    In the first, a letter above 127 mostly stands alone among plain ones, or two follow a plain one
    (Größe); in the second, they come in pairs.  A general detector found a wrong alphabet for most
    short Western tables.
    """
    runs = re.findall(rb"[\x80-\xff]+", block)
    n_high, in_pairs = sum(map(len, runs)), sum(len(run) for run in runs if len(run) % 2 == 0)
    # The last letter of the block may be cut in two.
    block = block[: block.rfind(b"\n") + 1] or block
    if in_pairs > 0.9 * n_high and _decodes(block, "gb18030") and _looks_chinese(runs):
        return "gb18030", "gb18030 (a guess; --encoding overrules it)"
    n_western = sum(len(run) == 1 for run in runs)
    n_western += len(re.findall(rb"(?<=[A-Za-z])[\x80-\xff]{2}(?![\x80-\xff])", block))
    if n_western > 0.6 * len(runs) and _decodes(block, "cp1252"):
        return "cp1252", "cp1252 (a guess; --encoding overrules it)"
    raise DataError(f"{path.name} is neither UTF-8 nor an encoding that can be guessed. {ASK}.")


def _decodes(block: bytes, codec: str) -> bool:
    try:
        text = block.decode(codec)
    except UnicodeDecodeError:
        return False
    # Control characters in the upper half are no letters of any table.
    return not re.search(r"[\x00-\x08\x0e-\x1f\x80-\x9f]", text)


def _looks_chinese(runs: list[bytes]) -> bool:
    """Whether the pairs are mostly the common characters, and not kana, Hangul or Cyrillic."""
    leads = b"".join(run[::2] for run in runs)
    common = sum(0xB0 <= byte <= 0xD7 or 0xA1 <= byte <= 0xA3 for byte in leads)
    hangul = all(0xB0 <= byte <= 0xC8 for byte in leads)
    return common > 0.6 * len(leads) and not (hangul and len(leads) >= 10)
