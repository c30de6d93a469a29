"""A model with more blocks begins as one that has fewer."""

import keras

from tfcodec.layers import BottleneckBlock


def grow(small, model):
    """Copies weights; blocks that the smaller model lacks become identities.

    Args:
        small: built `CodecModel`.
        model: built one of the same class, changed in place: as `small`, with
            at least as many blocks in every stack.

    Raises:
        ValueError: something other than numbers of blocks differs.
    """
    _copy(
        _outside(small, small.layers),
        _outside(model, model.layers),
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
            new.name,
        )


def _grow_stack(old, new, name):
    if len(old) > len(new):
        raise ValueError(f"{name} has fewer blocks than its start.")
    for block, grown in zip(old, new, strict=False):
        _copy(block.weights, grown.weights, name)
    for block in new[len(old) :]:
        for weight in block.expand.weights:
            weight.assign(keras.ops.zeros_like(weight))


def _outside(layer, parts):
    """The weights of a layer that are in none of its parts."""
    inside = {id(v) for part in parts for v in part.weights}
    return [v for v in layer.weights if id(v) not in inside]


def _copy(old, new, name):
    if [v.shape for v in old] != [v.shape for v in new]:
        raise ValueError(f"{name} does not have the shapes of its start.")
    for source, target in zip(old, new, strict=True):
        target.assign(source)
