"""The loop over steps that both directions of the coder share.

In step `t`, lane `l` of an image handles its coded symbol `t * lanes + l`. The
lanes of all images of a batch run side by side, padded to the largest number
of lanes; a lane that has nothing to do gets a symbol that changes nothing.
The loop works in chunks of steps, whose results are put in their places, so
that memory is in proportion to the elements, not to steps times lanes: a batch
may hold a long image with one lane and a short one with 4096.

All ops are builtin ops of TFLite.
"""

import tensorflow as tf

UNROLL = 16  # Steps in the body of the inner loop.
CHUNK = 1 << 13  # Symbols in a chunk; of a batch, at least an eighth of all.


class LaneLoop:
    """The coded symbols of one segment, and the loop over them.

    Args:
        coded: bool `(batch, elements)`, false for what is not coded.
        lanes: int32 `(batch,)`, each at least 1.
        width: int32, the largest of them.
    """

    def __init__(self, coded, lanes, width):
        self._is_one = coded.shape[0] == 1
        self._batch, self._elements = tf.unstack(tf.shape(coded))
        self._lanes, self._width = lanes, width
        ones = tf.cast(coded, tf.int32)
        self._count = tf.reduce_sum(ones, axis=1)
        self._first = tf.cumsum(self._count, exclusive=True)
        self._total = tf.reduce_sum(self._count)
        places = tf.where(tf.reshape(coded, [-1]))
        self._places = tf.reshape(tf.cast(places, tf.int32), [-1])
        rank = tf.cumsum(tf.reshape(ones, [-1]), exclusive=True)
        rank = tf.reshape(rank, tf.shape(coded))
        self._coded, self._zeros = coded, tf.zeros_like(rank)
        self._rank = tf.where(coded, rank, self._zeros)

    def run(self, block, carry, feeds, idle, backwards=False):
        """Runs all steps.

        Args:
            block: function of the carry and of one int32
                `(UNROLL, batch, width)` per feed, which handles so many steps.
                It returns the new carry and a result of that shape.
            carry: tuple of int32 tensors, whose shapes stay as they are.
            feeds: int32 `(batch, elements)` each, what a step needs.
            idle: ints, one per feed, for lanes that have nothing to do.
            backwards: bool, whether the last step comes first.
        Returns:
            The last carry, and the results, int32 `(batch, elements)`, 0 where
            nothing is coded.
        """
        feeds = [tf.gather(tf.reshape(x, [-1]), self._places) for x in feeds]
        run = self._run_one if self._is_one else self._run_batch
        carry, results = run(block, carry, feeds, idle, backwards)
        results = tf.gather(results, self._rank)
        return carry, tf.where(self._coded, results, self._zeros)

    def _run_one(self, block, carry, feeds, idle, backwards):
        """Runs one image's steps: its symbols fill all of them in turn."""
        per_block = UNROLL * self._width
        blocks = tf.maximum(ceil_div(self._total, per_block), 1)
        chunks = ceil_div(blocks * per_block, CHUNK)
        size = ceil_div(blocks, chunks)
        shape = tf.stack([chunks, size, UNROLL, 1, self._width])
        missing = tf.reduce_prod(shape) - self._total
        feeds = [
            tf.pad(feed, [[0, missing]], constant_values=value)
            for feed, value in zip(feeds, idle, strict=True)
        ]
        carry, results = _scan(
            lambda carry, feeds: _scan(block, carry, feeds, backwards),
            carry,
            [tf.reshape(feed, shape) for feed in feeds],
            backwards,
        )
        return carry, tf.reshape(results, [-1])

    def _run_batch(self, block, carry, feeds, idle, backwards):
        """Runs several images' steps side by side."""
        feeds = [
            tf.pad(feed, [[0, 1]], constant_values=value)
            for feed, value in zip(feeds, idle, strict=True)
        ]
        # The clamp also gives a batch without images its zero steps.
        steps = tf.maximum(tf.reduce_max(self._steps()), 0)
        per_block = UNROLL * tf.maximum(self._batch * self._width, 1)
        size = tf.maximum(CHUNK, self._total // 8) // per_block
        size = UNROLL * tf.maximum(size, 1)
        chunks = ceil_div(steps, size)

        def one_chunk(i, results, *carry):
            begin = size * (chunks - 1 - i if backwards else i)
            blocks = ceil_div(tf.minimum(size, steps - begin), UNROLL)
            where = self._symbols_at(begin, blocks * UNROLL)
            shape = tf.stack([blocks, UNROLL, self._batch, self._width])
            where = tf.reshape(where, shape)
            chunk_feeds = [tf.gather(feed, where) for feed in feeds]
            carry, found = _scan(block, carry, chunk_feeds, backwards)
            found = tf.reshape(found, [-1])
            return i + 1, self._put(found, begin, results), *carry

        _, results, *carry = _while(
            lambda i, *_: i < chunks,
            one_chunk,
            (tf.constant(0), tf.zeros_like(self._places), *carry),
        )
        return carry, tf.pad(results, [[0, 1]])

    def _steps(self):
        """int32 `(batch,)`."""
        return ceil_div(self._count, self._lanes)

    def _symbols_at(self, begin, steps):
        """Coded symbols by step and lane, `total` for none.

        Returns:
            int32 `(steps, batch, width)`.
        """
        step = begin + tf.range(steps)[:, None]
        # An image with few steps and many lanes must not overflow.
        step = tf.expand_dims(tf.minimum(step, self._steps()), 2)
        lane = tf.range(self._width)
        lanes = self._lanes[:, None]
        symbol = step * lanes + lane
        there = tf.logical_and(lane < lanes, symbol < self._count[:, None])
        return tf.where(there, self._first[:, None] + symbol, self._total)

    def _put(self, found, begin, results):
        """Puts a chunk's results, `(steps * batch * width,)`, in place."""
        per_step = self._batch * self._width
        image = self._places // self._elements
        symbol = tf.range(self._total) - tf.gather(self._first, image)
        lanes = tf.gather(self._lanes, image)
        step = symbol // lanes
        lane = symbol - step * lanes
        last = tf.size(found) // per_step - 1
        inside = tf.clip_by_value(step - begin, 0, last)
        source = inside * per_step + image * self._width + lane
        here = tf.equal(step - begin, inside)
        return tf.where(here, tf.gather(found, source), results)


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
