"""What the reader in `examples/javascript` refuses, and how it says so."""

import dataclasses
import hashlib
import io
import pathlib
import zlib

import numpy as np
from PIL import Image

from tfcodec import presets
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.bitstream.container import CRC_AT
from tfcodec.bitstream.container import HEADER
from tfcodec.coding import encode
from tfcodec.errors import BitstreamError
from tfcodec.litert import codec as litert_codec

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
PHOTO = presets.find("photo")


def with_checksum(data):
    crc = zlib.crc32(data[HEADER.size :], zlib.crc32(data[:CRC_AT]))
    return data[:CRC_AT] + crc.to_bytes(4, "little") + data[HEADER.size :]


def changed(data, position, value=1):
    data = bytearray(data)
    data[position] ^= value
    return bytes(data)


def check_refused(files, messages, read, tmp_path):
    """Each file is refused in one line, which has its message."""
    paths = [tmp_path / f"{i}.tfc" for i in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    code, found, errors = read(*paths)
    assert (code, found) == (1, [])
    for path, message, error in zip(paths, messages, errors, strict=True):
        assert error.startswith(f"error: {path}: ")
        assert message in error


def test_damage_is_refused(read, tmp_path):
    """Truncated and altered files; never symbols."""
    data = (GOLDEN / f"{PHOTO.name}-q50.tfc").read_bytes()
    damaged = [data[:n] for n in (*range(40), 500, len(data) - 1)]
    damaged += [changed(data, n) for n in (*range(40), 500, len(data) - 1)]
    damaged += [data + b"\0", data + b"\x80\x00", data + data]
    check_refused(damaged, [""] * len(damaged), read, tmp_path)


def test_each_damage_has_its_name(read, tmp_path):
    data = (GOLDEN / f"{PHOTO.name}-q50.tfc").read_bytes()
    other = (GOLDEN / "photo-1-q50.tfc").read_bytes()
    header, section = data[: HEADER.size], data[HEADER.size :]
    latents = unpack(data).latents
    middle = len(data) // 2

    def header_with(position, *values):
        return with_checksum(
            data[:position] + bytes(values) + data[position + len(values) :]
        )

    def sections(*parts):
        return with_checksum(header + b"".join(parts))

    def payload(content):
        size = len(content)
        length = [size] if size < 128 else [size & 127 | 128, size >> 7]
        return sections(b"\x01" + bytes(length) + content)

    one_lane = b"\x01\x00\x00\x80\x00\x00"
    huge = b"\xff\xff\xff"
    cases = {
        b"": "the file is empty",
        b"\x89TFD": "not a tfcodec file",
        data[:22]: "truncated: 22 bytes, the header has 23",
        header: "truncated: there is no section",
        data[:24]: "truncated in a section's length",
        data[:100]: "bytes, 74 are left",
        header_with(4, 2): "made by a newer version: format version 2",
        changed(data, 4): "altered: the format version",
        changed(data, 4, 3): "altered: the format version",
        header_with(11, 0, 0, 0): "the image is 0x75 pixels",
        header_with(11, *huge, *huge): "too many pixels for this reader",
        header_with(17, 99, 0): "the quality is 99 hundredths",
        header_with(17, 0x11, 0x27): "the quality is 10001 hundredths",
        changed(data, middle): "altered: the checksum is wrong",
        data + b"\x80\x01": "2 extra bytes after the end",
        data + b"\x80\x00": "2 extra bytes after the end",
        header + b"\x01\x80\x00": "malformed length",
        header + b"\x01\xff\xff\xff\xff\xff\x01": "malformed length",
        header + b"\x01\xff\xff\xff\xff\x7f": "needs 34359738367 bytes",
        sections(section, b"\x02\x00"): "newer version: critical section 2",
        sections(b"\x99\x00"): "no latents section",
        sections(section, section): "several latents sections",
        sections(b"\x99\x00", section): "the latents section is not the first",
        sections(section, b"\x84\x00\x84\x00"): '2 sections "greyscale"',
        sections(section, b"\x84\x01x"): '"greyscale": it is not empty',
        sections(section, b"\x80\x01x"): '"alpha": not a PNG file',
        sections(section, b"\x81\x01x"): '"ICC profile": a damaged stream',
        with_checksum(changed(data, 7)): "made with another model: "
        f"preset {PHOTO.identifier}",
        other: "preset 1, photo-1 (retired), model hash de1df3ff",
        payload(b""): "the payload is empty, symbols are due",
        payload(one_lane[:5]): "a payload of 5 bytes",
        payload(latents[:-1]): f"a payload of {len(latents) - 1} bytes",
        payload(b"\x00" * 6): "0 lanes",
        payload(b"\x01\x10" + bytes(20)): "4097 lanes",
        payload(b"\x02\x00" + one_lane[2:]): "2 lanes in 6 bytes",
        payload(bytes([1, 0, 255, 127, 0, 0])): "starts at the state 32767",
        payload(bytes([1, 0, 0, 0, 0, 128])): "starts at the state 2147483648",
        payload(one_lane): "the payload ends before its last",
        payload(latents + bytes(2)): "of the payload",
    }
    check_refused(cases.keys(), cases.values(), read, tmp_path)


def test_hyper_latents_out_of_range_are_refused(read, tmp_path):
    """Escapes bring them there."""
    coding = presets.Coding.load(PHOTO.directory / "tables.npz")
    rows = np.arange(coding.network.hyper_channels)
    data = (GOLDEN / f"{PHOTO.name}-q5.tfc").read_bytes()
    files = []
    for value in (129, -129, 32767, -32768):
        z = coding.tables.offset[rows].copy()
        z[np.flatnonzero(coding.tables.size[rows] > 1)[-1]] = value
        container = dataclasses.replace(
            unpack(data),
            width=1,
            height=1,
            latents=encode([(z, rows)], coding.tables),
        )
        files.append(pack(container))
    messages = ["a hyper-latent lies outside [-128, 128]"] * len(files)
    check_refused(files, messages, read, tmp_path)


def test_altered_payloads_with_a_right_checksum(read, tmp_path):
    """Refused where the library refuses them, else the same symbols."""
    data = (GOLDEN / f"{PHOTO.name}-q5.tfc").read_bytes()
    codec = litert_codec.load(PHOTO.name)
    begin = data.index(unpack(data).latents)
    paths, expected, refused = [], [], []
    for position in range(begin, len(data), 6):
        altered = with_checksum(changed(data, position))
        path = tmp_path / f"{position}.tfc"
        path.write_bytes(altered)
        paths.append(path)
        try:
            sha = hashlib.sha256()
            for symbols in codec.decode_symbols(unpack(altered)):
                sha.update(symbols.astype("<i4").tobytes())
            expected.append(sha.hexdigest())
        except BitstreamError:
            refused.append(path)
    code, found, errors = read(*paths)
    assert code == 1
    assert [line["sha256"] for line in found] == expected
    assert [line.split(": ")[1] for line in errors] == list(map(str, refused))
    assert refused


def test_metadata_is_not_inflated_beyond_its_limit(read, tmp_path):
    section = zlib.compress(bytes(2**24 + 1), 9)
    data = (GOLDEN / f"{PHOTO.name}-q5.tfc").read_bytes()
    container = dataclasses.replace(unpack(data), ancillary=((0x81, section),))
    message = '"ICC profile": a stream of more than 16777216 bytes'
    check_refused([pack(container)], [message], read, tmp_path)


def test_alpha_is_checked(read, tmp_path):
    container = unpack((GOLDEN / f"{PHOTO.name}-q5.tfc").read_bytes())
    alpha = png_of("L", (101, 75))
    header = alpha[8:33]
    cases = {
        changed(alpha, 0): "not a PNG file",
        changed(alpha, 20): "a wrong CRC",
        alpha[:-1]: "truncated",
        alpha + b"x": "truncated",
        alpha[:33] + alpha[-12:]: "other chunks",
        alpha[:33] + header + alpha[33:]: "other chunks",
        png_of("L", (75, 101)): "not 101x75 pixels of 8-bit greyscale",
        png_of("RGB", (101, 75)): "not 101x75 pixels of 8-bit greyscale",
    }
    files = [
        pack(dataclasses.replace(container, ancillary=((0x80, png),)))
        for png in cases
    ]
    check_refused(files, cases.values(), read, tmp_path)


def png_of(mode, size):
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "png")
    return buffer.getvalue()


def test_damaged_tables_are_refused(read, tmp_path):
    path = tmp_path / "tables.npz"
    tables = (PHOTO.directory / "tables.npz").read_bytes()
    file = GOLDEN / f"{PHOTO.name}-q5.tfc"
    for damaged in (b"", b"PK", tables[:5000], changed(tables, 5000)):
        path.write_bytes(damaged)
        code, found, (error,) = read(file, tables=path)
        assert (code, found) == (1, [])
        assert error.startswith("error: ")
