"""What the loop does around the steps; the model is a stand-in here."""

import dataclasses
import itertools
import json
import signal
import types

import keras
import numpy as np
import pytest

from tfcodec.training import loop
from tfcodec.training.config import from_dict


class StandIn:
    """Counts its steps; the loss is `losses[step]`, or 1."""

    def __init__(self, losses):
        self.losses = losses
        self.steps = 0
        self.weight = keras.Variable([1.0], name="weight")
        self.trainable_variables = [self.weight]

    @property
    def optimizer(self):
        return types.SimpleNamespace(iterations=self.steps)

    def count_params(self):
        return 1234

    def train_on_batch(self, batch, return_dict):
        assert return_dict and batch.dtype == np.uint8
        loss = self.losses.get(self.steps, 1.0 + self.steps)
        if loss == "breaks the weights":
            self.weight.assign([float("nan")])
            loss = 1.0
        self.steps += 1
        return {"loss": loss, "bpp": 0.5}


@pytest.fixture
def stand_in(monkeypatch, crops):
    """Runs the loop with a stand-in; returns what it did."""

    @dataclasses.dataclass
    class Outcome:
        step: int
        saved: list
        lines: list
        starts: list

    def start(folder, settings, losses=None, report=None, **changes):
        config = from_dict({**settings, **changes.pop("config", {})})
        saved, lines, starts = [], [], []
        model = StandIn(losses or {})
        monkeypatch.setattr(loop, "make_model", lambda *a, **k: model)

        def save(path, model, step, **kwargs):
            saved.append(step)
            path.write_bytes(str(step).encode())

        def load(path, model):
            model.steps = int(path.read_bytes())
            return model.steps

        monkeypatch.setattr(loop.checkpoint, "save_checkpoint", save)
        monkeypatch.setattr(loop.checkpoint, "load_checkpoint", load)

        def batches(source, config, start_step=0, **kwargs):
            starts.append(start_step)
            return itertools.repeat(np.zeros((2, 32, 32, 3), np.uint8))

        monkeypatch.setattr(loop, "make_batches", batches)

        def say(line):
            lines.append(line)
            if report:
                report(line)

        try:
            _, step = loop.train(
                config, folder, source=crops, report=say, **changes
            )
        except FloatingPointError as error:
            return error, saved
        return Outcome(step, saved, lines, starts)

    return start


def test_saves_and_reports(stand_in, settings, tmp_path):
    done = stand_in(tmp_path / "run", settings)
    assert done.step == 20 and done.starts == [0]
    assert done.saved[-1] == 20 and {10, 20} <= set(done.saved)
    assert done.lines[0] == "photo: 1,234 parameters, from the start of 20"
    assert [line.split()[1] for line in done.lines[1:]] == [
        f"{n}/20" for n in (4, 8, 12, 16, 20)
    ]
    assert "loss 2.5" in done.lines[1]  # mean of 1, 2, 3, 4
    assert all("ETA" in line and "s/step" in line for line in done.lines[1:])
    log = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in log]
    assert [row["step"] for row in rows] == [4, 8, 12, 16, 20]
    assert rows[1]["loss"] == 6.5 and rows[1]["bpp"] == 0.5


def test_stops_early_and_resumes(stand_in, settings, tmp_path):
    first = stand_in(tmp_path, settings, stop_at=7)
    assert first.step == 7 and first.saved == [7]
    second = stand_in(tmp_path, settings)
    assert second.step == 20 and second.starts == [7]
    assert "resumed at step 7 of 20" in second.lines[0]
    third = stand_in(tmp_path, settings)
    assert third.step == 20 and third.starts == [20]


def test_interrupt_saves(stand_in, settings, tmp_path):
    """A real SIGINT, delivered while step 8 is reported."""

    def interrupt(line):
        if line.startswith("step 8/"):
            signal.raise_signal(signal.SIGINT)

    done = stand_in(tmp_path, settings, report=interrupt)
    assert done.step == 8 and done.saved[-1] == 8
    assert done.lines[-1] == "Interrupted; saving step 8"
    assert stand_in(tmp_path, settings).starts == [8]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_before_saving(
    stand_in, settings, tmp_path, loss
):
    error, saved = stand_in(tmp_path, settings, losses={13: loss})
    assert "not finite at step 14" in str(error)
    assert saved == [10]


def test_broken_weights_are_not_saved(stand_in, settings, tmp_path):
    losses = {14: "breaks the weights"}
    error, saved = stand_in(tmp_path, settings, losses=losses)
    assert "weight is not finite after step 20" in str(error)
    assert saved == [10]


def test_the_real_run_learns(run):
    losses = [
        json.loads(line)["loss"]
        for line in (run.folder / "log.jsonl").read_text().splitlines()
    ]
    assert len(losses) == 5 and np.isfinite(losses).all()
    assert "parameters, from the start of 20" in run.lines[0]
    assert int(run.model.optimizer.iterations) == 20
