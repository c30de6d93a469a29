"""Full disks, missing permissions, too little memory: real ones."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest
from PIL import Image

pytest.importorskip("resource")
NAMES = ["a.png", "b.png", "c/d.png", "c/e.png"]


@pytest.fixture
def source(tmp_path, photograph):
    folder = tmp_path / "in"
    (folder / "c").mkdir(parents=True)
    for i, name in enumerate(NAMES):
        Image.fromarray(photograph[:64, 99 * i : 99 * i + 96]).save(
            folder / name
        )
    return folder


@pytest.fixture
def command(source, graph_preset):
    """`command(out, *options)`: list of str."""

    def command(out, *options):
        arguments = (source, "-o", out, "-r", "--preset", graph_preset)
        return [
            *(sys.executable, "-m", "tfcodec", "compress"),
            *map(str, (*arguments, *options)),
        ]

    return command


def finish(command, **options):
    path = os.pathsep.join(filter(None, sys.path))
    settings = {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    environment = {**os.environ, **settings, "MALLOC_ARENA_MAX": "1"}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def limited(command, limit, value):
    """`command` with a limit of the `resource` module.

    Not by `preexec_fn`: that forks pytest's process, where other tests have
    started gRPC, whose threads do not survive that.
    """
    script = (
        "import os, resource, sys\n"
        f"resource.setrlimit(resource.{limit}, ({value}, {value}))\n"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-c", script, *command]


def files_in(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file()
    )


def with_mount(script):
    """Runs a shell script in which file systems can be mounted on /mnt."""
    unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    try:
        able = subprocess.run(
            [*unshare, "mount -t tmpfs tmpfs /mnt"], capture_output=True
        )
    except OSError as error:
        pytest.skip(f"no unshare: {error}")
    if able.returncode:
        pytest.skip(f"may not mount: {able.stderr.decode()}")
    done = finish([*unshare, script])
    out, _, after = done.stdout.partition("THEN\n")
    return out, after.splitlines(), done.stderr


def test_full_disk(command):
    run = shlex.join(command("/mnt", "--jobs", "2"))
    out, after, err = with_mount(
        # One page for the folder, and one for a file.
        "mount -t tmpfs -o size=8k tmpfs /mnt || exit 9\n"
        f"{run}; code=$?\n"
        "echo THEN; echo $code; cd /mnt; find . -type f"
    )
    code, *left = after
    assert code == "3"
    assert out.count("\n") == len(left) < 4
    assert all(name.endswith(".png.tfc") for name in left)
    lines = err.splitlines()
    assert any(
        line.endswith(": No space left on device")
        and ": error: cannot write /mnt/" in line
        for line in lines
    )
    assert lines[-1].startswith("tfcodec: error: stopped: cannot write /mnt/")


def test_read_only_disk(command):
    run = shlex.join(command("/mnt/out"))
    out, after, err = with_mount(
        "mount -t tmpfs -o ro tmpfs /mnt || exit 9\n"
        f"{run}; echo THEN; echo $?; ls -A /mnt"
    )
    assert (out, after[1:]) == ("", [])
    assert err.splitlines()[-1] == (
        "tfcodec: error: stopped: cannot write to /mnt/out: "
        "Read-only file system"
    )


def test_file_size_limit(command, tmp_path):
    out = tmp_path / "out"
    done = finish(limited(command(out), "RLIMIT_FSIZE", 99))
    assert done.returncode == 1
    for name in NAMES:
        target = out / f"{name}.tfc"
        assert f"error: cannot write {target}: File too large" in done.stderr
    assert files_in(out) == []


def as_ordinary_user(command):
    """`command`, for which permissions count."""
    if os.geteuid():
        return command
    if shutil.which("setpriv") is None:
        pytest.skip("root may do everything, and there is no setpriv")
    powers = "-dac_override,-dac_read_search"
    return [
        *("setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"),
        *command,
    ]


def test_permission_denied(command, source, tmp_path):
    out = tmp_path / "out"
    (out / "c").mkdir(parents=True)
    (out / "c").chmod(0o555)
    (source / "b.png").chmod(0)
    (source / "secret").mkdir()
    (source / "secret").chmod(0)
    try:
        done = finish(as_ordinary_user(command(out)))
    finally:
        (source / "secret").chmod(0o755)
        (out / "c").chmod(0o755)
    assert done.returncode == 1
    errors = done.stderr.splitlines()
    denied = "Permission denied"
    assert f"{source / 'secret'}: error: {denied}" in errors
    assert f"{source / 'b.png'}: error: {denied}" in errors
    target = out / "c" / "d.png.tfc"
    assert (
        f"{source / 'c' / 'd.png'}: error: cannot write {target}: {denied}"
    ) in errors
    assert files_in(out) == ["a.png.tfc"]


def test_output_folder_may_not_be_made(command, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    out = tmp_path / "closed" / "out"
    done = finish(as_ordinary_user(command(out)))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[-1] == (
        f"tfcodec: error: stopped: cannot write to {out}: Permission denied"
    )


def test_out_of_memory(command, source, tmp_path):
    with open(source / "a2.ppm", "wb") as file:  # 704 MB in Pillow
        file.write(b"P6 16000 11000 255\n")
        file.truncate(file.tell() + 3 * 16000 * 11000)  # nearly none on disk
    out = tmp_path / "out"
    little = "RLIMIT_AS", 5 << 27
    run = command(out, "--jobs", os.cpu_count() or 1)
    done = finish(limited(run, *little))
    assert done.returncode == 1
    (error,) = [
        line for line in done.stderr.splitlines() if "a2.ppm: error: " in line
    ]
    assert "not enough memory for this image" in error
    assert files_in(out) == [f"{name}.tfc" for name in NAMES]

    alone = [*run[: run.index("compress") + 1], str(source / "a2.ppm")]
    done = finish(limited(alone, *little))
    assert done.returncode == 1
    assert done.stderr == (
        f"{source / 'a2.ppm'}: error: not enough memory for this image\n"
    )
    assert files_in(source) == sorted([*NAMES, "a2.ppm"])
