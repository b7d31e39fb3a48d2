/* Points to begin with, in a plane of 10 by 8.  Each shape is {name, k, eps, minSamples, make};
   `make(random)` gives {points, truth}, where truth is the group of each point, or null. */
((root) => {
  "use strict";

  const round = (value) => Math.round(value * 100) / 100;
  const place = (x, y) => [round(x), round(y)];

  /** A number from the normal distribution (Box and Muller). */
  function normal(random) {
    return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  }

  function crowd(random, [x, y], spread, n) {
    return Array.from({ length: n }, () =>
      place(x + spread * normal(random), y + spread * normal(random)),
    );
  }

  function together(...groups) {
    return { points: groups.flat(), truth: groups.flatMap((group, i) => group.map(() => i)) };
  }

  function arc(random, { centre: [x, y], radius, from, to, spread, n }) {
    return Array.from({ length: n }, (_, i) => {
      const angle = from + ((to - from) * (i + 0.5)) / n;
      const far = radius + spread * normal(random);
      return place(x + far * Math.cos(angle), y + far * Math.sin(angle));
    });
  }

  function blobs(random) {
    const centres = [
      [1.7, 1.6],
      [1.9, 6.3],
      [5.1, 3.9],
      [8.3, 6.4],
      [8.1, 1.7],
    ];
    return together(...centres.map((centre) => crowd(random, centre, 0.45, 16)));
  }

  function moons(random) {
    const half = { radius: 2.5, spread: 0.16, n: 45 };
    return together(
      arc(random, { ...half, centre: [3.8, 3.3], from: Math.PI, to: 0 }),
      arc(random, { ...half, centre: [6.2, 4.7], from: Math.PI, to: 2 * Math.PI }),
    );
  }

  function rings(random) {
    const ring = { centre: [5, 4], from: 0, to: 2 * Math.PI, spread: 0.12 };
    return together(
      arc(random, { ...ring, radius: 1.1, n: 30 }),
      arc(random, { ...ring, radius: 3, n: 75 }),
    );
  }

  function unequal(random) {
    return together(
      crowd(random, [3.4, 4], 1.05, 80),
      crowd(random, [7.9, 5.5], 0.22, 14),
      crowd(random, [7.9, 2.8], 0.22, 14),
    );
  }

  function noise(random) {
    const points = Array.from({ length: 90 }, () =>
      place(0.4 + 9.2 * random(), 0.4 + 7.2 * random()),
    );
    return { points, truth: null };
  }

  const fixed = (points) => () => ({ points: points.map((point) => point.slice()), truth: null });

  const shapes = {
    blobs: { name: "Five blobs", k: 5, eps: 0.7, minSamples: 4, make: blobs },
    moons: { name: "Two moons", k: 2, eps: 0.3, minSamples: 4, make: moons },
    rings: { name: "Two rings", k: 2, eps: 0.3, minSamples: 3, make: rings },
    unequal: { name: "Unequal sizes", k: 3, eps: 0.5, minSamples: 5, make: unequal },
    noise: { name: "Uniform noise", k: 3, eps: 0.8, minSamples: 4, make: noise },
    viewers: {
      name: "100 real viewers",
      k: 5,
      eps: 0.9,
      minSamples: 4,
      make: () => fixed(root.courseExplorables.clustersViewers)(),
    },
    pairs: {
      name: "Two pairs (chapter 3)",
      k: 2,
      eps: 1,
      minSamples: 2,
      make: fixed([
        [2, 3.5],
        [2, 4.5],
        [8, 3.5],
        [8, 4.5],
      ]),
    },
    star: {
      name: "Five viewers (chapter 4)",
      k: 2,
      eps: 1,
      minSamples: 5,
      make: fixed([
        [5, 4],
        [6.5, 4],
        [5, 5.5],
        [4, 4],
        [5, 3],
      ]),
    },
    empty: { name: "Nothing: place your own", k: 3, eps: 1, minSamples: 3, make: fixed([]) },
  };

  root.courseExplorables = root.courseExplorables || {};
  root.courseExplorables.clustersShapes = shapes;
  if (typeof module !== "undefined" && module.exports) module.exports = shapes;
})(typeof window === "undefined" ? globalThis : window);
