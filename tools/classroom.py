#!/usr/bin/env python3
"""Install, show and check the course in a room without internet.

usage: python classroom.py COMMAND [option]

  install  make .venv beside this file from the folder wheels; no network is asked
  lab      open the notebooks in JupyterLab
  serve    show the website on this computer (--port 8000; --lan: to everybody in the room,
           who can then also install the course from here)
  check    compare every file with SHA256SUMS and name those that are damaged
  help     print this text

This file lies beside the folders site, notebooks and wheels, in a zip made by
`python course.py release`.
"""

# Standard library and Python 3.6 syntax only: an old Python must show our message, not a traceback.
import hashlib
import html
import http.server
import io
import json
import os
import platform
import re
import shutil
import socket
import socketserver
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
SITE, WHEELS, NOTEBOOKS = HERE / "site", HERE / "wheels", HERE / "notebooks"
SUMS, BUNDLE, VENV = HERE / "SHA256SUMS", HERE / "bundle.json", HERE / ".venv"
STAMP = VENV / "classroom-stamp.txt"
LAB_CONFIG = VENV / "etc" / "jupyter"
QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
}
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
USAGE = r"help|-h|--help|install|lab( .*)?|check|serve( --port \d+| --lan)*"
UNPACK = "unpack the whole zip into a folder (Windows: right click, Extract All), then run it there"
NEED_AGAIN = 1.15  # byte code and the file system's blocks come on top of what is unpacked

# Three by five dots each: "192.168.100.100:65535" takes 79 columns, and can be read from the back.
LETTERS = dict(
    zip(
        "0123456789.:",
        (
            ("###", "# #", "# #", "# #", "###"),
            ("## ", " # ", " # ", " # ", "###"),
            ("###", "  #", "###", "#  ", "###"),
            ("###", "  #", " ##", "  #", "###"),
            ("# #", "# #", "###", "  #", "  #"),
            ("###", "#  ", "###", "  #", "###"),
            ("###", "#  ", "###", "# #", "###"),
            ("###", "  #", "  #", "  #", "  #"),
            ("###", "# #", "###", "# #", "###"),
            ("###", "# #", "###", "  #", "###"),
            (" ", " ", " ", " ", "#"),
            (" ", "#", " ", "#", " "),
        ),
    )
)


# The bundle -----------------------------------------------------------------------------------


def read_bundle():
    """Tell for which Python and system the wheels are; stop if the bundle is not all there."""
    if not SITE.is_dir() and not NOTEBOOKS.is_dir():
        raise SystemExit(f"classroom.py is alone in {HERE}: {UNPACK}")
    if not WHEELS.is_dir() or not BUNDLE.is_file() or not any(WHEELS.glob("*.whl")):
        raise SystemExit(f"the folder wheels or bundle.json is missing in {HERE}: {UNPACK}")
    return json.loads(BUNDLE.read_text(encoding="utf-8"))


def digest(path):
    """Give the SHA-256 of a file, however large, or nothing if it cannot be read."""
    found = hashlib.sha256()
    try:
        with open(str(path), "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                found.update(block)
    except OSError:
        return ""
    return found.hexdigest()


def listed(folder=""):
    """Give the files that SHA256SUMS names, with their sums; those below one folder only."""
    if not SUMS.is_file():
        raise SystemExit(f"SHA256SUMS is missing in {HERE}: {UNPACK}")
    lines = (line.split("  ", 1) for line in SUMS.read_text(encoding="utf-8").splitlines())
    return {name: total for total, name in lines if name.startswith(folder)}


def damaged(folder=""):
    """Name the files that are missing or not as they were packed."""
    wrong = []
    for name, total in listed(folder).items():
        path = HERE / name
        if not path.is_file():
            wrong.append(f"missing: {name}")
        elif digest(path) != total:
            edited = "edited or damaged" if name.startswith("notebooks/") else "damaged"
            wrong.append(f"{edited}: {name}")
    return wrong


def check():
    """Compare every file with its sum; return 1 if one differs."""
    wrong = damaged()
    for line in wrong:
        print(line)
    print(f"{len(wrong)} of {len(listed())} files differ" if wrong else "every file is as packed")
    return 1 if wrong else 0


# Installing -----------------------------------------------------------------------------------


def check_computer(bundle):
    """Stop, naming the mend, if the wheels are not for this Python or this computer."""
    wanted, own = bundle["python"], "{}.{}".format(*sys.version_info[:2])
    here = (sys.platform, platform.machine())
    kind = "{} {}".format(*here) + ("" if sys.maxsize > 2**32 else ", 32 bits")
    if here != (bundle["sys_platform"], bundle["machine"]) or sys.maxsize < 2**32:
        other = f"{bundle['sys_platform']} {bundle['machine']}"
        raise SystemExit(f"the wheels here are for {other}, this is {kind}: take the zip for it")
    if own != wanted:
        name = f"py -{wanted}" if os.name == "nt" else f"python{wanted}"
        mend = f"type: {name} classroom.py install; or take the zip for Python {own}"
        raise SystemExit(f"this is Python {own}, the wheels here are for Python {wanted}; {mend}")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        mend = "Debian, Ubuntu: apt install python3-venv"
        raise SystemExit(f"this Python has no venv module. {mend}") from None


def run(*command):
    """Run a program without what could lead it to a network or another Python; show its words."""
    leaks = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    kept = {k: v for k, v in os.environ.items() if k not in leaks and not k.startswith("PIP_")}
    env = dict(kept, PIP_CONFIG_FILE=os.devnull, PYTHONUTF8="1", TF_CPP_MIN_LOG_LEVEL="2")
    said = []
    command = [str(part) for part in command]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace"}
    with subprocess.Popen(command, cwd=str(HERE), env=env, **pipe) as process:
        for line in process.stdout:
            said.append(line)
            print("     ", line.rstrip(), flush=True)
    return process.returncode, "".join(said[-80:])


def step(text, *command):
    """Announce a step, run it, and stop with its mend if it fails."""
    print(text, "...", flush=True)
    start = time.time()
    code, said = run(*command)
    if code == 0:
        return print(f"      {time.time() - start:.0f} s", flush=True)
    if re.search("No space left|Errno 28|WinError 112|not enough space", said):
        raise SystemExit(f"{text}: the disk is full; free some, then type the same command again")
    if re.search("No matching distribution|not a supported wheel", said):
        raise SystemExit(f"{text}: a wheel is missing or not for this system: see the lines above")
    raise SystemExit(f"{text}: failed, the reason is above; the same command takes it up again")


def install():
    """Make .venv from the wheels, or go on where an earlier attempt stopped."""
    bundle = read_bundle()
    check_computer(bundle)
    sums = sorted(listed("wheels/").items())
    place = f"{HERE} {sys.version_info[:2]}"
    want = f"{place} {hashlib.sha256(repr(sums).encode()).hexdigest()}"
    have = STAMP.read_text(encoding="utf-8") if STAMP.is_file() and PYTHON.exists() else ""
    if have == want:
        return print("installed already; to work: python classroom.py lab")
    new = not have.startswith(place + " ")
    needed, free = bundle["unpacked"] * NEED_AGAIN, shutil.disk_usage(str(HERE)).free
    if new and free < needed:
        raise SystemExit(f"only {free / 1e9:.1f} GB free in {HERE}, {needed / 1e9:.1f} are needed")
    print(f"[1/4] looking whether the {len(sums)} files in wheels are whole ...", flush=True)
    wrong = damaged("wheels/")
    if wrong:
        raise SystemExit("\n".join(wrong + ["copy the zip and unpack it anew"]))
    base = getattr(sys, "_base_executable", None) or sys.executable
    if new:
        step("[2/4] making .venv", base, "-m", "venv", "--clear", VENV)
        STAMP.write_text(place + " unfinished", encoding="utf-8")
    else:
        print("[2/4] going on with the .venv that is here")
    pip = [PYTHON, "-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--quiet"]
    pip += ["--no-index", "--find-links", WHEELS, "--no-deps", "--require-hashes"]
    step("[3/4] installing (some minutes)", *pip, "-r", WHEELS / "requirements.txt")
    step("[4/4] trying it", PYTHON, "-c", "import recsys_tutorial")
    STAMP.write_text(want, encoding="utf-8")
    print("done; to work: python classroom.py lab")


def lab(options):
    """Open JupyterLab in this folder, without its calls to other hosts."""
    if not STAMP.is_file() or "unfinished" in STAMP.read_text(encoding="utf-8"):
        raise SystemExit("not installed yet; type: python classroom.py install")
    never = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
    command = [str(PYTHON), "-m", "jupyterlab", f"--LabApp.check_for_updates_class={never}"]
    command += ["--LabApp.news_url=None", "--LabApp.extension_manager=readonly"] + options
    # A %pip in a notebook, too, finds the wheels and nothing else.
    env = dict(os.environ, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(WHEELS))
    # Nobody in the room shall be asked whether Jupyter may fetch its news.
    quiet = LAB_CONFIG / "labconfig" / "default_setting_overrides.json"
    quiet.parent.mkdir(parents=True, exist_ok=True)
    quiet.write_text(json.dumps(QUIET), encoding="utf-8")
    env["JUPYTER_CONFIG_PATH"] = str(LAB_CONFIG)
    env = {key: value for key, value in env.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    # A terminal opens where the server began: there `.venv` is, as in a clone.
    return subprocess.call(command, cwd=str(HERE), env=env)


# Serving --------------------------------------------------------------------------------------


def project(wheel):
    """Give the project of a wheel under the name that pip asks for."""
    return re.sub(r"[-_.]+", "-", wheel.split("-")[0]).lower()


def simple_page(name=""):
    """Write the list of all projects, or of one project's wheels, as PEP 503 has it."""
    wheels = sorted(path.name for path in WHEELS.glob("*.whl")) if WHEELS.is_dir() else []
    if name:
        sums = listed("wheels/")
        links = [
            (f"/wheels/{urllib.parse.quote(w)}#sha256={sums.get('wheels/' + w, '')}", w)
            for w in wheels
            if project(w) == name
        ]
    else:
        links = [(f"/simple/{p}/", p) for p in sorted({project(w) for w in wheels})]
    rows = "".join(f'<a href="{html.escape(a)}">{html.escape(w)}</a><br>\n' for a, w in links)
    head = '<!DOCTYPE html>\n<html lang="en"><title>Wheels of the course</title>\n'
    return (head + rows).encode("utf-8") if links else None


def parts_of(address):
    """Split the path of an address; nothing if it could lead out of the folder or to secrets."""
    path = urllib.parse.unquote(re.split("[?#]", address, maxsplit=1)[0], errors="replace")
    first, *parts = path.split("/")
    named = parts[:-1] if parts and parts[-1] == "" else parts
    odd = any(not p or p.startswith(".") or re.search(r'[\\:\0<>"|*]', p) for p in named)
    return None if first or odd else parts


class Handler(http.server.SimpleHTTPRequestHandler):
    """Show the site at /, a package index at /simple/ and its wheels at /wheels/; read only."""

    extensions_map = dict(
        http.server.SimpleHTTPRequestHandler.extensions_map,
        # Windows keeps its own list, in which a script may be a plain text.
        **{".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"},
    )

    def translate_path(self, path):
        """Find the file for an address; a name that cannot exist if the address is refused."""
        parts = parts_of(path)
        if parts is None:
            return os.devnull + "/refused"
        top = HERE if parts[0] == "wheels" else SITE
        full = os.path.realpath(os.path.join(str(top), *parts))
        root = WHEELS if top is HERE else SITE
        inside = (full + os.sep).startswith(os.path.realpath(str(root)) + os.sep)
        return full + ("/" if parts[-1] == "" else "") if inside else os.devnull + "/refused"

    def send_head(self):
        """Answer from the package index, or with a file."""
        parts = parts_of(self.path)
        if not parts or parts[0] != "simple":
            return super().send_head()
        page = simple_page(parts[1] if len(parts) > 1 else "") if len(parts) < 4 else None
        if page is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        return io.BytesIO(page)

    def list_directory(self, path):
        """Show no lists of files."""
        self.send_error(404)

    def log_message(self, *args):
        """Leave the address in large letters on the screen."""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """A server for a room: one thread a learner, and no question to a name server."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would let two programs share one port

    def server_bind(self):
        """Bind without looking up the computer's name, which takes long without a network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def addresses():
    """Find this computer's addresses in the room; no packet is sent for it."""
    found = []
    for target in ("10.255.255.255", "192.168.255.255", "172.16.255.255"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 1))
                found.append(probe.getsockname()[0])
            except OSError:
                continue  # no way there
    try:
        # The second way may ask a name server, and wait for one that is not there.
        found = found or socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        pass  # a computer that does not know its own name
    return [a for a in dict.fromkeys(found) if not a.startswith("127.")]


def large(text):
    """Write an address in letters of five lines."""
    return "\n".join(" ".join(LETTERS[sign][row] for sign in text) for row in range(5))


def serve(port, lan):
    """Show the site until Ctrl-C: on this computer alone, or to the room."""
    if not (SITE / "index.html").is_file():
        raise SystemExit(f"the folder site is missing in {HERE}: {UNPACK}")
    with Server(("0.0.0.0" if lan else "127.0.0.1", port), Handler) as server:
        port = server.server_port
        hosts = addresses() if lan else ["127.0.0.1"]
        for host in hosts:
            print(f"http://{host}:{port} (Ctrl-C ends it)", flush=True)
        if lan and hosts:
            index = f"--index-url http://{hosts[0]}:{port}/simple/ --trusted-host {hosts[0]}"
            print(f"\n{large(f'{hosts[0]}:{port}')}\n\nType the address above in a browser.")
            if WHEELS.is_dir():
                wanted = '"recsys-tutorial[deep,notebooks]" jupyterlab'
                print(f"To install:  pip install {index} {wanted}", flush=True)
        elif lan:
            print(f"port {port}; this computer's address is in its network settings", flush=True)
        server.serve_forever()


def main(argv):
    """Read the command line; return 0 if all went well, 1 if a step failed, 2 for wrong usage."""
    known = re.fullmatch(USAGE, " ".join(argv) or "help")
    command = argv[0] if argv else "help"
    if not known or command in ("help", "--help", "-h"):
        print(__doc__, file=sys.stdout if known else sys.stderr)
        return 0 if known else 2
    try:
        if command == "install":
            install()
        if command == "serve":
            port = re.search(r"--port (\d+)", " ".join(argv))
            serve(int(port.group(1)) if port else 8000, "--lan" in argv)
        if command == "lab":
            return 1 if lab(argv[1:]) else 0
        return check() if command == "check" else 0
    except KeyboardInterrupt:
        mend = "stopped by you; the same command takes the work up again"
    except OSError as error:
        full = "the disk is full; free some, then type the same command again"
        mend = full if error.errno == 28 else f"{error}. Not yours, in use, or a port taken?"
    except OverflowError:
        mend = "ports go from 1 to 65535"
    raise SystemExit(mend)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
