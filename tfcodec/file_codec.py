"""Images to bytes and back, whatever runs the networks.

Where the steps of a model meet tables, coder and container. `Codec` runs them
in Keras, `LiteRtCodec` in LiteRT; neither Keras nor TensorFlow is imported
here.
"""

from collections.abc import Callable
from typing import Any
from typing import overload

import numpy as np
import numpy.typing as npt

from tfcodec import presets
from tfcodec.bitstream import Container
from tfcodec.bitstream import Metadata
from tfcodec.bitstream import unpack
from tfcodec.bitstream.checks import check_model_hash
from tfcodec.bitstream.checks import check_pixels
from tfcodec.bitstream.sections import known_sections
from tfcodec.coding import RansDecoder
from tfcodec.errors import BitstreamError
from tfcodec.image_encoder import ImageEncoder
from tfcodec.image_encoder import check_effort
from tfcodec.image_encoder import first_rows
from tfcodec.image_encoder import second_rows
from tfcodec.limits import HYPER_LATENT_MAX
from tfcodec.limits import MAX_PIXELS
from tfcodec.picture import join
from tfcodec.tiled_steps import Report
from tfcodec.tiled_steps import TiledSteps


class FileCodec:
    """`compress` and `decompress` over the steps of a model.

    A subclass has these attributes, and may override the methods at the end.

    Attributes:
        coding: `tfcodec.presets.Coding`, or None before there are tables.
        identifier: int, the preset identifier in files.
        preset: `Preset` or None.
        run_analyse, run_hyper, run_residuals, run_dequantize, run_synthesise:
            functions of float32 arrays that return something `np.asarray`
            takes; the steps of `CodecModel`, the last one rounded and clipped
            to 0..255.
        reach: dict, see `CodecModel`.
        tile_pixels: int. Larger pictures go through the networks in tiles of
            so many pixels at most, which bounds their memory.
    """

    coding: presets.Coding | None
    identifier: int
    preset: presets.Preset | None
    run_analyse: Callable[..., Any]
    run_hyper: Callable[..., Any]
    run_residuals: Callable[..., Any]
    run_dequantize: Callable[..., Any]
    run_synthesise: Callable[..., Any]
    reach: dict[str, int]
    tile_pixels: int = 1 << 22

    # Coding. --------------------------------------------------------------

    @overload
    def compress(
        self,
        image: list[Any] | tuple[Any, ...],
        quality: float = ...,
        effort: int = ...,
        metadata: Metadata | None = ...,
        report: Report | None = ...,
        roi: npt.ArrayLike | None = ...,
        roi_gain: float = ...,
    ) -> list[bytes]: ...

    @overload
    def compress(
        self,
        image: np.ndarray,
        quality: float = ...,
        effort: int = ...,
        metadata: Metadata | None = ...,
        report: Report | None = ...,
        roi: npt.ArrayLike | None = ...,
        roi_gain: float = ...,
    ) -> bytes: ...

    def compress(
        self,
        image: Any,
        quality: float = 50.0,
        effort: int = 1,
        metadata: Metadata | None = None,
        report: Report | None = None,
        roi: npt.ArrayLike | None = None,
        roi_gain: float = 8.0,
    ) -> bytes | list[bytes]:
        """Encodes one image, or several.

        Args:
            image: uint8 `(height, width, 3)`, RGB, any size from 1x1; or with
                4 channels (RGB and alpha), 2 (grey and alpha), 1 or none
                (grey); or a batch `(n, height, width, channels)`, or a list of
                images. Alpha is kept exactly.
            quality: float, 1..100, in steps of 0.01.
            effort: int, 1..5. Above 1 the latents are refined for this image:
                fewer bits for the same PSNR, and more time (docs/cli.md).
            metadata: `tfcodec.Metadata` that goes along with each image.
            report: see `ImageEncoder.encode`; counts anew for each image.
            roi: uint8 `(height, width)`, region of interest: how much detail
                matters at each pixel of the one image, 255 most; or None.
                Efforts above 1 follow it.
            roi_gain: float, at least 1: how much more a squared error counts
                at 255 than at 0 (docs/roi.md).

        Returns:
            bytes, a whole `.tfc` file; a list of them for several images.

        Raises:
            ValueError: not such an image, quality, effort or region, or the
                integers do not belong to the weights.
        """
        check_effort(effort, roi)
        if isinstance(image, list | tuple) or np.ndim(image) == 4:
            if roi is not None:
                raise ValueError("`roi` goes with one image, not with several.")
            return [
                self.compress(one, quality, effort, metadata, report)
                for one in image
            ]
        encoder = self.encoder(image, metadata, roi, roi_gain)
        return encoder.encode(quality, effort, report)

    def encoder(
        self,
        image: npt.ArrayLike,
        metadata: Metadata | None = None,
        roi: npt.ArrayLike | None = None,
        roi_gain: float = 8.0,
    ) -> ImageEncoder:
        """An `ImageEncoder` that can encode `image` at several qualities."""
        return ImageEncoder(self, image, metadata, roi, roi_gain)

    @overload
    def decompress(
        self,
        data: bytes,
        max_pixels: int | None = ...,
        report: Report | None = ...,
    ) -> np.ndarray: ...

    @overload
    def decompress(
        self,
        data: list[bytes] | tuple[bytes, ...],
        max_pixels: int | None = ...,
        report: Report | None = ...,
    ) -> list[np.ndarray]: ...

    def decompress(
        self,
        data: bytes | list[bytes] | tuple[bytes, ...],
        max_pixels: int | None = MAX_PIXELS,
        report: Report | None = None,
    ) -> np.ndarray | list[np.ndarray]:
        """Decodes one file, or several.

        Args:
            data: bytes of a `.tfc` file, or a list of such.
            max_pixels: int or None. A file that declares more is refused
                before anything of that size is allocated.
            report: function of two ints, tiles done and of how many, called
                after each tile once the symbols are read; or None.

        Returns:
            uint8 `(height, width, 3)`, RGB; with 4 channels if there is alpha
            (some pixel is not opaque), with 1 or 2 if the picture is grey. A
            list of them for several files.

        Raises:
            BitstreamError: the bytes are damaged, of another preset, or of
                too large a picture.
        """
        if isinstance(data, list | tuple):
            return [self.decompress(one, max_pixels, report) for one in data]
        container = unpack(data)
        self._check_preset(container)
        check_pixels(container, max_pixels)
        sections = known_sections(container)
        z_hat, residual = self.decode_symbols(container)
        quality = np.array([container.quality], np.float32)
        steps = self._steps(container, report)
        y_hat = z_hat
        if steps.has_residual:
            steps.expect("dequantize", "synthesise")
            y_hat = steps.dequantize(z_hat, residual, quality)
        else:
            steps.expect("synthesise")
        del z_hat, residual  # Half as large as the latents.
        return join(steps.synthesise(y_hat, quality)[0], sections)

    def decode_symbols(
        self, container: Container
    ) -> tuple[np.ndarray, np.ndarray]:
        """The integers of a file: the part that is exact on every machine.

        Args:
            container: `Container` of this preset.

        Returns:
            `(z_hat, residual)`, int16 arrays with a batch of 1; `residual` is
            of size 1 for models with one stream.

        Raises:
            BitstreamError: the payload is damaged.
        """
        coding = self.require_coding()
        tables, network = coding.tables, coding.network
        steps = self._steps(container)
        grid, _ = steps.hyper_grid()
        channels = self.first_channels()
        decoder = RansDecoder(container.latents, tables)
        z = decoder.decode(first_rows(grid, channels))
        z = z.reshape(1, *grid, channels)
        residual: np.ndarray = np.zeros((1, 1, 1, 1), np.int16)
        if network is not None:
            if max(z.max(), -int(z.min())) > HYPER_LATENT_MAX:
                raise BitstreamError("A hyper-latent is out of range.")
            quality = np.array([container.quality], np.float32)
            indexes = steps.indexes(z, quality)
            shape = indexes.shape
            rows = second_rows(indexes, tables, channels)
            del indexes
            residual = np.reshape(decoder.decode(rows), shape)
        decoder.finish()
        return z, residual

    def _steps(
        self, container: Container, report: Report | None = None
    ) -> TiledSteps:
        return TiledSteps(self, container.height, container.width, report)

    def first_channels(self) -> int:
        """Channels of the first stream: z, or y where there is no z."""
        coding = self.require_coding()
        network = coding.network
        if network is None:
            return coding.tables.num_tables
        return network.hyper_channels

    def require_coding(self) -> presets.Coding:
        """The tables; raises ValueError if there are none yet."""
        if self.coding is None:
            raise ValueError(
                "This codec has no tables yet: call `freeze()` after training."
            )
        return self.coding

    def _check_preset(self, container: Container) -> None:
        coding = self.require_coding()
        if container.preset_id == presets.LOSSLESS:
            raise BitstreamError(
                "The file is lossless: use tfcodec.lossless.decompress."
            )
        if container.preset_id != self.identifier:
            needed = presets.IDENTIFIERS.get(container.preset_id)
            if needed is None:
                presets.by_identifier(container.preset_id)  # raises
            raise BitstreamError(
                f"The file was made with preset {needed}, this codec is "
                f"{presets.IDENTIFIERS.get(self.identifier, 'a custom one')}."
                f" Use tfcodec.load({needed!r})."
            )
        check_model_hash(container, coding.model_hash)

    # What depends on who runs the networks. -------------------------------

    def release(self) -> None:
        """Gives back the memory of a step that has run through many tiles."""

    def require_fresh_coding(self) -> None:
        """Raises ValueError unless the tables belong to the weights."""
        self.require_coding()

    def refiner(self) -> Any:
        """The `Refiner` of the present tables, for efforts above 1.

        Raises:
            ValueError: the networks run where there are no gradients.
        """
        raise ValueError(
            "Efforts above 1 need gradients: use `tfcodec.load`, which runs "
            "the preset in Keras."
        )

    def cost(
        self,
        rate: float,
        x_hat: np.ndarray,
        image: np.ndarray,
        inside: np.ndarray,
        quality: float,
    ) -> float:
        """`rate + lmbda(quality) * distortion`, which efforts lower.

        Args:
            rate: float, bits per pixel.
            x_hat, image: float32 `(1, height, width, 3)`, 0..255.
            inside: float32 `(1, height, width, 1)`, 1 for pixels that count,
                else 0; or the square roots of their weights.
            quality: float.

        Returns:
            float.
        """
        raise NotImplementedError
