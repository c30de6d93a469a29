"""What only shows in a process of its own: imports, stderr, signals, ttys."""

import os
import signal
import subprocess
import sys
import time

import pytest


def start(*arguments, **options):
    environment = dict(os.environ, PYTHONIOENCODING="utf-8")
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=options.pop("stderr", subprocess.PIPE),
        text=True,
        **options,
    )


def finish(*arguments):
    process = start(*arguments)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def test_round_trip_leaves_stderr_empty(picture, tiny_preset, tmp_path):
    preset = ("--preset", tiny_preset)
    code, out, err = finish("-m", "tfcodec", "compress", picture, *preset)
    assert (code, err) == (0, "")
    assert out.endswith("  q50\n")
    target = picture.with_suffix(".tfc")
    back = tmp_path / "back.png"
    code, out, err = finish(
        "-m", "tfcodec", "decompress", target, "-o", back, *preset
    )
    assert (code, err) == (0, "")
    assert out.startswith(f"{target} -> {back}  ")


def test_version_and_help():
    code, out, err = finish("-m", "tfcodec", "--version")
    assert (code, err) == (0, "")
    assert out.startswith("tfcodec 0.")
    code, out, err = finish("-m", "tfcodec", "compress", "--help")
    assert (code, err) == (0, "")
    assert "--target-psnr" in out
    code, out, err = finish("-m", "tfcodec")
    assert (code, out) == (2, "")
    assert "Commands:" in err


LIGHT = """
import sys
from tfcodec.cli.main import main
code = main(sys.argv[1:])
heavy = {"keras", "tensorflow", "jax", "torch", "rich"} & set(sys.modules)
sys.exit(99 if heavy else code)
"""


def test_keras_is_imported_only_to_code(compressed, picture, tmp_path):
    assert finish("-c", LIGHT, "info", compressed)[0] == 0
    assert finish("-c", LIGHT, "--help")[0] == 0
    code, _, err = finish("-c", LIGHT, "decompress", picture)
    assert code == 1 and err.count("\n") == 1
    code, _, err = finish("-c", LIGHT, "compress", picture, "-q", "0")
    assert code == 2 and err.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_ctrl_c(photograph, tiny_preset, tmp_path, seconds):
    from PIL import Image

    source = tmp_path / "in"
    source.mkdir()
    for i in range(3):
        Image.fromarray(photograph).resize((3000, 2000)).save(
            source / f"{i}.png", compress_level=1
        )
    out = tmp_path / "out"
    process = start(
        *("-m", "tfcodec", "compress", source, "-o", out),
        *("--preset", tiny_preset, "--target-bpp", "0.3"),
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    # Python ends itself by the signal if it came inside a native import; to a
    # shell that is 130 too.
    assert process.returncode in (130, -signal.SIGINT)
    assert err == "tfcodec: interrupted\n"
    left = os.listdir(out) if out.exists() else []
    assert not [name for name in left if not name.endswith(".tfc")]


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")
def test_progress_on_a_terminal(picture, tiny_preset, tmp_path):
    import pty

    main_end, terminal = pty.openpty()
    process = start(
        *("-m", "tfcodec", "compress", picture, tmp_path / "none.png"),
        *("-o", tmp_path / "out", "--preset", tiny_preset),
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            data = os.read(main_end, 4096)
        except OSError:  # The other end is closed.
            break
        if not data:
            break
        shown += data
    os.close(main_end)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 1
    assert out.endswith("  q50\n") and out.count("\n") == 1
    text = shown.decode()
    assert "loading preset tiny-1" in text
    assert "2/2" in text
    assert "none.png: error: No such file or directory" in text
    assert "Traceback" not in text and "oneDNN" not in text
