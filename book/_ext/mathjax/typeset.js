/* Typesets formulas outside a browser.  `node typeset.js` reads a JSON list of {tex, display} from
   standard input and writes a JSON list of {svg, mathml, error, strangers} to standard output.
   Called by ../static_maths.py; the other scripts here are MathJax's own, as published. */
"use strict";

const fs = require("fs");
const path = require("path");
const vm = require("vm");

/* The order is that of dependence. */
const PARTS = ["loader", "core", "liteDOM", "tex-full", "svg", "svg-fonts-tex"];

/* Without `noundefined` and `noerrors`, a misspelt command is an error and no red letters. */
const PACKAGES = [
  ...["base", "ams", "amscd", "bbox", "boldsymbol", "braket", "cancel", "centernot", "color"],
  ...["configmacros", "enclose", "extpfeil", "gensymb", "mathtools", "newcommand", "unicode"],
  "upgreek",
];

/* No page is there to be measured.  Sizes come out in ex, so that a formula follows the text
   around it; only \tag asks how wide a line is. */
const METRICS = { em: 16, ex: 8, containerWidth: 46 * 16 };

/* What MathJax notes for its menu and explorer, which our pages do not have. */
const NOTES = / data-[a-z-]+="[^"]*"/g;

function load() {
  globalThis.MathJax = {};
  for (const part of PARTS) {
    const file = path.join(__dirname, `${part}.js`);
    vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: file });
  }
  return globalThis.MathJax._;
}

function typesetter(modules) {
  const { TeX } = modules.input.tex_ts;
  const { SVG } = modules.output.svg_ts;
  const { TeXFont } = modules.output.svg.fonts.tex_ts;
  const { STATE } = modules.core.MathItem;
  const { SerializedMmlVisitor } = modules.core.MmlTree.SerializedMmlVisitor;
  const adaptor = modules.adaptors.liteAdaptor.liteAdaptor();
  modules.handlers.html_ts.RegisterHTMLHandler(adaptor);
  const visitor = new SerializedMmlVisitor();

  return ({ tex, display }) => {
    /* A new document for each formula: a \newcommand in one must not reach the next, or pictures
       would depend on the order of pages. */
    const document = modules.mathjax.mathjax.document("", {
      InputJax: new TeX({ packages: PACKAGES }),
      /* No cache: the shapes of letters are written into each formula.  A cache needs ids, which
         would clash on a page, and saves nothing once the page is compressed. */
      OutputJax: new SVG({ font: new TeXFont(), fontCache: "none" }),
    });
    const mathml = visitor.visitTree(document.convert(tex, { display, end: STATE.COMPILED }));
    const error = /data-mjx-error="([^"]*)"/.exec(mathml);
    const box = document.convert(tex, { display, ...METRICS });
    const svg = adaptor.serializeXML(adaptor.firstChild(box));
    const letters = [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map((match) => match[1]);
    return {
      svg: svg.replace(NOTES, "").replace(' role="img" focusable="false"', ' aria-hidden="true"'),
      mathml: mathml.replace(NOTES, "").replace(/>\n *</g, "><"),
      error: error ? error[1] : "",
      /* Letters that MathJax's font lacks are left to whatever font the reader has. */
      strangers: error ? "" : letters.join(""),
    };
  };
}

function main() {
  const typeset = typesetter(load());
  const safely = (formula) => {
    try {
      return typeset(formula);
    } catch (error) {
      return { svg: "", mathml: "", error: String(error.message), strangers: "" };
    }
  };
  const formulas = JSON.parse(fs.readFileSync(0, "utf8"));
  process.stdout.write(JSON.stringify(formulas.map(safely)));
}

main();
