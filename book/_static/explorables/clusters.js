/* K-means and DBSCAN by hand: a plane of points, two algorithms in half steps, and challenges.

   Order of this file: numbers and words, the plane, the two algorithms' panels, the challenges, and
   the board that holds the state and brings them together.  The arithmetic is in clusters-math.js. */
(() => {
  "use strict";

  const shared = window.courseExplorables;
  const maths = shared.clustersMath;
  const shapes = shared.clustersShapes;
  const { challenges, missesMoons } = shared.clustersChallenges;
  const { make, draw, button } = shared;

  const WIDTH = 10;
  const HEIGHT = 8;
  const UNIT = 100; // of the viewBox for one unit of the plane
  const MOST_POINTS = 300;
  const KEY_STEP = 0.25;
  const SHAPE_SEED = 7;
  const PACE = { kmeans: 800, dbscan: 300 }; // milliseconds

  // Numbers and words ---------------------------------------------------------------------------

  const two = (value) => value.toFixed(2);
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const many = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const at = ([x, y]) => `(${two(x)}, ${two(y)})`;
  const count = (list, value) => list.filter((item) => item === value).length;
  const nameOf = (cluster) => `cluster ${cluster + 1}`;

  function nearestRow(points, place, limit) {
    let best = -1;
    let least = limit * limit;
    points.forEach((point, row) => {
      const distance = maths.squaredDistance(point, place);
      if (distance <= least) [best, least] = [row, distance];
    });
    return best;
  }

  function kmeansWords(state) {
    const { run, k, points } = state;
    if (!run) {
      const need = k - points.length;
      return `K-means with k = ${k} needs at least ${many(k, "point")}: place ${need} more.`;
    }
    if (!run.labels) {
      const chosen = { plusplus: "by k-means++", random: "at random", hand: "by hand" }[
        state.start
      ];
      return `Start: ${many(k, "centre")}, chosen ${chosen}. Next, every point looks for its nearest centre.`;
    }
    if (run.phase === "move") return assignWords(run);
    if (run.phase === "done") return endWords(state);
    return `Move: each centre goes to the mean of its members; the farthest went ${two(run.moved)}. J = ${two(run.inertia)}.`;
  }

  function assignWords(run) {
    const first = run.history.length === 0;
    const who = first
      ? "every point joins its nearest centre"
      : `${many(run.changed, "point")} changed cluster`;
    const empty = run.filled.length
      ? ` ${run.filled.map((c) => `Cluster ${c + 1} was empty and took over a far point`).join("; ")}.`
      : "";
    return `Assign: ${who}. J = ${two(run.inertia)}.${empty}`;
  }

  function endWords({ run, results, k }) {
    const best = Math.min(...results.filter((r) => r.k === k).map((r) => r.inertia));
    const share = best > 0 ? Math.round(100 * (run.inertia / best - 1)) : 0;
    const verdict =
      share > 0
        ? `That is ${share} % above the best of your runs.`
        : "No run of yours with these points and this k ended lower.";
    return `The end after ${many(run.history.length, "step")}: no point changes its cluster. J = ${two(run.inertia)}. ${verdict}`;
  }

  function dbscanWords({ scan, shown, points, eps, minSamples }) {
    if (points.length === 0) return "There are no points yet: place some, or choose a shape.";
    if (shown >= scan.visits.length) return scanEndWords(scan);
    if (shown === 0) return "Start: nobody is in a cluster. Next, the first core point opens one.";
    const { row, cluster, opens, taken } = scan.visits[shown - 1];
    const borders = taken.filter((other) => !scan.core[other]).length;
    const got = taken.length
      ? `takes in ${many(taken.length, "point")}${borders ? `, ${borders} of them border` : ""}`
      : "finds nobody new";
    const what = opens ? `opens ${nameOf(cluster)}` : `grows ${nameOf(cluster)}`;
    return `The point at ${at(points[row])} has ${scan.near[row].length} points within ${two(eps)} (${minSamples} needed): a core point. It ${what} and ${got}.`;
  }

  function scanEndWords(scan) {
    const kinds = ["core", "border", "noise"].map((kind) => `${count(scan.kinds, kind)} ${kind}`);
    return `${many(scan.nClusters, "cluster")}: ${kinds.join(", ")}.`;
  }

  function probeWords({ probe, points, eps, minSamples }) {
    const row = nearestRow(points, probe, 0.001);
    const n = maths.within(points, probe, eps).length;
    if (row < 0) return `Circle at ${at(probe)}: ${many(n, "point")} within eps.`;
    const verdict =
      n >= minSamples ? `${n} ≥ ${minSamples}: core` : `${n} < ${minSamples}: not core`;
    return `Point at ${at(probe)}: ${many(n, "point")} within eps, itself included. ${verdict}.`;
  }

  // The plane -----------------------------------------------------------------------------------

  const sx = (x) => x * UNIT;
  const sy = (y) => (HEIGHT - y) * UNIT;
  const moveTo = ([x, y]) => `translate(${sx(x)}px, ${sy(y)}px)`;

  function grid() {
    const line = (x1, y1, x2, y2) =>
      draw("line", { x1: sx(x1), y1: sy(y1), x2: sx(x2), y2: sy(y2) });
    const down = Array.from({ length: WIDTH - 1 }, (_, i) => line(i + 1, 0, i + 1, HEIGHT));
    const across = Array.from({ length: HEIGHT - 1 }, (_, i) => line(0, i + 1, WIDTH, i + 1));
    return draw("g", { class: "xpc-grid", "aria-hidden": "true" }, down, across);
  }

  /** How each point looks: {group, kind, fresh}; group -1 has no cluster (yet). */
  function looks(state) {
    const { points, run, scan, shown } = state;
    if (state.algorithm === "kmeans") {
      const labels = (run && run.labels) || [];
      return points.map((_, row) => {
        const group = labels[row] === undefined ? -1 : labels[row];
        return { group, kind: group < 0 ? "waiting" : "member" };
      });
    }
    if (shown >= scan.visits.length) {
      return points.map((_, row) => ({ group: scan.labels[row], kind: scan.kinds[row] }));
    }
    return looksOnTheWay(points, scan, shown);
  }

  function looksOnTheWay(points, scan, shown) {
    const all = points.map(() => ({ group: -1, kind: "waiting", fresh: false }));
    scan.visits.slice(0, shown).forEach(({ row, cluster, taken }, i) => {
      for (const other of [row, ...taken]) {
        const fresh = i === shown - 1 && other !== row;
        all[other] = { group: cluster, kind: scan.core[other] ? "core" : "border", fresh };
      }
    });
    return all;
  }

  /** Outline of a point: a cross for noise, a small ring for one that waits, else the group's mark. */
  function outline({ group, kind }, r) {
    if (kind === "noise") return `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`;
    return shared.markPath(Math.max(group, 0), kind === "waiting" ? 0.75 * r : r);
  }

  function classOf({ group, kind, fresh }) {
    const colour = group >= 0 ? `xpc-g${group % shared.N_MARKS}` : "xpc-none";
    return `xpc-point xpc-${kind} ${colour}${fresh ? " xpc-fresh" : ""}`;
  }

  function makePlane(board) {
    const helpId = shared.uniqueId("xpc-help");
    const layer = (name) => draw("g", { class: name });
    const layers = {
      lines: layer("xpc-lines"),
      circle: layer("xpc-circle"),
      points: layer("xpc-points"),
      trails: layer("xpc-trails"),
      centres: layer("xpc-centres"),
      cursor: layer("xpc-cursor"),
    };
    const svg = draw(
      "svg",
      {
        class: "xpc-plane",
        viewBox: `0 0 ${WIDTH * UNIT} ${HEIGHT * UNIT}`,
        role: "application",
        tabindex: "0",
        "aria-roledescription": "plane of points",
        "aria-describedby": helpId,
      },
      grid(),
      Object.values(layers),
    );
    const help = make(
      "p",
      { id: helpId, class: "xp-small" },
      "Click or tap to place a point; drag points and centres. Keys: arrows move a cross (with Shift farther), Enter places, Delete removes, N goes to the next point, C to the next centre; Enter on a centre takes it up and puts it down.",
    );
    const plane = { svg, help, layers, pixel: () => (WIDTH * UNIT) / (svg.clientWidth || 600) };
    listenToPointer(plane, board);
    listenToKeys(plane, board);
    return plane;
  }

  function drawPlane(plane, state) {
    const px = plane.pixel();
    drawPoints(plane, state, (px > 2 ? 4.6 : 6) * px);
    drawCentres(plane, state, 10 * px);
    drawLines(plane, state);
    drawCircle(plane, state);
    drawCursor(plane, state, px);
    const what = state.algorithm === "kmeans" ? "K-means" : "DBSCAN";
    plane.svg.setAttribute(
      "aria-label",
      `Plane with ${many(state.points.length, "point")}, ${what}`,
    );
  }

  function drawPoints({ layers }, state, r) {
    const marks = looks(state).map((look, row) => {
      const [x, y] = state.points[row];
      return draw("path", {
        class: classOf(look),
        d: outline(look, r),
        transform: `translate(${sx(x).toFixed(1)} ${sy(y).toFixed(1)})`,
      });
    });
    layers.points.replaceChildren(...marks);
  }

  /** Centres stay the same elements, so that a move can be seen. */
  function drawCentres({ layers }, state, r) {
    const centres = state.algorithm === "kmeans" && state.run ? state.run.centres : [];
    while (layers.centres.children.length > centres.length) layers.centres.lastChild.remove();
    centres.forEach((centre, i) => {
      if (!layers.centres.children[i]) layers.centres.append(newCentre(i));
      const element = layers.centres.children[i];
      element.style.transform = moveTo(centre);
      element.classList.toggle("xpc-carried", Boolean(state.carried) && state.carried.centre === i);
      element.querySelector(".xpc-hit").setAttribute("r", 2.2 * r);
      element.querySelector(".xpc-mark").setAttribute("d", shared.markPath(i, r));
      element.querySelector("text").setAttribute("font-size", 1.2 * r);
    });
    drawTrails(layers.trails, centres.length ? state.trail : []);
  }

  function newCentre(i) {
    return draw(
      "g",
      { class: `xpc-centre xpc-g${i % shared.N_MARKS}` },
      draw("circle", { class: "xpc-hit" }),
      draw("path", { class: "xpc-mark" }),
      draw("text", { dy: "0.36em", "text-anchor": "middle" }, String(i + 1)),
    );
  }

  function drawTrails(layer, trail) {
    if (trail.length < 2) return layer.replaceChildren();
    const paths = trail[0].map((_, i) => {
      const corners = trail.map((centres) => `${sx(centres[i][0])} ${sy(centres[i][1])}`);
      return draw("path", {
        class: `xpc-trail xpc-g${i % shared.N_MARKS}`,
        d: `M${corners.join("L")}`,
      });
    });
    return layer.replaceChildren(...paths);
  }

  function drawLines({ layers }, { algorithm, run, points }) {
    if (algorithm !== "kmeans" || !run || !run.labels) return layers.lines.replaceChildren();
    const paths = run.centres.map(([cx, cy], i) => {
      const mine = points.filter((_, row) => run.labels[row] === i);
      const d = mine.map(([x, y]) => `M${sx(x)} ${sy(y)}L${sx(cx)} ${sy(cy)}`).join("");
      return draw("path", { class: `xpc-link xpc-g${i % shared.N_MARKS}`, d });
    });
    return layers.lines.replaceChildren(...paths);
  }

  /** The circle of radius eps: at the pointer or the cross, else at the point just visited. */
  function drawCircle({ layers }, state) {
    const { algorithm, scan, shown, eps, points, probe } = state;
    if (algorithm !== "dbscan") return layers.circle.replaceChildren();
    const visit = shown > 0 && shown < scan.visits.length ? scan.visits[shown - 1] : null;
    const circles = visit ? [circleAt(points[visit.row], eps, visit.cluster)] : [];
    if (probe) circles.push(circleAt(probe, eps, -1));
    return layers.circle.replaceChildren(...circles);
  }

  function circleAt([x, y], eps, group) {
    const kind = group < 0 ? "xpc-probe" : `xpc-visit xpc-g${group % shared.N_MARKS}`;
    return draw("circle", { class: `xpc-eps ${kind}`, cx: sx(x), cy: sy(y), r: eps * UNIT });
  }

  function countAt({ probe: [x, y], points, eps, minSamples }, px) {
    const n = maths.within(points, [x, y], eps).length;
    // On top of the circle, or at the upper edge of the plane.
    const aside = 24 * px;
    const where = {
      x: clamp(sx(x), aside, WIDTH * UNIT - aside),
      y: Math.max(sy(y) - eps * UNIT - 6 * px, 18 * px),
    };
    const style = { "font-size": 14 * px, "text-anchor": "middle", "stroke-width": 4 * px };
    // A place is no point: whether it would be core is not asked.
    const isPoint = nearestRow(points, [x, y], 0.001) >= 0;
    const text = isPoint ? `${n} ${n >= minSamples ? "≥" : "<"} ${minSamples}` : String(n);
    return draw("text", { class: "xpc-count", ...where, ...style }, text);
  }

  /** Above everything: how many points the circle holds, and the cross of the keyboard. */
  function drawCursor({ layers }, state, px) {
    const counts = state.probe && state.algorithm === "dbscan" ? [countAt(state, px)] : [];
    layers.cursor.replaceChildren(...counts, ...(state.keys ? crossAt(state, px) : []));
  }

  function crossAt({ cursor, carried }, px) {
    const [x, y, arm] = [sx(cursor[0]), sy(cursor[1]), 16 * px];
    const d = `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`;
    const lines = ["xpc-halo", "xpc-cross"].map((name) => draw("path", { class: name, d }));
    if (carried) lines.push(draw("circle", { class: "xpc-cross", cx: x, cy: y, r: 1.2 * arm }));
    return lines;
  }

  // Pointer: a tap acts by the chosen tool, a drag moves what it began on.
  function listenToPointer(plane, board) {
    const { svg } = plane;
    let drag = null;

    function placeOf(event) {
      const box = svg.getBoundingClientRect();
      const x = (WIDTH * (event.clientX - box.left)) / box.width;
      const y = HEIGHT - (HEIGHT * (event.clientY - box.top)) / box.height;
      return [clamp(x, 0, WIDTH), clamp(y, 0, HEIGHT)].map((v) => Math.round(v * 100) / 100);
    }
    const reach = (pixels) => (pixels * plane.pixel()) / UNIT;

    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const place = placeOf(event);
      board.usePointer();
      // A finger scrolls the page as well; it drags centres only, which are few and large.
      const fine = event.pointerType !== "touch";
      drag = {
        from: [event.clientX, event.clientY],
        moved: false,
        ...board.grab(place, reach, fine),
      };
      if (drag.target) svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      const place = placeOf(event);
      if (drag && Math.hypot(event.clientX - drag.from[0], event.clientY - drag.from[1]) > 5) {
        drag.moved = true;
      }
      if (drag && drag.moved && drag.target) board.dragTo(drag.target, place);
      else if (event.pointerType !== "touch") board.probeAt(place, reach(12));
    });
    svg.addEventListener("pointerup", (event) => {
      if (drag && !drag.moved) board.tap(placeOf(event), reach);
      else if (drag && drag.target) board.dropped();
      drag = null;
    });
    svg.addEventListener("pointercancel", () => {
      drag = null;
    });
    svg.addEventListener("pointerleave", (event) => {
      if (!drag && event.pointerType !== "touch") board.probeAway();
    });
  }

  function listenToKeys({ svg }, board) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const actions = {
      Enter: board.enter,
      " ": board.enter,
      Delete: board.remove,
      Backspace: board.remove,
      n: board.nextPoint,
      c: board.nextCentre,
      Escape: board.putDown,
    };
    svg.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const far = event.shiftKey ? 4 * KEY_STEP : KEY_STEP;
      const arrow = arrows[event.key];
      const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!arrow && !action) return;
      event.preventDefault();
      if (arrow) board.moveCursor(arrow[0] * far, arrow[1] * far);
      else action();
    });
    svg.addEventListener("focus", () => {
      if (svg.matches(":focus-visible")) board.useKeys();
    });
    svg.addEventListener("blur", board.usePointer);
  }

  // Charts --------------------------------------------------------------------------------------

  const CHART = { width: 300, height: 120, left: 8, right: 8, top: 14, bottom: 20 };

  function scales(nSteps, top) {
    const { width, height, left, right } = CHART;
    return {
      x: (i) => left + ((width - left - right) * i) / Math.max(1, nSteps),
      y: (v) => height - CHART.bottom - ((height - CHART.top - CHART.bottom) * v) / (top || 1),
    };
  }

  function chart(label, ...parts) {
    const viewBox = `0 0 ${CHART.width} ${CHART.height}`;
    const floor = CHART.height - CHART.bottom;
    const axis = draw("path", {
      class: "xpc-axis",
      d: `M${CHART.left} ${floor}H${CHART.width - CHART.right}`,
    });
    return draw(
      "svg",
      { class: "xpc-chart", viewBox, role: "img", "aria-label": label },
      axis,
      parts,
    );
  }

  function level(scale, value, text, below = false) {
    const y = scale.y(value);
    const [x1, x2] = [CHART.left, CHART.width - CHART.right];
    return [
      draw("path", { class: "xpc-level", d: `M${x1} ${y}H${x2}` }),
      // Where the curve is not: it falls towards the right, or rises.
      below
        ? draw("text", { class: "xpc-text", x: x2 - 2, y: y + 13, "text-anchor": "end" }, text)
        : draw("text", { class: "xpc-text", x: x1 + 2, y: y - 4 }, text),
    ];
  }

  function curveOfJ({ run, results, k }) {
    const values = run ? run.curve : [];
    const best = results
      .filter((r) => r.k === k)
      .reduce((low, r) => Math.min(low, r.inertia), Infinity);
    const known = Number.isFinite(best);
    const scale = scales(Math.max(values.length - 1, 7), Math.max(...values, known ? best : 0));
    const d = values.map((v, i) => `${scale.x(i)} ${scale.y(v)}`).join("L");
    const dots = values.map((v, i) => {
      // Open after "assign", full after "move": where J falls, and by which half step.
      const kind = i % 2 ? "xpc-dot" : "xpc-dot xpc-open";
      return draw("circle", { class: kind, cx: scale.x(i), cy: scale.y(v), r: 3 });
    });
    const spoken = values.length
      ? `J after each half step: ${values.map(two).join(", ")}`
      : "J: no step yet";
    return chart(
      known ? `${spoken}. Best end so far: ${two(best)}` : spoken,
      known ? level(scale, best, "best end so far", true) : null,
      values.length > 1 ? draw("path", { class: "xpc-line", d: `M${d}` }) : null,
      dots,
    );
  }

  function curveOfDistances({ points, minSamples, eps }) {
    if (points.length < minSamples)
      return make("p", { class: "xp-small" }, "Fewer points than min_samples: no curve.");
    const sorted = maths.kDistances(points, minSamples).sort((a, b) => a - b);
    const scale = scales(sorted.length - 1, Math.max(sorted[sorted.length - 1], eps));
    const d = sorted.map((v, i) => `${scale.x(i)} ${scale.y(v)}`).join("L");
    const core = sorted.filter((v) => v <= eps).length;
    const share = Math.round((100 * core) / sorted.length);
    return chart(
      `Distance to the ${minSamples}th nearest point, itself counted, sorted: from ${two(sorted[0])} to ${two(sorted[sorted.length - 1])}. ${share} % lie below eps and are core points.`,
      draw("path", { class: "xpc-line", d: `M${d}` }),
      level(scale, eps, `eps: ${share} % core`),
    );
  }

  // Panels --------------------------------------------------------------------------------------

  function playButtons(board) {
    const play = button("Play", board.togglePlay);
    const step = button("Step", board.step, { class: "xp-button xp-main" });
    const end = button("To the end", board.toEnd);
    const restart = button("Restart", board.restart);
    return { play, step, end, restart, all: [step, play, end, restart] };
  }

  function kmeansPanel(board, state) {
    const k = shared.slider({
      label: "k, number of centres",
      ...{ min: 1, max: 8, step: 1, value: state.k },
      onInput: board.setK,
    });
    const start = shared.select({
      label: "Starting centres",
      options: [
        ["plusplus", "k-means++"],
        ["random", "Random points"],
        ["hand", "By hand (drag them)"],
      ],
      value: state.start,
      onChange: board.setStart,
    });
    const fresh = button("New start", board.newStart);
    const number = make("p", { class: "xpc-number" });
    const curve = make("div");
    const table = make("div", { class: "xpc-results" });
    return {
      controls: make("div", { class: "xp-fields" }, k.element, start.element),
      extra: fresh,
      words: make(
        "div",
        { class: "xp-panel" },
        make("p", { class: "xp-title" }, "J, the sum of squared distances"),
        number,
        curve,
        make("p", { class: "xp-small" }, "○ after assign  ● after move"),
        table,
      ),
      update(now) {
        k.set(now.k);
        start.input.value = now.start;
        number.textContent = now.run && now.run.labels ? `J = ${two(now.run.inertia)}` : "J = …";
        curve.replaceChildren(curveOfJ(now));
        table.replaceChildren(resultTable(now.results));
      },
    };
  }

  function resultTable(results) {
    if (!results.length)
      return make("p", { class: "xp-small" }, "Finished runs will be listed here.");
    const best = (k) => Math.min(...results.filter((r) => r.k === k).map((r) => r.inertia));
    const row = (result) => {
      const low = best(result.k);
      const over = low > 0 ? Math.round(100 * (result.inertia / low - 1)) : 0;
      const verdict = over > 0 ? `+${over} %` : "best";
      const cells = [String(result.k), result.name, two(result.inertia), verdict];
      return make(
        "tr",
        {},
        cells.map((text) => make("td", {}, text)),
      );
    };
    const heads = ["k", "Start", "J", "Over best"].map((text) =>
      make("th", { scope: "col" }, text),
    );
    const rows = results.slice(-6).reverse().map(row);
    return make(
      "table",
      { class: "xpc-table" },
      make("caption", { class: "xp-hidden" }, "Your last finished runs on these points"),
      make("thead", {}, make("tr", {}, heads)),
      make("tbody", {}, rows),
    );
  }

  function dbscanPanel(board, state) {
    const eps = shared.slider({
      label: "eps, radius",
      ...{ min: 0.1, max: 4, step: 0.05, value: state.eps, format: two },
      onInput: board.setEps,
    });
    const minSamples = shared.slider({
      label: "min_samples",
      ...{ min: 1, max: 15, step: 1, value: state.minSamples },
      onInput: board.setMinSamples,
    });
    const number = make("p", { class: "xpc-number" });
    const legend = make("ul", { class: "xpc-legend" });
    const curve = make("div");
    const hint = make("p", { class: "xp-small" });
    return {
      controls: make("div", { class: "xp-fields" }, eps.element, minSamples.element),
      extra: null,
      words: make(
        "div",
        { class: "xp-panel" },
        make("p", { class: "xp-title" }, "What DBSCAN found"),
        number,
        legend,
        make("p", { class: "xp-title" }, "Where to put eps: the k-distances"),
        curve,
        hint,
      ),
      update(now) {
        eps.set(now.eps);
        minSamples.set(now.minSamples);
        number.textContent = many(countClusters(now), "cluster");
        legend.replaceChildren(...legendItems(looks(now).map((look) => look.kind)));
        curve.replaceChildren(curveOfDistances(now));
        hint.textContent = `Each point's distance to its ${now.minSamples}th nearest, sorted. A bend upwards is a candidate for eps; on real viewers there is often none.`;
      },
    };
  }

  function countClusters({ scan, shown }) {
    return scan.visits.slice(0, shown).filter((visit) => visit.opens).length;
  }

  const LEGEND = [
    ["core", 0, "core: enough points within eps"],
    ["border", 0, "border: within eps of a core point"],
    ["noise", -1, "noise: no core point near"],
    ["waiting", -1, "not visited yet"],
  ];

  function legendItems(kinds) {
    const used = LEGEND.filter(([kind]) => kind !== "waiting" || kinds.includes("waiting"));
    return used.map(([kind, group, text]) => {
      const mark = draw("path", {
        class: classOf({ group, kind }),
        d: outline({ group, kind }, 6),
      });
      const icon = draw(
        "svg",
        { viewBox: "-10 -10 20 20", width: 20, height: 20, "aria-hidden": "true" },
        mark,
      );
      return make("li", {}, icon, make("strong", {}, String(count(kinds, kind))), ` ${text}`);
    });
  }

  // Challenges ----------------------------------------------------------------------------------

  function challengeList(board) {
    const score = make("span");
    const items = challenges.map((challenge) => {
      const tick = make("span", { class: "xpc-tick", "aria-hidden": "true" }, "○");
      const status = make("span", { class: "xp-hidden" }, "open: ");
      const lesson = make("p", { class: "xpc-lesson", hidden: true }, challenge.lesson);
      const set = button("Set up", () => board.setUp(challenge), {
        class: "xp-button xpc-setup",
        "aria-label": `Set up: ${challenge.name}`,
      });
      const title = challenge.name.endsWith("?") ? challenge.name : `${challenge.name}.`;
      const text = make("p", {}, status, make("strong", {}, title, " "), challenge.task);
      const element = make(
        "li",
        { "data-challenge": challenge.id },
        tick,
        make("div", {}, text, lesson),
        set,
      );
      const mark = () => {
        tick.textContent = "✓";
        status.textContent = "reached: ";
        lesson.hidden = false;
        element.classList.add("xpc-reached");
      };
      return { element, mark };
    });
    const element = make(
      "section",
      { class: "xp-panel xpc-challenges", "aria-label": "Challenges" },
      make("p", { class: "xp-title" }, "Try this ", score),
      make(
        "ol",
        {},
        items.map((item) => item.element),
      ),
    );
    return {
      element,
      update(reached) {
        score.textContent = `(${reached.size} of ${challenges.length} reached)`;
        challenges.forEach((challenge, i) => reached.has(challenge.id) && items[i].mark());
      },
    };
  }

  // The board -----------------------------------------------------------------------------------

  function firstState() {
    return {
      ...{ algorithm: "kmeans", shape: "blobs", points: [], truth: null, tool: "add" },
      ...{ cursor: [5, 4], keys: false, carried: null, probe: null, timer: 0, glides: false },
      ...{ k: 5, start: "plusplus", seed: 1, starts: [], run: null, trail: [], results: [] },
      ...{ eps: 0.7, minSamples: 4, scan: null, shown: 0 },
      ...{ moonsMissed: false, reached: new Set() },
    };
  }

  function mount(root) {
    const state = firstState();
    const board = {};
    const live = shared.liveRegion();

    // Changes of the data -----------------------------------------------------------------------

    function chooseStarts() {
      const { points, k, seed, start, starts } = state;
      if (points.length < k) return [];
      if (start === "hand") {
        const spare = maths.kmeansPlusPlus(points, k, shared.randomSource(seed));
        return spare.map((centre, i) => starts[i] || centre);
      }
      const choose = start === "random" ? maths.randomCentres : maths.kmeansPlusPlus;
      return choose(points, k, shared.randomSource(seed));
    }

    function beginRun() {
      stop();
      state.starts = chooseStarts();
      state.run = state.starts.length ? maths.startRun(state.starts) : null;
      state.trail = state.run ? [state.run.centres] : [];
      // With fewer points or centres the one in hand may be gone.
      if (state.carried && state.carried.centre >= state.starts.length) state.carried = null;
    }

    function rescan() {
      stop();
      state.scan = maths.dbscanVisits(state.points, state.eps, state.minSamples);
      state.shown = state.scan.visits.length;
    }

    function pointsChanged() {
      state.results = [];
      state.moonsMissed = false;
      beginRun();
      rescan();
    }

    function edited() {
      state.shape = null;
      state.truth = null;
      pointsChanged();
    }

    function loadShape(key) {
      const shape = shapes[key];
      const { points, truth } = shape.make(shared.randomSource(SHAPE_SEED));
      Object.assign(state, { shape: key, points, truth, k: shape.k, probe: null, carried: null });
      Object.assign(state, { eps: shape.eps, minSamples: shape.minSamples, seed: 1, starts: [] });
      pointsChanged();
    }

    function addPoint(place) {
      if (state.points.length >= MOST_POINTS) {
        tell(`There are ${MOST_POINTS} points: no room for more.`);
        return;
      }
      state.points.push(place);
      edited();
      refresh(`Point placed at ${at(place)}; ${many(state.points.length, "point")}.`);
    }

    function removeNear(place, limit) {
      const row = nearestRow(state.points, place, limit);
      if (row < 0) return tell("There is no point here to remove.");
      const [gone] = state.points.splice(row, 1);
      edited();
      return refresh(`Point at ${at(gone)} removed; ${many(state.points.length, "point")}.`);
    }

    function putCentre(i, place) {
      const centres = state.run.centres.map((centre) => centre.slice());
      centres[i] = place;
      state.start = "hand";
      state.starts = centres;
      beginRun();
    }

    // Steps -------------------------------------------------------------------------------------

    const isOver = () =>
      state.algorithm === "kmeans"
        ? !state.run || state.run.phase === "done"
        : state.shown >= state.scan.visits.length;

    function advance() {
      if (state.algorithm === "dbscan") {
        state.shown += 1;
        return;
      }
      const before = state.run;
      state.run = maths.halfStep(state.points, before);
      state.glides = true;
      if (before.phase === "move") state.trail = [...state.trail, state.run.centres];
      if (state.run.phase === "done") noteResult();
    }

    function noteResult() {
      const { start, seed, k, run, results } = state;
      const name = { plusplus: "k-means++", random: "random", hand: "by hand" }[start];
      const result = { k, inertia: run.inertia, name: start === "hand" ? name : `${name} ${seed}` };
      const same = (r) => r.k === k && r.name === result.name && r.inertia === result.inertia;
      if (!results.some(same)) results.push(result);
    }

    function stop() {
      window.clearInterval(state.timer);
      state.timer = 0;
    }

    // DBSCAN shows its result at once; to step, one goes back to the beginning.
    function rewindIfOver() {
      if (!isOver()) return;
      if (state.algorithm === "dbscan") state.shown = 0;
      else beginRun();
    }

    // What the controls call ----------------------------------------------------------------------

    Object.assign(board, {
      setAlgorithm(algorithm) {
        stop();
        Object.assign(state, { algorithm, carried: null, probe: null });
        if (algorithm === "dbscan" && state.tool === "centre") state.tool = "add";
        refresh();
      },
      setShape(key) {
        loadShape(key);
        refresh(`${shapes[key].name}: ${many(state.points.length, "point")}. ${words()}`);
      },
      setTool(tool) {
        state.tool = tool;
        refresh();
      },
      setK(k) {
        state.k = k;
        beginRun();
        refresh();
      },
      setStart(start) {
        state.start = start;
        beginRun();
        refresh();
      },
      newStart() {
        if (state.start === "hand") state.starts = [];
        state.seed += 1;
        beginRun();
        refresh();
      },
      setEps(eps) {
        state.eps = eps;
        rescan();
        refresh();
      },
      setMinSamples(minSamples) {
        state.minSamples = minSamples;
        rescan();
        refresh();
      },
      step() {
        stop();
        rewindIfOver();
        if (!isOver()) advance();
        refresh();
      },
      togglePlay() {
        if (state.timer) {
          stop();
          return refresh();
        }
        rewindIfOver();
        if (isOver()) return refresh();
        state.timer = window.setInterval(() => {
          advance();
          if (isOver()) stop();
          refresh();
        }, PACE[state.algorithm]);
        return refresh("Playing.");
      },
      toEnd() {
        stop();
        while (!isOver()) advance();
        refresh();
      },
      restart() {
        stop();
        if (state.algorithm === "dbscan") state.shown = 0;
        else beginRun();
        refresh();
      },
      setUp({ name, setup }) {
        state.algorithm = setup.algorithm;
        state.tool = "add";
        if (setup.start) state.start = setup.start;
        loadShape(setup.shape);
        if (setup.k) state.k = setup.k;
        if (setup.eps) Object.assign(state, { eps: setup.eps, minSamples: setup.minSamples });
        pointsChanged();
        refresh(`${name} is set up. ${words()}`);
        plane.svg.scrollIntoView({
          block: "nearest",
          behavior: shared.prefersCalm() ? "auto" : "smooth",
        });
      },

      // Pointer
      usePointer() {
        if (!state.keys) return;
        Object.assign(state, { keys: false, carried: null, probe: null });
        refresh(null);
      },
      grab(place, reach, fine) {
        if (state.algorithm === "kmeans" && state.run) {
          const centre = nearestRow(state.run.centres, place, reach(fine ? 14 : 22));
          if (centre >= 0) return { target: { centre } };
        }
        const row = fine ? nearestRow(state.points, place, reach(10)) : -1;
        return { target: row >= 0 && state.tool === "add" ? { row } : null };
      },
      dragTo({ centre, row }, place) {
        if (centre !== undefined) putCentre(centre, place);
        else {
          state.points[row] = place;
          edited();
          state.probe = state.algorithm === "dbscan" ? place : null;
        }
        refresh(null);
      },
      dropped() {
        refresh();
      },
      tap(place, reach) {
        if (state.tool === "remove") return removeNear(place, reach(22));
        if (state.tool === "centre" && state.run) return tapCentre(place);
        const row = nearestRow(state.points, place, reach(10));
        if (row >= 0) return board.probeAt(place, reach(12));
        if (state.run && state.algorithm === "kmeans") {
          if (nearestRow(state.run.centres, place, reach(14)) >= 0) return undefined;
        }
        if (state.algorithm === "dbscan") state.probe = place;
        return addPoint(place);
      },
      probeAt(place, limit) {
        if (state.algorithm !== "dbscan") return;
        const row = nearestRow(state.points, place, limit);
        state.probe = row >= 0 ? state.points[row] : place;
        refreshPlane();
      },
      probeAway() {
        if (!state.probe || state.keys) return;
        state.probe = null;
        refreshPlane();
      },

      // Keyboard
      useKeys() {
        state.keys = true;
        cursorMoved(null);
      },
      moveCursor(dx, dy) {
        const [x, y] = state.cursor;
        state.keys = true;
        state.cursor = [clamp(x + dx, 0, WIDTH), clamp(y + dy, 0, HEIGHT)];
        if (state.carried) putCentre(state.carried.centre, state.cursor);
        cursorMoved();
      },
      enter() {
        if (state.carried) return board.putDown();
        const centre = centreHere();
        if (centre >= 0) {
          state.carried = { centre };
          return refresh(`Centre ${centre + 1} taken up. Arrows carry it, Enter puts it down.`);
        }
        return addPoint(state.cursor.slice());
      },
      remove() {
        removeNear(state.cursor, KEY_STEP);
      },
      putDown() {
        if (!state.carried) return;
        const number = state.carried.centre + 1;
        state.carried = null;
        refresh(`Centre ${number} put down at ${at(state.cursor)}.`);
      },
      nextPoint() {
        jump(state.points, "lastPoint", "There are no points.");
      },
      nextCentre() {
        const centres = state.algorithm === "kmeans" && state.run ? state.run.centres : [];
        jump(centres, "lastCentre", "There are no centres here.");
      },
    });

    function tapCentre(place) {
      const centre = maths.nearestCentre(place, state.run.centres);
      putCentre(centre, place);
      refresh(`Centre ${centre + 1} moved to ${at(place)}.`);
    }

    function jump(places, memory, nothing) {
      if (!places.length) return tell(nothing);
      state.carried = null;
      state[memory] = ((state[memory] === undefined ? -1 : state[memory]) + 1) % places.length;
      state.cursor = places[state[memory]].slice();
      state.keys = true;
      return cursorMoved();
    }

    function centreHere() {
      if (state.algorithm !== "kmeans" || !state.run) return -1;
      return nearestRow(state.run.centres, state.cursor, KEY_STEP);
    }

    function cursorMoved(text) {
      if (state.algorithm === "dbscan") state.probe = state.cursor;
      if (text === null) refreshPlane();
      else if (state.carried) refresh(`Centre ${state.carried.centre + 1} at ${at(state.cursor)}.`);
      else {
        refreshPlane();
        live.say(cursorWords());
      }
    }

    function cursorWords() {
      if (state.algorithm === "dbscan") return probeWords(state);
      const centre = centreHere();
      const row = nearestRow(state.points, state.cursor, KEY_STEP / 2);
      const here = centre >= 0 ? `centre ${centre + 1}` : row >= 0 ? "a point" : "free";
      return `${at(state.cursor)}: ${here}.`;
    }

    // What is shown -----------------------------------------------------------------------------

    const plane = makePlane(board);
    const panels = { kmeans: kmeansPanel(board, state), dbscan: dbscanPanel(board, state) };
    const tasks = challengeList(board);
    const controls = playButtons(board);
    const told = make("p", { class: "xpc-told" });
    const circleWords = make("p", { class: "xp-small xpc-probe-words" });
    const choice = shared.select({
      label: "Points",
      options: [
        ...Object.entries(shapes).map(([key, shape]) => [key, shape.name]),
        ["own", "Your own"],
      ],
      value: state.shape,
      onChange: (key) => key !== "own" && board.setShape(key),
    });
    const algorithms = toggles(
      "Algorithm",
      [
        ["kmeans", "K-means"],
        ["dbscan", "DBSCAN"],
      ],
      board.setAlgorithm,
    );
    const tools = toggles(
      "A tap on the plane",
      [
        ["add", "adds a point"],
        ["remove", "removes one"],
        ["centre", "sets a centre"],
      ],
      board.setTool,
    );

    function toggles(label, options, onPress) {
      const buttons = options.map(([key, text]) => [key, button(text, () => onPress(key))]);
      const element = make(
        "div",
        { class: "xp-field", role: "group", "aria-label": label },
        make("span", { class: "xp-label", "aria-hidden": "true" }, label),
        make(
          "div",
          { class: "xpc-toggles" },
          buttons.map(([, b]) => b),
        ),
      );
      return {
        element,
        set(chosen, hidden) {
          for (const [key, b] of buttons) {
            b.setAttribute("aria-pressed", String(key === chosen));
            b.hidden = key === hidden;
          }
        },
      };
    }

    function words() {
      return state.algorithm === "kmeans" ? kmeansWords(state) : dbscanWords(state);
    }

    /** Say something that leaves the state as it is. */
    function tell(text) {
      told.textContent = text;
      live.say(text);
    }

    function refreshPlane() {
      drawPlane(plane, state);
      circleWords.textContent =
        state.probe && state.algorithm === "dbscan" ? probeWords(state) : "\u00a0";
    }

    /** Show the state; `text` is spoken instead of the usual words, null keeps silent. */
    function refresh(text) {
      refreshPlane();
      const kmeans = state.algorithm === "kmeans";
      for (const [name, panel] of Object.entries(panels)) {
        const hidden = name !== state.algorithm;
        panel.controls.hidden = hidden;
        panel.words.hidden = hidden;
        if (panel.extra) panel.extra.hidden = hidden;
      }
      panels[state.algorithm].update(state);
      algorithms.set(state.algorithm);
      tools.set(state.tool, kmeans ? null : "centre");
      choice.input.value = state.shape || "own";
      // A centre glides when a step moves it, and stays under the hand that drags it.
      root.classList.toggle("xpc-glides", state.glides);
      state.glides = false;
      circleWords.hidden = kmeans;
      updateButtons(kmeans);
      const fresh = checkChallenges();
      told.textContent = words();
      if (fresh) live.say(`Challenge reached: ${fresh.name}. ${fresh.lesson}`);
      // While it plays, only the end is spoken.
      else if (text !== null && (!state.timer || text)) live.say(text || words());
    }

    function updateButtons(kmeans) {
      const { play, step, end } = controls;
      const nothing = kmeans ? !state.run : state.scan.visits.length === 0;
      play.textContent = state.timer ? "Pause" : "Play";
      const next = kmeans
        ? `Step: ${state.run ? state.run.phase : "assign"}`
        : "Step: next core point";
      step.textContent = isOver() && !nothing ? "Step: from the start" : next;
      // aria-disabled, not disabled: a disabled button would lose the focus in the middle of a run.
      for (const b of [play, step]) b.setAttribute("aria-disabled", String(nothing));
      end.setAttribute("aria-disabled", String(nothing || isOver()));
    }

    function facts() {
      const justMoved = state.run && state.run.phase !== "move" && state.trail.length > 1;
      return {
        ...state,
        finished: Boolean(state.run) && state.run.phase === "done",
        movedFrom: justMoved ? state.trail[state.trail.length - 2] : null,
      };
    }

    /** Tick what has been reached; give the last challenge that was not ticked before. */
    function checkChallenges() {
      const now = facts();
      if (missesMoons(now)) state.moonsMissed = now.moonsMissed = true;
      const fresh = challenges.filter((c) => !state.reached.has(c.id) && c.reached(now));
      for (const challenge of fresh) state.reached.add(challenge.id);
      tasks.update(state.reached);
      return fresh[fresh.length - 1];
    }

    root.classList.add("xpc");
    root.append(
      make(
        "div",
        { class: "xp-board" },
        make(
          "div",
          { class: "xpc-left" },
          make("div", { class: "xpc-top" }, algorithms.element, choice.element),
          plane.svg,
          make("p", { class: "xpc-told-box" }),
          circleWords,
          make("div", { class: "xp-row" }, controls.all, panels.kmeans.extra),
          panels.kmeans.controls,
          panels.dbscan.controls,
          tools.element,
          plane.help,
        ),
        make("div", { class: "xpc-right" }, panels.kmeans.words, panels.dbscan.words),
      ),
      tasks.element,
      live.element,
    );
    root.querySelector(".xpc-told-box").replaceWith(told);
    loadShape("blobs");
    refresh(null);
    // Marks keep their size on the screen when the plane grows or shrinks.
    new ResizeObserver(() => refreshPlane()).observe(plane.svg);
  }

  shared.register("clusters", mount);
})();
