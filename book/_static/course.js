/* Formulas that scroll sideways become stops for the tab key, so that they can be read without a
   mouse; the theme does the same for code and tables. */
(() => {
  const mark = () => {
    for (const formula of document.querySelectorAll("div.math, .math-wide")) {
      const scrolls = formula.scrollWidth > formula.clientWidth;
      formula.toggleAttribute("tabindex", scrolls);
      if (scrolls) formula.setAttribute("tabindex", "0");
    }
  };
  window.addEventListener("load", mark);
  window.addEventListener("resize", mark);
  /* What lies in a closed <details> has no width yet.  The event does not bubble. */
  document.addEventListener("toggle", mark, true);
})();

/* Paper is white: a page that is printed from the dark theme would be pale text on nothing. */
(() => {
  const root = document.documentElement;
  let theme;
  window.addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    root.dataset.theme = theme;
  });
})();

/* What a quiz answers to a choice is also read to those who do not see it. */
window.addEventListener("load", () => {
  for (const feedback of document.querySelectorAll(".Quiz .Feedback")) {
    feedback.setAttribute("role", "status");
  }
});

/* A link to the glossary says what the term means, to the mouse, the keyboard and the finger: the
   first tap shows it, the second one follows the link. */
(() => {
  const WAIT = 200; // Milliseconds in which a mouse may move from the word to the explanation.
  const PEN = 50; // Milliseconds from the arrival of a pen that does not hover to its touch.
  const tip = document.createElement("div");
  let shown = null;
  let timer;

  const place = () => {
    if (shown === null) return;
    const word = shown.getClientRects()[0];
    const box = tip.getBoundingClientRect();
    const left = Math.min(word.left, document.documentElement.clientWidth - box.width - 8);
    const below = word.bottom + 6;
    const fits = below + box.height < window.innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${fits ? below : Math.max(8, word.top - box.height - 6)}px`;
  };

  const hide = () => {
    clearTimeout(timer);
    if (shown !== null) shown.removeAttribute("aria-describedby");
    shown = null;
    tip.hidden = true;
  };

  const show = (link) => {
    clearTimeout(timer);
    if (shown === link) return;
    hide();
    const [chinese, meaning] = tip.children;
    [chinese.textContent, meaning.textContent] = link.dataset.tip.split(/ · (.*)/s);
    shown = link;
    link.setAttribute("aria-describedby", tip.id);
    tip.hidden = false;
    place();
  };

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, WAIT);
  };

  const prepare = (link) => {
    // The browser's own explanation is slow, and neither keyboard nor finger can call it.
    link.dataset.tip = link.title;
    link.removeAttribute("title");
    let firstTap = false;
    let came = -Infinity; // When a pen brought the explanation: one that does not hover, as it taps.
    link.addEventListener("pointerdown", (event) => {
      const justNow = event.pointerType === "pen" && event.timeStamp - came < PEN;
      firstTap = event.pointerType !== "mouse" && (shown !== link || justNow);
    });
    link.addEventListener("click", (event) => {
      // A finger that scrolled has not tapped, and Enter is no finger.
      if (firstTap && event.detail > 0) {
        event.preventDefault();
        show(link);
      }
      firstTap = false;
    });
    /* After a tap browsers make up a mouse that comes and goes: that one must hide nothing.  Pointer
       events tell who moved. */
    link.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "touch") return;
      if (shown !== link) came = event.timeStamp;
      show(link);
    });
    link.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") later();
    });
    // The focus also comes back with the window, when nobody asks.
    link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
    link.addEventListener("blur", () => tip.matches(":hover") || later());
  };

  window.addEventListener("DOMContentLoaded", () => {
    const links = document.querySelectorAll("a.glossary-link[title]");
    if (links.length === 0) return;
    tip.id = "glossary-tip";
    tip.className = "glossary-tip";
    tip.setAttribute("role", "tooltip");
    tip.hidden = true;
    tip.innerHTML = '<span lang="zh-Hans"></span><span></span>';
    tip.addEventListener("pointerenter", () => clearTimeout(timer));
    tip.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") later();
    });
    document.body.append(tip);
    links.forEach(prepare);
    window.addEventListener("scroll", place, { passive: true });
    window.addEventListener("resize", place);
    window.addEventListener("pagehide", hide);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
    });
    document.addEventListener("pointerdown", (event) => {
      if (shown !== null && !shown.contains(event.target) && !tip.contains(event.target)) hide();
    });
  });
})();
