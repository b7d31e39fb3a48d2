/* The arithmetic of K-means and DBSCAN, without a page: runs in a browser and in Node.

   Every function is the twin of one in recsys_tutorial.clustering and breaks ties in the same way;
   tests/unit/test_explorables_vectors.py compares them.  Points are arrays of numbers, all of the
   same length. */
((root) => {
  "use strict";

  const NOISE = -1;

  // Distances ---------------------------------------------------------------------------------

  function squaredDistance(a, b) {
    let sum = 0;
    for (let i = 0; i < a.length; i += 1) {
      const difference = a[i] - b[i];
      // Not ** 2, which need not be rounded as a product is: ties would break differently.
      sum += difference * difference;
    }
    return sum;
  }

  // K-means -----------------------------------------------------------------------------------

  function needK(k, points) {
    if (!Number.isInteger(k) || k < 1 || k > points.length) {
      throw new RangeError(
        `k = ${k} must be between 1 and ${points.length}, the number of points.`,
      );
    }
  }

  function nearestCentre(point, centres) {
    let best = 0;
    let least = Infinity;
    centres.forEach((centre, number) => {
      const distance = squaredDistance(point, centre);
      // Strictly less: the lower number wins a tie.
      if (distance < least) [best, least] = [number, distance];
    });
    return best;
  }

  function assign(points, centres) {
    return points.map((point) => nearestCentre(point, centres));
  }

  function sizesOf(labels, k) {
    const sizes = new Array(k).fill(0);
    for (const label of labels) sizes[label] += 1;
    return sizes;
  }

  /** Give every empty cluster the farthest point of a cluster that can spare one. */
  function fillEmpty(points, labels, centres) {
    needK(centres.length, points);
    const sizes = sizesOf(labels, centres.length);
    if (sizes.every((size) => size > 0)) return labels;
    const filled = labels.slice();
    const far = points.map((point, row) => squaredDistance(point, centres[labels[row]]));
    // Array.sort is stable: of equally far points the first comes first.
    const farFirst = points.map((_, row) => row).sort((a, b) => far[b] - far[a]);
    sizes.forEach((size, empty) => {
      if (size > 0) return;
      const row = farFirst.find((candidate) => sizes[filled[candidate]] > 1);
      sizes[filled[row]] -= 1;
      sizes[empty] += 1;
      filled[row] = empty;
    });
    return filled;
  }

  /** The mean of the members of each cluster; the old centre is not one of them. */
  function updateCentres(points, labels, centres) {
    const members = fillEmpty(points, labels, centres);
    const sums = centres.map((centre) => centre.map(() => 0));
    points.forEach((point, row) => {
      point.forEach((value, column) => {
        sums[members[row]][column] += value;
      });
    });
    const sizes = sizesOf(members, centres.length);
    return sums.map((sum, cluster) => sum.map((value) => value / sizes[cluster]));
  }

  /** J: each point counts once, with the distance to the centre of its own cluster. */
  function objective(points, labels, centres) {
    return points.reduce(
      (sum, point, row) => sum + squaredDistance(point, centres[labels[row]]),
      0,
    );
  }

  /** Starting centres that lie far apart.  `random` gives numbers in [0, 1). */
  function kmeansPlusPlus(points, k, random) {
    needK(k, points);
    const anyRow = () => Math.floor(random() * points.length);
    const rows = [anyRow()];
    while (rows.length < k) {
      const nearest = points.map((p) =>
        Math.min(...rows.map((r) => squaredDistance(p, points[r]))),
      );
      const total = nearest.reduce((sum, value) => sum + value, 0);
      rows.push(total > 0 ? draw(nearest, total, random()) : anyRow());
    }
    return rows.map((row) => points[row].slice());
  }

  /** The row at which the running share of the weights first exceeds `chance`. */
  function draw(weights, total, chance) {
    let sum = 0;
    const running = weights.map((weight) => (sum += weight / total));
    return running.findIndex((value) => value / sum > chance);
  }

  /** Different points, drawn without a look at where they lie. */
  function randomCentres(points, k, random) {
    needK(k, points);
    const rows = points.map((_, row) => row);
    for (let i = 0; i < k; i += 1) {
      const j = i + Math.floor(random() * (rows.length - i));
      [rows[i], rows[j]] = [rows[j], rows[i]];
    }
    return rows.slice(0, k).map((row) => points[row].slice());
  }

  /** The state of K-means before its first step. */
  function startRun(centres) {
    return {
      phase: "assign",
      centres: centres.map((centre) => centre.slice()),
      labels: null,
      inertia: null,
      history: [],
      curve: [],
      changed: 0,
      moved: 0,
      filled: [],
    };
  }

  /** Half a step: "assign" and "move" take turns, until no point changes its cluster. */
  function halfStep(points, run, maxIter = 300) {
    if (run.phase === "done") return run;
    const next = run.phase === "assign" ? assignHalf(points, run) : moveHalf(points, run, maxIter);
    return { ...next, curve: [...run.curve, next.inertia] };
  }

  function assignHalf(points, run) {
    const nearest = assign(points, run.centres);
    const labels = fillEmpty(points, nearest, run.centres);
    const changed = labels.filter((label, row) => !run.labels || run.labels[row] !== label).length;
    const filled = labels.filter((label, row) => label !== nearest[row]);
    const inertia = objective(points, labels, run.centres);
    return { ...run, phase: "move", labels, changed, filled, inertia };
  }

  function moveHalf(points, run, maxIter) {
    const centres = updateCentres(points, run.labels, run.centres);
    const moved = Math.sqrt(Math.max(...centres.map((c, i) => squaredDistance(c, run.centres[i]))));
    const inertia = objective(points, run.labels, centres);
    const history = [...run.history, inertia];
    const over = run.changed === 0 || history.length >= maxIter;
    const next = { ...run, phase: "assign", centres, moved, inertia, history };
    return over ? finish(points, next) : next;
  }

  function finish(points, run) {
    const labels = assign(points, run.centres);
    return { ...run, phase: "done", labels, inertia: objective(points, labels, run.centres) };
  }

  /** From one start to the end. */
  function kmeans(points, centres, maxIter = 300) {
    needK(centres.length, points);
    let run = startRun(centres);
    while (run.phase !== "done") run = halfStep(points, run, maxIter);
    return run;
  }

  // DBSCAN ------------------------------------------------------------------------------------

  function needEps(eps) {
    if (!(eps > 0)) throw new RangeError(`eps = ${eps} must be positive.`);
  }

  function needCount(count, limit = Infinity) {
    if (!Number.isInteger(count) || count < 1 || count > limit) {
      throw new RangeError(`${count} must be a whole number, at least 1 and at most ${limit}.`);
    }
  }

  /** Rows within eps of a place, in ascending order: the ball is closed. */
  function within(points, place, eps) {
    const rows = [];
    points.forEach((point, row) => {
      if (squaredDistance(point, place) <= eps * eps) rows.push(row);
    });
    return rows;
  }

  /** Neighbours of every point, itself among them. */
  function neighbourhoods(points, eps) {
    needEps(eps);
    return points.map((point) => within(points, point, eps));
  }

  /** DBSCAN as a list of visits: each names a core point and the rows that it takes in. */
  function dbscanVisits(points, eps, minSamples) {
    needCount(minSamples);
    const near = neighbourhoods(points, eps);
    const core = near.map((rows) => rows.length >= minSamples);
    const labels = new Array(points.length).fill(NOISE);
    const visits = [];
    let nClusters = 0;
    points.forEach((_, first) => {
      if (!core[first] || labels[first] !== NOISE) return;
      grow(first, nClusters, { near, core, labels, visits });
      nClusters += 1;
    });
    return { visits, labels, core, near, nClusters, kinds: kindsOf(labels, core) };
  }

  function grow(first, cluster, { near, core, labels, visits }) {
    labels[first] = cluster;
    const waiting = [first];
    while (waiting.length > 0) {
      const row = waiting.pop();
      const taken = near[row].filter((other) => labels[other] === NOISE);
      for (const other of taken) labels[other] = cluster;
      // A border point is taken in, but nobody is reached through it.
      waiting.push(...taken.filter((other) => core[other]));
      visits.push({ row, cluster, opens: row === first, taken });
    }
  }

  function kindsOf(labels, core) {
    return labels.map((label, row) => {
      if (core[row]) return "core";
      return label === NOISE ? "noise" : "border";
    });
  }

  function dbscan(points, eps, minSamples) {
    const { labels, core, kinds, nClusters } = dbscanVisits(points, eps, minSamples);
    return { labels, core, kinds, nClusters };
  }

  /** The next larger number, for positive numbers. */
  function nextUp(value) {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value);
    bits.setBigUint64(0, bits.getBigUint64(0) + BigInt(1));
    return bits.getFloat64(0);
  }

  /** Distance of every point to its k-th nearest, itself counted as the first. */
  function kDistances(points, k) {
    needCount(k, points.length);
    return points.map((point) => {
      const squared = points.map((other) => squaredDistance(point, other)).sort((a, b) => a - b);
      const root = Math.sqrt(squared[k - 1]);
      // The root of 3, squared, is less than 3: the point would not be core at its own value.
      return root * root < squared[k - 1] ? nextUp(root) : root;
    });
  }

  // Judging -----------------------------------------------------------------------------------

  const pairs = (n) => (n * (n - 1)) / 2;
  const total = (counts) => [...counts.values()].reduce((sum, n) => sum + pairs(n), 0);

  function countBy(keys) {
    const counts = new Map();
    for (const key of keys) counts.set(key, (counts.get(key) || 0) + 1);
    return counts;
  }

  /** Adjusted Rand index: 1 if two groupings agree, about 0 if only by chance. */
  function adjustedRand(one, other) {
    const both = total(countBy(one.map((label, row) => `${label} ${other[row]}`)));
    const [a, b, all] = [total(countBy(one)), total(countBy(other)), pairs(one.length)];
    const expected = all > 0 ? (a * b) / all : 0;
    const most = (a + b) / 2;
    return most === expected ? 1 : (both - expected) / (most - expected);
  }

  const api = {
    NOISE,
    squaredDistance,
    nearestCentre,
    assign,
    fillEmpty,
    updateCentres,
    objective,
    kmeansPlusPlus,
    randomCentres,
    startRun,
    halfStep,
    kmeans,
    within,
    neighbourhoods,
    dbscanVisits,
    dbscan,
    kDistances,
    adjustedRand,
  };
  root.courseExplorables = root.courseExplorables || {};
  root.courseExplorables.clustersMath = api;
  if (typeof module !== "undefined" && module.exports) module.exports = api;
})(typeof window === "undefined" ? globalThis : window);
