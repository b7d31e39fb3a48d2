/* Starts a deck: one slide after the other, the number in the address, S for the speaker's view. */
"use strict";

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
});
