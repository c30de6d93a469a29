"""`examples/javascript`, a second reader, made from `docs/format.md` alone."""

import dataclasses
import hashlib
import io
import json
import pathlib
import subprocess
import zlib

import numpy as np
import pytest
from PIL import Image

from tfcodec import presets
from tfcodec.bitstream import Container
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.coding import CdfTables
from tfcodec.coding import RansDecoder
from tfcodec.coding import encode
from tfcodec.errors import BitstreamError

ROOT = pathlib.Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
READER = ROOT / "examples" / "javascript"
PRESETS = pathlib.Path(presets.__file__).parent
OLDEST = (20, 12)  # has DecompressionStream("deflate-raw")
PHOTO = presets.find("photo")

# Reads JSON from stdin: tables, and payloads with the rows of their segments.
DECODE_PAYLOADS = """
import { readFileSync } from "node:fs";
const { makeTables } = await import(process.argv[1] + "/model.mjs");
const { PayloadDecoder, TfcError } = await import(process.argv[1] + "/tfc.mjs");
const results = JSON.parse(readFileSync(0)).map((given) => {
  const cdf = Int32Array.from(given.cdf.flat());
  const tables = makeTables(cdf, given.cdf[0].length, given.size, given.offset);
  return given.payloads.map((payload) => {
    try {
      const decoder = new PayloadDecoder(Uint8Array.from(payload), tables);
      const segments = given.rows.map((rows) => {
        const values = new Array(rows.length);
        decoder.beginSegment();
        decoder.decode(rows, values);
        return values;
      });
      decoder.finish();
      return segments;
    } catch (error) {
      if (!(error instanceof TfcError)) throw error;
      return null;
    }
  });
});
console.log(JSON.stringify(results));
"""


@pytest.fixture(scope="module")
def decode_payloads(node):
    """Values by segment of each payload of each case, None if refused."""

    def call(cases):
        command = [node, "--input-type=module", "-e", DECODE_PAYLOADS]
        output = subprocess.check_output(
            [*command, READER.as_uri()],
            input=json.dumps(cases),
            encoding="utf-8",
            timeout=300,
        )
        return json.loads(output)

    return call


def sha256(*arrays):
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.asarray(array).astype("<i4").tobytes())
    return sha.hexdigest()


def draw(rows, tables, rng, limit):
    """Values for table rows: mostly likely ones, some escapes."""
    low, size = tables.offset[rows], tables.size[rows]
    values = low + rng.integers(0, np.maximum(size - 1, 1))
    wide = limit * rng.integers(-1, 2, rows.size)
    escaped = (rng.random(rows.size) < 0.02) & (size > 1)
    return np.where(escaped, wide, np.clip(values, -limit, limit))


def random_file(coding, width, height, hundredths, rng):
    """A file with random symbols, and the SHA-256 of them."""
    tables, network = coding.tables, coding.network
    rows, columns = -(-height // 16), -(-width // 16)
    block = 4 if network else 1
    shape = (-(-rows // block), -(-columns // block))
    channels = network.hyper_channels if network else tables.num_tables
    z_rows = np.tile(np.arange(channels), shape[0] * shape[1])
    z = draw(z_rows, tables, rng, 128)
    segments = [(z, z_rows)]
    if network:
        indexes = network(z.reshape(*shape, -1), hundredths, rows, columns)
        y_rows = channels + indexes.ravel()
        segments.append((draw(y_rows, tables, rng, 32767), y_rows))
    container = Container(
        preset_id=presets.UNREGISTERED,
        model_hash=coding.model_hash,
        width=width,
        height=height,
        quality=hundredths / 100,
        latents=encode(segments, tables),
    )
    return pack(container), sha256(*(values for values, _ in segments))


@pytest.mark.parametrize("name", presets.IDENTIFIERS.values())
def test_symbols_of_golden_files(name, read):
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    paths = [GOLDEN / f"{name}-q{quality}.tfc" for quality in expected]
    code, found, errors = read(*paths, tables=PRESETS / name / "tables.npz")
    assert (code, errors) == (0, [])
    for path, quality, line in zip(paths, expected, found, strict=True):
        container = unpack(path.read_bytes())
        assert line["sha256"] == expected[quality]
        assert line["quality"] == container.quality == int(quality)
        assert (line["width"], line["height"]) == (101, 75)
        assert line["presetName"] == name
        assert line["modelHash"] == container.model_hash.hex()
        assert line["latents"] == len(container.latents)


def rans_cases():
    cases = json.loads((GOLDEN / "rans.json").read_text()).values()
    for case in cases:
        case["rows"] = [segment["rows"] for segment in case["segments"]]
        payload = bytes.fromhex(case["payload"])
        step = max(1, len(payload) // 40)
        case["payloads"] = [
            payload,
            payload[:-1],
            payload[:-2],
            payload + b"00",
        ]
        case["payloads"] += [
            payload[:i] + bytes([payload[i] ^ value]) + payload[i + 1 :]
            for i in range(0, len(payload), step)
            for value in (1, 128)
        ]
        case["payloads"] = [list(payload) for payload in case["payloads"]]
    return list(cases)


def verdict(case, payload, tables):
    try:
        decoder = RansDecoder(bytes(payload), tables)
        values = [decoder.decode(np.array(r, int)) for r in case["rows"]]
        decoder.finish()
    except BitstreamError:
        return None
    return [segment.tolist() for segment in values]


def test_golden_payloads_and_damaged_ones(decode_payloads):
    """Where the library finds no damage, the same symbols."""
    cases = rans_cases()
    refused = 0
    for case, found in zip(cases, decode_payloads(cases), strict=True):
        assert found[0] == [part["values"] for part in case["segments"]]
        tables = CdfTables(*(case[key] for key in ("cdf", "size", "offset")))
        for payload, values in zip(case["payloads"], found, strict=True):
            assert values == verdict(case, payload, tables)
            refused += values is None
    assert refused > 60


SIZES = ((1, 1, 100), (16, 64, 139), (65, 130, 9999), (300, 17, 10000))


@pytest.mark.parametrize("name", presets.IDENTIFIERS.values())
def test_symbols_of_random_files(name, read, tmp_path):
    """Sizes, qualities and symbols that no picture has."""
    tables = PRESETS / name / "tables.npz"
    check_random_files(presets.Coding.load(tables), tables, read, tmp_path)


def test_symbols_of_a_model_without_a_network(read, tmp_path):
    whole = presets.Coding.load(PHOTO.directory / "tables.npz").tables
    part = (whole.cdf[90:110], whole.size[90:110], whole.offset[90:110])
    coding = presets.Coding(CdfTables(*part), None)
    coding.save(tmp_path / "tables.npz")
    check_random_files(coding, tmp_path / "tables.npz", read, tmp_path)


def check_random_files(coding, tables, read, tmp_path):
    rng = np.random.default_rng(0)
    expected = []
    for i, (width, height, hundredths) in enumerate(SIZES):
        data, digest = random_file(coding, width, height, hundredths, rng)
        (tmp_path / f"{i}.tfc").write_bytes(data)
        expected.append(digest)
    paths = [tmp_path / f"{i}.tfc" for i in range(len(SIZES))]
    code, found, errors = read(*paths, tables=tables)
    assert (code, errors) == (0, [])
    assert [line["sha256"] for line in found] == expected


def test_ancillary_sections_are_listed(read, tmp_path):
    data = (GOLDEN / f"{PHOTO.name}-q5.tfc").read_bytes()
    buffer = io.BytesIO()
    Image.new("L", (101, 75)).save(buffer, "png")
    container = dataclasses.replace(
        unpack(data),
        ancillary=(
            (0x80, buffer.getvalue()),
            (0x81, zlib.compress(b"profile")),
            (0x82, zlib.compress(b"MM\0*anything")),
            (0x83, zlib.compress(b"<x:xmpmeta/>" * 1000)),
            (0x84, b""),
            (0xFE, b"anything"),
        ),
    )
    (tmp_path / "0.tfc").write_bytes(pack(container))
    code, (found,), errors = read(tmp_path / "0.tfc")
    assert (code, errors) == (0, [])
    names = [(part["name"], part["content"]) for part in found["ancillary"]]
    assert names == [
        ("alpha", len(buffer.getvalue())),
        ("ICC profile", 7),
        ("EXIF", 12),
        ("XMP", 12000),
        ("greyscale", 0),
        ("unknown", 8),
    ]
