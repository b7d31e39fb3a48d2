/* Runs inside a page and returns what site_checks.py needs to know about it. */
() => {
  const parse = (text) => {
    const m = text.match(/rgba?\(([^)]+)\)/);
    if (!m) return null;
    const [r, g, b, a = 1] = m[1].split(/[ ,/]+/).map(Number);
    return [r, g, b, a];
  };
  const over = (top, below) =>
    [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);

  /* Colour behind an element: its ancestors' backgrounds, laid over each other. */
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      /* What lies over a picture cannot be judged from colours alone. */
      if (style.backgroundImage !== "none") return null;
      const colour = parse(style.backgroundColor);
      if (!colour) return null;
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const visible = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    element.getClientRects().length > 0;

  const texts = [];
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.data.trim();
    if (!text || !element || element.closest("script, style, noscript, svg, .headerlink")) continue;
    if (!visible(element)) continue;
    const style = getComputedStyle(element);
    const colour = parse(style.color);
    const background = behind(element);
    if (!colour || !background) continue;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const key = [colour, background, large].join();
    if (seen.has(key)) continue;
    seen.add(key);
    const name = element.tagName.toLowerCase();
    texts.push({
      colour: over(colour, background).slice(0, 3),
      background: background.slice(0, 3),
      large,
      where: element.className ? `${name}.${element.className}` : name,
      text: text.slice(0, 40),
    });
  }

  /* Visible prose: here TeX would show that nobody typeset.  Formulas are counted below. */
  const prose = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest(
      "code, pre, script, style, textarea, .math, .headerlink, .highlight"
    )
      ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_ACCEPT
  );
  let text = "";
  while (prose.nextNode()) text += prose.currentNode.data + "\n";

  return {
    theme: document.documentElement.dataset.theme,
    page_width: document.documentElement.scrollWidth,
    window_width: document.documentElement.clientWidth,
    text,
    texts,
    images: [...document.images]
      .filter((image) => image.getAttribute("role") !== "presentation")
      .map((image) => ({ src: image.getAttribute("src") || "", alt: image.getAttribute("alt") })),
    maths_sources: document.querySelectorAll("span.math, div.math").length,
    maths_rendered: document.querySelectorAll(".math svg > g").length,
    maths_spoken: document.querySelectorAll(".math > math").length,
    maths_errors: [...document.querySelectorAll(".math code, .math merror")].map(
      (e) => e.textContent
    ),
  };
};
