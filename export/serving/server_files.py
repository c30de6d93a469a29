"""What `tensorflow_model_server` reads beside its models."""

import os
import pathlib
import secrets

BATCHING = """\
# --enable_batching --batching_parameters_file=/models/batching_parameters.txt
# Files and images of any sizes can share a batch. One that is refused fails
# its whole batch, and `analysis` and `synthesis` need equal sizes.
max_batch_size { value: 8 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 64 }
"""
_CONFIG = """\
# --model_config_file=/models/models.config, with this folder at /models
model_config_list {
%s}
"""
# A file is decoded by the version that made it.
_MODEL = """\
  config {
    name: "%s"
    base_path: "/models/%s"
    model_platform: "tensorflow"
    model_version_policy { all {} }
  }
"""


def write(folder):
    """Writes the files of a folder of models.

    `models.config` is of all models that are there now, so it is made anew
    each time; `batching_parameters.txt`, which is there to be edited, is not.

    Args:
        folder: path; models are `<name>/<version>/saved_model.pb` in it.
    """
    folder = pathlib.Path(folder)
    found = folder.glob("[!.]*/[0-9]*/saved_model.pb")
    names = sorted({path.parts[-3] for path in found})
    models = "".join(_MODEL % (name, name) for name in names)
    _replace(folder / "models.config", _CONFIG % models)
    batching = folder / "batching_parameters.txt"
    if not batching.exists():
        _replace(batching, BATCHING)


def _replace(path, text):
    part = path.with_name(f".tfcodec-{secrets.token_hex(8)}.part")
    part.write_text(text, "utf-8")
    os.replace(part, path)
