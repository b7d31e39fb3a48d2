"""The one field of the explorables that takes text: whatever is typed, films or nothing come."""

from tests.unit.javascript import run_javascript

QUERIES = [
    *("", " ", "\x00", "__proto__", "constructor", "toString", "<img src=x>", "'\"`${1}", "\\"),
    *("(((((a+)+)+)+)+)$", "[", "*", ".*", "a" * 100_000, "a " * 20_000, "\u202e", "\u0301" * 5000),
    *("ＡＢ", "İ", "ß", "𝕬", "\ud83d", "1e999", "-1", "the", "thé"),
]
FILMS = {
    "titles": ["The Big Film", "<img src=x onerror=1>", "", "Amélie", "__proto__", "İstanbul"],
    "years": [1994, 1995, 1996, 2001, None, 1999],
    "counts": [5, 4, 3, 2, 1, 0],
}
BODY = """
const math = api.groupsMath;
const index = math.searchIndex(input.films);
const start = Date.now();
const found = input.queries.map((query) => math.search(index, query));
return { found, ms: Date.now() - start };
"""


def test_whatever_is_asked_films_or_nothing_come():
    asked = {"films": FILMS, "queries": QUERIES}
    made = run_javascript(["groups-math.js"], BODY, asked)
    assert len(made["found"]) == len(QUERIES) and made["ms"] < 5000
    for query, films in zip(QUERIES, made["found"], strict=True):
        assert all(film in range(6) for film in films), query[:40]
    answers = dict(zip(QUERIES, made["found"], strict=True))
    assert answers["__proto__"] == [4] and answers["thé"] == [0] and answers[".*"] == []
    assert answers["<img src=x>"] == [1]
