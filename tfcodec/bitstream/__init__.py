"""The `.tfc` file: header, checksum and sections, as `docs/format.md` says.

Bytes in, bytes out: nothing here knows what a payload means.
"""

from tfcodec.bitstream.container import Container
from tfcodec.bitstream.container import pack
from tfcodec.bitstream.container import unpack

__all__ = ["Container", "pack", "unpack"]
