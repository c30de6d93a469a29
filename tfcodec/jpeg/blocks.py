"""Pictures to the 8x8 DCT blocks of JPEG.

Components are Y, Cb and Cr as in JFIF 1.02, or Y alone. Coefficients are those
of ITU-T T.81, A.3.3, an orthonormal transform, in zigzag order: units are grey
levels of an 8x8 block.
"""

import numpy as np

SIDE = 8
_FROM_RGB = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.168735892, -0.331264108, 0.5],
        [0.5, -0.418687589, -0.081312411],
    ],
    np.float32,
)
# What Cb and Cr add to R, G and B.
_CB, _CR = (
    np.array([0, -0.344136286, 1.772]),
    np.array([1.402, -0.714136286, 0]),
)
# What an error of 1 in Y, Cb or Cr adds to the squared errors of R, G and B.
_RGB_WEIGHTS = 3.0, np.square(_CB).sum(), np.square(_CR).sum()
# An error of Cb or Cr goes into R + G + B too. By so much an opposite one of Y
# makes up for that, and leaves this share of the squared error.
LUMA_SHARES = _CB.sum() / 3, _CR.sum() / 3
LEFT_SHARES = tuple(
    1 - 3 * share**2 / weight
    for share, weight in zip(LUMA_SHARES, _RGB_WEIGHTS[1:], strict=True)
)
_REFINEMENTS = 4  # Steps of `halved`.


def _zigzag():
    cells = [(row, column) for row in range(SIDE) for column in range(SIDE)]

    def rank(cell):
        diagonal = sum(cell)
        return diagonal, cell[0] if diagonal % 2 else cell[1]

    return np.array([SIDE * r + c for r, c in sorted(cells, key=rank)])


def _cosines():
    k, n = np.mgrid[:SIDE, :SIDE]
    matrix = np.cos((2 * n + 1) * k * np.pi / (2 * SIDE)) / 2
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


ZIGZAG = _zigzag()  # Position in the block, by rank in the zigzag order.
COSINES = _cosines()  # `(frequency, sample)`.


def error_weights(index, subsampled):
    """What errors of coefficients add to the squared errors of R, G and B.

    Args:
        index: int, 0 to 2: of Y, Cb or Cr.
        subsampled: bool. The component has half the picture's sides, and the
            decoder's triangle filter makes it large, which smooths errors of
            high frequencies away.

    Returns:
        float32 `(64,)`, zigzag, by the square of a coefficient's error. Grey
        counts as three equal channels.
    """
    if not subsampled:
        return np.full(64, _RGB_WEIGHTS[index], np.float32)
    response = 0.625 + 0.375 * np.cos(np.arange(SIDE) * np.pi / SIDE)
    gain = 4 * np.outer(response, response).reshape(-1)[ZIGZAG]
    return (_RGB_WEIGHTS[index] * gain).astype(np.float32)


def components(image):
    """The components of a picture.

    Args:
        image: uint8 `(height, width, 3)` or `(height, width, 1)`.

    Returns:
        List of float32 planes `(height, width)`, -128..127.5: Y, and Cb and Cr
        if there is colour.
    """
    if image.shape[2] == 1:
        return [image[..., 0].astype(np.float32) - 128]
    planes = image.astype(np.float32) @ _FROM_RGB.T
    planes[..., 0] -= 128
    return [np.ascontiguousarray(planes[..., i]) for i in range(3)]


def to_plane(cells, shape):
    """The plane of `shape` of float32 `(rows, columns, 64)` of `to_blocks`."""
    rows, columns = cells.shape[:2]
    plain = np.empty_like(cells)
    plain[..., ZIGZAG] = cells
    samples = COSINES.T @ plain.reshape(rows, columns, SIDE, SIDE) @ COSINES
    plane = samples.transpose(0, 2, 1, 3).reshape(SIDE * rows, SIDE * columns)
    return plane[: shape[0], : shape[1]]


def halved(plane):
    """A plane of half the sides, for 4:2:0.

    The mean of 2x2 samples, and a few steps from there to the least squared
    error after the triangle filter by which decoders make it large.

    Args:
        plane: float32 `(height, width)`.

    Returns:
        `(small, error)`: float32 of half the sides, rounded up, and the sum of
        the squared errors that are left.
    """
    padded = np.pad(plane, [(0, n % 2) for n in plane.shape], "edge")
    small = _mean(padded)
    for _ in range(_REFINEMENTS):
        small += _mean(padded - _grow(small))
    left = plane - doubled(small, plane.shape)
    return small, float(np.square(left, dtype=np.float64).sum())


def to_blocks(plane, multiple):
    """A plane as blocks of DCT coefficients.

    Args:
        plane: float32 `(height, width)`.
        multiple: int, 1 or 2. Blocks fill up to multiples of that many of
            them; samples are repeated from the edges.

    Returns:
        float32 `(rows, columns, 64)` of blocks, in zigzag order.
    """
    unit = SIDE * multiple
    plane = np.pad(plane, [(0, -n % unit) for n in plane.shape], "edge")
    rows, columns = (n // SIDE for n in plane.shape)
    cells = plane.reshape(rows, SIDE, columns, SIDE)
    cells = np.matmul(COSINES, cells.transpose(0, 2, 1, 3)) @ COSINES.T
    return cells.reshape(rows, columns, SIDE * SIDE)[..., ZIGZAG]


def doubled(plane, shape):
    """A plane of `shape` of one of half the sides, as decoders make it."""
    return _grow(plane)[: shape[0], : shape[1]]


def _mean(plane):
    rows = plane[::2] + plane[1::2]
    return (rows[:, ::2] + rows[:, 1::2]) / 4


def _grow(plane):
    """Twice a plane's sides, by the triangle filter that decoders use."""
    for axis in (0, 1):
        plane = np.moveaxis(plane, axis, 0)
        before = np.concatenate([plane[:1], plane[:-1]])
        after = np.concatenate([plane[1:], plane[-1:]])
        doubled = np.empty((2 * len(plane), *plane.shape[1:]), plane.dtype)
        doubled[::2] = 0.75 * plane + 0.25 * before
        doubled[1::2] = 0.75 * plane + 0.25 * after
        plane = np.moveaxis(doubled, 0, axis)
    return plane
