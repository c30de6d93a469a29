"""What came out of every runtime, and whether it is the same."""

import hashlib

import numpy as np

# The folder of this script is on the path: these are files beside it.
from interop_runtimes import RuntimeFailure

from tfcodec.metrics import psnr


class Matrix:
    """Files by encoder, and what decoders make of them.

    Args:
        runtimes: list of `Runtime`, the reference first.
        pictures: list of `Picture`.
        compiled_odd: int; runtimes that compile for each size get only so many
            odd pictures.
        folder: `pathlib.Path`, for files, symbols and pixels.

    Attributes:
        files: by encoder's key: dict from `(picture, quality)`, str and float,
            to the file's SHA-256.
        decodings: by decoder's key: dict from a file's SHA-256 to a dict of
            `equal` and `seen` (see `interop_worker.decode`), `histogram`, int
            `(256,)`, of absolute differences to the reference's pixels, and
            `psnr` to the original.
        spreads: by SHA-256: the largest difference, in levels, between any two
            decoders that are not lossy.
        failures: list of str, the promises that were broken.
    """

    def __init__(self, runtimes, pictures, compiled_odd, folder):
        self.runtimes = runtimes
        self.pictures = {picture.name: picture for picture in pictures}
        self.files = {runtime.key: {} for runtime in runtimes}
        self.decodings = {runtime.key: {} for runtime in runtimes}
        self.spreads = {}
        self.failures = []
        self._folder = folder
        odd = [picture.name for picture in pictures if picture.is_odd]
        self._too_many = set(odd[compiled_odd:])

    @property
    def reference(self):
        return self.runtimes[0]

    def distinct(self):
        """Dict from the SHA-256 of every file to a `(picture, quality)`."""
        found = {}
        for files in self.files.values():
            for coded, sha in files.items():
                found.setdefault(sha, coded)
        return found

    def encode(self, runtime, process):
        """All files of an encoder."""
        wanted = self._taken(runtime, self.pictures)
        for i, name in enumerate(wanted):
            picture = self.pictures[name]
            answer = self._ask(
                runtime,
                process,
                name,
                "encode",
                picture=str(self.path(name, "png")),
                qualities=picture.qualities,
                folder=str(self._folder),
            )
            if answer:
                for quality, sha in zip(
                    picture.qualities, answer["files"], strict=True
                ):
                    self.files[runtime.key][name, quality] = sha
            yield i + 1, len(wanted)

    def decode(self, runtime, process):
        """All files of all encoders by one decoder."""
        files = self.distinct()
        taken = self._taken(runtime, {name for name, _ in files.values()})
        wanted = [sha for sha, (name, _) in files.items() if name in taken]
        for i, sha in enumerate(wanted):
            name, quality = files[sha]
            path = self._folder / "decoded.npy"
            answer = self._ask(
                runtime,
                process,
                f"{name} at quality {quality:g}",
                "decode",
                file=str(self.path(sha, "tfc")),
                pixels=str(path),
                quality=quality,
                symbols=str(self.path(sha, "npz")),
                is_reference=runtime is self.reference,
            )
            if answer:
                pixels = np.load(path)
                if runtime is self.reference:
                    np.save(self.path(sha, "npy"), pixels)
                answer["psnr"] = psnr(self.pictures[name].pixels, pixels)
                answer["histogram"] = self._compare(runtime, sha, pixels)
                self.decodings[runtime.key][sha] = answer
                self._check(runtime, sha, f"{name} at quality {quality:g}")
            yield i + 1, len(wanted)

    def path(self, name, suffix):
        """`pathlib.Path` of a picture's PNG, or of what belongs to a file."""
        return self._folder / f"{name}.{suffix}"

    def symbols(self, sha):
        """What the reference has read from a file: dict of int32 arrays."""
        with np.load(self.path(sha, "npz")) as stored:
            return dict(stored)

    def digest(self):
        """SHA-256 over every file's SHA-256 and symbols, as hexadecimal.

        Runs that print the same one have made the same files and read the
        same symbols from them.
        """
        total = hashlib.sha256()
        for sha in sorted(self.decodings[self.reference.key]):
            total.update(bytes.fromhex(sha))
            for name, symbols in sorted(self.symbols(sha).items()):
                total.update(name.encode())
                total.update(symbols.astype("<i4").tobytes())
        return total.hexdigest()

    def _taken(self, runtime, names):
        left_out = self._too_many if runtime.compiles else ()
        return [name for name in names if name not in left_out]

    def _ask(self, runtime, process, what, action, **request):
        """The answer, or None with a failure noted."""
        if process.has_ended:  # Its end has been noted.
            return None
        try:
            return process.ask(action, **request)
        except RuntimeFailure as error:
            self.failures.append(f"{runtime.label}: {action} {what}: {error}")
            return None

    def _compare(self, runtime, sha, pixels):
        """Histogram of differences to the reference; keeps `spreads`."""
        reference = np.load(self.path(sha, "npy"))
        difference = np.abs(pixels.astype(np.int16) - reference)
        histogram = np.bincount(difference.reshape(-1), minlength=256)
        if not runtime.is_lossy:
            bounds = self._folder / f"{sha}-bounds.npy"
            if bounds.exists():
                low, high = np.load(bounds)
            else:
                low, high = reference, reference
            if histogram[1:].any():
                low = np.minimum(low, pixels)
                high = np.maximum(high, pixels)
                np.save(bounds, np.stack([low, high]))
            self.spreads[sha] = int((high - low).max())
        return histogram

    def _check(self, runtime, sha, what):
        decoding = self.decodings[runtime.key][sha]
        largest = int(np.flatnonzero(decoding["histogram"])[-1])
        start = f"{runtime.label}: {what}"
        if not decoding["equal"]:
            self.failures.append(f"{start}: other symbols")
        if runtime.is_lossy:
            return
        if largest > 1:
            self.failures.append(f"{start}: pixels {largest} levels apart")
        elif self.spreads[sha] > 1:
            self.failures.append(
                f"{start}: pixels {self.spreads[sha]} levels from those of "
                "another decoder"
            )
