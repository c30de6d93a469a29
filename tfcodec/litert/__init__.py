"""Presets run by LiteRT: no Keras, no TensorFlow, start in a moment.

`graph_file` puts a graph and the preset's weights together, `codec` runs it.
The graphs are made by `tfcodec.export.lite.packaged`.
"""
