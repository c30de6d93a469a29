"""Who may import whom, and what an import must not pull in."""

import ast
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
BELOW_CODEC = {
    "backend",
    "bitstream",
    "coding",
    "complexity",
    "entropy",
    "errors",
    "folder_lock",
    "layers",
    "limits",
    "metrics",
    "model_presets",
    "models",
    "ops",
    "picture",
    "presets",
    "priors",
    "refine",
    "tiles",
    "transforms",
    "weights",
}
MAY_IMPORT = {
    "__init__": {"bitstream", "codec", "errors", "presets"},  # on first use
    "errors": set(),
    "ops": set(),
    "metrics": set(),
    "backend": set(),
    "coding": {"errors", "limits"},
    "bitstream": {"errors"},
    "limits": set(),
    "folder_lock": {"errors"},
    "weights": {"errors"},
    "layers": {"errors", "limits", "ops"},
    "priors": {"errors", "ops"},
    "transforms": {"errors", "limits", "ops", "layers"},
    "entropy": {"errors", "limits", "ops", "layers", "priors", "coding"},
    "models": {
        "errors",
        "limits",
        "ops",
        "layers",
        "priors",
        "entropy",
        "transforms",
    },
    "presets": {"errors", "coding", "weights"},
    "model_presets": {
        "coding",
        "entropy",
        "errors",
        "models",
        "presets",
        "weights",
    },
    "complexity": {"errors"},
    "tiles": set(),
    "tiled_steps": {"coding", "limits", "tiles"},
    "refine": {"backend", "coding", "limits", "ops", "tiles"},
    "picture": {"bitstream", "errors", "metrics"},
    "image_encoder": {
        "bitstream",
        "coding",
        "limits",
        "metrics",
        "picture",
        "tiled_steps",
    },
    "file_codec": {
        "bitstream",
        "coding",
        "errors",
        "image_encoder",
        "limits",
        "picture",
        "presets",
        "tiled_steps",
    },
    "litert": {"errors", "file_codec", "presets", "quiet", "weights"},
    "lossless": {
        "bitstream",
        "coding",
        "errors",
        "limits",
        "picture",
        "presets",
        "weights",
    },
    "codec": BELOW_CODEC | {"file_codec"},
    "restoration": {"backend", "limits", "tiles", "transforms", "weights"},
    "rate_control": {
        "bitstream",
        "errors",
        "file_codec",
        "image_encoder",
        "limits",
        "picture",
        "tiled_steps",
    },
    "jpeg": {"errors", "limits", "metrics"},
    "quiet": set(),
    "evaluation": BELOW_CODEC | {"codec", "quiet", "rate_control"},
    "serve": {"errors"},
    "cli": BELOW_CODEC
    | {
        "codec",
        "evaluation",
        "export",
        "jpeg",
        "litert",
        "lossless",
        "picture",
        "quiet",
        "rate_control",
        "restoration",
        "serve",
        "training",
    },
    "__main__": {"cli"},
    "training": BELOW_CODEC
    | {
        "codec",
        "evaluation",
        "jpeg",
        "lossless",
        "rate_control",
        "restoration",
    },
    "export": BELOW_CODEC | {"codec", "litert"},
}
FOLDERS = {"training": ROOT / "training", "export": ROOT / "export"}
NO_KERAS = (
    "errors",
    "limits",
    "coding",
    "bitstream",
    "weights",
    "presets",
    "metrics",
    "picture",
    "tiles",
    "tiled_steps",
    "image_encoder",
    "file_codec",
    "litert",
    "lossless",
    "rate_control",
)


def files_of(part):
    folder = FOLDERS.get(part, ROOT / "tfcodec" / part)
    if folder.is_dir():
        return sorted(folder.rglob("*.py"))
    path = folder.with_suffix(".py")
    return [path] if path.is_file() else []


def imported(path, top_level_only=False):
    """Full names of the modules that a file imports, wherever it does."""
    found = set()

    def visit(node):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            for alias in node.names:
                found.add(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.FunctionDef | ast.Lambda):
            if top_level_only:
                return
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return found


def parts_of(names):
    split = [name.split(".") for name in names]
    return {
        name[1] for name in split if name[0] == "tfcodec" and len(name) > 1
    } & set(MAY_IMPORT)


def test_every_part_has_its_arrows():
    there = {path.stem for path in (ROOT / "tfcodec").glob("*.py")} | {
        path.parent.name for path in (ROOT / "tfcodec").glob("*/__init__.py")
    }
    assert there <= set(MAY_IMPORT)
    assert len(there) > 12


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_import_directions(part):
    for path in files_of(part):
        found = parts_of(imported(path))
        assert found <= MAY_IMPORT[part] | {part}, path


def test_the_walk_sees_forbidden_imports(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(
        "def f():\n    from tfcodec import codec\n"
        "    import tfcodec.models.photo\n"
    )
    assert parts_of(imported(path)) == {"codec", "models"}
    assert imported(path, top_level_only=True) == set()


def test_no_backend_at_module_level():
    paths = [p for p in files_of(".") if "export" not in p.parts]
    paths += files_of("training")
    assert len(paths) > 40
    for path in paths:
        roots = {
            name.split(".")[0] for name in imported(path, top_level_only=True)
        }
        assert not roots & {"tensorflow", "jax", "torch"}, path


@pytest.mark.parametrize("part", NO_KERAS)
def test_integer_parts_need_numpy_only(part):
    """`weights` may import Keras in functions, which presets do not call,
    `litert` its interpreter, `picture` Pillow for transparency."""
    allowed = set(sys.stdlib_module_names) | {"numpy", "tfcodec"}
    for path in files_of(part):
        late = part in ("weights", "litert", "picture")
        names = imported(path, top_level_only=late)
        roots = {name.split(".")[0] for name in names}
        assert roots <= allowed, path


@pytest.mark.parametrize(
    "statements, heavy",
    [
        (
            "import tfcodec, tfcodec.bitstream, tfcodec.coding\n"
            "import tfcodec.presets, tfcodec.metrics\n"
            "import tfcodec.coding.integer_network\n"
            "tfcodec.preset_names(), tfcodec.BitstreamError\n",
            {"keras", "tensorflow", "jax"},
        ),
        ("import tfcodec.cli.main\n", {"numpy"}),
    ],
)
def test_light_imports_stay_light(statements, heavy):
    code = (
        f"import sys\n{statements}"
        f"heavy = {heavy!r} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "print('light')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "light\n", done.stderr
