"""What a file needs in tensor ops: networks, entropy coder, container.

One implementation for `tf.function`, SavedModel and TFLite. `codec_graph`
turns pixels to symbols and back, `rans_graph` symbols to payloads,
`container_graph` payloads to files; `docs/format.md` is what they follow to
the byte.
"""
