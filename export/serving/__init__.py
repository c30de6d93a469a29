"""SavedModels for TensorFlow Serving: image files in, `.tfc` files out.

`saved_model` writes one with what a server wants beside it.
"""
