"""Pure tensor functions in `keras.ops`; nothing here holds a variable."""

from tfcodec.ops.asinh import asinh
from tfcodec.ops.bounds import clip_with_return
from tfcodec.ops.bounds import lower_bound
from tfcodec.ops.ms_ssim import ms_ssim
from tfcodec.ops.noise import add_uniform_noise
from tfcodec.ops.rounding import floor_st
from tfcodec.ops.rounding import round_st
from tfcodec.ops.space import checkerboard
from tfcodec.ops.space import crop_to
from tfcodec.ops.space import depth_to_space
from tfcodec.ops.space import neighbours_3x3
from tfcodec.ops.space import pad_to_multiple
from tfcodec.ops.space import single_op_shuffles
from tfcodec.ops.space import space_to_depth

__all__ = [
    "add_uniform_noise",
    "asinh",
    "checkerboard",
    "clip_with_return",
    "crop_to",
    "depth_to_space",
    "floor_st",
    "lower_bound",
    "ms_ssim",
    "neighbours_3x3",
    "pad_to_multiple",
    "round_st",
    "single_op_shuffles",
    "space_to_depth",
]
