"""The `.tfc` file: header, checksum and sections, as `docs/format.md` says.

Bytes in, bytes out: nothing here knows what a payload means, or has pixels.
"""

from tfcodec.bitstream.container import Container
from tfcodec.bitstream.container import pack
from tfcodec.bitstream.container import unpack
from tfcodec.bitstream.sections import Metadata
from tfcodec.bitstream.sections import read_metadata

__all__ = ["Container", "Metadata", "pack", "read_metadata", "unpack"]
