"""The default path opens no connection; and the guard that proves it can fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

GUARD = """
import sys

FORBIDDEN = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind", "socket.listen",
             "socket.getaddrinfo", "socket.gethostby", "socket.getnameinfo",
             "urllib.Request", "http.client.connect", "ftplib.connect")

def guard(event, arguments):
    if event.startswith(FORBIDDEN):
        # A library may swallow an exception; nobody swallows this.
        import os
        os.write(2, f"NETWORK {event} {arguments}".encode())
        os._exit(99)

sys.addaudithook(guard)
"""

DEFAULT_PATH = """
import recsys_tutorial
from recsys_tutorial.clustering import cluster_users, kmeans
from recsys_tutorial.datasets import load_insteval, load_movielens, make_static_tastes
from recsys_tutorial.exercises import all_exercises, check, load_quiz
from recsys_tutorial.features import genre_profiles
from recsys_tutorial.preprocessing import split_latest, user_item_matrix
from recsys_tutorial.recommenders import SoftClusterPopularity

movielens = load_movielens()
load_insteval()
train, test = split_latest(movielens)
profiles = genre_profiles(train)
kmeans(profiles, 3, n_init=1)
cluster_users(make_static_tastes(100).table.to_numpy(), n_clusters=3)
lists = SoftClusterPopularity(n_clusters=5).fit(user_item_matrix(train)).recommend([1, 2], k=5)
for exercise in all_exercises():
    check(exercise.id, 1)
load_quiz("03")
print("lists:", len(lists))
"""

PLANTED = {
    "connect": "import socket; socket.socket().connect(('127.0.0.1', 9))",
    "connect_ex": "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
    "name": "import socket; socket.getaddrinfo('localhost', 80)",
    "host": "import socket; socket.gethostbyname('localhost')",
    "datagram": "from socket import *; socket(type=SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "page": "import urllib.request; urllib.request.urlopen('http://localhost:9')",
    "table": "import pandas as pd; pd.read_csv('http://localhost:9/x.csv')",
    "swallowed": "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9))\n"
    "except BaseException:\n    pass",
}


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", GUARD + code],
        cwd=ROOT,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_default_path_opens_no_connection():
    done = run(DEFAULT_PATH)
    assert done.returncode == 0, done.stderr
    assert "lists: 10" in done.stdout and "NETWORK" not in done.stderr


@pytest.mark.parametrize("name", PLANTED)
def test_the_guard_notices_a_connection(name):
    done = run(PLANTED[name])
    assert done.returncode == 99 and "NETWORK" in done.stderr
