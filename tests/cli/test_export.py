"""`tfcodec export` from the command line."""


def test_saved_model(run, tmp_path):
    out = tmp_path / "out"
    arguments = ("export", "saved-model", out, "--max-pixels", "5000")
    result = run(*arguments)
    assert (result.code, result.err) == (0, "")
    target = out / "tiny" / "1"
    assert result.out.startswith(f"tiny-1 -> {target}  ")
    assert result.out.endswith(" MB\n")
    assert (target / "saved_model.pb").is_file()
    facts = (target / "assets.extra" / "tfcodec.json").read_text()
    assert '"max_pixels": 5000' in facts
    run(*arguments).check_error(1, str(out), "is there already", "version")


def test_wrong_usage(run, call, tmp_path):
    out = tmp_path / "out"
    wrong = run("export", "saved-model", out, "--version", "0")
    wrong.check_error(2, "x>=1")
    wrong = call("export", "saved-model", out, "--preset", "none")
    wrong.check_error(2, "There is no preset 'none'")
    run("export", "saved-model", out, "--name", "a/b").check_error(1, "a/b")
    call("export", "saved-model").check_error(2, "OUT")
    assert not out.exists()


def test_tflite_usage(run, call, tmp_path):
    out = tmp_path / "out.tflite"
    for value, message in (
        ("100x64", "multiples of 16"),
        ("64", "not a size"),
        ("0x0", "multiples of 16"),
    ):
        wrong = call("export", "tflite", out, "--size", value)
        wrong.check_error(2, message)
    wrong = call("export", "tflite", out, "--quantize", "int4")
    wrong.check_error(2, "int4")
    wrong = call("export", "tflite", out, "--size", "64x64", "--dynamic")
    wrong.check_error(2, "only one")
    assert not out.exists()
    out.write_bytes(b"something")
    run("export", "tflite", out).check_error(2, str(out), "--force")
    assert out.read_bytes() == b"something"
