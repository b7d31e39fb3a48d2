/* "Which group are you?": the page around groups-math.js.

   The state is a list of film ids and a temperature; every change makes a new answer, and the
   panels redraw themselves from the old answer and the new one.  Nothing is stored or sent. */
(() => {
  "use strict";

  const shared = window.courseExplorables;
  const { make, draw, button, slider, uniqueId, liveRegion } = shared;

  const N_LIST = 10;
  const SHOWN_PICKS = 200;

  // Words -------------------------------------------------------------------------------------

  const percent = (share) => (share > 0 && share < 0.005 ? "<1 %" : `${Math.round(100 * share)} %`);
  const letter = (group) => String.fromCharCode(65 + group);
  const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
  const NUMBERS = [
    "none",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
  ];
  const inWords = (n) => NUMBERS[n] || String(n);
  const differs = (n) => (n < 2 ? "differs" : "differ");
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  function listed(parts) {
    if (parts.length < 2) return parts.join("");
    return `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
  }

  function makeWords(model) {
    const { titles, years, genreNames, genres } = model.films;
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return {
      title: (film) => titles[film],
      dated: (film) => (years[film] === null ? titles[film] : `${titles[film]} (${years[film]})`),
      genres: (film) => [...genres[film]].map((one) => genreNames[digits.indexOf(one)]).join(", "),
      group: (g) => model.groups[g].name,
    };
  }

  function panel(title, ...children) {
    const id = uniqueId("xpg-title");
    return make(
      "section",
      { class: "xp-panel xpg-panel", "aria-labelledby": id },
      make("h2", { class: "xp-title", id }, title),
      ...children,
    );
  }

  // Search box: the combobox pattern of the ARIA Authoring Practices -----------------------------

  function searchBox({ index, math, words, isPicked, onPick, say }) {
    const listId = uniqueId("xpg-list");
    const inputId = uniqueId("xpg-search");
    const input = make("input", {
      type: "text",
      id: inputId,
      class: "xpg-input",
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": listId,
      "aria-autocomplete": "list",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      placeholder: "for example: Fargo",
    });
    const list = make("ul", {
      role: "listbox",
      id: listId,
      class: "xpg-options",
      "aria-label": "Films found",
      hidden: true,
    });
    const hint = make("p", { class: "xp-small xpg-hint" });
    let found = [];
    let active = -1;

    function setActive(next) {
      active = next;
      [...list.children].forEach((option, i) =>
        option.setAttribute("aria-selected", String(i === active)),
      );
      if (active < 0) input.removeAttribute("aria-activedescendant");
      else {
        input.setAttribute("aria-activedescendant", list.children[active].id);
        list.children[active].scrollIntoView({ block: "nearest" });
      }
    }

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      setActive(-1);
    }

    function choose(i) {
      const film = found[i];
      input.value = "";
      found = [];
      close();
      onPick(film);
    }

    function option(film, i) {
      const note = isPicked(film) ? "picked" : words.genres(film);
      return make(
        "li",
        {
          role: "option",
          id: `${listId}-${i}`,
          "aria-selected": "false",
          // The input keeps the focus; a click still comes, by mouse and by finger.
          onpointerdown: (event) => event.preventDefault(),
          onclick: () => choose(i),
        },
        words.dated(film),
        make("span", { class: "xp-small xpg-note" }, ` ${note}`),
      );
    }

    function open() {
      found = math.search(index, input.value);
      list.replaceChildren(...found.map(option));
      const empty = found.length === 0;
      list.hidden = empty;
      input.setAttribute("aria-expanded", String(!empty));
      setActive(empty ? -1 : 0);
      const asked = input.value.trim() !== "";
      hint.textContent = empty && asked ? NOT_FOUND : "";
      if (asked) say(empty ? NOT_FOUND : `${count(found.length, "film")} found.`);
    }

    const NOT_FOUND =
      "No such film among the 2,000 that this model knows; none is newer than 2016.";

    function onKey(event) {
      const n = found.length;
      const isOpen = !list.hidden;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!isOpen) open();
        else setActive((active + (event.key === "ArrowDown" ? 1 : n - 1)) % n);
      } else if (event.key === "Enter" && isOpen && active >= 0) {
        event.preventDefault();
        choose(active);
      } else if (event.key === "Escape") {
        if (isOpen) event.preventDefault();
        else input.value = "";
        close();
      }
    }

    input.addEventListener("input", open);
    input.addEventListener("keydown", onKey);
    input.addEventListener("blur", close);
    const label = make("label", { for: inputId, class: "xp-label" }, "Search for a film you liked");
    return {
      input,
      element: make(
        "div",
        { class: "xpg-combo" },
        label,
        make("div", { class: "xpg-box" }, input, list),
        hint,
      ),
    };
  }

  // Her films --------------------------------------------------------------------------------------

  function pickList({ words, onRemove, focusElsewhere }) {
    const list = make("ul", { class: "xpg-chips", "aria-label": "Your films" });
    const none = make("p", { class: "xp-small" }, "No film yet.");

    function remove(film) {
      const place = [...list.children].findIndex((item) => item.dataset.film === String(film));
      onRemove(film);
      // The pressed button is gone: go on with its neighbour.
      const next = list.children[Math.min(place, list.children.length - 1)];
      if (next) next.querySelector("button").focus();
      else focusElsewhere();
    }

    return {
      element: make("div", {}, none, list),
      draw({ picks }) {
        none.hidden = picks.length > 0;
        list.replaceChildren(
          ...picks.slice(0, SHOWN_PICKS).map((film) =>
            make(
              "li",
              { "data-film": film },
              button(
                [words.dated(film), make("span", { "aria-hidden": "true" }, " ×")],
                () => remove(film),
                {
                  class: "xp-button xpg-chip",
                  "aria-label": `Remove ${words.dated(film)}`,
                },
              ),
            ),
          ),
        );
      },
    };
  }

  function wellKnown({ films, words, onToggle }) {
    const boxes = films.map((film) => {
      const id = uniqueId("xpg-known");
      const box = make("input", {
        type: "checkbox",
        id,
        onchange: () => onToggle(film, box.checked),
      });
      return {
        film,
        box,
        item: make("li", {}, make("label", { for: id }, box, make("span", {}, words.dated(film)))),
      };
    });
    return {
      element: make(
        "details",
        { class: "xpg-known", open: true },
        make("summary", {}, "Or tick films that many people know"),
        make(
          "ul",
          {},
          boxes.map(({ item }) => item),
        ),
      ),
      draw({ picks }) {
        for (const { film, box } of boxes) box.checked = picks.includes(film);
      },
    };
  }

  // Groups -----------------------------------------------------------------------------------------------

  function groupBar(g, model, words) {
    const fill = make("span", { class: "xpg-fill" });
    const range = make("span", { class: "xpg-range" });
    const average = make("span", { class: "xpg-average" });
    const number = make("strong", { class: "xpg-number" });
    const spread = make("span", { class: "xp-small xpg-spread", "aria-hidden": "true" });
    const spoken = make("span", { class: "xp-hidden" });
    const { films, year } = model.groups[g];
    const known = `such as ${films.map(words.title).join("; ")} · middle year ${year}`;
    const item = make(
      "li",
      { class: "xpg-group" },
      make("span", { class: "xpg-letter" }, letter(g)),
      make("span", { class: "xpg-name" }, words.group(g)),
      make("span", { class: "xpg-numbers" }, number, spread, spoken),
      make("span", { class: "xpg-track", "aria-hidden": "true" }, fill, range, average),
      make("span", { class: "xp-small xpg-films" }, known),
    );
    return {
      item,
      draw(answer, prior) {
        const share = answer.membership[g];
        const [low, high] = [answer.range.low[g], answer.range.high[g]];
        number.textContent = percent(share);
        const always = answer.picks.length === 0;
        spread.textContent = always ? "" : ` ${Math.round(100 * low)}–${percent(high)}`;
        spoken.textContent = always
          ? ""
          : `, between ${percent(low)} and ${percent(high)} with one film left out; average viewer ${percent(prior)}`;
        fill.style.width = `${100 * share}%`;
        range.style.left = `${100 * low}%`;
        range.style.width = `${100 * (high - low)}%`;
        range.hidden = always;
        average.style.left = `${100 * prior}%`;
        item.classList.toggle("xpg-first", !always && share === Math.max(...answer.membership));
      },
    };
  }

  function doubt(model, n) {
    if (n === 0) {
      return "No film yet. You see the average viewer: each bar is the size of the group, and the list is what everybody watches.";
    }
    const stages = model.measured.map((row) => row.known).filter((known) => known <= n);
    const stage = Math.max(...stages);
    const { sameGroup } = model.measured.find((row) => row.known === stage);
    const measured =
      `Tried on viewers whom the model had never met: after ${count(stage, "film")} drawn at random, the strongest ` +
      `group was the one that all their films give for ${percent(sameGroup)} of them.`;
    if (n === 1) {
      return `One film says little, and this model does not know it: it is as decided as after twenty. Leave the film out, and you are the average viewer again; that is the range beside each number. ${measured}`;
    }
    return `The range beside each number shows what the bar does when any one of your films is left out. A narrow range means that your films agree, not that the model is right. ${measured}`;
  }

  function groupPanel({ model, numbers, words, temperatures, temperature, onTemperature }) {
    const bars = model.groups.map((_, g) => groupBar(g, model, words));
    const note = make("p", { class: "xp-small" });
    const soft = slider({
      label: "Temperature: sharp to soft",
      min: 0,
      max: temperatures.length - 1,
      step: 1,
      value: temperatures.indexOf(temperature),
      format: (i) => String(temperatures[i]),
      onInput: (i) => onTemperature(temperatures[i]),
    });
    return {
      element: panel(
        "Your groups",
        make(
          "ol",
          { class: "xpg-groups" },
          bars.map(({ item }) => item),
        ),
        make(
          "p",
          { class: "xp-small" },
          "Bar: how much you belong. Line: the range. Upright stroke: the average viewer. The groups stand in the order of the middle year in which their viewers rated.",
        ),
        note,
        soft.element,
      ),
      draw(answer) {
        bars.forEach((bar, g) => bar.draw(answer, numbers.prior[g]));
        note.textContent = doubt(model, answer.picks.length);
      },
      setTemperature: (value) => soft.set(temperatures.indexOf(value)),
    };
  }

  // Map --------------------------------------------------------------------------------------------------

  // Letters on a phone, against those on a desk.
  const NARROW = 1.45;
  const MAP = { left: -0.42, right: 0.74, low: -0.54, high: 0.58, scale: 100 };

  function onMap([x, y]) {
    const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
    return [
      MAP.scale * (clamp(x, MAP.left, MAP.right) - MAP.left),
      MAP.scale * (MAP.high - clamp(y, MAP.low, MAP.high)),
    ];
  }

  const overlap = (a, b) => Math.abs(a.x - b.x) < a.w + b.w && Math.abs(a.y - b.y) < a.h + b.h;

  /** A cross for each genre, and its name beside it where there is room: names must not overlap.
   *  On a narrow screen the letters are larger, so that fewer names find a place. */
  function placeWords(genres, circles, size = 1) {
    const taken = circles.map(([x, y]) => ({ x, y, w: 2.6, h: 2.6 }));
    for (const { at } of genres) taken.push({ x: at[0], y: at[1], w: 0.5, h: 0.5 });
    return genres.map(({ name, at: [x, y] }) => {
      const w = 0.76 * size * name.length;
      const beside = [-3, -6, -9, 0, 3, 6, 9].flatMap((up) =>
        [-1, 1].map((side) => ({ x: x + side * (w + 1.2), y: y + up, w, h: 1.5 * size })),
      );
      const above = [2.6, -2.6].map((up) => ({ x, y: y + up * size, w, h: 1.5 * size }));
      const near = [...beside.filter((box) => box.y === y), ...above, ...beside];
      const box = near.find((one) => one.x - w > 0 && !taken.some((other) => overlap(one, other)));
      if (!box) return null;
      taken.push(box);
      const far = Math.abs(box.y - y) > 2.9 * size;
      return draw(
        "g",
        { class: "xpg-landmark" },
        draw("path", { d: `M${x - 0.6} ${y}h1.2M${x} ${y - 0.6}v1.2` }),
        far ? draw("path", { d: `M${x} ${y}L${box.x + (x > box.x ? w : -w)} ${box.y}` }) : null,
        draw("text", { x: box.x, y: box.y + size }, name),
      );
    });
  }

  function mapPanel({ math, model, numbers, words }) {
    const titleId = uniqueId("xpg-map");
    const says = make("p", { class: "xp-small" });
    const centres = numbers.centres.map((centre) =>
      math.project(numbers, Float64Array.from(centre)),
    );
    const genres = Object.entries(model.map.landmarks).map(([name, at]) => ({ name, at: onMap(at) }));
    const landmarks = Object.entries({ wide: 1, narrow: NARROW }).map(([width, size]) =>
      draw(
        "g",
        { class: `xpg-${width}` },
        placeWords(genres, centres.map(onMap), size).filter(Boolean),
      ),
    );
    const groups = centres.map((place, g) => {
      const [x, y] = onMap(place);
      return draw(
        "g",
        { transform: `translate(${x} ${y})`, class: "xpg-centre" },
        draw("circle", { r: 2.1 }),
        draw("text", { y: 1.05 }, letter(g)),
      );
    });
    const dots = draw("g", { class: "xpg-dots" });
    const trail = draw("polyline", { class: "xpg-trail", points: "" });
    const you = draw(
      "g",
      { class: "xpg-you", visibility: "hidden" },
      draw("path", { d: shared.markPath(6, 3) }),
      draw("text", { y: -4.6 }, "you"),
    );
    const width = MAP.scale * (MAP.right - MAP.left);
    const height = MAP.scale * (MAP.high - MAP.low);
    const svg = draw(
      "svg",
      {
        viewBox: `0 0 ${width} ${height}`,
        class: "xpg-map",
        role: "img",
        "aria-labelledby": titleId,
      },
      draw(
        "title",
        { id: titleId },
        "Map of the twelve groups, with genres as landmarks and the place where your films put you. The sentence below says the same in words.",
      ),
      landmarks,
      dots,
      trail,
      groups,
      you,
    );
    const path = [];

    function describe(answer) {
      if (answer.point === null) return "You are not on the map yet.";
      const nearest = centres
        .map((centre, g) => ({
          g,
          d: Math.hypot(centre[0] - answer.point[0], centre[1] - answer.point[1]),
        }))
        .sort((a, b) => a.d - b.d)
        .slice(0, 2);
      return `On the map you are nearest to ${listed(nearest.map(({ g }) => `${letter(g)} (${words.group(g)})`))}.`;
    }

    return {
      element: panel(
        "Map",
        make(
          "div",
          { class: "xpg-split" },
          svg,
          make(
            "div",
            {},
            says,
            make(
              "p",
              { class: "xp-small" },
              `Letters are groups. Crosses are genres: where somebody would stand who watched that genre only. Dots are your films, the broken line is your way. The map is flat and keeps ${percent(model.map.kept)} of the differences between the groups: near on the map need not be near.`,
            ),
          ),
        ),
      ),
      draw(answer) {
        you.setAttribute("visibility", answer.point === null ? "hidden" : "visible");
        if (answer.point === null) path.length = 0;
        else {
          const [x, y] = onMap(answer.point);
          you.style.transform = `translate(${x}px, ${y}px)`;
          path.push(`${x.toFixed(2)},${y.toFixed(2)}`);
          path.splice(0, path.length - 6);
        }
        trail.setAttribute("points", path.join(" "));
        dots.replaceChildren(
          ...answer.picks.map((film) => {
            const [cx, cy] = onMap(math.mapPoint(numbers, [film]));
            return draw("circle", { cx, cy, r: 0.9 }, draw("title", {}, words.title(film)));
          }),
        );
        says.textContent = describe(answer);
      },
    };
  }

  // The ten ---------------------------------------------------------------------------------------------------

  const SIGNS = { new: "✚", up: "▲", down: "▼", same: "=" };

  function changeText({ kind, steps }) {
    if (kind === "up" || kind === "down") return `${kind} ${steps}`;
    return kind;
  }

  function because(reason, words) {
    const rated = `rated by ${percent(reason.overallShare)} of all viewers`;
    const [first, second] = reason.groups;
    const pull = reason.pulls.find(({ weight }) => weight > 0);
    const picked = pull ? ` Of your films, ${words.title(pull.film)} speaks most for it.` : "";
    if (reason.pulls.length === 0) return `${capital(rated)}.`;
    const one = `your group ${words.group(first.group)} (you: ${percent(first.membership)}), where ${percent(first.groupShare)} rated it`;
    if (!reason.personal) {
      return `Popular everywhere: ${rated}, and by ${percent(first.groupShare)} in your group ${words.group(first.group)} (you: ${percent(first.membership)}).${picked}`;
    }
    const two =
      second.part >= 0.15
        ? `, and ${words.group(second.group)} (${percent(second.membership)})`
        : "";
    return `Because of ${one}${two}; overall ${percent(reason.overallShare)}.${picked}`;
  }

  function tenPanel({ words, onPick }) {
    const list = make("ol", { class: "xpg-ten" });
    const left = make("p", { class: "xp-small" });
    const differ = make("p", { class: "xpg-differ" });

    function row(change, reason) {
      const { film } = change;
      const badge = make(
        "span",
        { class: `xpg-change xpg-${change.kind}` },
        make("span", { "aria-hidden": "true" }, `${SIGNS[change.kind]} `),
        changeText(change),
      );
      const add = button("Liked it too", () => pickFrom(film), {
        class: "xp-button xpg-add",
        "aria-label": `Liked it too: ${words.title(film)}`,
      });
      return make(
        "li",
        {},
        make(
          "div",
          { class: "xpg-line" },
          make("strong", {}, words.dated(film)),
          change.hidden ? null : badge,
          add,
        ),
        make("p", { class: "xp-small" }, because(reason, words)),
      );
    }

    function pickFrom(film) {
      const buttons = [...list.querySelectorAll("button")];
      const place = buttons.indexOf(document.activeElement);
      onPick(film);
      const now = [...list.querySelectorAll("button")];
      if (place >= 0 && now.length > 0) now[Math.min(place, now.length - 1)].focus();
    }

    return {
      element: panel("Ten for you", differ, list, left),
      draw(answer, moved) {
        const kept = moved ? moved.kept : answer.list.map((film) => ({ film, hidden: true }));
        list.replaceChildren(...kept.map((change, i) => row(change, answer.reasons[i])));
        const gone = moved ? moved.left : [];
        left.hidden = gone.length === 0;
        left.textContent = `Left the list: ${gone.map(({ film, picked }) => words.title(film) + (picked ? " (you picked it)" : "")).join("; ")}.`;
        differ.textContent = `${capital(inWords(answer.nDifferent))} of these ten ${differs(answer.nDifferent)} from what everybody gets.`;
      },
    };
  }

  function popularPanel({ model, words }) {
    const list = make("ol", { class: "xpg-popular" });
    const worth = make("p", { class: "xp-small" });
    return {
      element: panel(
        "Ten for everybody",
        make("p", { class: "xp-small" }, "The most rated films, without those you picked."),
        list,
        worth,
      ),
      draw(answer, temperature) {
        list.replaceChildren(
          ...answer.popular.map((film) =>
            make(
              "li",
              {},
              `${words.dated(film)} `,
              make(
                "span",
                { class: "xp-small" },
                answer.list.includes(film) ? "= also in yours" : "✕ not in yours",
              ),
            ),
          ),
        );
        worth.hidden = answer.picks.length === 0;
        if (worth.hidden) return;
        const stage = Math.max(
          ...model.measured.map((row) => row.known).filter((known) => known <= answer.picks.length),
        );
        const row = model.measured.find(
          (one) => one.known === stage && one.temperature === temperature,
        );
        worth.textContent =
          `Measured on viewers whom the model had never met, ${count(stage, "film")} known, temperature ${temperature}: ` +
          `nDCG at 10 is ${row.ndcg.toFixed(2)} for the groups and ${row.popular.toFixed(2)} for popularity; ` +
          `on average ${row.differ.toFixed(1)} of the ten films differ.`;
      },
    };
  }

  // What changed, in a sentence -----------------------------------------------------------------------------------

  function summary(answer, moved, words) {
    const first = answer.membership.indexOf(Math.max(...answer.membership));
    const of = (kind) => moved.kept.filter((change) => change.kind === kind);
    const fresh = of("new").map(({ film }) => words.title(film));
    const named =
      fresh.length > 0
        ? `: ${listed(fresh.slice(0, 3))}${fresh.length > 3 ? " among them" : ""}`
        : "";
    const groups =
      answer.picks.length > 0
        ? `Your strongest group is ${words.group(first)}, ${percent(answer.membership[first])}. `
        : "You are the average viewer again. ";
    const isNew = `${inWords(fresh.length)} ${fresh.length === 1 ? "is" : "are"} new`;
    const moves = `Of your ten, ${isNew}${named}; ${inWords(of("up").length)} rose, ${inWords(of("down").length)} fell. `;
    return `${groups}${moves}${capital(inWords(answer.nDifferent))} of ten ${differs(answer.nDifferent)} from everybody's list.`;
  }

  // The page -----------------------------------------------------------------------------------------------------------

  function mount(root) {
    const math = shared.groupsMath;
    const model = shared.groupsModel;
    const numbers = math.decode(model);
    const words = makeWords(model);
    const temperatures = [...new Set(model.measured.map((row) => row.temperature))];
    const live = liveRegion();
    const past = [];
    let state = { picks: [], temperature: model.temperature };
    let answer = null;
    let surprise = 0;
    let wasSliding = false;

    const idsOf = (picks) => picks.map((film) => model.films.ids[film]);

    const shown = make("p", { class: "xpg-summary" });

    function show(text, isFirst) {
      const before = answer;
      answer = math.answer(numbers, idsOf(state.picks), {
        temperature: state.temperature,
        k: N_LIST,
      });
      const moved = isFirst ? null : math.changes(before, answer);
      for (const part of [chips, known, groups, map]) part.draw(answer);
      ten.draw(answer, moved);
      popular.draw(answer, state.temperature);
      undo.disabled = past.length === 0;
      again.disabled = state.picks.length === 0;
      if (isFirst) return;
      shown.textContent = `${text} ${summary(answer, moved, words)}`;
      live.say(shown.textContent);
    }

    function change(next, text, isSliding = false) {
      // A slide is one step to undo, however many stops it made.
      if (!(isSliding && wasSliding)) past.push(state);
      wasSliding = isSliding;
      state = { ...state, ...next };
      show(text, false);
    }

    function add(film) {
      if (state.picks.includes(film)) {
        live.say(`${words.title(film)} is already among your films.`);
        return;
      }
      change({ picks: [...state.picks, film] }, `Added ${words.title(film)}.`);
    }

    function remove(film) {
      change({ picks: state.picks.filter((one) => one !== film) }, `Removed ${words.title(film)}.`);
    }

    function goBack() {
      state = past.pop();
      wasSliding = false;
      groups.setTemperature(state.temperature);
      show("Undone.", false);
      // A button that has just been switched off loses the focus.
      if (undo.disabled) search.input.focus();
    }

    function startOver() {
      change({ picks: [] }, "All films removed.");
      search.input.focus();
    }

    function surpriseMe() {
      const viewer = model.invented[surprise % model.invented.length];
      surprise += 1;
      const [most, some] = viewer.groups.map(words.group);
      const number = ((surprise - 1) % model.invented.length) + 1;
      change(
        { picks: viewer.films },
        `Invented viewer ${number} of ${model.invented.length}, drawn by lot from ${most} with some ${some}; no real person.`,
      );
    }

    const search = searchBox({
      index: math.searchIndex(model.films),
      math,
      words,
      isPicked: (film) => state.picks.includes(film),
      onPick: add,
      say: live.say,
    });
    const chips = pickList({ words, onRemove: remove, focusElsewhere: () => search.input.focus() });
    const known = wellKnown({
      films: model.wellKnown,
      words,
      onToggle: (film, on) => (on ? add(film) : remove(film)),
    });
    const groups = groupPanel({
      model,
      numbers,
      words,
      temperatures,
      temperature: state.temperature,
      onTemperature: (temperature) => change({ temperature }, `Temperature ${temperature}.`, true),
    });
    const map = mapPanel({ math, model, numbers, words });
    const ten = tenPanel({ words, onPick: add });
    const popular = popularPanel({ model, words });
    const undo = button("Undo", goBack);
    const again = button("Start over", startOver);
    const stranger = button("Surprise me", surpriseMe);

    root.append(
      panel(
        "Films you liked",
        search.element,
        chips.element,
        make("div", { class: "xp-row" }, stranger, undo, again),
        known.element,
        make(
          "p",
          { class: "xp-small" },
          "Everything is computed on this page. Nothing you pick is stored or leaves it.",
        ),
      ),
      shown,
      groups.element,
      ten.element,
      popular.element,
      map.element,
      make(
        "details",
        { class: "xpg-notice" },
        make("summary", {}, "Where the numbers come from"),
        make("p", { class: "xp-small" }, model.notice),
      ),
      live.element,
    );
    show("", true);
  }

  shared.register("groups", mount);
})();
