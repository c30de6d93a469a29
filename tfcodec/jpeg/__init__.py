"""Standard JPEG files, of which a small network chooses the tables."""

from tfcodec.jpeg.encoder import JpegEncoder
from tfcodec.jpeg.search import encode_to

__all__ = ["JpegEncoder", "encode_to"]
