"""Exports of trained codecs: SavedModel for TF Serving, TFLite for phones.

Installed as `tfcodec.export`. What belongs here turns a `Codec` into files
that run without this package. `graph` holds the codec in tensor ops, `serving`
and `lite` make files of it. Of `tfcodec` only the command line imports them.
"""
