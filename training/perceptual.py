"""Features of a network that recognises pictures, as a part of the loss.

Two pictures that look alike have like features, though pixels may be off. The
network is frozen, and no part of the model: checkpoints and presets do not
have it, and coding does not need it.
"""

import os

import keras

from tfcodec.errors import TfcodecError

# Module of `keras.applications`, class in it.
_NETWORKS = {"vgg16": ("vgg16", "VGG16"), "resnet50": ("resnet50", "ResNet50")}


class Perceptual:
    """Weighted mean squared differences of features.

    No Keras layer, so that a model that refers to it does not take its
    variables for its own.

    Args:
        network: "vgg16" or "resnet50", of Keras Applications.
        weights: "imagenet", which Keras downloads once into its cache; or the
            path of such a file, without the top; or None, random weights.
        layers: names of layers whose outputs are compared, for VGG16
            "block1_conv2" to "block5_conv3", for ResNet50 "conv2_block3_out"
            to "conv5_block3_out".
        weight: float, of the mean over the layers, against an MSE over
            0..255 (or 1 - MS-SSIM).

    Call arguments:
        x_hat, image: float32 `(batch, height, width, 3)`, RGB, 0..255. Sides
            of 32 pixels and more.

    Returns:
        float32 `(batch,)`.

    Raises:
        ValueError: no such layer.
        TfcodecError: the weights cannot be had.

    Reference: Johnson et al. 2016, https://arxiv.org/abs/1603.08155, section
    3.2, feature reconstruction loss. Departure: several layers, averaged.
    """

    def __init__(self, network, weights, layers, weight):
        module, name = _NETWORKS[network]
        self._module = getattr(keras.applications, module)
        whole = _load(getattr(self._module, name), network, weights)
        names = [layer.name for layer in whole.layers]
        if unknown := [layer for layer in layers if layer not in names]:
            raise ValueError(
                f"`perceptual.layers` names {unknown[0]!r}, which {network} "
                f"does not have; there are: {', '.join(names[1:])}"
            )
        outputs = [whole.get_layer(layer).output for layer in layers]
        self._features = keras.Model(whole.input, outputs)
        self._features.trainable = False
        self.weight = weight

    def features(self, image):
        """The layers' outputs, a list of float32 tensors."""
        # A tensor: of an array, Keras would change the caller's.
        image = keras.ops.convert_to_tensor(image, "float32")
        # To BGR, less the means of ImageNet, for either network.
        image = self._module.preprocess_input(image)
        found = self._features(image, training=False)
        return found if isinstance(found, list | tuple) else [found]

    def __call__(self, x_hat, image):
        total = 0.0
        pairs = list(
            zip(self.features(x_hat), self.features(image), strict=True)
        )
        for ours, theirs in pairs:
            error = keras.ops.square(ours - keras.ops.stop_gradient(theirs))
            total += keras.ops.mean(error, axis=(1, 2, 3))
        return self.weight / len(pairs) * total


def _load(make, network, weights):
    """The network without its top, in float32 whatever the policy."""
    if weights not in (None, "imagenet") and not os.path.isfile(weights):
        raise TfcodecError(
            f"The weights of {network} cannot be read: there is no file "
            f"{weights}."
        )
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return make(
            include_top=False, weights=weights, input_shape=(None, None, 3)
        )
    except Exception as error:  # whatever a download or a file can do wrong
        cause = " ".join(str(error).split())
        remedy = ""
        if weights == "imagenet":
            remedy = (
                " Without a network, give the path of the file as `weights`."
            )
        raise TfcodecError(
            f"The weights {weights} of {network} cannot be loaded: {cause}"
            f"{remedy}"
        ) from error
    finally:
        keras.config.set_dtype_policy(policy)
