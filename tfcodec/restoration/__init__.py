"""JPEG files cleaned by the network of `deconvnet`.

`load` gives the trained `Restorer`; its method `restore` takes a decoded JPEG
picture and gives one that is nearer to what was photographed.
"""

from tfcodec.restoration.restorer import Restorer
from tfcodec.restoration.restorer import load

__all__ = ["Restorer", "load"]
