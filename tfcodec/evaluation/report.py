"""The report as one HTML file that needs nothing else."""

import html
import importlib.resources
import string

from tfcodec.evaluation import plots
from tfcodec.evaluation.distortions import METRICS
from tfcodec.evaluation.ms_ssim import MIN_SIDE
from tfcodec.evaluation.summary import number
from tfcodec.evaluation.summary import percent

_COLUMNS = (  # key, heading, decimals
    ("quality", "quality", None),
    ("bpp", "bpp", 4),
    ("estimate", "estimate", 4),
    ("psnr", "PSNR dB", 3),
    ("psnr_y", "PSNR-Y dB", 3),
    ("ms_ssim", "MS-SSIM", 5),
    ("ms_ssim_db", "MS-SSIM dB", 3),
    ("ssimulacra2", "SSIMULACRA 2", 2),
    ("encode_ms", "encode ms", 1),
    ("decode_ms", "decode ms", 1),
)


def make_page(results, pairs, drawings):
    """The report.

    Args:
        results: what `Evaluation.finish` returns.
        pairs: list of what `slider.match` returns.
        drawings: dict of metric to SVG text, from `plots.draw_all`.

    Returns:
        str, a whole HTML document without a reference to any other file.
    """
    own = [n for n, c in results["codecs"].items() if c["kind"] == "tfcodec"]
    others = [n for n in results["codecs"] if n not in own]
    count = len(results["images"])
    noun = "image" if count == 1 else "images"
    title = " and ".join(own)
    if others:
        title += " against " + ", ".join(others)
    sections = ["BD-rate", "curves", "averages", "images", "settings"]
    if pairs:
        sections.insert(2, "pictures")
    low, high = results["settings"]["bpp_range"]
    return string.Template(_resource("page.html")).substitute(
        title=_text(title),
        style=_resource("style.css"),
        script=_resource("page.js"),
        lead=_text(
            f"{count} {noun} of {results['folder']}. Sizes are of real files, "
            "header included; distortions are of decoded 8-bit pixels."
        ),
        nav=" ".join(
            f'<a href="#{name.lower()}">{name[0].upper()}{name[1:]}</a>'
            for name in sections
        ),
        failures=_failures(results["failures"]),
        bd_note=(
            "Bits that the codec of a row needs at equal distortion, compared "
            "with the codec of a column; negative is fewer. Curves of means "
            f"over the images, between {low:g} and {high:g} bits per pixel."
        ),
        bd_tables="".join(_bd_table(results, m, own) for m in METRICS),
        legend=_legend(results),
        plots="".join(
            f"<figure><figcaption>{_text(m.label)}</figcaption>"
            f"{drawings[m.key]}</figure>"
            for m in METRICS
            if m.key in drawings
        ),
        sliders=_sliders(results, pairs),
        averages_note=_text(_timing(results) + _too_small(results)),
        averages="".join(
            f"<h3>{_text(name)}</h3>" + _rows_table(codec["averages"])
            for name, codec in results["codecs"].items()
        ),
        images=_images(results),
        settings=_settings(results),
    )


def _resource(name):
    folder = importlib.resources.files("tfcodec.evaluation") / "page"
    return (folder / name).read_text("utf-8").strip()


def _text(value):
    return html.escape(str(value))


def _failures(failures):
    if not failures:
        return ""
    items = "".join(f"<li>{_text(failure)}</li>" for failure in failures)
    return (
        '<section class="failed" id="failures"><h2>Failures</h2><p>Images '
        "that lack a measurement are left out of everything below.</p>"
        f"<ul>{items}</ul></section>"
    )


def _timing(results):
    jobs, threads = results["timing"]["jobs"], results["timing"]["threads"]
    if jobs == [1]:
        return (
            "Times are of single images, warm, nothing beside them, with up "
            f"to {threads[-1]} thread{'s' if threads[-1] > 1 else ''}."
        )
    beside = " and ".join(str(n) for n in jobs)
    return (
        f"Times are of single images, warm, but measured under {beside} jobs "
        "at once, which share caches and memory: with --jobs 1 they are "
        "those of the codec alone."
    )


def _too_small(results):
    small = [i["name"] for i in results["images"] if not i["ms_ssim"]]
    if not small:
        return ""
    return (
        f" {len(small)} images have a side below {MIN_SIDE} pixels, "
        "too small for the five scales of MS-SSIM, which leaves them out."
    )


def _bd_table(results, metric, own):
    matrix = results["bd_rate"][metric.key]
    names = [n for n in (*results["codecs"], *results["published"])]
    names = [name for name in names if name in matrix]
    if len(names) < 2:
        return ""
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = []
    for test in names:
        kind = ' class="own"' if test in own else ""
        cells = [f"<th{kind}>{_text(test)}</th>"]
        for anchor in names:
            value = None if anchor == test else matrix[anchor][test]
            kind = "none"
            if value is not None:
                kind = "good" if value < 0 else "bad"
            cells.append(f'<td class="{kind}">{percent(value, "–")}</td>')
        body.append(f"<tr>{''.join(cells)}</tr>")
    table = (
        f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
    if metric is METRICS[0]:
        return f"<h3>{_text(metric.label)}</h3>{table}"
    return f"<details><summary>{_text(metric.label)}</summary>{table}</details>"


def _legend(results):
    items = []
    for name, style in plots.styles(results).items():
        line = "dashed" if "linestyle" in style else "solid"
        border = f"border-top: 3px {line} {style['color']}"
        items.append(f'<li><span style="{border}"></span>{_text(name)}</li>')
    return f'<ul class="legend">{"".join(items)}</ul>'


def _rows_table(rows, first=None, without=()):
    """A table of averages or of one image.

    Args:
        rows: list of dicts; columns without a value are left out.
        first: str, key of a column before the others.
        without: keys of columns to leave out.
    """
    columns = [
        column
        for column in _COLUMNS
        if column[0] not in without
        and any(row.get(column[0]) is not None for row in rows)
    ]
    head = "".join(f"<th>{heading}</th>" for _, heading, _ in columns)
    if first:
        head = f"<th>{first}</th>{head}"
    body = []
    for row in rows:
        cells = [f"<td>{_text(row[first])}</td>"] if first else []
        for key, _, digits in columns:
            value = row.get(key)
            if digits is None:
                cells.append(f"<td>{value:g}</td>")
            else:
                cells.append(f"<td>{number(value, digits, '–')}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="wide tall"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _images(results):
    by_image = {}
    for row in results["rows"]:
        by_image.setdefault(row["image"], []).append(row)
    parts = []
    for image in results["images"]:
        size = f"{image['width']} × {image['height']}"
        table = _rows_table(by_image[image["name"]], first="codec")
        parts.append(
            f"<details><summary>{_text(image['name'])}, {size}</summary>"
            f"{table}</details>"
        )
    return "".join(parts)


def _sliders(results, pairs):
    if not pairs:
        return ""
    first = pairs[0]
    intro = (
        f"Left {first['own']['codec']}, the best that fits in "
        f"{results['settings']['slider_bpp']:g} bits per pixel; right "
        f"{first['peer']['codec']}, the file of the nearest size. The page "
        "holds the decoded pictures as JPEG of quality 95, 4:4:4."
    )
    body = "".join(_slider(pair) for pair in pairs)
    return (
        f'<section id="pictures"><h2>Pictures</h2><p>{_text(intro)}</p>'
        f'<div class="pairs">{body}</div></section>'
    )


def _slider(pair):
    name = _text(pair["image"])
    own, peer = pair["own"], pair["peer"]
    part = ", middle part" if pair["crop"] else ""
    table = _rows_table([own, peer], "codec", ("psnr_y", "ms_ssim"))
    return (
        f'<figure class="pair"><div class="stage">'
        f'<img src="{peer["uri"]}" alt="{name} by {_text(peer["codec"])}">'
        f'<img class="over" src="{own["uri"]}" '
        f'alt="{name} by {_text(own["codec"])}">'
        f'<span class="bar"></span>'
        f'<span class="tag left">{_text(own["codec"])}</span>'
        f'<span class="tag right">{_text(peer["codec"])}</span>'
        f'<img class="whole" src="{pair["original"]}" alt="{name}, original">'
        f"</div><figcaption>"
        f'<input type="range" min="0" max="100" step="0.5" value="50" '
        f'aria-label="Where the pictures of {name} meet">'
        f'<div class="title">{name}{part}'
        f'<button type="button" aria-pressed="false">original</button></div>'
        f"{table}</figcaption></figure>"
    )


def _settings(results):
    codecs = {n: c["description"] for n, c in results["codecs"].items()}
    published = {n: c["source"] for n, c in results["published"].items()}
    return (
        "<h3>Codecs</h3>"
        + _facts(codecs)
        + ("<h3>Published</h3>" + _facts(published) if published else "")
        + "<h3>Machine</h3>"
        + _facts({**results["machine"], "timing": _timing(results)})
    )


def _facts(facts):
    rows = "".join(
        f"<tr><th>{_text(key)}</th><td>{_text(value)}</td></tr>"
        for key, value in facts.items()
    )
    return f'<div class="wide text"><table><tbody>{rows}</tbody></table></div>'
