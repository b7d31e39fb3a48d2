/* The arithmetic of the soft groups, without a page: runs in a browser and in Node.

   The twin of SoftClusterPopularity (chapter 10) for somebody new: her films are folded into
   factors, the factors into memberships, the memberships into scores.  Ties are broken as in the
   package; tests/unit/test_groups_vectors.py compares the two.  A film is named by its column. */
((root) => {
  "use strict";

  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // As in recsys_tutorial.recommenders.explaining: below it a film is popular and nothing else.
  const CLEARLY_MORE = 1.2;

  // Reading the model ---------------------------------------------------------------------------

  const PLACE = new Map([...DIGITS].map((letter, number) => [letter, number]));

  function unpack(text) {
    const levels = new Uint16Array(text.length / 2);
    for (let i = 0; i < levels.length; i += 1) {
      levels[i] = PLACE.get(text[2 * i]) * 64 + PLACE.get(text[2 * i + 1]);
    }
    return levels;
  }

  function unpackLogs({ low, step, text }) {
    return Float64Array.from(unpack(text), (level) => Math.exp(low + step * level));
  }

  function unpackRows({ size, text }) {
    const sizes = unpackLogs(size);
    const levels = unpack(text);
    const width = levels.length / sizes.length;
    return Float64Array.from(
      levels,
      (level, i) => ((level - 2048) / 2047) * sizes[Math.floor(i / width)],
    );
  }

  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

  /** Numbers ready to compute with, from what tools/export_groups.py wrote. */
  function decode(model) {
    const { ids, counts } = model.films;
    const basis = unpackRows(model.basis);
    const total = sum(counts);
    const popularity = Float64Array.from(counts, (count) => count / total);
    const lifts = unpackLogs(model.lifts);
    return {
      ids,
      nFilms: ids.length,
      nFactors: basis.length / ids.length,
      nGroups: model.groups.length,
      temperature: model.temperature,
      basis,
      centres: model.centres,
      popularity,
      shares: lifts.map((lift, i) => lift * popularity[i % ids.length]),
      overall: Float64Array.from(counts, (count) => count / model.nViewers),
      groups: model.groups,
      shrinkage: model.shrinkage,
      prior: Float64Array.from(model.groups, (group) => group.viewers / model.nViewers),
      map: model.map,
      columnOf: new Map(ids.map((id, column) => [id, column])),
    };
  }

  /** Columns of the films that the model knows, each once, in the order of the ids given. */
  function columnsOf(model, ids) {
    const found = ids.map((id) => model.columnOf.get(id)).filter((column) => column !== undefined);
    return [...new Set(found)];
  }

  // From films to groups --------------------------------------------------------------------------

  /** Her factors: the sum of the films' rows, brought to length 1; null without films. */
  function place(model, picks) {
    if (picks.length === 0) return null;
    const factors = new Float64Array(model.nFactors);
    for (const film of picks) {
      for (let f = 0; f < model.nFactors; f += 1)
        factors[f] += model.basis[film * model.nFactors + f];
    }
    const length = Math.sqrt(sum(factors.map((x) => x * x)));
    return factors.map((x) => x / (length > 0 ? length : 1));
  }

  function squaredDistance(a, b) {
    let total = 0;
    for (let i = 0; i < a.length; i += 1) total += (a[i] - b[i]) ** 2;
    return total;
  }

  /** exp(-d2 / temperature), as shares; without films the shares of the average viewer. */
  function membership(model, picks, temperature = model.temperature) {
    const factors = place(model, picks);
    if (factors === null) return model.prior.slice();
    const squared = model.centres.map((centre) => squaredDistance(factors, centre));
    const nearest = Math.min(...squared);
    const weights = squared.map((distance) => Math.exp(-(distance - nearest) / temperature));
    const total = sum(weights);
    return Float64Array.from(weights, (weight) => weight / total);
  }

  /** How far each membership moves when one of her films is left out, one after the other. */
  function leaveOneOut(model, picks, temperature = model.temperature) {
    const whole = membership(model, picks, temperature);
    const low = whole.slice();
    const high = whole.slice();
    picks.forEach((_, left) => {
      const without = picks.filter((_film, i) => i !== left);
      membership(model, without, temperature).forEach((share, g) => {
        low[g] = Math.min(low[g], share);
        high[g] = Math.max(high[g], share);
      });
    });
    return { low, high };
  }

  // From groups to films --------------------------------------------------------------------------

  /** One number per film; without films popularity, as chapter 12 mends it. */
  function scores(model, picks, temperature = model.temperature) {
    if (picks.length === 0) return model.popularity.slice();
    const belongs = membership(model, picks, temperature);
    const found = new Float64Array(model.nFilms);
    belongs.forEach((share, g) => {
      for (let i = 0; i < model.nFilms; i += 1)
        found[i] += share * model.shares[g * model.nFilms + i];
    });
    return found;
  }

  /** The k best films that she has not picked; among equals the one that comes first. */
  function topUnseen(numbers, picks, k) {
    const seen = new Set(picks);
    const films = Array.from(numbers.keys()).filter((film) => !seen.has(film));
    return films.sort((a, b) => numbers[b] - numbers[a] || a - b).slice(0, k);
  }

  function popularList(model, picks, k = 10) {
    return topUnseen(model.popularity, picks, k);
  }

  // Reasons -----------------------------------------------------------------------------------------

  /** Of a group's viewers, those who rated the film: the shrinkage is taken back out. */
  function shareOfMembers(model, g, film) {
    const { ratings, viewers } = model.groups[g];
    const lent = model.shrinkage * model.popularity[film];
    const counted = model.shares[g * model.nFilms + film] * (ratings + model.shrinkage) - lent;
    return Math.min(1, Math.max(0, counted / viewers));
  }

  /** How much each of her films speaks for a recommended one, as in `group_evidence`. */
  function evidence(model, picks, film, belongs) {
    const weighted = Array.from(
      belongs,
      (share, g) => share * model.shares[g * model.nFilms + film],
    );
    const total = sum(weighted);
    const slope = new Float64Array(model.nFactors);
    model.centres.forEach((centre, g) => {
      for (let f = 0; f < slope.length; f += 1)
        slope[f] += (weighted[g] - total * belongs[g]) * centre[f];
    });
    return picks.map((pick) => {
      let weight = 0;
      for (let f = 0; f < slope.length; f += 1)
        weight += model.basis[pick * slope.length + f] * slope[f];
      return { film: pick, weight };
    });
  }

  /** Why a film stands in the list: groups by what they add to its score, picks by their pull. */
  function reason(model, picks, film, temperature = model.temperature) {
    const belongs = membership(model, picks, temperature);
    const parts = Array.from(belongs, (share, g) => share * model.shares[g * model.nFilms + film]);
    const score = picks.length === 0 ? model.popularity[film] : sum(parts);
    const byPart = parts.map((part, g) => ({
      group: g,
      part: part / sum(parts),
      membership: belongs[g],
      groupShare: shareOfMembers(model, g, film),
    }));
    byPart.sort((a, b) => b.part - a.part || a.group - b.group);
    const pulls = picks.length === 0 ? [] : evidence(model, picks, film, belongs);
    pulls.sort((a, b) => b.weight - a.weight || picks.indexOf(a.film) - picks.indexOf(b.film));
    const lift = score / model.popularity[film];
    return {
      lift,
      personal: lift >= CLEARLY_MORE,
      overallShare: model.overall[film],
      groups: byPart,
      pulls,
    };
  }

  // The whole answer ----------------------------------------------------------------------------------

  /** Where she stands on the flat map; without films null. */
  function mapPoint(model, picks) {
    const factors = place(model, picks);
    return factors === null ? null : project(model, factors);
  }

  function project(model, factors) {
    const point = [0, 0];
    model.map.axes.forEach((axis, f) => {
      point[0] += (factors[f] - model.map.origin[f]) * axis[0];
      point[1] += (factors[f] - model.map.origin[f]) * axis[1];
    });
    return point;
  }

  /** Everything the page shows, from film ids; ids that the model does not know are left out. */
  function answer(model, ids, { temperature = model.temperature, k = 10 } = {}) {
    const picks = columnsOf(model, ids);
    const list = topUnseen(scores(model, picks, temperature), picks, k);
    const popular = popularList(model, picks, k);
    return {
      picks,
      unknown: [...new Set(ids)].filter((id) => !model.columnOf.has(id)),
      membership: membership(model, picks, temperature),
      range: leaveOneOut(model, picks, temperature),
      list,
      popular,
      nDifferent: list.filter((film) => !popular.includes(film)).length,
      reasons: list.map((film) => reason(model, picks, film, temperature)),
      point: mapPoint(model, picks),
    };
  }

  /** What became of each place: `kind` is new, up, down or same; and who left, and why. */
  function changes(before, after) {
    const kept = after.list.map((film, now) => {
      const then = before.list.indexOf(film);
      const steps = then < 0 ? 0 : then - now;
      const kind = then < 0 ? "new" : steps > 0 ? "up" : steps < 0 ? "down" : "same";
      return { film, kind, steps: Math.abs(steps) };
    });
    const left = before.list
      .filter((film) => !after.list.includes(film))
      .map((film) => ({ film, picked: after.picks.includes(film) }));
    return { kept, left };
  }

  // Search ---------------------------------------------------------------------------------------------

  function folded(text) {
    // Accents are split off and dropped: "amelie" finds "Amélie".
    return text
      .normalize("NFD")
      .replace(/[\u0300-\u036f]/g, "")
      .toLowerCase()
      .replace(/['’]/g, "");
  }

  const words = (text) =>
    folded(text)
      .split(/[^\p{L}\p{N}]+/u)
      .filter(Boolean);

  /** What to search in; made once. */
  function searchIndex(films) {
    return films.titles.map((title, i) => ({
      film: i,
      whole: words(title).join(" "),
      words: [...words(title), String(films.years[i])],
      count: films.counts[i],
    }));
  }

  /** Films of which every word asked for begins a word; titles that begin so first, then by fame. */
  function search(index, query, limit = 8) {
    const wanted = words(query);
    if (wanted.length === 0) return [];
    const start = wanted.join(" ");
    const begins = (entry) =>
      Number(entry.whole.replace(/^(the|a|an) /, "").startsWith(start.replace(/^(the|a|an) /, "")));
    return index
      .filter((entry) => wanted.every((word) => entry.words.some((one) => one.startsWith(word))))
      .sort((a, b) => begins(b) - begins(a) || b.count - a.count || a.film - b.film)
      .slice(0, limit)
      .map((entry) => entry.film);
  }

  const api = {
    decode,
    columnsOf,
    place,
    membership,
    leaveOneOut,
    scores,
    topUnseen,
    popularList,
    reason,
    mapPoint,
    project,
    answer,
    changes,
    searchIndex,
    search,
  };
  (root.courseExplorables = root.courseExplorables || {}).groupsMath = api;
  if (typeof module === "object" && module.exports) module.exports = api;
})(typeof window === "object" ? window : globalThis);
