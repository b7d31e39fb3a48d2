/* Formulas that scroll sideways become stops for the tab key, so that they can be read without a
   mouse; the theme does the same for code and tables. */
(() => {
  const mark = () => {
    for (const formula of document.querySelectorAll('mjx-container[display="true"]')) {
      const scrolls = formula.scrollWidth > formula.clientWidth;
      formula.toggleAttribute("tabindex", scrolls);
      if (scrolls) formula.setAttribute("tabindex", "0");
    }
  };
  window.addEventListener("load", () => {
    /* Pages without formulas do not load MathJax. */
    window.MathJax?.startup?.promise?.then(mark);
    window.addEventListener("resize", mark);
  });
})();
