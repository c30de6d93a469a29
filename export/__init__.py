"""Exports of trained codecs: SavedModel for TF Serving, TFLite for phones.

Installed as `tfcodec.export`. What belongs here turns a `Codec` into files
that run without this package: signatures, the coder in tensor ops, checks of
the op list. Of `tfcodec` only the command line imports it. The core is
`codec_graph` (pixels to symbols and back), `rans_graph` (the entropy coder)
and `container_graph` (the file); `docs/format.md` is what they follow to the
byte. `saved_model` puts them together for servers.
"""
