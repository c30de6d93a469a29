"""Images to bytes and back, whatever runs the networks.

Where the steps of a model meet tables, coder and container. `Codec` runs them
in Keras, `LiteRtCodec` in LiteRT; neither Keras nor TensorFlow is imported
here.
"""

import numpy as np

from tfcodec import presets
from tfcodec.bitstream import unpack
from tfcodec.coding import RansDecoder
from tfcodec.errors import BitstreamError
from tfcodec.image_encoder import ImageEncoder
from tfcodec.image_encoder import first_rows
from tfcodec.limits import BLOCK
from tfcodec.limits import HYPER_BLOCK
from tfcodec.limits import HYPER_LATENT_MAX
from tfcodec.limits import MAX_PIXELS


class FileCodec:
    """`compress` and `decompress` over the steps of a model.

    A subclass has these attributes, and may override the methods at the end.

    Attributes:
        coding: `tfcodec.presets.Coding`, or None before there are tables.
        identifier: int, the preset identifier in files.
        preset: `Preset` or None.
        run_analyse, run_hyper, run_residuals, run_reconstruct: functions of
            float32 arrays that return something `np.asarray` takes; the steps
            of `CodecModel`, the last one rounded and clipped to 0..255.
    """

    # Coding. --------------------------------------------------------------

    def compress(self, image, quality=50.0, effort=1):
        """Encodes one image, or several.

        Args:
            image: uint8 `(height, width, 3)`, RGB, any size from 1x1; or a
                batch `(n, height, width, 3)`, or a list of images.
            quality: float, 1..100, in steps of 0.01.
            effort: int, 1..5. Above 1 the latents are refined for this image:
                fewer bits for the same PSNR, and more time (docs/cli.md).

        Returns:
            bytes, a whole `.tfc` file; a list of them for several images.

        Raises:
            ValueError: not such an image, quality or effort, or the integers
                do not belong to the weights.
        """
        if isinstance(image, list | tuple) or np.ndim(image) == 4:
            return [self.compress(one, quality, effort) for one in image]
        return self.encoder(image).encode(quality, effort)

    def encoder(self, image):
        """An `ImageEncoder` that can encode `image` at several qualities."""
        return ImageEncoder(self, image)

    def decompress(self, data, max_pixels=MAX_PIXELS):
        """Decodes one file, or several.

        Args:
            data: bytes of a `.tfc` file, or a list of such.
            max_pixels: int or None. A file that declares more is refused
                before anything of that size is allocated.

        Returns:
            uint8 `(height, width, 3)`, RGB; a list of them for several files.

        Raises:
            BitstreamError: the bytes are damaged, of another preset, or of
                too large a picture.
        """
        if isinstance(data, list | tuple):
            return [self.decompress(one, max_pixels) for one in data]
        container = unpack(data)
        self._check_preset(container)
        pixels = container.width * container.height
        if max_pixels is not None and pixels > max_pixels:
            raise BitstreamError(
                f"The file declares {container.width}x{container.height} "
                f"pixels, more than the limit of {max_pixels:,}."
            )
        z_hat, residual = self.decode_symbols(container)
        quality = np.array([container.quality], np.float32)
        pixels = self.run_reconstruct(z_hat, residual, quality)
        pixels = np.asarray(pixels)[0].astype(np.uint8)
        return pixels[: container.height, : container.width]

    def decode_symbols(self, container):
        """The integers of a file: the part that is exact on every machine.

        Args:
            container: `Container` of this preset.

        Returns:
            `(z_hat, residual)`, float32 arrays with a batch of 1; `residual`
            is of size 1 for models with one stream.

        Raises:
            BitstreamError: the payload is damaged.
        """
        self.require_coding()
        tables, network = self.coding.tables, self.coding.network
        height = -(-container.height // BLOCK)
        width = -(-container.width // BLOCK)
        block = 1 if network is None else HYPER_BLOCK
        shape = (-(-height // block), -(-width // block))
        channels = self.first_channels()
        decoder = RansDecoder(container.latents, tables)
        z = decoder.decode(first_rows(shape, channels))
        z = z.reshape(*shape, channels)
        residual = np.zeros((1, 1, 1, 1), np.float32)
        if network is not None:
            if np.abs(z).max(initial=0) > HYPER_LATENT_MAX:
                raise BitstreamError("A hyper-latent is out of range.")
            hundredths = round(container.quality * 100)
            indexes = network(z, hundredths, height, width)
            rows = channels + indexes.reshape(-1)
            residual = decoder.decode(rows).reshape(1, *indexes.shape)
        decoder.finish()
        return z[None].astype(np.float32), residual.astype(np.float32)

    def first_channels(self):
        """Channels of the first stream: z, or y where there is no z."""
        network = self.coding.network
        if network is None:
            return self.coding.tables.num_tables
        return network.hyper_channels

    def require_coding(self):
        """Raises ValueError if there are no tables yet."""
        if self.coding is None:
            raise ValueError(
                "This codec has no tables yet: call `freeze()` after training."
            )

    def _check_preset(self, container):
        self.require_coding()
        if container.preset_id != self.identifier:
            needed = presets.IDENTIFIERS.get(container.preset_id)
            if needed is None:
                presets.by_identifier(container.preset_id)  # raises
            raise BitstreamError(
                f"The file was made with preset {needed}, this codec is "
                f"{presets.IDENTIFIERS.get(self.identifier, 'a custom one')}."
                f" Use tfcodec.load({needed!r})."
            )
        if container.model_hash != self.coding.model_hash:
            raise BitstreamError(
                "The file was made with other tables (model hash "
                f"{container.model_hash.hex()}) than this preset's "
                f"({self.coding.model_hash.hex()}): another training of it."
            )

    # What depends on who runs the networks. -------------------------------

    def require_fresh_coding(self):
        """Raises ValueError unless the tables belong to the weights."""
        self.require_coding()

    def refiner(self):
        """The `Refiner` of the present tables, for efforts above 1.

        Raises:
            ValueError: the networks run where there are no gradients.
        """
        raise ValueError(
            "Efforts above 1 need gradients: use `tfcodec.load`, which runs "
            "the preset in Keras."
        )

    def cost(self, rate, x_hat, image, inside, quality):
        """`rate + lmbda(quality) * distortion`, which efforts lower.

        Args:
            rate: float, bits per pixel.
            x_hat, image: float32 `(1, height, width, 3)`, 0..255.
            inside: float32 `(1, height, width, 1)`, 1 for pixels that count.
            quality: float.

        Returns:
            float.
        """
        raise NotImplementedError
