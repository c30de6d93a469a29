"""The codec that is a Keras model: trains, saves, and codes images."""

import os
from typing import Any

import keras
import numpy as np

from tfcodec import presets
from tfcodec import weights
from tfcodec.backend import compiled
from tfcodec.entropy.build_tables import build_network
from tfcodec.entropy.build_tables import build_tables
from tfcodec.errors import TfcodecError
from tfcodec.file_codec import FileCodec
from tfcodec.models import MODELS
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
    settings = found.settings
    model = MODELS[settings["model"]](
        name=settings["model"], **settings["arguments"]
    )
    model.build()
    weights.load_weights(found.directory / "weights.npz", model)
    coding = presets.Coding.load(found.directory / "tables.npz")
    return Codec(model, coding, found.identifier, found)


@keras.saving.register_keras_serializable("tfcodec")
class Codec(FileCodec, keras.Model):
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

    @property
    def metrics(self) -> list[Any]:
        # Keras leaves out the metrics of a model inside another.
        return [*super().metrics, *self.model.trackers.values()]

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "model": keras.saving.serialize_keras_object(self.model),
            "identifier": self.identifier,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Codec":
        model = keras.saving.deserialize_keras_object(config["model"])
        model.build()
        return cls(model, identifier=config["identifier"], name=config["name"])

    def save_assets(self, inner_path: str) -> None:
        if self.coding is not None:
            self.coding.save(f"{inner_path}/tables.npz")

    def load_assets(self, inner_path: str) -> None:
        try:
            self.coding = presets.Coding.load(f"{inner_path}/tables.npz")
        except TfcodecError:
            self.coding = None

    def freeze(self) -> "Codec":
        """Makes the integer tables and network of the present weights.

        Unless they come out as they were, files are no longer marked with the
        number of the preset that this codec was loaded from.
        """
        before, self.coding = self.coding, make_coding(self.model)
        if before and before.model_hash != self.coding.model_hash:
            self.identifier, self.preset = presets.UNREGISTERED, None
        return self

    # Coding. --------------------------------------------------------------

    def refiner(self) -> Refiner:
        """The `Refiner` of the present tables, made when first needed."""
        if self._refiner is None or self._refiner.coding is not self.coding:
            self._refiner = Refiner(self.model, self.coding)
        return self._refiner

    def require_fresh_coding(self) -> None:
        """Raises ValueError unless the tables belong to the weights."""
        network = self.require_coding().network
        if network is not None:
            current = build_network(self.model.scale_network)
            if current.digest() != network.digest():
                raise ValueError(
                    "The weights have changed since the tables were made: "
                    "call `freeze()`, and give the preset its own name."
                )

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
        return rate + weight * total / float(np.sum(inside))


def make_coding(model: Any, counts: np.ndarray | None = None) -> presets.Coding:
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
