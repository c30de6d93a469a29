"""The training loop: steps, progress, checkpoints, validation."""

import dataclasses
import json
import pathlib
import time

import keras
import numpy as np

from tfcodec import weights
from tfcodec.models import MODELS
from tfcodec.models import Photo
from tfcodec.training import board
from tfcodec.training import checkpoint
from tfcodec.training.data import make_batches
from tfcodec.training.data import open_source
from tfcodec.training.data import validation_images
from tfcodec.training.grow import grow
from tfcodec.training.optimizers import ConvMuon
from tfcodec.training.optimizers import WarmupCosine
from tfcodec.training.perceptual import Perceptual
from tfcodec.training.requality import stretch_qualities
from tfcodec.training.resident import ResidentSteps
from tfcodec.training.validate import running_averages
from tfcodec.training.validate import validate
from tfcodec.training.warm_start import warm_start

CHECKPOINT = "checkpoint.npz"


def make_model(config, images=None):
    """A built and compiled model of a `TrainConfig`.

    Args:
        config: `TrainConfig`.
        images: function that returns a list of uint8 images, for the warm
            start; None to leave it out (before restoring a checkpoint).
    """
    policy = "mixed_bfloat16" if config.mixed_bfloat16 else "float32"
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(config.seed)
    if config.model.name not in MODELS:
        raise ValueError(
            f"`model.name` must be one of {sorted(MODELS)}. "
            f"Received: {config.model.name!r}"
        )
    cls = MODELS[config.model.name]
    arguments = {"seed": config.seed, **config.model.arguments}
    model = cls(name=config.model.name, **arguments)
    model.build()
    names = [layer.name for layer in model.layers]
    if unknown := set(config.model.train_only) - set(names):
        raise ValueError(
            f"`model.train_only` names {sorted(unknown)[0]!r}, which is not "
            f"one of the layers: {', '.join(names)}"
        )
    for layer in model.layers if config.model.train_only else ():
        layer.trainable = layer.name in config.model.train_only
    if config.model.perceptual:
        settings = dataclasses.asdict(config.model.perceptual)
        model.extra_distortion = Perceptual(**settings)
    settings = config.optimizer
    schedule = WarmupCosine(
        settings.learning_rate,
        config.steps,
        settings.warmup,
        settings.decay_from,
        settings.end_factor,
    )
    kinds = {"muon": ConvMuon, "adam": keras.optimizers.Adam}
    optimizer = kinds[settings.name](
        schedule,
        global_clipnorm=settings.clip_norm,
        use_ema=settings.ema_momentum > 0,
        ema_momentum=settings.ema_momentum or 0.99,
    )
    model.compile(optimizer=optimizer)
    optimizer.build(model.trainable_variables)
    if images is not None:
        if config.model.initial:
            known = _load_initial(config.model, cls, arguments, model)
            if known < model.latent_channels:
                warm_start(
                    model,
                    images(),
                    config.model.warm_step,
                    seed=config.seed,
                    known=known,
                )
            if config.model.initial_lmbda:
                stretch_qualities(model, *config.model.initial_lmbda)
        elif config.model.warm_start and config.model.name == "photo":
            warm_start(
                model, images(), config.model.warm_step, seed=config.seed
            )
        for variable, average in running_averages(model):
            # A copy: JAX would give both the same buffer to write to.
            average.assign(keras.ops.copy(variable))
    return model


def _load_initial(settings, cls, arguments, model):
    """Loads the weights to start from; how many latents they have."""
    if not settings.initial_arguments:
        weights.load_weights(settings.initial, model)
        return model.latent_channels
    small = cls(**{**arguments, **settings.initial_arguments})
    if small.latent_channels != model.latent_channels and cls is not Photo:
        raise ValueError(
            "`initial_arguments` with other `latent_channels` are for `photo`. "
            f"Received: {settings.name!r}"
        )
    small.build()
    weights.load_weights(settings.initial, small)
    grow(small, model)
    return small.latent_channels


def train(config, output, source=None, stop_at=None, report=print):
    """Trains until `config.steps`, from the checkpoint in `output` if any.

    Args:
        config: `TrainConfig`.
        output: folder for checkpoint, log and TensorBoard files.
        source: opened image source, or None to open `config.data.source`.
        stop_at: int or None; stops after that step (the schedule still ends
            at `config.steps`).
        report: function of one line of progress.

    Returns:
        `(model, step)`. The last checkpoint is on disk, also after Ctrl-C.
    """
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    if source is None:
        source = open_source(config.data.source)
    path = output / CHECKPOINT
    is_resumed = path.exists()
    model = make_model(
        config,
        None if is_resumed else lambda: _some_crops(source, config.data),
    )
    step = checkpoint.load_checkpoint(path, model) if is_resumed else 0
    report(
        f"{config.model.name}: {model.count_params():,} parameters, "
        + (f"resumed at step {step}" if is_resumed else "from the start")
        + f" of {config.steps}"
    )
    advance = _steps(model, source, config, step)
    last = min(config.steps, stop_at or config.steps)
    images = None
    if config.validate_every:
        images = validation_images(source, config.data, config.validation_count)
    progress = _Progress(config, output, step, report, images)
    try:
        while step < last:
            logs = advance(step)
            step += config.steps_per_call
            progress.add(logs)
            if step % config.log_every == 0 or step == last:
                progress.log(step)
            if not np.isfinite(float(logs["loss"])):
                raise FloatingPointError(
                    f"The loss is not finite at step {step}. The checkpoint "
                    f"in {output} is older and sound; lower the learning rate."
                )
            if step % config.checkpoint_every == 0:
                _save(path, model, step)
            if config.validate_every and step % config.validate_every == 0:
                progress.validate(step, model)
    except KeyboardInterrupt:
        # The optimizer knows whether the step under way was done.
        step = int(model.optimizer.iterations)
        report(f"Interrupted; saving step {step}")
    _save(path, model, step)
    return model, step


def _steps(model, source, config, step):
    """Function of the number of steps done: trains on, returns the logs."""
    if config.steps_per_call > 1:
        return ResidentSteps(model, source, config.data, config.steps_per_call)
    batches = make_batches(source, config.data, start_step=step)
    return lambda _: model.train_on_batch(next(batches), return_dict=True)


def _save(path, model, step):
    """Saves a checkpoint, unless the last update has broken the weights."""
    for variable in model.trainable_variables:
        if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
            raise FloatingPointError(
                f"{variable.path} is not finite after step {step}. The "
                f"checkpoint {path} is older and sound; lower the learning "
                "rate."
            )
    checkpoint.save_checkpoint(path, model, step)


class _Progress:
    """Prints, and writes `log.jsonl`, what a run reports."""

    def __init__(self, config, output, step, report, images):
        self.config = config
        self.output = output
        self.report = report
        self.images = images
        self.board = board.open_board(output) if config.tensorboard else None
        self.clock = (time.monotonic(), step)
        self.recent = []

    def add(self, logs):
        self.recent.append({k: float(value) for k, value in logs.items()})

    def log(self, step):
        """Means since the last line, and the time left at that pace."""
        now, (begun, first) = time.monotonic(), self.clock
        rate = (now - begun) / max(step - first, 1)
        left = int(rate * (self.config.steps - step))
        values = {
            name: float(np.mean([logs[name] for logs in self.recent]))
            for name in self.recent[0]
        }
        self.clock, self.recent = (now, step), []
        self.report(
            f"step {step}/{self.config.steps}  "
            + "  ".join(f"{k} {v:.4g}" for k, v in sorted(values.items()))
            + f"  {rate:.3f} s/step  ETA {left // 3600}:"
            f"{left // 60 % 60:02d}:{left % 60:02d}"
        )
        self.write(step, values)
        if self.board:
            self.board.scalars(step, values)

    def write(self, step, values):
        with open(self.output / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

    def validate(self, step, model):
        """Real files of the averaged weights, on validation images."""
        rows, pictures = validate(
            model, self.images, self.config.validation_qualities
        )
        for row in rows:
            self.report(
                f"validation at step {step}: quality {row['quality']:g}  "
                f"{row['bpp']:.4f} bpp  {row['psnr']:.3f} dB"
            )
        self.write(step, {"validation": rows})
        if self.board:
            self.board.validation(step, rows, pictures)


def _some_crops(source, config, batches=100):
    """A list of training crops for the warm start."""
    stream = make_batches(source, config)
    return [crop for _ in range(batches) for crop in next(stream)]
