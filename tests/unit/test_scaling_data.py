"""The shipped table on growth: complete, and of the day that its card names."""

import re

from recsys_tutorial.datasets import data_folder
from recsys_tutorial.datasets.shipped import read_checked


def test_both_engines_did_the_same_work_at_every_size():
    table = read_checked("scaling/spark.csv")
    assert sorted(zip(table["engine"], table["events"])) == [
        (engine, size) for engine in ("local", "spark") for size in (10**5, 10**6, 10**7)
    ]
    assert (table.groupby("events")[["rows", "users"]].nunique() == 1).all().all()
    assert (abs(table["rows"] / table["events"] - 1) < 0.02).all()
    steps = table[["start_s", "clean_s", "group_s", "recommend_s"]].sum(axis=1)
    assert (abs(steps - table["total_s"]) < 0.1).all() and (table["peak_mb"] > 100).all()


def test_the_card_names_the_day_of_the_run():
    card = (data_folder() / "scaling" / "README.md").read_text(encoding="utf-8")
    (day,) = re.findall(r"a run of (\S+) \|", card)
    for name in ("spark", "users"):
        assert set(read_checked(f"scaling/{name}.csv")["date"]) == {day}
