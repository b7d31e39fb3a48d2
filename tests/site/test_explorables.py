"""K-means and DBSCAN by hand, played in a real browser: by pointer, touch and keyboard.

The page is opened over http and from the disk, and the document for notebooks in a locked frame.
Whatever a test does, no error may reach the console and no request may leave the site.
"""

import html
import re

import pytest
from site_support import open_settled

from recsys_tutorial.explorables import explorable_html
from tests.unit import javascript

pytestmark = pytest.mark.site

PAGE = "book/play_clusters.html"
CHALLENGES = ["start", "moons", "smaller", "alone", "circle", "lost"]
PLANE = ".xpc-plane"


@pytest.fixture
def open_page(browser):
    """Give a function that opens an address; at the end no error may have been seen."""
    contexts, errors = [], []

    def open_address(url="about:blank", width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        if options.get("java_script_enabled", True):  # else every script fails, as it should
            page.on("requestfailed", lambda request: errors.append(f"failed: {request.url}"))
        open_settled(page, url)
        return page

    yield open_address
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def play(open_page, server):
    """Give a function that opens the page of the explorable."""

    def open_explorable(width=1280, **options):
        page = open_page(f"{server}{PAGE}", width, **options)
        page.locator(PLANE).wait_for()
        return page

    return open_explorable


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def step(page):
    page.locator(".xp-main").click()


def n_points(page):
    return page.locator(".xpc-point").count() - page.locator(".xpc-legend .xpc-point").count()


def words(page):
    return page.locator(".xpc-told").inner_text()


def spoken(page, part):
    """Wait until the live region says something with this part."""
    page.locator("[role=status]", has_text=part).wait_for(state="attached")
    return page.locator(".explorable [role=status]").inner_text()


def set_slider(page, name, value):
    slider = page.get_by_role("slider", name=name)
    slider.evaluate(
        "(s, v) => { s.value = v; s.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


def choose(page, label, text):
    page.get_by_label(label, exact=True).select_option(label=text)


def place(page, x, y):
    """Where the point (x, y) of the plane is on the screen."""
    page.locator(PLANE).scroll_into_view_if_needed()
    box = page.locator(PLANE).bounding_box()
    return box["x"] + box["width"] * x / 10, box["y"] + box["height"] * (8 - y) / 8


def reached(page):
    return [c for c in CHALLENGES if page.locator(f"[data-challenge={c}].xpc-reached").count()]


# It runs everywhere ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["http", "file"])
def test_the_page_works_over_http_and_from_the_disk(way, open_page, server, site):
    start = server if way == "http" else f"{site.as_uri()}/"
    page = open_page(start + PAGE)
    press(page, "To the end")
    assert words(page).startswith("The end after")
    assert n_points(page) == 80
    assert page.locator(".xpc-centre").count() == 5


def test_a_notebook_shows_the_same_in_a_locked_frame(open_page):
    page = open_page()
    document = html.escape(explorable_html("clusters"))
    page.set_content(
        f'<iframe srcdoc="{document}" sandbox="allow-scripts" width="900" height="900"></iframe>'
    )
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="DBSCAN", exact=True).click()
    assert "cluster" in frame.locator(".xpc-told").inner_text()
    assert frame.locator(f"{PLANE} .xpc-core").count() > 40


def test_without_scripts_the_page_says_what_is_missing(open_page, server):
    page = open_page(f"{server}{PAGE}", java_script_enabled=False)
    assert "needs JavaScript" in page.locator(".explorable").inner_text()


# K-means --------------------------------------------------------------------------------------


def test_half_steps_take_turns_and_j_never_rises(play):
    page = play()
    choose(page, "Starting centres", "Random points")
    seen = []
    for _ in range(40):
        label = page.locator(".xp-main").inner_text()
        if label == "Step: from the start":
            break
        seen.append(label)
        step(page)
        assert words(page).split(":")[0] in ("Assign", "Move") or "The end" in words(page)
    assert seen[:4] == ["Step: assign", "Step: move"] * 2
    curve = page.locator(".xpc-chart:visible").get_attribute("aria-label")
    values = [float(v) for v in re.findall(r"\d+\.\d+", curve.split("Best")[0])]
    assert len(values) == len(seen) and values == sorted(values, reverse=True)
    assert page.locator(".xpc-number:visible").inner_text() == f"J = {values[-1]:.2f}"


def test_runs_are_listed_and_a_bad_start_shows(play):
    page = play()
    choose(page, "Starting centres", "Random points")
    for _ in range(4):
        press(page, "To the end")
        press(page, "New start")
    rows = page.locator(".xpc-table tbody tr")
    assert rows.count() == 4
    verdicts = [rows.nth(i).locator("td").nth(3).inner_text() for i in range(4)]
    assert "best" in verdicts and any(v.startswith("+") for v in verdicts)
    set_slider(page, "k, number of centres", 3)
    press(page, "To the end")
    assert rows.first.locator("td").nth(3).inner_text() == "best"


def test_play_pauses_and_comes_to_the_end(play):
    page = play()
    press(page, "Play")
    press(page, "Pause")
    before = words(page)
    page.wait_for_timeout(1000)
    assert words(page) == before
    press(page, "Play")
    page.locator(".xpc-told", has_text="The end after").wait_for()
    assert page.get_by_role("button", name="Play", exact=True).is_visible()


def test_restart_begins_with_the_same_centres(play):
    page = play()
    where = "els => els.map(e => e.style.transform)"
    first = page.locator(".xpc-centre").evaluate_all(where)
    press(page, "To the end")
    assert page.locator(".xpc-centre").evaluate_all(where) != first
    press(page, "Restart")
    assert page.locator(".xpc-centre").evaluate_all(where) == first


# DBSCAN ---------------------------------------------------------------------------------------


def test_dragging_eps_and_min_samples_changes_the_kinds(play):
    page = play()
    press(page, "DBSCAN")

    def kinds():
        found = page.locator(".xpc-told").inner_text()
        return [int(v) for v in re.findall(r"(\d+) (?:core|border|noise)", found)]

    set_slider(page, "eps, radius", 0.1)
    assert kinds() == [0, 0, 80]
    set_slider(page, "eps, radius", 4)
    assert kinds() == [80, 0, 0]
    set_slider(page, "eps, radius", 0.6)
    set_slider(page, "min_samples", 6)
    middle = kinds()
    assert sum(middle) == 80 and min(middle) > 0
    for kind, n in zip(("core", "border", "noise"), middle):
        assert page.locator(f"{PLANE} .xpc-{kind}").count() == n
    set_slider(page, "min_samples", 1)
    assert kinds() == [80, 0, 0]


def test_a_cluster_grows_step_by_step(play):
    page = play()
    press(page, "DBSCAN")
    choose(page, "Points", "Two moons")
    set_slider(page, "eps, radius", 0.7)
    press(page, "Restart")
    assert page.locator(f"{PLANE} .xpc-waiting").count() == 90
    waiting = []
    for _ in range(6):
        step(page)
        waiting.append(page.locator(f"{PLANE} .xpc-waiting").count())
    assert "core point" in words(page) and "grows cluster 1" in words(page)
    assert waiting == sorted(waiting, reverse=True) and waiting[-1] < waiting[0] < 90
    press(page, "To the end")
    assert words(page).startswith("2 clusters")


def test_the_circle_tells_who_is_within(play):
    page = play()
    press(page, "DBSCAN")
    choose(page, "Points", "Five viewers (chapter 4)")
    set_slider(page, "eps, radius", 1.5)
    page.mouse.move(*place(page, 5, 4))
    assert page.locator(".xpc-count").text_content() == "5 ≥ 5"
    assert (
        "5 points within eps, itself included. 5 ≥ 5: core"
        in page.locator(".xpc-probe-words").inner_text()
    )
    page.mouse.move(*place(page, 6.5, 4))
    assert page.locator(".xpc-count").text_content() == "2 < 5"
    page.mouse.move(0, 0)
    assert page.locator(".xpc-count").count() == 0


def test_kinds_and_clusters_differ_by_shape_not_only_by_colour(play):
    page = play()
    press(page, "DBSCAN")
    set_slider(page, "eps, radius", 0.6)
    set_slider(page, "min_samples", 6)
    looks = page.locator(f"{PLANE} .xpc-point").evaluate_all(
        """els => els.map(e => [e.classList[1], e.classList[2], e.getAttribute("d"),
            getComputedStyle(e).fill === getComputedStyle(e).color])"""
    )
    full = {kind: {look[3] for look in looks if look[0] == kind} for kind, *_ in looks}
    assert full["xpc-core"] == {True} and full["xpc-border"] == {False}
    by_group = {}
    for kind, group, shape, _ in looks:
        by_group.setdefault("noise" if kind == "xpc-noise" else group, set()).add(shape)
    assert len(by_group) >= 4 and all(len(shapes) == 1 for shapes in by_group.values())
    assert len(set.union(*by_group.values())) == len(by_group)


# Pointer and touch ----------------------------------------------------------------------------


def test_the_mouse_places_moves_and_removes(play):
    page = play()
    choose(page, "Points", "Nothing: place your own")
    assert "place 3 more" in words(page)
    for x, y in ((2, 2), (2, 3), (8, 6), (8, 7)):
        page.mouse.click(*place(page, x, y))
    assert n_points(page) == 4 and words(page).startswith("Start: 3 centres")
    assert page.get_by_label("Points", exact=True).input_value() == "own"

    press(page, "DBSCAN")
    page.mouse.move(*place(page, 2, 2))
    page.mouse.down()
    page.mouse.move(*place(page, 4, 4), steps=4)
    page.mouse.up()
    moved = page.locator(f"{PLANE} .xpc-point").first.get_attribute("transform")
    x, y = (float(v) for v in re.findall(r"[\d.]+", moved))
    assert abs(x - 400) < 5 and abs(y - 400) < 5

    press(page, "removes one")
    page.mouse.click(*place(page, 8, 7))
    assert n_points(page) == 3
    page.mouse.click(*place(page, 1, 7))
    assert n_points(page) == 3 and "no point here" in words(page)


def test_a_centre_is_dragged_or_set_by_a_tap(play):
    page = play()
    choose(page, "Points", "Two pairs (chapter 3)")
    choose(page, "Starting centres", "By hand (drag them)")
    press(page, "sets a centre")
    page.mouse.click(*place(page, 5, 2))
    page.mouse.click(*place(page, 5, 6))
    assert n_points(page) == 4
    press(page, "To the end")
    # Chapter 3: the start between the pairs ends at J = 36, the best at 1.
    assert page.locator(".xpc-number:visible").inner_text() == "J = 36.00"
    for start, end in (((5, 3.5), (2, 4)), ((5, 4.5), (8, 4))):
        page.mouse.move(*place(page, *start))
        page.mouse.down()
        page.mouse.move(*place(page, *end), steps=4)
        page.mouse.up()
    press(page, "To the end")
    assert page.locator(".xpc-number:visible").inner_text() == "J = 1.00"
    assert n_points(page) == 4


def test_a_finger_places_points_and_still_scrolls_the_page(play):
    page = play(width=390, has_touch=True, is_mobile=True)
    choose(page, "Points", "Nothing: place your own")
    for x, y in ((3, 3), (7, 5)):
        page.touchscreen.tap(*place(page, x, y))
    assert n_points(page) == 2
    style = "(e) => getComputedStyle(e).touchAction"
    assert page.locator(PLANE).evaluate(style) == "pan-y"


# Keyboard, ears, calm -------------------------------------------------------------------------


def test_the_keyboard_does_everything(play):
    page = play()
    choose(page, "Points", "Nothing: place your own")
    page.get_by_label("Points", exact=True).focus()
    page.keyboard.press("Tab")
    assert page.locator(PLANE).evaluate("e => e === document.activeElement")
    outline = page.locator(PLANE).evaluate("e => getComputedStyle(e).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2
    assert page.locator(".xpc-cross").is_visible()
    for keys in (["Enter"], ["Shift+ArrowRight", "Enter"], ["ArrowUp", "Enter"]):
        for key in keys:
            page.keyboard.press(key)
    assert n_points(page) == 3
    assert "(6.00, 4.25)" in spoken(page, "3 points")
    page.keyboard.press("Delete")
    assert n_points(page) == 2
    page.keyboard.press("Enter")

    # A centre is taken up, carried and put down.
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    assert "taken up" in spoken(page, "taken up")
    before = page.locator(".xpc-centre").first.evaluate("e => e.style.transform")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert "put down" in spoken(page, "put down")
    assert page.locator(".xpc-centre").first.evaluate("e => e.style.transform") != before
    assert page.get_by_label("Starting centres").input_value() == "hand"

    # On to the first button behind the plane, and a whole run from there.
    page.keyboard.press("Tab")
    assert page.locator(".xpc-cross").count() == 0
    for _ in range(12):
        page.keyboard.press("Enter")
        if words(page).startswith("The end"):
            break
    assert words(page).startswith("The end")
    assert page.locator(".xp-main").evaluate("e => e === document.activeElement")


def test_the_keyboard_is_not_trapped(play):
    page = play()
    page.locator(PLANE).focus()
    page.keyboard.press("Shift+Tab")
    assert not page.locator(PLANE).evaluate("e => e === document.activeElement")


def test_the_circle_follows_the_keyboard(play):
    page = play()
    press(page, "DBSCAN")
    choose(page, "Points", "Five viewers (chapter 4)")
    set_slider(page, "eps, radius", 1.5)
    page.locator(PLANE).focus()
    page.keyboard.press("n")
    assert "5 points within eps" in spoken(page, "5 ≥ 5: core")


def test_words_are_spoken_politely_and_not_at_each_frame(play):
    page = play()
    region = page.locator(".explorable [role=status]")
    assert region.get_attribute("aria-live") == "polite"
    page.evaluate(
        """() => {
            window.heard = [];
            const region = document.querySelector(".explorable [role=status]");
            new MutationObserver(() => window.heard.push(region.textContent)).observe(
                region, {childList: true, characterData: true, subtree: true});
        }"""
    )
    step(page)
    spoken(page, "Assign")
    for _ in range(3):
        page.get_by_role("slider", name="k, number of centres").press("ArrowLeft")
    spoken(page, "Start: 2 centres")
    press(page, "DBSCAN")
    choose(page, "Points", "Two moons")
    set_slider(page, "eps, radius", 0.7)
    press(page, "Play")
    page.wait_for_timeout(2500)
    press(page, "To the end")
    spoken(page, "2 clusters")
    heard = page.evaluate("window.heard")
    assert len(heard) <= 6, heard
    assert sum("Start: " in text for text in heard) == 1
    assert not any("core point" in text for text in heard)


@pytest.mark.parametrize(("wish", "seconds"), [("reduce", "0s"), ("no-preference", "0.5s")])
def test_less_motion_is_honoured(wish, seconds, play):
    page = play(reduced_motion=wish)
    step(page)
    page.locator(".xp-main").click()
    assert page.locator(".xpc-glides").count() == 1
    duration = "e => getComputedStyle(e).transitionDuration"
    assert page.locator(".xpc-centre").first.evaluate(duration) == seconds
    press(page, "Play")
    page.locator(".xpc-told", has_text="The end after").wait_for(timeout=30_000)


def test_a_dragged_centre_stays_under_the_hand(play):
    page = play()
    step(page)
    step(page)
    page.locator(PLANE).focus()
    for key in ("c", "Enter", "ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.press("ArrowLeft")
    assert page.locator(".xpc-glides").count() == 0


@pytest.mark.parametrize("k", [1, 8])
def test_a_centre_in_hand_may_vanish(k, play):
    page = play()
    choose(page, "Points", "Two pairs (chapter 3)")
    page.locator(PLANE).focus()
    for key in ("c", "c", "Enter", "ArrowLeft"):
        page.keyboard.press(key)
    set_slider(page, "k, number of centres", k)
    page.keyboard.press("ArrowLeft")
    assert page.locator(".xpc-centre").count() == (1 if k == 1 else 0)


# Small screens --------------------------------------------------------------------------------

MEASURE = """() => {
    const inside = [...document.querySelectorAll(
        ".explorable :is(button, select, input, svg[tabindex])")];
    const seen = inside.filter((e) => e.getClientRects().length > 0);
    return {
        wide: document.documentElement.scrollWidth - window.innerWidth,
        n: seen.length,
        small: seen.map((e) => e.getBoundingClientRect())
            .filter((b) => b.width < 24 || b.height < 24).length,
        nameless: seen.filter((e) => !(e.labels && e.labels.length) &&
            !(e.getAttribute("aria-label") || e.textContent).trim()).length,
    };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_controls_are_named_large_enough_and_nothing_sticks_out(width, scheme, play):
    page = play(width=width, color_scheme=scheme)
    for algorithm in ("K-means", "DBSCAN"):
        press(page, algorithm)
        step(page)
        found = page.evaluate(MEASURE)
        assert found["n"] > 15
        assert (found["wide"], found["small"], found["nameless"]) == (0, 0, 0), algorithm


def test_small_nameless_and_wide_things_would_be_noticed(open_page):
    page = open_page()
    page.set_content(
        '<div class="explorable"><button style="width: 9px; padding: 0"></button>'
        '<input type="range" style="height: 30px"><p style="width: 3000px">x</p></div>'
    )
    found = page.evaluate(MEASURE)
    assert found["wide"] > 0 and found["small"] == 1 and found["nameless"] == 2


# Anybody's session ----------------------------------------------------------------------------

RESTLESS = """(seed) => {
    let state = seed;
    const chance = () => (state = (state * 16807) % 2147483647) / 2147483647;
    const any = (list) => list[Math.floor(chance() * list.length)];
    const plane = document.querySelector(".xpc-plane");
    const keys = ["Enter", "n", "c", "Delete", "Escape",
        "ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"];
    for (let i = 0; i < 300; i += 1) {
        const controls = document.querySelectorAll(".explorable :is(button, select, input)");
        const control = any([...controls]);
        if (control.tagName === "BUTTON") control.click();
        else if (control.tagName === "SELECT") {
            control.selectedIndex = Math.floor(chance() * control.options.length);
            control.dispatchEvent(new Event("change"));
        } else {
            control.value = Number(control.min) + chance() * (control.max - control.min);
            control.dispatchEvent(new Event("input"));
        }
        const options = {key: any(keys), shiftKey: chance() < 0.3, cancelable: true};
        plane.dispatchEvent(new KeyboardEvent("keydown", options));
    }
}"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 17])
def test_whatever_is_pressed_no_error_comes(seed, play):
    page = play(reduced_motion="reduce")
    page.evaluate(RESTLESS, seed)
    # It still works; `open_page` looks for errors.
    choose(page, "Points", "Two moons")
    press(page, "DBSCAN")
    set_slider(page, "eps, radius", 0.7)
    set_slider(page, "min_samples", 4)
    assert words(page) == "2 clusters: 90 core, 0 border, 0 noise."


# A whole session ------------------------------------------------------------------------------


def test_all_challenges_can_be_reached(play):
    page = play(reduced_motion="reduce")  # then the plane is in its place at once
    assert reached(page) == []

    press(page, "Set up: Bad luck")
    for _ in range(6):
        press(page, "To the end")
        press(page, "New start")
    assert reached(page) == ["start"]

    press(page, "Set up: Two moons")
    press(page, "DBSCAN")
    set_slider(page, "eps, radius", 0.7)
    assert reached(page) == ["start"]  # K-means has not failed yet
    press(page, "K-means")
    press(page, "To the end")
    press(page, "DBSCAN")
    assert reached(page) == ["start", "moons"]
    assert "Challenge reached" in spoken(page, "Two moons")

    press(page, "Set up: Smaller is better?")
    press(page, "To the end")
    assert "smaller" not in reached(page)
    set_slider(page, "k, number of centres", 8)
    assert "smaller" not in reached(page)
    press(page, "To the end")
    assert reached(page) == ["start", "moons", "smaller"]

    press(page, "Set up: The mean of one")
    page.mouse.click(*place(page, 9, 7))
    press(page, "sets a centre")
    page.mouse.click(*place(page, 5, 3))
    page.mouse.click(*place(page, 9, 6))
    step(page)
    assert "alone" not in reached(page)
    step(page)
    assert "alone" in reached(page)

    press(page, "Set up: Just enough")
    page.mouse.click(*place(page, 5, 5))
    page.mouse.click(*place(page, 6, 4))
    set_slider(page, "eps, radius", 1)
    assert "circle" not in reached(page)
    press(page, "Set up: Just enough")
    set_slider(page, "min_samples", 3)
    set_slider(page, "eps, radius", 1)
    assert "circle" not in reached(page)
    set_slider(page, "min_samples", 5)
    set_slider(page, "eps, radius", 1.45)
    assert "circle" not in reached(page)
    set_slider(page, "eps, radius", 1.5)
    assert "circle" in reached(page)

    press(page, "Set up: Lost viewers")
    assert "lost" not in reached(page)
    set_slider(page, "eps, radius", 0.3)
    assert reached(page) == CHALLENGES
    assert "6 of 6" in page.locator(".xpc-challenges").inner_text()
    assert page.locator(".xpc-lesson:visible").count() == 6


@pytest.mark.parametrize("width", [390, 1280])
def test_challenges_use_the_whole_panel(width, play):
    page = play(width)
    panel = page.locator(".xpc-challenges").bounding_box()
    boxes = [one.bounding_box() for one in page.locator(".xpc-challenges li").all()]
    right = max(box["x"] + box["width"] for box in boxes)
    assert 0 < panel["x"] + panel["width"] - right < 24


def test_without_node_a_second_browser_computes_beside_the_first(browser, monkeypatch):
    """Which tests one process gets is a matter of luck, and Playwright starts once in a thread."""
    assert browser.is_connected()
    monkeypatch.setattr(javascript, "node_command", lambda: None)
    assert javascript.run_javascript(["clusters-math.js"], "return input + 1;", 1) == 2
