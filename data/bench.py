"""Ship the results of a run of the bench: ``python data/bench.py _build/bench/full``.

Run by hand after ``python course.py bench``.  It copies the table and the users' scores and renews
the list of hashes; the card beside them, ``data/bench/README.md``, is for a person to bring up to
date, and a test compares its date with the table's.
"""

import shutil
import sys
from pathlib import Path

from convert import HERE, write_sums

NAMES = ("leaderboard.csv", "users.npz")


def main(folder: Path) -> None:
    """Copy both files from one run, or neither."""
    missing = [name for name in NAMES if not (folder / name).exists()]
    if missing:
        raise SystemExit(f"{folder} has no {' and no '.join(missing)}: did the run end?")
    (HERE / "bench").mkdir(exist_ok=True)
    for name in NAMES:
        shutil.copyfile(folder / name, HERE / "bench" / name)
    write_sums()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
