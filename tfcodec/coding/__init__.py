"""Entropy coding with integers only: tables, and rANS over these tables.

Nothing here knows about images, networks or probability densities. The bytes
are specified in `docs/format.md`.
"""

from tfcodec.coding.rans import RansDecoder
from tfcodec.coding.rans import encode
from tfcodec.coding.tables import BITS_PER_LANE
from tfcodec.coding.tables import CdfTables
from tfcodec.coding.tables import code_length
from tfcodec.coding.tables import quantize_pmf

__all__ = [
    "BITS_PER_LANE",
    "CdfTables",
    "RansDecoder",
    "code_length",
    "encode",
    "quantize_pmf",
]
