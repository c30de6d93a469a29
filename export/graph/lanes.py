"""The loop over steps that both directions of the coder share.

In step `t`, lane `l` of an image handles its coded symbol `t * lanes + l`. The
lanes of all images of a batch run side by side, padded to the largest number
of lanes; a lane that has nothing to do gets a symbol that changes nothing.
Where lanes are mostly idle, steps are handled in parts, each of whose results
are put in their places, so that memory is in proportion to the symbols, not to
steps times lanes: a batch may hold a long image with one lane and a short one
with 4096.

All ops are builtin ops of TFLite.
"""

import tensorflow as tf

from tfcodec.export.graph.tensors import head
from tfcodec.export.graph.tensors import put
from tfcodec.export.graph.tensors import true_places

UNROLL = 16  # Steps in the body of the inner loop.
CHUNK = 1 << 13  # Symbols whose results move through one tensor.


class Coded:
    """The elements of a segment that take bits.

    Most of an image's elements may take none. What is done to the others is
    done to vectors of them alone, `(total,)`: first those of the first image.

    Attributes:
        count: int32 `(batch,)`, how many an image has.
        total: int32, how many there are.
        image: int32 `(total,)`, the image that each belongs to.

    Args:
        mask: bool `(batch, elements)`.
    """

    def __init__(self, mask):
        self.is_one = mask.shape[0] == 1
        self._batch, self._elements = tf.unstack(tf.shape(mask))
        self._places = true_places(tf.reshape(mask, [-1]))
        self.count = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        self.total = tf.size(self._places)
        if self.is_one:
            self.image = tf.zeros_like(self._places)
        else:
            # TFLite does not divide by 0, not even nothing.
            self.image = self._places // tf.maximum(self._elements, 1)

    def take(self, x):
        """`(batch, elements)` to `(total,)`."""
        return tf.gather(tf.reshape(x, [-1]), self._places)

    def spread(self, x):
        """int32 `(total,)` to `(batch, elements)`, 0 where nothing is coded."""
        x = put(x, self._places, self._batch * self._elements)
        return tf.reshape(x, tf.stack([self._batch, self._elements]))

    def sums(self, x):
        """Sums of `(total,)` over the symbols of an image: `(batch,)`."""
        return put(x, self.image, self._batch)

    def chosen(self, mask):
        """Some of the symbols.

        Args:
            mask: bool `(total,)`.
        Returns:
            For each of them, int32 `(n,)`: its place in `(total,)`, its image,
            and how many of its image come before it. Then how many an image
            has, int32 `(batch,)`.
        """
        places = true_places(mask)
        image = tf.gather(self.image, places)
        count = put(tf.ones_like(places), image, self._batch)
        before = tf.gather(tf.cumsum(count, exclusive=True), image)
        return places, image, tf.range(tf.size(places)) - before, count


class LaneLoop:
    """The loop over the coded symbols of one segment.

    Args:
        coded: the symbols.
        lanes: int32 `(batch,)`, each at least 1.
        width: int32, the largest of them.
    """

    def __init__(self, coded: Coded, lanes, width):
        self._coded, self._total = coded, coded.total
        self._lanes, self._width = lanes, width
        self._batch = tf.size(lanes)

    def run(self, block, carry, feeds, idle, backwards=False):
        """Runs all steps.

        Args:
            block: function of the carry and of one int32
                `(UNROLL, batch, width)` per feed, which handles so many steps.
                It returns the new carry and a result of that shape.
            carry: tuple of int32 tensors, whose shapes stay as they are.
            feeds: int32 `(total,)` each, what a step needs.
            idle: ints, one per feed, for lanes that have nothing to do.
            backwards: bool, whether the last step comes first.
        Returns:
            The last carry, and the results, int32 `(total,)`.
        """

        def inner(carry, feeds):
            return _scan(block, carry, feeds, backwards)

        run = self._run_one if self._coded.is_one else self._run_batch
        after, results = run(inner, carry, feeds, idle, backwards)
        for old, new in zip(carry, after, strict=True):
            # So that the next segment knows that there is one image.
            new.set_shape(old.shape)
        return after, results

    def _run_one(self, inner, carry, feeds, idle, backwards):
        """Runs one image's steps: its symbols fill all of them in turn."""
        shape = self._shape(ceil_div(self._total, self._width))
        missing = tf.reduce_prod(shape) - self._total
        feeds = [
            tf.reshape(tf.pad(feed, [[0, missing]], constant_values=x), shape)
            for feed, x in zip(feeds, idle, strict=True)
        ]
        carry, results = _scan(inner, carry, feeds, backwards)
        return carry, head(tf.reshape(results, [-1]), self._total)

    def _run_batch(self, inner, carry, feeds, idle, backwards):
        """Runs several images' steps side by side."""
        feeds = [
            tf.pad(feed, [[0, 1]], constant_values=x)
            for feed, x in zip(feeds, idle, strict=True)
        ]
        counts = ceil_div(self._coded.count, self._lanes)
        # The clamp also gives a batch without images its zero steps.
        steps = tf.maximum(tf.reduce_max(counts), 0)
        per_step = tf.maximum(self._batch * self._width, 1)
        # One part, unless the images are very unequal.
        most = tf.maximum(CHUNK, self._total) // (UNROLL * per_step) + 1
        size = tf.minimum(UNROLL * most, steps)
        parts = ceil_div(steps, tf.maximum(size, 1))
        image = self._coded.image
        first = tf.cumsum(self._coded.count, exclusive=True)
        symbol = tf.range(self._total) - tf.gather(first, image)
        lanes = tf.gather(self._lanes, image)
        step = symbol // lanes
        column = image * self._width + symbol - step * lanes

        def one_part(i, results, *carry):
            begin = size * (parts - 1 - i if backwards else i)
            end = tf.minimum(begin + size, steps)
            shape = self._shape(end - begin)
            at = begin + tf.range(tf.reduce_prod(shape[:3]))[:, None]
            # What comes later is idle here, whatever the chunks have room for,
            # and an image with few steps and many lanes must not overflow.
            at = tf.where(at < end, tf.minimum(at, counts), counts)
            where = tf.reshape(self._symbols_at(at, first), shape)
            part_feeds = [tf.gather(feed, where) for feed in feeds]
            carry, found = _scan(inner, carry, part_feeds, backwards)
            found = tf.reshape(found, [-1])
            inside = tf.clip_by_value(step - begin, 0, size - 1)
            found = tf.gather(found, inside * per_step + column)
            here = tf.equal(step - begin, inside)
            return i + 1, tf.where(here, found, results), *carry

        _, results, *carry = _while(
            lambda i, *_: i < parts,
            one_part,
            (tf.constant(0), tf.zeros_like(image), *carry),
        )
        return carry, results

    def _shape(self, steps):
        """Chunks, blocks, steps, images and lanes: enough for `steps`."""
        blocks = tf.maximum(ceil_div(steps, UNROLL), 1)
        per_block = UNROLL * tf.maximum(self._batch * self._width, 1)
        size = ceil_div(blocks, ceil_div(blocks * per_block, CHUNK))
        chunks = ceil_div(blocks, size)
        return tf.stack([chunks, size, UNROLL, self._batch, self._width])

    def _symbols_at(self, step, first):
        """Symbols by step and lane, `total` for none.

        Args:
            step: int32 `(steps, batch)`, at most an image's number of steps.
            first: int32 `(batch,)`, an image's first symbol.
        Returns:
            int32 `(steps, batch, width)`.
        """
        lane = tf.range(self._width)
        lanes = self._lanes[:, None]
        symbol = tf.expand_dims(step, 2) * lanes + lane
        there = symbol < self._coded.count[:, None]
        there = tf.logical_and(lane < lanes, there)
        return tf.where(there, first[:, None] + symbol, self._total)


def _scan(step, carry, feeds, backwards):
    """Runs `step` along the first axis of the feeds, which have one shape.

    The results have that shape too. They move through a tensor whose shape
    stays, and nothing is sliced: where a shape may change, TFLite plans its
    memory again for all ops in the body, each time, and its slices are slow.
    """
    count = tf.shape(feeds[0])[0]
    kept = tf.range(count - 1) if backwards else tf.range(1, count)

    def body(i, found, *carry):
        at = count - 1 - i if backwards else i
        carry, new = step(carry, [tf.gather(feed, at) for feed in feeds])
        old, new = tf.gather(found, kept), tf.expand_dims(new, 0)
        found = tf.concat([new, old] if backwards else [old, new], 0)
        return i + 1, found, *carry

    first = (tf.constant(0), tf.zeros_like(feeds[0]), *carry)
    _, found, *carry = _while(lambda i, *_: i < count, body, first)
    return carry, found


def _while(condition, body, first):
    """`tf.while_loop` for tensors of any lengths."""
    shapes = tuple(tf.TensorShape([None] * x.shape.rank) for x in first)
    return tf.while_loop(condition, body, first, shape_invariants=shapes)


def ceil_div(a, b):
    return (a + b - 1) // b
