"""The codec that is a Keras model: trains, saves, and codes images."""

import os
import pathlib
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from tfcodec import model_presets
from tfcodec import presets
from tfcodec import weights
from tfcodec.backend import compiled
from tfcodec.coding import BITS_PER_LANE
from tfcodec.entropy.build_tables import build_network
from tfcodec.entropy.symbol_counts import count_symbols
from tfcodec.errors import TfcodecError
from tfcodec.file_codec import FileCodec
from tfcodec.model_presets import make_coding
from tfcodec.models import spread_qualities
from tfcodec.refine import Refiner


def load(preset: str | os.PathLike[str] = "photo") -> "Codec":
    """A trained codec.

    Args:
        preset: name (`tfcodec.preset_names()`) or path of a preset folder.

    Returns:
        `Codec`, a `keras.Model`.

    Raises:
        TfcodecError: there is no such preset, or it is damaged.
    """
    found = presets.find(os.fspath(preset))
    model, coding = model_presets.read(found)
    return Codec(model, coding, found.identifier, found)


@keras.saving.register_keras_serializable("tfcodec")
class Codec(FileCodec, keras.Model):
    """A model together with the integers that its files are parsed with.

    `compress` and `decompress` use the integers as they were frozen, and the
    model's weights as they are. After training, `save_preset` makes a preset
    with integers of its own, and `freeze` new integers in memory; until then
    `compress` refuses to write files that others would decode differently.
    Where only `analysis` and `hyper_analysis` have changed there is no need:
    files stay those of the preset, and everybody can decode them.

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
        model: Any,
        coding: presets.Coding | None = None,
        identifier: int = presets.UNREGISTERED,
        preset: presets.Preset | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.model = model
        self.coding = coding
        self.identifier = identifier
        self.preset = preset
        self.built = True
        self._decoder: bytes | None = None  # what `coding` belongs to
        if coding is not None:
            self._decoder = coding.decoder or weights.digest(
                model.decoder_weights
            )
        self._refiner: Refiner | None = None
        image, one = (None, None, None, 3), (None,)
        y = (None, None, None, model.latent_channels)
        z = (None, None, None, model.bottleneck.channels)
        residual = y if hasattr(model, "scale_network") else (1, 1, 1, 1)
        self.run_analyse = compiled(model.analyse, model, (image,))
        self.run_hyper = compiled(model.hyper, model, (y, one))
        self.run_hyper_latents = compiled(model.hyper_latents, model, (y, one))
        self.run_residuals = compiled(model.residuals, model, (y, z, y, one))
        self.run_dequantize = compiled(
            model.dequantize, model, (z, residual, one)
        )
        self.run_synthesise = compiled(self._to_pixels, model, (y, one))

    @property
    def reach(self) -> dict[str, int]:  # type: ignore[override]
        return dict(self.model.reach)

    def _to_pixels(self, y_hat: Any, quality: Any) -> Any:
        x_hat = self.model.synthesise(y_hat, quality)
        return keras.ops.clip(keras.ops.round(x_hat), 0.0, 255.0)

    # Keras. ---------------------------------------------------------------

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.model(inputs, training=training)

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        return self.model.compute_loss(*args, **kwargs)

    def test_step(self, *arguments: Any) -> Any:
        """See `CodecModel.test_step`."""
        *state, data = arguments
        return super().test_step(*state, spread_qualities(data))

    @property
    def metrics(self) -> list[Any]:
        # Keras leaves out the metrics of a model inside another.
        return [*super().metrics, *self.model.trackers.values()]

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "model": keras.saving.serialize_keras_object(self.model),
            "identifier": self.identifier,
            "fixed": [x.name for x in self.model.layers if not x.trainable],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Codec":
        model = keras.saving.deserialize_keras_object(config["model"])
        model.build()
        for layer in model.layers:
            layer.trainable = layer.name not in config["fixed"]
        return cls(model, identifier=config["identifier"], name=config["name"])

    def save_assets(self, inner_path: str) -> None:
        if self.coding is not None and self._decoder is not None:
            self.coding.save(f"{inner_path}/tables.npz")
            (pathlib.Path(inner_path) / "decoder").write_bytes(self._decoder)

    def load_assets(self, inner_path: str) -> None:
        try:
            self.coding = presets.Coding.load(f"{inner_path}/tables.npz")
            self._decoder = (pathlib.Path(inner_path) / "decoder").read_bytes()
        except TfcodecError:
            self.coding = None

    @property
    def decoder_layers(self) -> list[Any]:
        """The layers that decoding depends on.

        With `layer.trainable = False` for each of them, `fit` adapts the
        encoder only, and decoders that are out there read its files.
        """
        return list(self.model.decoder_layers)

    @property
    def bits_per_lane(self) -> int:
        """Of its tables, which new ones keep; see `CdfTables`."""
        return (
            self.coding.tables.bits_per_lane if self.coding else BITS_PER_LANE
        )

    def freeze(self) -> "Codec":
        """Makes the integer tables and network of the present weights.

        Unless they come out as they were, files are no longer marked with the
        number of the preset that this codec was loaded from.
        """
        before = self.coding
        self.coding = make_coding(self.model, bits_per_lane=self.bits_per_lane)
        self._decoder = self.coding.decoder
        if before and before.model_hash != self.coding.model_hash:
            self.identifier, self.preset = presets.UNREGISTERED, None
        return self

    def save_preset(
        self,
        directory: str | os.PathLike[str],
        name: str | None = None,
        images: Iterable[np.ndarray] = (),
        *,
        overwrite: bool = False,
        identifier: int = presets.UNREGISTERED,
        training: dict[str, Any] | None = None,
        bits_per_lane: int | None = None,
    ) -> "Codec":
        """Writes a preset of the present weights, with tables of its own.

        `tfcodec.load`, the exports and `tfcodec --preset` take its folder.
        Weights are stored in float16. The files it makes carry a hash of it,
        and no other preset decodes them.

        Args:
            directory: folder, made if there is none.
            name: of the preset; None for the folder's.
            images: uint8 arrays `(height, width, 3)` whose symbols the
                tables are to follow (some dozens will do, not those that
                files will be judged on); without any the tables follow the
                model's densities, and files are about 1 % larger.
            overwrite: whether a preset in that folder is replaced.
            identifier: preset identifier in files, of presets that belong to
                tfcodec.
            training: JSON-able, kept in `preset.json`.
            bits_per_lane: int, for how many bits an encoder uses one lane of
                the coder, each of which costs some 24 bits; None for what
                this codec has, at first 6000. With half as many the coder of
                SavedModels and of LiteRT needs half the steps.

        Returns:
            The preset as a `Codec` in float32, whatever this one computes in.

        Raises:
            TfcodecError: the folder has a preset in it.
            ValueError: a weight is not finite, the integer network is not
                exact, or `bits_per_lane` is below 28 or above
                2**31 - 1.
        """
        if (pathlib.Path(directory) / "preset.json").exists() and not overwrite:
            raise TfcodecError(
                f"{directory} has a preset in it: name another folder, or "
                "pass `overwrite=True`."
            )
        model = model_presets.as_stored(self.model)
        bits_per_lane = bits_per_lane or self.bits_per_lane
        coding = make_coding(model, bits_per_lane=bits_per_lane)
        images = list(images)
        if images:
            counts = count_symbols(Codec(model, coding), images)
            coding = make_coding(model, counts, bits_per_lane)
        preset = model_presets.write(
            directory, model, coding, name, identifier, training
        )
        return Codec(model, coding, identifier, preset)

    # Coding. --------------------------------------------------------------

    def refiner(self) -> Refiner:
        """The `Refiner` of the present tables, made when first needed."""
        if self._refiner is None or self._refiner.coding is not self.coding:
            self._refiner = Refiner(self.model, self.coding)
        return self._refiner

    def require_fresh_coding(self) -> None:
        """Raises ValueError unless the tables belong to the weights.

        Without that, files would say that they are a preset's and be decoded
        by another one.
        """
        network = self.require_coding().network
        if network is not None:
            current = build_network(self.model.scale_network)
            if current.digest() != network.digest():
                raise _stale("integer network")
        # Nothing but training is likely to have changed it.
        if self.compiled or self.model.compiled:
            if weights.digest(self.model.decoder_weights) != self._decoder:
                raise _stale("decoder")

    def cost(
        self,
        rate: float,
        x_hat: np.ndarray,
        image: np.ndarray,
        inside: np.ndarray,
        quality: float,
    ) -> float:
        model = self.model
        total = float(model.total_distortion(x_hat, image, inside))
        weight = float(model.lmbda(quality))
        return rate + weight * total / np.count_nonzero(inside)


def _stale(what: str) -> ValueError:
    return ValueError(
        f"The weights of the {what} have changed since the tables were made: "
        "make a preset of them with `save_preset(folder)`, or call `freeze()` "
        "for tables in memory."
    )
