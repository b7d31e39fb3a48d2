"""What a reader does on a page, as functions of a Playwright page.

`test_using_pages.py` uses them on the site, and on pages that are broken on purpose.
"""

from __future__ import annotations

LONGEST_WALK = 1500

# What a stop of the tab key looks like: where it is, and whether anything marks it.
STOP = """() => {
  const stop = document.activeElement;
  if (!stop || stop === document.body) return null;
  window.courseStops ??= new Map();
  if (!window.courseStops.has(stop)) window.courseStops.set(stop, window.courseStops.size);
  const marked = (element) => {
    const style = getComputedStyle(element);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return outline || style.boxShadow !== "none";
  };
  const box = stop.getBoundingClientRect();
  return {
    number: window.courseStops.get(stop),
    text: (stop.innerText || stop.getAttribute("aria-label") || stop.outerHTML).trim().slice(0, 80),
    /* A hidden radio button is marked by the label around it. */
    marked: marked(stop) || (stop.closest("label") !== null && marked(stop.closest("label"))),
    seen: box.width > 0 && box.height > 0,
  };
}"""

# Links, buttons and fields that a mouse can reach, and the tab key has not.
UNREACHED = """() => {
  const stops = window.courseStops ?? new Map();
  const things = document.querySelectorAll("a[href], button, input, select, textarea, summary");
  const shown = (e) =>
    e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    e.getClientRects().length > 0 && !e.disabled && !e.closest("[inert]");
  /* A radio button stands for its group: arrows lead to the others. */
  const groups = new Set([...stops.keys()].map((e) => e.type === "radio" && e.name));
  /* The sign beside a heading is a second way to the address in the list of contents. */
  const double = (e) => e.classList.contains("headerlink");
  return [...things]
    .filter((e) => shown(e) && !stops.has(e) && !double(e))
    .filter((e) => !(e.type === "radio" && groups.has(e.name)))
    .map((e) => e.outerHTML.slice(0, 120));
}"""


def keyboard_walk(page) -> dict:
    """Press the tab key from the top of the page until it leaves the page, or comes round."""
    stops, trapped = [], None
    for _ in range(LONGEST_WALK):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or (stop["number"] == 0 and len(stops) > 1):
            break
        if stops and stop["number"] == stops[-1]["number"]:
            trapped = stop["text"]
            break
        stops.append(stop)
    else:
        trapped = f"more than {LONGEST_WALK} stops"
    return {"stops": stops, "trapped": trapped, "unreached": page.evaluate(UNREACHED)}


def invisible_stops(walk: dict) -> list[dict]:
    """Stops that nothing on the screen marks."""
    return [stop for stop in walk["stops"] if not (stop["marked"] and stop["seen"])]


def walk_problems(walk: dict) -> list[str]:
    """Say what is wrong with a walk over a page."""
    problems = [f"the keyboard is trapped at {walk['trapped']!r}"] if walk["trapped"] else []
    problems += [f"nothing marks the stop {stop['text']!r}" for stop in invisible_stops(walk)]
    return problems + [f"the tab key does not reach {thing}" for thing in walk["unreached"]]


def chapters_found(page, word: str) -> list[str]:
    """Search for a word as a reader does; return the addresses of what is found, best first."""
    field = page.locator("input[type=search]:visible").first
    if field.count() == 0:
        page.locator(".search-button-field:visible, .search-button:visible").first.click()
        field = page.locator("dialog[open] input[type=search]").first
    field.fill(word)
    field.press("Enter")
    # The theme's last word on a search, whatever it found.
    page.wait_for_function(
        "() => /finished|did not match|Search finished/.test("
        "document.querySelector('#search-results')?.innerText ?? '')",
        timeout=15000,
    )
    links = page.locator("#search-results ul.search li > a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    return [link.split("#")[0].split("?")[0] for link in links]


def quiz_answered_by_keyboard(page) -> list[str]:
    """Answer each question of the page's quiz by keyboard; say where nothing happens."""
    questions = page.locator(".Quiz")
    if questions.count() == 0:
        return ["the page has no quiz"]
    problems = []
    for i in range(questions.count()):
        question = questions.nth(i)
        question.locator("input[type=radio]").first.focus()
        page.keyboard.press("Space")
        feedback = question.locator(".Feedback")
        if not feedback.inner_text().strip():
            problems.append(f"question {i + 1}: no feedback on the first option")
        if feedback.get_attribute("role") != "status":
            problems.append(f"question {i + 1}: a screen reader does not hear the feedback")
        page.keyboard.press("ArrowDown")
        right = question.locator("label[data-correct=true]")
        if right.count() != 1:
            problems.append(f"question {i + 1}: {right.count()} right answers, not 1")
            continue
        right.click()
        if "correct" not in (feedback.get_attribute("class") or "").split():
            problems.append(f"question {i + 1}: the right answer is not called right")
    return problems


def copied_text(page) -> tuple[str, str]:
    """Press the first copy button; return the code that it stands beside, and the clipboard."""
    block = page.locator("div.highlight:has(button.copybtn)").first
    block.scroll_into_view_if_needed()
    block.hover()
    block.locator("button.copybtn").click()
    page.wait_for_timeout(300)
    shown = block.locator("pre").inner_text().strip()
    return shown, page.evaluate("() => navigator.clipboard.readText()").strip()


def copy_problems(page) -> list[str]:
    """Press the first copy button; say if something else than the code beside it was copied."""
    shown, copied = copied_text(page)
    problems = [] if copied == shown else [f"copied {copied[:40]!r} instead of {shown[:40]!r}"]
    return problems + ([] if len(shown) > 10 else ["there is no code beside the button"])
