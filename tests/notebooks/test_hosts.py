"""What Colab, Kaggle, JupyterLab or GitHub would show raw, drop or break, found without them.

Each of them has a Markdown of its own.  Common ground is CommonMark with pipe tables, `$` and a few
HTML tags; scripts, styles and event handlers are removed from HTML, MyST's additions appear as they
were typed.  `notebook_rules.colab_markdown` looks for the grossest of this; the checks here go on.

Relative links stay: Colab makes them absolute in a notebook that it opened from GitHub, and on
GitHub, in JupyterLab and on the website they work by themselves.  A relative picture is lost in
every copy of a notebook, so that only the badge may be one: its text says the same.
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from IPython import display
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from recsys_tutorial.exercises import quiz

sys.path.insert(0, str(Path(__file__).parent))
import notebook_rules as rules  # noqa: E402

PATHS = [*rules.CHAPTERS, *sorted(rules.SOLUTIONS.glob("*.ipynb"))]
NOTEBOOKS = {path.stem: path for path in PATHS}
BADGE = "colab-badge.svg"
# Allowed by every host's sanitiser, and understood by all.
TAGS = {"details", "summary", "br", "sub", "sup", "kbd"}
# In KaTeX, MathJax 2 and MathJax 3 alike.
ENVIRONMENTS = {"aligned", "cases", "matrix", "pmatrix", "bmatrix", "array"}
RAW = {
    "a directive": r"^ *(`{3,}|:{3,}|~{3,})[ \t]*\{",
    "a colon fence": r"^ *:{3,}",
    "a role": r"(?<!`)\{[a-z:-]+\}`[^`\n]+`",
    "a footnote": r"\[\^[^\]]+\]",
    "a task list": r"^ *[-*] \[[ xX]\]",
    "a definition list": r"^: +\S",
    "a substitution": r"\{\{.*?\}\}",
    "a block attribute": r"^\{[.#][^}]*\} *$",
    "a span attribute": r"\]\{[.#][^}]*\}",
    "a target": r"^\([\w-]+\)= *$",
    "front matter or a comment of MyST": r"\A---\n|^\+\+\+|^% ",
    "an HTML comment": r"<!--",
    "a GitHub alert": r"^> *\[!",
    "strikethrough or a marker": r"~~|==\w",
}
DANGEROUS = r"<(script|style|iframe|object|embed|form)\b|\son\w+ *=|\bstyle *=|javascript:"


def without_code(text):
    """Markdown without what stands in fences or between backticks."""
    text = re.sub(r"^ *(`{3,})(?![ \t]*\{).*?^ *\1", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<![`}])`[^`\n]+`", "", text)


def formulas(text):
    """Formulas, displayed and in the line."""
    return [a or b for a, b in re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", text, re.DOTALL)]


def without_formulas(text):
    return re.sub(r"\$\$.+?\$\$|\$[^$\n]+\$", "", text, flags=re.DOTALL)


def raw_syntax(text):
    """What only MyST or GitHub understands."""
    kept = re.sub(r"^ *(`{3,})(?![ \t]*\{).*?^ *\1", "", text, flags=re.MULTILINE | re.DOTALL)
    plain = without_formulas(without_code(text))
    found = [name for name, pattern in RAW.items() if re.search(pattern, plain, re.MULTILINE)]
    roles = re.search(RAW["a role"], without_formulas(kept))
    return sorted({*found, *(["a role"] if roles else [])})


def html(text):
    """HTML that some host removes or breaks."""
    plain = without_formulas(without_code(text))
    tags = {tag.lower() for tag in re.findall(r"</?([A-Za-z][\w-]*)[^<>]*>", plain)}
    found = [f"<{tag}>" for tag in sorted(tags - TAGS)]
    found += ["a script, a style or a handler"] if re.search(DANGEROUS, plain, re.I) else []
    if re.search(r"<summary>.*?</summary>[^\n]*\n(?!\n)", plain):
        found.append("no empty line after <summary>: what follows is not read as Markdown")
    if re.search(r"[^\n]\n</details>", plain) or plain.count("<details") != plain.count("</det"):
        found.append("<details> not closed after an empty line")
    return found


def pictures(text):
    """Pictures that are not in the notebook."""
    linked = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", without_code(text))
    return [
        f"picture {where}: Colab and a downloaded copy have no such file; draw it in a cell"
        for alt, where in linked
        if not (where.endswith(f"/{BADGE}") and alt.strip())
    ]


def links(text, folder):
    """Relative links that lead nowhere in the repository, and absolute ones of this machine."""
    found = []
    for where in re.findall(r"(?<!!)\[(?:[^\[\]]|\[[^\]]*\](?:\([^)]*\))?)*\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", where):
            continue
        if where.startswith("#"):
            found.append(f"{where}: Colab has other anchors; say where it stands")
        elif where.startswith(("/", "file:", "~")) or "\\" in where:
            found.append(f"{where}: not relative")
        elif not (folder / unquote(where.split("#")[0])).exists():
            found.append(f"{where}: no such file")
    return found


def maths(text):
    """Formulas that one of the renderers reads differently."""
    plain = without_code(text)
    found = []
    if re.search(r"\\[\[(]|\\[\])]", without_formulas(plain)):
        found.append(r"\( or \[ for a formula; write $ or $$")
    if re.search(r"\\begin\{", without_formulas(plain)):
        found.append(r"\begin outside $$")
    for formula in formulas(plain):
        used = set(re.findall(r"\\begin\{(\w+\*?)\}", formula))
        found += [f"\\begin{{{name}}} in a formula" for name in sorted(used - ENVIRONMENTS)]
        found += [f"{w} in a formula" for w in re.findall(r"\\(?:label|eqref|ref|tag)\b", formula)]
        found += [rf"{w}" for w in re.findall(r"\\(?:newcommand|def|require)\b", formula)]
        if re.search(r"^\s|\s$", formula) and "\n" not in formula and f"${formula}$" in plain:
            if f"$${formula}$$" not in plain:
                found.append(f"blank inside ${formula}$: shown as typed")
    return found


def tables(text):
    """Tables without an empty line before them, or in which a formula holds a bar."""
    found = []
    lines = without_code(text).splitlines()
    for before, line in zip(["", *lines], lines):
        starts = line.startswith("|") and not before.startswith("|")
        if starts and before.strip():
            found.append(f"no empty line before the table {line[:40]!r}")
        if line.startswith("|") and any("|" in f.replace(r"\|", "") for f in formulas(line)):
            found.append(f"a bar inside a formula of a table: {line[:60]!r}")
    return found


def callouts(text):
    """Callouts whose kind is not in bold: on the website they would get no box."""
    lines = without_code(text).splitlines()
    pairs = zip(["", *lines], lines)
    heads = [line for before, line in pairs if line[:1] == ">" and before[:1] != ">"]
    return [
        f"{head[:50]!r}: not `> **Kind.** ...`"
        for head in heads
        if not re.match(r"> (\*\*[^*]+[.?!:)]\*\*|[*_\"“])", head)
    ]


CHECKS = (raw_syntax, html, pictures, maths, tables, callouts)


def complaints(notebook, folder):
    """All complaints about the Markdown of a notebook, and about cells that a host cannot show."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            told = [one for check in CHECKS for one in check(cell.source)]
            told += links(cell.source, folder)
            told += ["an attachment"] if cell.get("attachments") else []
        elif cell.cell_type == "raw":
            told = ["a raw cell: shown as typed, or not at all"]
        else:
            told = code(cell.source)
        found += [f"cell {number}: {one}" for one in told]
    return found


def code(source):
    """Code that works in one of the hosts only."""
    found = []
    if re.search(r"^(from|import) google\.colab|get_ipython\(\)\.kernel", source, re.MULTILINE):
        found.append("Colab's own package, unasked: nobody else has it")
    if re.search(r"^\s*%matplotlib (notebook|widget)|^\s*%%(javascript|html|js)", source, re.M):
        found.append("a magic that Colab or JupyterLab does not know")
    if re.search(r"^\s*!|os\.system\(", source, re.MULTILINE):
        found.append("a command of the shell: not the same on Windows")
    if re.search(r"(open|read_csv|Path)\(\s*[rf]?[\"']\.\./", source):
        found.append("a file beside the notebook: a downloaded copy has none")
    return found


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_looks_right_everywhere(name):
    path = NOTEBOOKS[name]
    found = complaints(rules.read(path), path.parent)
    assert not found, "\n".join(found)


BROKEN = [
    "```{note}\nx\n```",
    ":::{tip}\nx\n:::",
    ":::\nx\n:::",
    "see {cite}`ward1963`",
    "see {ref}`here`",
    "text[^1]",
    "- [x] done",
    "term\n: meaning",
    "the {{ name }}",
    "(target)=\n# Head",
    "% a comment",
    "<!-- hidden -->",
    "> [!NOTE]\n> x",
    "~~gone~~",
    "<script>x</script>",
    "<style>p {}</style>",
    '<p style="color: red">x</p>',
    '<img src="x.png">',
    '<details onclick="x()">\n\nx\n\n</details>',
    "<details><summary>A</summary>\nx\n\n</details>",
    "<details><summary>A</summary>\n\nx\n</details>",
    "<details><summary>A</summary>\n\nx",
    "![a map](map.png)",
    "![](../book/_static/colab-badge.svg)",
    r"so \(x\) it is",
    r"\begin{align}x\end{align}",
    r"$$\begin{align}x\end{align}$$",
    r"$$x \label{eq}$$",
    r"$\newcommand{\a}{b}$",
    "costs $ x $ here",
    "text\n| a | b |\n|---|---|",
    "| a | b |\n|---|---|\n| $|x|$ | 1 |",
    "> Note: something",
    "[there](no_such_file.ipynb)",
    "[there](#section)",
    "[there](/notebooks/01_recommender_data.ipynb)",
]


@pytest.mark.parametrize("text", BROKEN)
def test_the_check_sees_what_breaks(text):
    notebook = new_notebook(cells=[new_markdown_cell(text)])
    assert complaints(notebook, rules.ROOT / "notebooks")


FINE = [
    "# Head\n\nText with `{ref}` and `:::`, $x_i$ and **bold**.",
    "$$\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}$$",
    "> **Note.** Text.\n> More.",
    "<details>\n<summary>Answer</summary>\n\nText, $x$.\n\n</details>",
    "| a | b |\n|---|---|\n| $x$ | `a` |",
    "[chapter 1](01_recommender_data.ipynb) and [works](../book/references.md)",
    "[![Open in Colab](../book/_static/colab-badge.svg)](https://colab.research.google.com/x)",
    "```python\nx = {1: '<b>'}\n```",
    "a set $\\{a, b\\}$ and $\\{{i}\\}$ where 3 < 4 > 2",
]


@pytest.mark.parametrize("text", FINE)
def test_the_check_lets_common_ground_pass(text):
    notebook = new_notebook(cells=[new_markdown_cell(text)])
    assert complaints(notebook, rules.ROOT / "notebooks") == []


def test_a_quiz_asks_no_other_host(monkeypatch):
    """In JupyterLab jupyterquiz would load MathJax from the network: told first, it does not."""
    shown = []
    monkeypatch.setattr(display, "display", lambda one, **options: shown.append(one.data))
    monkeypatch.setattr("jupyterquiz.display_quiz", lambda *args, **options: shown.append("quiz"))
    quiz.show_quiz("03")
    assert shown == [quiz.STAY_HERE, "quiz"]
    for path in quiz.FOLDER.glob("*.json"):
        assert "$" not in path.read_text(encoding="utf-8"), f"{path.name}: nobody sets formulas"


@pytest.mark.parametrize(
    "source",
    [
        "from google.colab import files",
        "%matplotlib widget",
        "%%javascript\nx",
        "!ls",
        'open("../data/x.csv")',
        "get_ipython().kernel.do_shutdown(True)",
        'os.system("ls")',
        "%%html\n<b>x</b>",
    ],
)
def test_the_check_sees_code_for_one_host(source):
    assert complaints(new_notebook(cells=[new_code_cell(source)]), rules.ROOT)


def test_the_check_sees_attachments_and_raw_cells():
    attached = new_markdown_cell("![a](attachment:a.png)")
    attached["attachments"] = {"a.png": {"image/png": "AAAA"}}
    found = complaints(new_notebook(cells=[attached, new_raw_cell("x")]), rules.ROOT)
    assert "cell 0: an attachment" in found and found[-1].startswith("cell 1: a raw cell")
