"""Downloads from a server that behaves in every bad way, and the three formats of MovieLens."""

from __future__ import annotations

import datetime
import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from recsys_tutorial.cli import main
from recsys_tutorial.datasets import DataError, fetching, load_movielens, read_interactions
from recsys_tutorial.datasets.fetching import (
    RELEASES,
    fetch_movielens,
    fetch_release,
    read_release,
    write_tables,
)
from tests.unit.bad_days import GOOD, RATINGS, files_in, in_format, packed

trustme = pytest.importorskip("trustme")


@pytest.mark.parametrize("version", RELEASES)
def test_every_format_gives_the_same_log(version, tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(in_format(version))
    log = read_release(path, RELEASES[version])
    assert list(log.events.itertuples(index=False, name=None)) == RATINGS
    assert log.items["title"].tolist() == ["Amélie", "Heat", "M (silent)"]
    assert log.items["year"].fillna(0).tolist() == [2001, 1995, 0]
    assert log.items["genres"].tolist() == ["Comedy|Romance", "", ""]
    assert log.items.columns.tolist() == load_movielens().items.columns.tolist()


@pytest.mark.parametrize(
    "content",
    [b"", b"no zip", packed("ml-1m", other="x"), packed("ml-1m", **{"ratings.dat": "a::b\n"})],
    ids=["empty", "no zip", "other files", "other columns"],
)
def test_what_is_no_release_is_refused_in_one_sentence(content, tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is not ml-1m\.zip"):
        read_release(path, RELEASES["1m"])


def test_the_releases_are_those_that_grouplens_publishes():
    assert [len(release.sha256) for release in RELEASES.values()] == [64] * 4
    assert [release.file for release in RELEASES.values()] == [f"ml-{v}.zip" for v in RELEASES]


def test_the_page_on_the_data_names_their_sizes():
    page = (Path(__file__).parents[2] / "book" / "data.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| [\d,]+ \| (\d+) MB \|", page, re.M))
    assert told == {v: f"{release.size / 1e6:.0f}" for v, release in RELEASES.items()}


# Bad days --------------------------------------------------------------------------------


def test_a_download_is_kept_and_not_repeated(server, tmp_path):
    for _ in range(2):
        assert fetch_movielens("1m", folder=tmp_path, progress=False).n_events == 3
    assert server.asked == ["/ml-1m.zip"] and files_in(tmp_path) == ["ml-1m.zip"]


@pytest.mark.parametrize("mood", ["moved", "once"])
def test_a_small_mishap_is_overcome(server, tmp_path, mood):
    server.mood = mood
    assert fetch_movielens("1m", folder=tmp_path, progress=False).n_events == 3
    assert files_in(tmp_path) == ["ml-1m.zip"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mood", "said"),
    [
        (404, "404"),
        (500, "500"),
        ("silent", "nothing came for 1 seconds"),
        ("stuck", "nothing came for 1 seconds"),
        ("cut", "it broke off"),
        ("login", "not the file that was published"),
        ("circles", "it sends in circles"),
    ],
)
def test_a_bad_day_is_said_and_leaves_nothing(server, tmp_path, mood, said):
    server.mood = mood
    start = time.monotonic()
    with pytest.raises(DataError) as caught:
        fetch_movielens("1m", folder=tmp_path, progress=False)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert "copy ml-1m.zip into" in str(caught.value)
    assert files_in(tmp_path) == [] and time.monotonic() - start < 15


@pytest.mark.slow
@pytest.mark.parametrize("mood", [500, "cut", "login", "silent"])
def test_what_was_there_is_kept_if_the_new_one_fails(server, tmp_path, mood):
    (tmp_path / "ml-1m.zip").write_bytes(b"an older edition")
    server.mood = mood
    with pytest.raises(DataError):
        fetch_release("1m", folder=tmp_path, progress=False)
    assert (tmp_path / "ml-1m.zip").read_bytes() == b"an older edition"


def test_a_spoilt_copy_is_fetched_again(server, tmp_path):
    (tmp_path / "ml-1m.zip").write_bytes(GOOD[:-3])
    assert fetch_movielens("1m", folder=tmp_path, progress=False).n_events == 3


def test_without_a_network_a_copy_from_a_stick_will_do(server, tmp_path):
    server.shutdown()
    server.server_close()
    (tmp_path / "ml-1m.zip").write_bytes(GOOD)
    assert fetch_movielens("1m", folder=tmp_path, progress=False).n_events == 3


@pytest.mark.slow
def test_without_a_network_the_shipped_data_can_stand_in(server, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match=r"connection refused.*load_movielens\(\)"):
        fetch_movielens("1m", folder=tmp_path, progress=False)
    with pytest.warns(UserWarning, match="shipped MovieLens stands in"):
        log = fetch_movielens("1m", folder=tmp_path, progress=False, fallback=True)
    assert log.n_events == 100_004


def test_a_server_that_nobody_knows_is_named_offline(tmp_path):
    with pytest.raises(DataError, match="connect|its name"):
        fetch_release("1m", folder=tmp_path, mirror="http://no-such-host.invalid", progress=False)


@pytest.mark.slow
def test_a_mirror_is_checked_like_the_server(server, tmp_path):
    address = f"{fetching.SERVER}/copies/"
    fetch_release("1m", folder=tmp_path / "a", mirror=address, progress=False)
    assert server.asked == ["/copies/ml-1m.zip"]
    server.mood = "login"
    with pytest.raises(DataError, match="not the file"):
        fetch_release("1m", folder=tmp_path / "b", mirror=address, progress=False)


@pytest.mark.parametrize("address", ["teacher.local", "ftp://x", "http://", ""])
def test_an_address_that_is_none_gets_an_example(address, tmp_path):
    with pytest.raises(DataError, match="http"):
        fetch_release("1m", folder=tmp_path, mirror=address, progress=False)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a file that is named like the folder")
def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match="cannot be written"):
        fetch_release("1m", folder=tmp_path / "taken" / "below", progress=False)


def test_a_full_disk_is_named(server, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full_disk)
    with pytest.raises(DataError, match=r"No space left.*free \d+ MB"):
        fetch_release("1m", folder=tmp_path, progress=False)


def full_disk(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.slow
@pytest.mark.parametrize("illness", ["expired", "signed by nobody", "made for another name"])
def test_a_certificate_that_is_not_valid_is_named(server, tmp_path, monkeypatch, illness):
    authority = trustme.CA()
    name = "example.org" if illness == "made for another name" else "localhost"
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    until = {"not_after": past} if illness == "expired" else {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **until).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    if illness != "signed by nobody":
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    folder = tmp_path / "cache"
    with pytest.raises(DataError, match="certificate is not valid") as caught:
        fetch_release(
            "1m", folder=folder, mirror=f"https://localhost:{server.server_port}", progress=False
        )
    assert illness in str(caught.value) and files_in(folder) == []


def test_the_command_writes_tables_that_run_can_read(server, tmp_path, capsys):
    words = ["fetch", "1m", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "m l")]
    assert main(words) == 0
    assert files_in(tmp_path / "m l") == ["items.csv", "ratings.csv"]
    *_, last = capsys.readouterr().out.splitlines()
    told = shlex.split(last.removeprefix("Next: recsys-tutorial "))
    assert told[:2] == ["run", str(tmp_path / "m l" / "ratings.csv")]
    log = read_interactions(told[1], rating=told[3], timestamp=told[5], items=told[7])
    assert log.n_events == 3 and log.items["year"].dropna().tolist() == [2001, 1995]


@pytest.mark.slow
def test_the_command_says_in_one_line_what_failed(server, tmp_path, capsys):
    server.mood = 404
    assert main(["fetch", "1m", "--cache", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "404" in said and "Traceback" not in said and not (tmp_path / "out").exists()


def test_tables_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    old, log = "user,item\n", load_movielens()
    (tmp_path / "ratings.csv").write_text(old)
    monkeypatch.setattr("pandas.DataFrame.to_csv", full_disk)
    with pytest.raises(DataError, match="No space left"):
        write_tables(log, tmp_path)
    assert (tmp_path / "ratings.csv").read_text() == old


# A download that is killed ---------------------------------------------------------------------

KILLED = """
import sys
from dataclasses import replace
from pathlib import Path
from recsys_tutorial.datasets import fetching
fetching.RELEASES["1m"] = replace(fetching.RELEASES["1m"], sha256=sys.argv[3])
print("begin", flush=True)
fetching.fetch_release("1m", folder=sys.argv[1], mirror=sys.argv[2], progress=False)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_a_killed_download_leaves_no_half_file_and_heals(server, tmp_path):
    server.mood = "drip"
    words = [sys.executable, "-c", KILLED, str(tmp_path), fetching.SERVER, RELEASES["1m"].sha256]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        while not (server.asked and files_in(tmp_path)):
            time.sleep(0.05)
        process.kill()
    assert "ml-1m.zip" not in files_in(tmp_path)
    (left,) = files_in(tmp_path)
    server.mood = "well"
    assert fetch_movielens("1m", folder=tmp_path, progress=False).n_events == 3
    # The remains may belong to a download that is alive; once they are old they go.
    assert files_in(tmp_path) == sorted([left, "ml-1m.zip"])
    os.utime(tmp_path / left, (0, 0))
    fetch_release("1m", folder=tmp_path, progress=False)
    assert files_in(tmp_path) == ["ml-1m.zip"]
