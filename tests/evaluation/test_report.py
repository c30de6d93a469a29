"""The report stands alone; its pictures are of one size."""

import html.parser
import re

import numpy as np
import pytest

from tfcodec.evaluation import peers
from tfcodec.evaluation.slider import LARGEST
from tfcodec.evaluation.slider import data_uri
from tfcodec.evaluation.slider import nearest

VOID = {"meta", "img", "input", "br", "link"}


class Reader(html.parser.HTMLParser):
    """Collects references, and checks that elements are closed."""

    def __init__(self):
        super().__init__()
        self.references, self.ids, self.open, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "srcset", "data"):
                self.references.append(value)
            if name == "id":
                self.ids.append(value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(evaluated):
    return (evaluated[0] / "report.html").read_text("utf-8")


def test_needs_no_other_file(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert len(reader.references) > 10
    for reference in reader.references:
        assert reference.startswith(("data:image/jpeg;base64,", "#"))
        if reference.startswith("#"):
            assert reference[1:] in reader.ids
    for target in re.findall(r"url\(([^)]*)\)", page):
        assert target.startswith("#") and target[1:] in reader.ids
    assert "@import" not in page and "fetch(" not in page
    # Names of XML namespaces are the only addresses.
    for address in re.findall(r'="(https?://[^"]*)"', page):
        assert address.startswith("http://www.w3.org/")


def test_holds_everything(page, evaluated):
    reader = Reader()
    reader.feed(page)
    text = " ".join(reader.text)
    assert "a <b>.png" in text and "a <paper>" in text
    assert page.count("<svg ") == page.count("<figcaption>") - 2 == 4
    assert page.count('class="pair"') == 2
    assert page.count("data:image/jpeg") == 6
    _, results = evaluated
    for metric in results["bd_rate"].values():
        for tests in metric.values():
            for value in tests.values():
                assert value is None or f"{value:+.1f} %" in text
    assert "too small for the five scales of MS-SSIM" in text
    assert "prefers-color-scheme: dark" in page
    assert "currentColor" in page and "#010203" not in page


def test_plots(evaluated):
    output, _ = evaluated
    for name in ("rd-psnr", "rd-psnr-y", "rd-ms-ssim", "rd-ssimulacra2"):
        data = (output / f"{name}.png").read_bytes()
        assert data.startswith(b"\x89PNG") and len(data) > 10_000
        text = (output / f"{name}.svg").read_text("utf-8")
        assert "bits per pixel" in text and "tiny-1" in text


@pytest.mark.parametrize("name", ["jpeg", "jpeg2000"])
@pytest.mark.parametrize("size", [1, 2500, 10**7])
def test_nearest_size(name, size, photograph):
    peer, image = peers.parse(name), photograph[:96, :128]
    known = [(q, len(peer.encode(image, q))) for q in peer.qualities]
    data, quality = nearest(peer, image, size, known)
    assert peer.encode(image, quality) == data
    distance = abs(len(data) - size)
    for other in (quality - 1, quality + 1, *peer.qualities):
        low, high, _ = peers.KINDS[name].scale
        if low <= other <= high:
            assert distance <= abs(len(peer.encode(image, other)) - size)


def test_large_images_are_cropped():
    image = np.zeros((LARGEST + 300, 20, 3), np.uint8)
    assert len(data_uri(image)) == len(data_uri(image[:LARGEST]))
