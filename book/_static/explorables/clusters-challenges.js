/* Small challenges for K-means and DBSCAN by hand: what to reach, how to see that it is reached, and
   what the reader has then shown.  `reached(facts)` gets the state of the board:

   algorithm, shape (null once a point was changed), points, truth, k, run and finished (K-means),
   movedFrom (centres before the last move, or null), results ({k, inertia} of finished runs on these
   points), eps, minSamples, scan (DBSCAN's result), moonsMissed (K-means failed on these moons). */
((root) => {
  "use strict";

  const shared = (root.courseExplorables = root.courseExplorables || {});
  const maths =
    typeof module !== "undefined" && module.exports
      ? require("./clusters-math.js")
      : shared.clustersMath;

  const ended = (facts) => facts.algorithm === "kmeans" && facts.finished;

  function spreadOfResults({ results, k }) {
    const found = results.filter((result) => result.k === k).map((result) => result.inertia);
    return found.length > 1 ? Math.max(...found) / Math.min(...found) : 1;
  }

  /** K-means with two centres has ended on the untouched moons and cut them. */
  function missesMoons(facts) {
    const tried = ended(facts) && facts.shape === "moons" && facts.k === 2;
    return tried && maths.adjustedRand(facts.run.labels, facts.truth) < 0.8;
  }

  function findsMoons({ algorithm, shape, scan, truth }) {
    const tried = algorithm === "dbscan" && shape === "moons";
    return tried && scan.nClusters === 2 && maths.adjustedRand(scan.labels, truth) >= 0.95;
  }

  function fallsOnNoise({ shape, points, run }) {
    const one = maths.kmeans(points, [points[0]]).inertia;
    return shape === "noise" && run.inertia <= one / 5;
  }

  function lonelyCentreMoved({ algorithm, points, run, movedFrom }) {
    if (algorithm !== "kmeans" || !run || !run.labels || !movedFrom) return false;
    return run.centres.some((centre, cluster) => {
      const members = points.filter((_, row) => run.labels[row] === cluster);
      return members.length === 1 && maths.squaredDistance(centre, movedFrom[cluster]) > 0.25;
    });
  }

  /** A core point of the star with exactly five points, one of them on the circle itself. */
  function justCore({ algorithm, shape, points, scan, eps, minSamples }) {
    if (algorithm !== "dbscan" || shape !== "star" || minSamples !== 5) return false;
    const onCircle = (a, b) => maths.squaredDistance(a, b) === eps * eps;
    return points.some(
      (point, row) =>
        scan.near[row].length === minSamples &&
        scan.near[row].some((other) => onCircle(point, points[other])),
    );
  }

  function losesMost({ algorithm, shape, scan, points }) {
    if (algorithm !== "dbscan" || shape !== "viewers") return false;
    const lost = scan.kinds.filter((kind) => kind === "noise").length;
    return scan.nClusters >= 2 && lost > points.length / 2;
  }

  const challenges = [
    {
      id: "start",
      name: "Bad luck",
      task: "Five blobs, k = 5: find two starts whose final J differ by 20 % or more.",
      lesson:
        "The article says that K-means finds “the optimal centres”. It finds a valley near its start; that is why the package tries ten starts.",
      setup: { algorithm: "kmeans", shape: "blobs", k: 5, start: "random" },
      reached: (facts) => ended(facts) && spreadOfResults(facts) >= 1.2,
    },
    {
      id: "moons",
      name: "Two moons",
      task: "Let K-means with k = 2 run to its end on two moons, see it fail, then let DBSCAN find both moons.",
      lesson:
        "A centre can only own the places nearest to it, and a straight line parts two centres. Density follows the bend.",
      setup: { algorithm: "kmeans", shape: "moons", k: 2, start: "plusplus" },
      reached: (facts) => facts.moonsMissed && findsMoons(facts),
    },
    {
      id: "smaller",
      name: "Smaller is better?",
      task: "On uniform noise, where there are no groups, bring J down to a fifth of its value at k = 1.",
      lesson:
        "“The smaller J, the better the clustering”, says the article. J falls with every further centre, groups or no groups.",
      setup: { algorithm: "kmeans", shape: "noise", k: 1, start: "plusplus" },
      reached: (facts) => ended(facts) && fallsOnNoise(facts),
    },
    {
      id: "alone",
      name: "The mean of one",
      task: "Five viewers: place a sixth far from the others, see that a centre has it as its only member, and step until that centre moves.",
      lesson:
        "The centre sits on its member: the mean is over the members. The article's worked example averages the old centre instead, and stays where it was.",
      setup: { algorithm: "kmeans", shape: "star", k: 2, start: "hand" },
      reached: lonelyCentreMoved,
    },
    {
      id: "circle",
      name: "Just enough",
      task: "Five viewers, min_samples = 5: find the smallest eps at which the middle one is a core point.",
      lesson:
        "Two neighbours lie on the circle and count, so does the point itself, and 5 is enough. The article wants d < eps, more than MinPts, and leaves the point out: three ways to get no core point here.",
      setup: { algorithm: "dbscan", shape: "star", eps: 1, minSamples: 5 },
      reached: justCore,
    },
    {
      id: "lost",
      name: "Lost viewers",
      task: "100 real viewers: find two or more clusters with more than half of the viewers noise.",
      lesson:
        "The rest may look tidy, but somebody who is noise is in no cluster, and a recommender that asks for her cluster has nothing to say to her. Report the share of noise.",
      setup: { algorithm: "dbscan", shape: "viewers", eps: 0.9, minSamples: 4 },
      reached: losesMost,
    },
  ];

  const api = { challenges, missesMoons };
  shared.clustersChallenges = api;
  if (typeof module !== "undefined" && module.exports) module.exports = api;
})(typeof window === "undefined" ? globalThis : window);
