"""Whether a sound container may be decoded here, by this preset."""

from tfcodec.bitstream.container import Container
from tfcodec.errors import BitstreamError


def check_pixels(container: Container, max_pixels: int | None) -> None:
    """Raises BitstreamError if it declares more than so many pixels.

    Args:
        container: `Container`.
        max_pixels: int, or None for any number.
    """
    pixels = container.width * container.height
    if max_pixels is not None and pixels > max_pixels:
        raise BitstreamError(
            f"The file declares {container.width}x{container.height} "
            f"pixels, more than the limit of {max_pixels:,}."
        )


def check_model_hash(container: Container, model_hash: bytes) -> None:
    """Raises BitstreamError if the tables were not those of `model_hash`."""
    if container.model_hash != model_hash:
        raise BitstreamError(
            "The file was made with other tables (model hash "
            f"{container.model_hash.hex()}) than this preset's "
            f"({model_hash.hex()}): another training of it."
        )
