"""Fine-tunes a preset on pages of documents, and shows what that gains.

    pip install 'tfcodec[train,eval]'
    python examples/finetune.py --minutes 10 --output finetuned

Writes `finetuned/documents`, a preset folder for `tfcodec --preset`, and
`finetuned/eval` with the curves and the report of `tfcodec eval` over pages
that training has not seen. docs/finetune.md explains every step.
"""

import argparse
import pathlib
import time

import keras
from finetune_documents import page
from PIL import Image

import tfcodec
from tfcodec.evaluation import evaluate_folder
from tfcodec.training.crop_batches import CropBatches
from tfcodec.training.optimizers import ConvMuon

BPP_RANGE = (0.2, 3.0)  # what documents take
TRAIN, HELD_OUT = 0, 1_000_000  # their first seeds


class Minutes(keras.callbacks.Callback):
    """Stops after so many minutes, the learning rate fallen to zero by then.

    Args:
        minutes: float, from the end of the first batch on (which compiles).
        peak: float, learning rate of the first two fifths of them.
    """

    def __init__(self, minutes, peak):
        super().__init__()
        self.seconds = 60 * minutes
        self.peak = peak
        self.begun = None

    def on_train_batch_end(self, batch, logs=None):
        now = time.monotonic()
        self.begun = self.begun or now
        place = (now - self.begun) / self.seconds
        fall = min(max((1.0 - place) / 0.6, 0.0), 1.0)
        self.model.optimizer.learning_rate = self.peak * fall
        self.model.stop_training = place >= 1.0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--held-out", type=int, default=8)
    parser.add_argument("--page-size", type=int, default=384)
    parser.add_argument("--against", nargs="*", default=["avif", "webp"])
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--output", type=pathlib.Path, default="finetuned")
    options = parser.parse_args(arguments)
    output = options.output
    pages, held_out = (
        [page(first + i, options.page_size) for i in range(count)]
        for first, count in (
            (TRAIN, options.pages),
            (HELD_OUT, options.held_out),
        )
    )

    keras.config.set_dtype_policy("mixed_bfloat16")
    codec = tfcodec.load(options.preset)
    stock = codec.preset.name
    settings = {
        "batch_size": options.batch_size,
        "crop": options.crop,
        "validation_fraction": 0,
    }
    peak = options.learning_rate
    codec.compile(
        optimizer=ConvMuon(
            peak, global_clipnorm=1.0, use_ema=True, ema_momentum=0.98
        )
    )
    codec.fit(
        CropBatches(pages, **settings),
        epochs=10_000,  # `Minutes` stops it
        callbacks=[Minutes(options.minutes, peak)],
        verbose=2,
    )
    codec.save_preset(output / "documents", images=pages[:40], overwrite=True)

    (output / "pages").mkdir(exist_ok=True)
    for number, pixels in enumerate(held_out):
        path = output / "pages" / f"{number:02d}.png"
        Image.fromarray(pixels).save(path)
    results = evaluate_folder(
        output / "pages",
        presets=(options.preset, str(output / "documents")),
        against=tuple(options.against),
        bpp_range=BPP_RANGE,
        output=str(output / "eval"),
        fresh=True,
    )
    for anchor in (stock, *options.against):
        rate = results["bd_rate"]["psnr"][anchor].get("documents")
        shown = "no overlap" if rate is None else f"{rate:+.1f} %"
        print(f"BD-rate of documents against {anchor}: {shown}")
    print(f"Look at {output / 'eval' / 'report.html'}")


if __name__ == "__main__":
    main()
