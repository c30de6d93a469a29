"""Seeded order, seeded draws, and the split: pure functions of their arguments.

All randomness is read straight from the Philox counter generator, keyed with
the seed, the purpose and a position. NumPy promises that its bit generators and
`SeedSequence` never change, which it does not promise of `Generator` methods:
so a training run can be resumed under another version of NumPy.
"""

import functools
import hashlib

import numpy as np

# First word of the key after the seed: what the draws are for.
EPOCH_ORDER, AUGMENTATION, FILE_ORDER, WINDOW_ORDER = range(4)


def permutation(length, *key):
    """A permutation of `range(length)`, int64, chosen by the integers `key`."""
    return np.argsort(_random_words(length, key), kind="stable")


@functools.lru_cache(maxsize=4)
def epoch_order(length, seed, epoch):
    """The permutation of one pass over a random-access source."""
    order = permutation(length, seed, EPOCH_ORDER, epoch)
    order.flags.writeable = False
    return order


def uniforms(count, *key):
    """`count` float64 numbers in [0, 1), chosen by the integers `key`."""
    return (_random_words(count, key) >> np.uint64(11)) * 2.0**-53


def in_validation(name, fraction):
    """Whether the image of that name (text or bytes) is kept for validation."""
    return hash_fraction(name) < fraction


def hash_fraction(name):
    """A number in [0, 1) that depends on the name (text or bytes) alone."""
    if isinstance(name, str):
        name = name.encode("utf-8", "surrogateescape")
    digest = hashlib.blake2b(name, digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> 11) * 2.0**-53


def _random_words(count, key):
    entropy = [int(word) for word in key]
    return np.random.Philox(np.random.SeedSequence(entropy)).random_raw(count)
