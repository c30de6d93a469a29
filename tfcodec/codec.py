"""Images to bytes and back: where model, tables, coder and container meet."""

import keras
import numpy as np

from tfcodec import presets
from tfcodec import weights
from tfcodec.backend import compiled
from tfcodec.bitstream import unpack
from tfcodec.coding import RansDecoder
from tfcodec.entropy.build_tables import build_network
from tfcodec.entropy.build_tables import build_tables
from tfcodec.errors import BitstreamError
from tfcodec.image_encoder import BLOCK
from tfcodec.image_encoder import ImageEncoder
from tfcodec.image_encoder import first_rows
from tfcodec.models import MODELS
from tfcodec.refine import Refiner

HYPER_BLOCK = 4  # latents per hyper-latent, each way
MAX_PIXELS = 178_956_970  # what Pillow refuses as a decompression bomb


def load(preset="photo"):
    """A trained codec.

    Args:
        preset: name (`tfcodec.preset_names()`) or path of a preset folder.

    Returns:
        `Codec`, a `keras.Model`.

    Raises:
        TfcodecError: there is no such preset, or it is damaged.
    """
    preset = presets.find(preset)
    settings = preset.settings
    model = MODELS[settings["model"]](
        name=settings["model"], **settings["arguments"]
    )
    model.build()
    weights.load_weights(preset.directory / "weights.npz", model)
    coding = presets.Coding.load(preset.directory / "tables.npz")
    return Codec(model, coding, preset.identifier, preset)


@keras.saving.register_keras_serializable("tfcodec")
class Codec(keras.Model):
    """A model together with the integers that its files are parsed with.

    `compress` and `decompress` use the integers as they were frozen, and the
    model's weights as they are. After training, `freeze` makes new integers;
    until then `compress` refuses weights whose integer network is another.

    Args:
        model: built `CodecModel`.
        coding: `tfcodec.presets.Coding`, or None before `freeze`.
        identifier: int, the preset identifier in files.
        preset: `Preset` it was loaded from, or None.

    Call arguments: those of `CodecModel`. `fit` trains on images, uint8 or
    float `(batch, height, width, 3)` in 0..255.
    """

    def __init__(
        self,
        model,
        coding=None,
        identifier=presets.UNREGISTERED,
        preset=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.model = model
        self.coding = coding
        self.identifier = identifier
        self.preset = preset
        self.built = True
        self._refiner = None
        image, one = (None, None, None, 3), (None,)
        y = (None, None, None, model.latent_channels)
        z = (None, None, None, model.bottleneck.channels)
        residual = y if hasattr(model, "scale_network") else (1, 1, 1, 1)
        self.run_analyse = compiled(model.analyse, model, (image,))
        self.run_hyper = compiled(model.hyper, model, (y, one))
        self.run_hyper_latents = compiled(model.hyper_latents, model, (y, one))
        self.run_residuals = compiled(model.residuals, model, (y, z, y, one))
        self.run_reconstruct = compiled(
            self._to_pixels, model, (z, residual, one)
        )

    def _to_pixels(self, z_hat, residual, quality):
        x_hat = self.model.reconstruct(z_hat, residual, quality)
        return keras.ops.clip(keras.ops.round(x_hat), 0.0, 255.0)

    # Keras. ---------------------------------------------------------------

    def call(self, inputs, training=False):
        return self.model(inputs, training=training)

    def compute_loss(self, *args, **kwargs):
        return self.model.compute_loss(*args, **kwargs)

    @property
    def metrics(self):
        # Keras leaves out the metrics of a model inside another.
        return [*super().metrics, *self.model.trackers.values()]

    def get_config(self):
        return {
            "name": self.name,
            "model": keras.saving.serialize_keras_object(self.model),
            "identifier": self.identifier,
        }

    @classmethod
    def from_config(cls, config):
        model = keras.saving.deserialize_keras_object(config["model"])
        model.build()
        return cls(model, identifier=config["identifier"], name=config["name"])

    def save_assets(self, inner_path):
        if self.coding is not None:
            self.coding.save(f"{inner_path}/tables.npz")

    def load_assets(self, inner_path):
        try:
            self.coding = presets.Coding.load(f"{inner_path}/tables.npz")
        except presets.TfcodecError:
            self.coding = None

    def freeze(self):
        """Makes the integer tables and network of the present weights.

        Unless they come out as they were, files are no longer marked with the
        number of the preset that this codec was loaded from.
        """
        before, self.coding = self.coding, make_coding(self.model)
        if before and before.model_hash != self.coding.model_hash:
            self.identifier, self.preset = presets.UNREGISTERED, None
        return self

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
        pixels = keras.ops.convert_to_numpy(pixels)[0].astype(np.uint8)
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
            if np.abs(z).max(initial=0) > 128:
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

    def refiner(self):
        """The `Refiner` of the present tables, made when first needed."""
        if self._refiner is None or self._refiner.coding is not self.coding:
            self._refiner = Refiner(self.model, self.coding)
        return self._refiner

    def require_coding(self):
        """Raises ValueError if there are no tables yet."""
        if self.coding is None:
            raise ValueError(
                "This codec has no tables yet: call `freeze()` after training."
            )

    def require_fresh_coding(self):
        """Raises ValueError unless the tables belong to the weights."""
        self.require_coding()
        network = self.coding.network
        if network is not None:
            current = build_network(self.model.scale_network)
            if current.digest() != network.digest():
                raise ValueError(
                    "The weights have changed since the tables were made: "
                    "call `freeze()`, and give the preset its own name."
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


def make_coding(model, counts=None):
    """`Coding` of a built model's present weights.

    Args:
        model: built `CodecModel`.
        counts: see `tfcodec.entropy.build_tables.build_tables`.

    Raises:
        ValueError: a weight is not finite, or the integer network is not
            exact.
    """
    for variable in model.weights:
        if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
            raise ValueError(f"{variable.path} is not finite.")
    network = getattr(model, "scale_network", None)
    return presets.Coding(
        build_tables(
            model.bottleneck, getattr(model, "conditional", None), counts
        ),
        None if network is None else build_network(network),
    )
