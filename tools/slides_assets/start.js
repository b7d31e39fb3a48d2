/* Starts a deck: one slide after the other, the number in the address, S for the speaker's view.
   Every slide gets the largest type at which nothing is cut off: code of 24 pixels or, where that is
   too large, less.  Rather than type that the last row cannot read, long lines are broken. */
"use strict";

const SIZES = [1, 0.92, 0.84, 0.77, 0.7];
const SMALLER = [...SIZES, 0.65, 0.6, 0.55];
const BOXES = ".body, .body .highlight, .body .output, .call, div.math";

function isCut(box) {
  return box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1;
}

function fit(slide) {
  const hidden = slide.hidden;
  slide.hidden = false;
  const boxes = [...slide.querySelectorAll(BOXES)];
  const fits = () => !boxes.some(isCut) && slide.scrollHeight <= slide.clientHeight + 1;
  const largest = (sizes) => sizes.find((size) => {
    slide.style.setProperty("--fit", size);
    return fits();
  });
  for (const formula of slide.querySelectorAll("div.math")) {
    for (let size = 32; formula.scrollWidth > formula.clientWidth && size > 14; size -= 1) {
      formula.style.fontSize = `${size}px`;
    }
  }
  if (!largest(SIZES)) {
    slide.classList.add("wrapped");
    largest(SMALLER);
  }
  slide.hidden = hidden;
}

Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0.03,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  backgroundTransition: "none",
  pdfMaxPagesPerSlide: 1,
  plugins: [RevealNotes],
}).then(() => {
  const fitAll = () => {
    document.querySelectorAll(".slides section").forEach(fit);
    document.documentElement.dataset.fitted = "yes";
  };
  // A picture that is not there yet has no height.
  if (document.readyState === "complete") fitAll();
  else window.addEventListener("load", fitAll, { once: true });
});
