/* What all explorables share: a registry that brings them to the page, and small helpers.

   An explorable is a `<div class="explorable" data-explorable="NAME">`; its script calls
   `courseExplorables.register(NAME, mount)`.  What stands inside the div before that (a sentence
   for readers without scripts) is taken away.  Classic scripts only: modules and fetch do not
   work for a page opened from a disk, and the same files are pasted into one document for notebooks
   (recsys_tutorial/explorables.py). */
(() => {
  "use strict";

  const shared = (window.courseExplorables = window.courseExplorables || {});
  const mounts = new Map();
  const SVG = "http://www.w3.org/2000/svg";
  let ready = document.readyState !== "loading" && document.readyState !== "interactive";
  let lastId = 0;

  // Registry ----------------------------------------------------------------------------------

  function mountOne(element, mount) {
    if (element.dataset.mounted) return;
    element.dataset.mounted = "yes";
    element.replaceChildren();
    try {
      mount(element);
    } catch (error) {
      element.append(
        "This explorable could not start. The text of the page does not depend on it.",
      );
      throw error;
    }
  }

  function mountAll(name) {
    for (const element of document.querySelectorAll(".explorable[data-explorable]")) {
      if (element.dataset.explorable === name) mountOne(element, mounts.get(name));
    }
  }

  /** Say what to do with every `data-explorable="name"`: `mount(element)`. */
  function register(name, mount) {
    mounts.set(name, mount);
    if (ready) mountAll(name);
  }

  function start() {
    ready = true;
    for (const name of mounts.keys()) mountAll(name);
  }

  // Elements ----------------------------------------------------------------------------------

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(
      ...children.flat(Infinity).filter((child) => child !== null && child !== undefined),
    );
    return element;
  }

  /** An HTML element: `make("p", { class: "x", onclick: f }, "text", otherElement)`. */
  function make(tag, attributes, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  /** The same for SVG. */
  function draw(tag, attributes, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
  }

  /** An id that no other element of the page has, for labels and descriptions. */
  function uniqueId(prefix) {
    lastId += 1;
    return `${prefix}-${lastId}`;
  }

  /** A real button.  `setText` keeps the focus, unlike a new button. */
  function button(text, onPress, attributes) {
    return make(
      "button",
      { type: "button", class: "xp-button", onclick: onPress, ...attributes },
      text,
    );
  }

  /** A labelled slider that shows its value; `set` changes it without calling `onInput`. */
  function slider({ label, min, max, step, value, format = String, onInput }) {
    const id = uniqueId("xp-slider");
    const input = make("input", { type: "range", id, min, max, step, value });
    const output = make("output", { for: id, class: "xp-value" });
    const show = () => {
      output.textContent = format(Number(input.value));
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      show();
      onInput(Number(input.value));
    });
    show();
    const head = make("span", { class: "xp-label" }, make("label", { for: id }, label), output);
    return {
      element: make("div", { class: "xp-field" }, head, input),
      input,
      get: () => Number(input.value),
      set(next) {
        input.value = next;
        show();
      },
    };
  }

  /** A labelled select; `options` is a list of [value, text]. */
  function select({ label, options, value, onChange }) {
    const id = uniqueId("xp-select");
    const input = make(
      "select",
      { id, onchange: () => onChange(input.value) },
      options.map(([key, text]) => make("option", { value: key, selected: key === value }, text)),
    );
    const head = make("label", { for: id, class: "xp-label" }, label);
    return { element: make("div", { class: "xp-field" }, head, input), input };
  }

  // Words, motion, chance -----------------------------------------------------------------------

  /** A polite live region.  Only the last of several quick messages is spoken, so that an
      animation does not talk without end. */
  function liveRegion(wait = 500) {
    const element = make("p", { class: "xp-hidden", role: "status", "aria-live": "polite" });
    let timer = 0;
    return {
      element,
      say(text) {
        window.clearTimeout(timer);
        timer = window.setTimeout(() => {
          element.textContent = text;
        }, wait);
      },
    };
  }

  /** Whether the reader asked her system for less motion. */
  function prefersCalm() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
  function randomSource(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  // Marks: groups differ by shape as well as by colour -------------------------------------------

  const ring = (n, r, turn, dent = 1) =>
    Array.from({ length: n }, (_, i) => {
      const angle = turn + (2 * Math.PI * i) / n;
      const far = i % 2 ? r * dent : r;
      return `${(far * Math.cos(angle)).toFixed(2)} ${(far * Math.sin(angle)).toFixed(2)}`;
    });
  const polygon = (corners) => `M${corners.join("L")}Z`;
  const UP = -Math.PI / 2;
  const MARKS = [
    (r) => `M${-r} 0A${r} ${r} 0 1 1 ${r} 0A${r} ${r} 0 1 1 ${-r} 0Z`,
    (r) => polygon(ring(4, r * 1.25, Math.PI / 4)),
    (r) => polygon(ring(3, r * 1.35, UP)),
    (r) => polygon(ring(4, r * 1.3, 0)),
    (r) => polygon(ring(3, r * 1.35, -UP)),
    (r) => polygon(ring(6, r * 1.15, 0)),
    (r) => polygon(ring(10, r * 1.45, UP, 0.45)),
    (r) => polygon(ring(8, r * 1.5, 0, 0.4)),
  ];

  /** Path of the mark of a group (0, 1, …; eight differ), of size `r`, around the origin. */
  function markPath(group, r) {
    return MARKS[group % MARKS.length](r);
  }

  Object.assign(shared, {
    register,
    make,
    draw,
    uniqueId,
    button,
    slider,
    select,
    liveRegion,
    prefersCalm,
    randomSource,
    markPath,
    N_MARKS: MARKS.length,
  });

  if (ready) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
