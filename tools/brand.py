"""Draw the course's mark: favicon.svg, apple-touch-icon.png and social-card.png in book/_static.

Run ``python tools/brand.py`` after a change of colours or title; a test compares the SVG with what
this script writes, and looks at the size of the pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import yaml  # noqa: E402
from matplotlib.patches import Circle, FancyBboxPatch, Polygon, Rectangle  # noqa: E402
from PIL import Image  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "book/_static"
# Light versions of the first three colours of `recsys_tutorial.plotting.PALETTE`, for dark paper.
PAPER, INK, LINE = "#1b2a41", "#f4efe6", "#aab4c2"
BLUE, WARM, GREEN = "#6fb2ee", "#f08a68", "#6fcfae"

# A grid of 32 by 32.  Bars lie on even numbers, so that they are sharp at 16 pixels.
SQUARE = (5, 13, 6)
TRIANGLE = ((8, 20.6), (11.8, 27), (4.2, 27))
BARS = ((14, 6, 14), (14, 14, 10), (14, 22, 6))


def favicon() -> str:
    """Write the mark as SVG."""
    x, y, side = SQUARE
    corners = " ".join(f"{a:g},{b:g}" for a, b in TRIANGLE)
    bars = "".join(f"M{a} {b}h{width}v4h-{width}z" for a, b, width in BARS)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">
  <rect width="32" height="32" rx="7" fill="{PAPER}"/>
  <circle cx="8" cy="8" r="3.4" fill="{BLUE}"/>
  <rect x="{x}" y="{y}" width="{side}" height="{side}" fill="{WARM}"/>
  <polygon points="{corners}" fill="{GREEN}"/>
  <path d="{bars}" fill="{INK}"/>
</svg>
"""


def _canvas(width: int, height: int):
    figure = plt.figure(figsize=(width / 100, height / 100), dpi=100, facecolor=PAPER)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.axis("off")
    return figure, ax


def _save(figure, name: str, colours: int) -> None:
    """Save with few colours: flat areas need no more, and the file is a third of the size."""
    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    picture.quantize(colours, dither=Image.Dither.NONE).save(STATIC / name, optimize=True)
    plt.close(figure)


def touch_icon() -> None:
    """Draw the mark as telephones want it: 180 by 180, without round corners."""
    figure, ax = _canvas(180, 180)
    scale = 180 / 32
    x, y, side = (scale * number for number in SQUARE)
    ax.add_patch(Circle((8 * scale, 8 * scale), 3.4 * scale, color=BLUE, lw=0))
    ax.add_patch(Rectangle((x, y), side, side, color=WARM, lw=0))
    ax.add_patch(Polygon(scale * np.array(TRIANGLE), color=GREEN, lw=0))
    for left, top, width in BARS:
        ax.add_patch(
            Rectangle((scale * left, scale * top), scale * width, scale * 4, color=INK, lw=0)
        )
    _save(figure, "apple-touch-icon.png", 64)


def social_card(title: str, subtitle: str) -> None:
    """Draw what a chat shows beside a link: groups of users, an arrow, a list, the title."""
    figure, ax = _canvas(1200, 630)
    rng = np.random.default_rng(7)
    for centre, colour, marker in (
        ((190, 120), BLUE, "o"),
        ((385, 205), WARM, "s"),
        ((205, 290), GREEN, "^"),
    ):
        points = np.array(centre) + rng.normal(scale=(44, 30), size=(22, 2))
        ax.scatter(*points.T, s=130, color=colour, marker=marker, edgecolors=PAPER, linewidths=1)
    ax.annotate(
        "",
        (680, 205),
        (530, 205),
        arrowprops={"arrowstyle": "-|>", "color": LINE, "lw": 5, "mutation_scale": 34},
    )
    for row, (colour, marker, width) in enumerate(
        ((WARM, "s", 330), (WARM, "s", 270), (BLUE, "o", 210), (GREEN, "^", 150))
    ):
        y = 105 + 66 * row
        ax.scatter([760], [y], s=330, color=colour, marker=marker, linewidths=0)
        bar = FancyBboxPatch(
            (800, y - 12), width, 24, boxstyle="round,pad=0,rounding_size=12", color=INK, lw=0
        )
        ax.add_patch(bar)
    first, _, second = title.partition(" for ")
    words = {"color": INK, "family": "DejaVu Sans", "weight": "bold", "fontsize": 40}
    ax.text(90, 440, first, va="center", **words)
    ax.text(90, 503, f"for {second}", va="center", **words)
    ax.text(92, 565, subtitle, va="center", color=LINE, family="DejaVu Sans", fontsize=21)
    _save(figure, "social-card.png", 128)


def main() -> None:
    """Write all three files."""
    title = yaml.safe_load((ROOT / "book/_config.yml").read_text(encoding="utf-8"))["title"]
    (STATIC / "favicon.svg").write_text(favicon(), encoding="utf-8")
    touch_icon()
    social_card(title, "A course that you run, and a package that is tested")


if __name__ == "__main__":
    sys.exit(main())
