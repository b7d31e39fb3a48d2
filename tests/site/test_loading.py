"""When has a page all that it fetches?  Waiting for it must end, and say what was missing."""

import threading

import pytest
from site_support import Loading, QuietHandler, open_settled, serve

pytestmark = pytest.mark.site

PAGE = """<title>t</title><script>addEventListener("load", () => setTimeout(() => {
  window.picture = new Image(); window.picture.src = "%s.svg";
}, 200));</script>"""
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>'


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def late(tmp_path):
    """Address of a server that keeps pictures back, and what makes it give them."""
    given = threading.Event()

    class Late(QuietHandler):
        def do_GET(self):  # noqa: N802
            if "picture.svg" in self.path:
                given.wait(30)
            super().do_GET()

    (tmp_path / "picture.svg").write_text(PICTURE, encoding="utf-8")
    for name in ("picture", "missing"):
        (tmp_path / f"{name}.html").write_text(PAGE % name, encoding="utf-8")
    with serve(tmp_path, Late) as address:
        yield address, given
        given.set()


def test_what_a_page_asks_for_late_is_waited_for(page, late):
    address, given = late
    threading.Timer(1.5, given.set).start()
    open_settled(page, f"{address}picture.html")
    assert given.is_set() and page.evaluate("() => window.picture.naturalWidth") == 7


def test_what_is_not_there_is_not_waited_for(page, late):
    failed = []
    page.on("response", lambda r: failed.append(r.url) if r.status >= 400 else None)
    open_settled(page, f"{late[0]}missing.html")
    assert failed == [f"{late[0]}missing.svg"]


def test_what_never_comes_is_told(page, late, monkeypatch):
    monkeypatch.setattr(Loading, "PATIENCE", 2)
    with pytest.warns(UserWarning, match=r"picture\.html is still .*picture\.svg"):
        open_settled(page, f"{late[0]}picture.html")
    assert page.evaluate("() => window.picture.complete") is False
