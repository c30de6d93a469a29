"""Numbers that the format and the command line agree on; no imports."""

MIN_QUALITY = 1.0
MAX_QUALITY = 100.0
MIN_EFFORT = 1
MAX_EFFORT = 5
BLOCK = 16  # pixels per latent, each way
HYPER_BLOCK = 4  # latents per hyper-latent, each way
LATENT_MIN = -128  # of rounded hyper-latents
LATENT_MAX = 127
MAX_PIXELS = 178_956_970  # what Pillow refuses as a decompression bomb
EXPORT_MAX_PIXELS = 50_000_000  # of an image, unless the export says otherwise
HYPER_LATENT_MAX = 128  # the largest magnitude in a file
