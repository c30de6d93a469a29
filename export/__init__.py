"""Exports of trained codecs: SavedModel for TF Serving, TFLite for phones.

Installed as `tfcodec.export`. What belongs here turns a `Codec` into files
that run without this package: signatures, the coder in tensor ops, checks of
the op list. `tfcodec` never imports it. The coder is there (`rans_graph`);
nothing is exported yet. The parts that an export will build on are `Codec`
(`tfcodec/codec.py`), whose four compiled steps are the tensor functions to
export, and `docs/format.md`, which a graph must follow to the byte.
"""
