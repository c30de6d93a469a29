"""LiteRT (TFLite) files of builtin ops.

`tflite` writes the whole codec as one file for phones, `packaged` the graph
with which the command line runs a preset.
"""
