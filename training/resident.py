"""Many training steps per call, with the images in the accelerator's memory.

A step of `photo` takes a GPU a few milliseconds, less than the host needs to
cut a batch and to start a computation. So all images lie on the device, the
crops are cut there, and one compiled call runs a whole scan of steps. JAX
only: `KERAS_BACKEND=jax`.

The crops are those of `augment.random_crop` without scaling and jitter, from
other random numbers: `fold_in(seed, step)`, so a resumed run goes on exactly.
"""

import keras
import numpy as np

from tfcodec.training.data import batching


class ResidentSteps:
    """Runs training steps of a compiled Keras model in one dispatch.

    Args:
        model: built and compiled `CodecModel`.
        source: opened image source with random access.
        config: `DataConfig`; `scale_min` and `scale_max` must be 1, `colour` 0.
        count: int, steps per call.

    Raises:
        ValueError: another backend than JAX, or settings that the device
            cannot follow.
    """

    def __init__(self, model, source, config, count):
        if keras.config.backend() != "jax":
            raise ValueError(
                "`steps_per_call` above 1 needs JAX: set KERAS_BACKEND=jax. "
                f"Received: backend={keras.config.backend()!r}"
            )
        if (
            config.scale_min != 1
            or config.scale_max != 1
            or config.colour
            or not hasattr(source, "image")
        ):
            raise ValueError(
                "`steps_per_call` above 1 needs a folder or memory source, "
                "`scale_min` and `scale_max` 1 and `colour` 0. Received: "
                f"scale_min={config.scale_min}, scale_max={config.scale_max}, "
                f"colour={config.colour}"
            )
        import jax

        self.model = model
        self.count = count
        images, sizes = _stack(source, config)
        self.images, self.sizes = jax.device_put((images, sizes))
        self._run = jax.jit(self._scan, donate_argnums=0)
        self._config = config

    def __call__(self, step):
        """Runs `count` steps from number `step` on.

        Returns:
            dict of floats, means of the steps' "loss", "bpp", "psnr".
        """
        model, optimizer = self.model, self.model.optimizer
        groups = (
            model.trainable_variables,
            model.non_trainable_variables,
            optimizer.variables,
            model.metrics_variables,
        )
        model.reset_metrics()
        state = tuple([v.value for v in group] for group in groups)
        state, logs = self._run(state, self.images, self.sizes, step)
        for group, values in zip(groups, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return {name: float(value) for name, value in logs.items()}

    def _scan(self, state, images, sizes, step):
        import jax

        def body(state, number):
            key = jax.random.key(self._config.seed)
            batch = self._crops(images, sizes, jax.random.fold_in(key, number))
            logs, state = self.model.train_step(state, (batch,))
            return tuple(list(group) for group in state), logs

        numbers = step + jax.numpy.arange(self.count)
        state, logs = jax.lax.scan(body, state, numbers)
        # The metrics are running means from the start of this call on.
        return state, {name: values[-1] for name, values in logs.items()}

    def _crops(self, images, sizes, key):
        """uint8 `(batch_size, crop, crop, 3)`."""
        import jax

        config = self._config

        def one(key):
            which, top, left, flip, upside = jax.random.split(key, 5)
            i = jax.random.randint(which, (), 0, images.shape[0])
            room = sizes[i] - config.crop + 1
            start = (
                i,
                jax.random.randint(top, (), 0, room[0]),
                jax.random.randint(left, (), 0, room[1]),
                0,
            )
            shape = (1, config.crop, config.crop, 3)
            crop = jax.lax.dynamic_slice(images, start, shape)[0]
            for axis, key, wanted in (
                (1, flip, config.flip),
                (0, upside, config.flip_vertical),
            ):
                if wanted:
                    mirror = jax.random.bernoulli(key)
                    crop = jax.lax.select(
                        mirror, jax.numpy.flip(crop, axis), crop
                    )
            return crop

        return jax.vmap(one)(jax.random.split(key, config.batch_size))


def _stack(source, config):
    """Training images as one array, padded: `(n, H, W, 3)` and their sizes."""
    chosen = [
        i
        for i in batching.split_indexes(source, config, "train")
        if min(source.sizes[i]) >= config.crop
    ]
    if not chosen:
        raise ValueError(batching.empty_split_message("train", config))
    sizes = np.asarray(source.sizes, np.int32)[chosen]
    stacked = np.zeros((len(chosen), *sizes.max(axis=0), 3), np.uint8)
    for slot, i in zip(stacked, chosen, strict=True):
        slot[: source.sizes[i][0], : source.sizes[i][1]] = source.image(i)
    return stacked, sizes
