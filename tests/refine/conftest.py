"""What the networks of a codec make of a part of the photograph."""

import collections

import keras
import numpy as np
import pytest

# codec; y, z, pixels (batched) and what of these is picture, float32 arrays;
# shapes: of these four, with the sides left open.
Latents = collections.namedtuple("Latents", "codec y z pixels inside shapes")


@pytest.fixture(params=["photo", "hyperprior"])
def latents(request, make_model, photograph):
    """Of 48x64 pixels at quality 60, for each kind of model."""
    from tfcodec.codec import Codec

    codec = Codec(make_model(request.param)).freeze()
    encoder = codec.encoder(photograph[100:148, 200:264])
    gain = codec.model.gain(np.array([60.0], np.float32))
    y = np.asarray(codec.run_analyse(encoder.batch))
    y = y * keras.ops.convert_to_numpy(gain)
    z = encoder.symbols(60)[0][None].astype(np.float32)
    inside = np.ones((1, 48, 64, 1), np.float32)
    shapes = tuple((1, None, None, n) for n in (y.shape[3], z.shape[3], 3, 1))
    return Latents(codec, y, z, encoder.batch, inside, shapes)
