/* Shows below each result of the search a sentence of its page, with the words searched for
   marked.  The sentences come with the site (search-excerpts-data.js, written by
   book/_ext/course_offline.py): a page opened from a file may not read other pages. */
"use strict";

(() => {
  /* Sphinx looks words up in plain objects, where "constructor" finds what every object has: its
     search then ends in an error.  Here a word is in a table only if it was put there. */
  const onlyOwn = (object) =>
    new Proxy(object, {
      get: (target, word) => {
        if (word === "hasOwnProperty") return (name) => Object.hasOwn(target, name);
        return Object.hasOwn(target, word) ? target[word] : undefined;
      },
    });
  if (typeof Search !== "undefined" && Search._index) {
    for (const name of ["terms", "titleterms", "alltitles", "indexentries"]) {
      if (Search._index[name]) Search._index[name] = onlyOwn(Search._index[name]);
    }
  }

  const table = window.courseSearchExcerpts || {};
  const query = new URLSearchParams(window.location.search).get("q") || "";
  const words = (query.toLowerCase().match(/[\p{Letter}\p{Number}]+/gu) || []).filter(
    (word) => typeof stopwords === "undefined" || !stopwords.includes(word),
  );
  /* The index knows words by their stems: "clustering" also finds "clusters". */
  const stemmer = typeof Stemmer === "undefined" ? null : new Stemmer();
  const stems = words.map((word) => (stemmer ? stemmer.stemWord(word) : word));

  /* How many of the words a sentence holds. */
  const hits = (sentence) => {
    const text = sentence.toLowerCase();
    return stems.filter((stem, i) => text.includes(words[i]) || text.includes(stem)).length;
  };

  const best = (sentences) =>
    sentences.reduce((a, b) => (hits(b) > hits(a) ? b : a), sentences[0] || "");

  /* A result is a page or, with an anchor, one of its sections. */
  const excerptFor = (page, anchor) => {
    const sections = table[page] || [];
    const own = sections.filter((section) => anchor && section[0] === anchor);
    const chosen = own.length ? own : sections;
    return best(chosen.flatMap((section) => section.slice(1)));
  };

  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

  /* A paragraph in which every word that begins like a searched one is marked. */
  const paragraph = (sentence) => {
    const element = document.createElement("p");
    element.className = "context";
    const forms = [...words, ...stems].filter((form) => form).map(escaped);
    if (!forms.length) {
      element.textContent = sentence;
      return element;
    }
    const pattern = new RegExp(`((?:${forms.join("|")})[\\p{Letter}\\p{Number}]*)`, "giu");
    sentence.split(pattern).forEach((part, i) => {
      const node = i % 2 ? document.createElement("mark") : document.createTextNode(part);
      if (i % 2) {
        node.className = "highlighted";
        node.textContent = part;
      }
      element.append(node);
    });
    return element;
  };

  const complete = (item) => {
    const link = item.querySelector("a");
    if (!link || item.querySelector("p.context, span")) return;
    const [path, anchor = ""] = link.getAttribute("href").split("#");
    const page = path.split("?")[0].replace(/\.html$/, "");
    const sentence = excerptFor(page, decodeURIComponent(anchor));
    if (sentence) item.append(paragraph(sentence));
  };

  /* Sphinx adds the results one by one, and the last of them after the page has loaded. */
  const results = document.getElementById("search-results");
  if (!results) return;
  const completeAll = () => results.querySelectorAll("li").forEach(complete);
  new MutationObserver(completeAll).observe(results, { childList: true, subtree: true });
  completeAll();
})();
