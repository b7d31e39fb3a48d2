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
