"""A model with more blocks or more latents begins as one that has fewer."""

import keras

from tfcodec.layers import BottleneckBlock


def grow(small, model):
    """Copies weights; blocks that the smaller model lacks become identities.

    Latents that it lacks come last. Nothing reads them yet: other latents and
    the picture are as before. The weights that make them stay what they are,
    for `warm_start` to set.

    Args:
        small: built `CodecModel`.
        model: built one of the same class, changed in place: as `small`, with
            at least as many latents, and blocks in every stack.

    Raises:
        ValueError: something else differs.
    """
    more = model.latent_channels - small.latent_channels
    _copy(
        _outside(small, small.layers),
        _outside(model, model.layers),
        more,
        model.name,
    )
    for old, new in zip(small.layers, model.layers, strict=True):
        stacks = [
            name
            for name, value in vars(new).items()
            if not name.startswith("_")  # Keras's own lists
            and isinstance(value, list | tuple)
            and any(isinstance(part, BottleneckBlock) for part in value)
        ]
        for name in stacks:
            _grow_stack(getattr(old, name), getattr(new, name), new.name)
        _copy(
            _outside(old, [b for s in stacks for b in getattr(old, s)]),
            _outside(new, [b for s in stacks for b in getattr(new, s)]),
            more,
            new.name,
        )


def _grow_stack(old, new, name):
    if len(old) > len(new):
        raise ValueError(f"{name} has fewer blocks than its start.")
    for block, grown in zip(old, new, strict=False):
        _copy(block.weights, grown.weights, 0, name)
    for block in new[len(old) :]:
        for weight in block.expand.weights:
            weight.assign(keras.ops.zeros_like(weight))


def _outside(layer, parts):
    """The weights of a layer that are in none of its parts."""
    inside = {id(v) for part in parts for v in part.weights}
    return [v for v in layer.weights if id(v) not in inside]


def _copy(old, new, more, name):
    """Copies weights, of which some may have `more` inputs or outputs.

    Weights of new inputs become 0, those of new outputs stay.
    """
    if len(old) != len(new):
        raise ValueError(f"{name} does not have the weights of its start.")
    for source, target in zip(old, new, strict=True):
        if source.shape != target.shape:
            inputs = _with_more(source.shape, -2, more)
            outputs = _with_more(source.shape, -1, more)
            if more > 0 and target.shape == inputs:
                rest = keras.ops.zeros_like(target[..., -more:, :])
                source = keras.ops.concatenate([source, rest], axis=-2)
            elif more > 0 and target.shape == outputs:
                rest = target[..., -more:]
                source = keras.ops.concatenate([source, rest], axis=-1)
            else:
                raise ValueError(
                    f"{name} does not have the shapes of its start. Received: "
                    f"{tuple(source.shape)}, needed: {tuple(target.shape)}"
                )
        target.assign(source)


def _with_more(shape, axis, more):
    """A weight's shape with `more` at an axis; None if it has no such axis."""
    if len(shape) < -axis:
        return None
    shape = list(shape)
    shape[axis] += more
    return tuple(shape)
