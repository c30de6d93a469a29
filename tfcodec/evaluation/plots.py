"""Curves of rate and distortion as PNG and SVG files."""

import io
import pathlib
import re

import numpy as np

from tfcodec.evaluation.curves import cut
from tfcodec.evaluation.curves import points
from tfcodec.evaluation.distortions import METRICS

# Told apart on white and on black, and by most colour-blind eyes.
OWN_COLOURS = ("#d9480f", "#e8a200", "#c2255c", "#8d6e00")
PEER_COLOURS = ("#1c7ed6", "#2f9e44", "#a855c7", "#0c8599", "#7a7f87")
PUBLISHED_COLOURS = ("#8a8f98", "#b07d4f", "#5f86b3", "#7d9a4a", "#b0719b")
_SIZE = (8.0, 5.2)  # inches
_INK = "#010203"  # Becomes the page's own colour in the report.
_GRID = "#040506"
_GAP = 0.047  # Between labels, as a part of the axes' height.


def draw_all(folder, results):
    """Writes one PNG and one SVG per metric.

    Args:
        folder: output folder.
        results: what `Evaluation.finish` returns.

    Returns:
        Dict of metric to the text of its SVG, for a page of either colour
        scheme; metrics that no codec has are left out.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawings = {}
    for metric in METRICS:
        curves = _curves(results, metric.key)
        if not curves:
            continue
        figure = _draw(curves, metric.label, results["settings"]["bpp_range"])
        path = pathlib.Path(folder) / metric.file
        FigureCanvasAgg(figure).print_png(path.with_suffix(".png"))
        text = _svg(figure, metric.key)
        plain = text.replace(_INK, "#222222").replace(_GRID, "#888888")
        path.with_suffix(".svg").write_text(
            plain.replace("<svg ", '<svg style="background:#fff" ', 1), "utf-8"
        )
        drawings[metric.key] = _for_page(text, metric.label)
    return drawings


def styles(results):
    """Dict of curve to how Matplotlib is to draw it, tfcodec first."""
    found = {}
    own, other = list(OWN_COLOURS), list(PEER_COLOURS)
    published_colours = list(PUBLISHED_COLOURS)
    for name, codec in results["codecs"].items():
        is_own = codec["kind"] == "tfcodec"
        colours = own if is_own else other
        colours.append(colours.pop(0))
        found[name] = {
            "color": colours[-1],
            "linewidth": 2.4 if is_own else 1.6,
            "marker": "o",
            "markersize": 4.5 if is_own else 3.5,
            "zorder": 3 if is_own else 2,
        }
    for name in results["published"]:
        published_colours.append(published_colours.pop(0))
        found[name] = {
            "color": published_colours[-1],
            "linewidth": 1.3,
            "linestyle": "--",
            "marker": ".",
            "markersize": 4,
        }
    return found


def _curves(results, key):
    """List of `(name, rates, values, style)` of those that have a metric."""
    rows = {n: codec["averages"] for n, codec in results["codecs"].items()}
    for name, published in results["published"].items():
        rows[name] = published["points"]
    curves = [
        (name, *points(rows[name], key), style)
        for name, style in styles(results).items()
    ]
    return [curve for curve in curves if len(curve[1])]


def _draw(curves, label, bpp_range):
    from matplotlib.figure import Figure

    figure = Figure(_SIZE, dpi=150, layout="constrained")
    axes = figure.add_subplot()
    right = 1.25 * bpp_range[1]
    ends, bottom, top = [], [], []
    for name, rates, values, style in curves:
        style = {**style, "markeredgewidth": 0}
        axes.plot(rates, values, **style)
        rates, values = cut(rates, values, 1e-9, right)
        if len(rates):
            ends.append((values[-1], rates[-1], name, style["color"]))
            bottom.append(_value_at(rates, values, 0.5 * bpp_range[0]))
            top.append(values[-1])
    if ends:
        margin = 0.04 * (max(top) - min(bottom)) or 1.0
        axes.set_ylim(min(bottom) - margin, max(top) + margin)
    axes.set_xlim(0, right)
    axes.axvspan(*bpp_range, color=_GRID, alpha=0.06, linewidth=0)
    axes.set_xlabel("bits per pixel", color=_INK)
    axes.set_ylabel(label, color=_INK)
    axes.tick_params(colors=_INK)
    axes.grid(color=_GRID, alpha=0.25, linewidth=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_INK)
    _label(axes, ends, right)
    return figure


def _value_at(rates, values, rate):
    """The distortion at a rate, or where the curve begins if that is more."""
    return float(np.interp(rate, rates, values))


def _label(axes, ends, right):
    """Names beside the ends of the curves, pushed apart where they meet."""
    low, high = axes.get_ylim()
    gap = _GAP * (high - low)
    ends = sorted(ends)
    heights = [end[0] for end in ends]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    # Too high for the axes: pushed down again from the top.
    ceiling = high
    for i in reversed(range(len(heights))):
        heights[i] = min(heights[i], ceiling)
        ceiling = heights[i] - gap
    for height, (value, rate, name, colour) in zip(heights, ends, strict=True):
        axes.annotate(
            name,
            (rate, value),
            (1.02 * right, height),
            color=colour,
            fontsize=9,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "alpha": 0.6,
                "shrinkB": 3,
            },
        )


def _svg(figure, salt):
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    file = io.StringIO()
    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "font.family": "sans-serif",
    }
    with matplotlib.rc_context(settings):
        figure.set_facecolor("none")
        figure.axes[0].set_facecolor("none")
        FigureCanvasSVG(figure).print_svg(
            file, metadata={"Date": None, "Creator": None}
        )
    return file.getvalue()


def _for_page(text, label):
    """An SVG to be put into HTML: no prologue, no metadata, its ink that of
    the page."""
    text = text[text.index("<svg ") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' (width|height)="[0-9.]+pt"', "", text, count=2)
    text = text.replace(_INK, "currentColor").replace(_GRID, "currentColor")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
