"""Coverage-guided fuzzing of what reads files of strangers.

    python tests/fuzz/fuzz.py container --seconds 60
    python tests/fuzz/fuzz.py all --seconds 3600 --work /tmp/fuzz

Needs atheris (`pip install 'tfcodec[fuzz]'`). Begins with the inputs in
`corpus/TARGET`, keeps what it finds in `WORK/TARGET`, and goes on there the
next time. Exit code 1 if a target failed: the input that did it is in
`WORK/TARGET-crash-...`; put it in `corpus/TARGET` once it is mended, where
`test_corpus.py` replays it. A target that takes longer than ten seconds for an
input, or more than 1 GiB, has failed.

Prints executions and covered branches per target, as a row of the table in
docs/robustness.md.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ("container", "payload", "sections", "symbols")
LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-max_len=4096")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=[*NAMES, "all"])
    parser.add_argument("--seconds", type=int, default=60, help="per target")
    parser.add_argument("--work", help="folder to go on in; default: none")
    options = parser.parse_args()
    chosen = NAMES if options.target == "all" else (options.target,)
    failed = False
    print("| target | executions | per second | branches | inputs | failed |")
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for name in chosen:
            work = pathlib.Path(options.work or temporary)
            failed |= fuzz(name, options.seconds, work)
    return int(failed)


def fuzz(name, seconds, work):
    """Runs one target in a process of its own; whether it failed."""
    found = work / name
    found.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "--run", name, str(found)]
    command += [str(HERE / "corpus" / name), f"-max_total_time={seconds}"]
    command += [*LIMITS, f"-artifact_prefix={work / name}-"]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stderr.splitlines()
    status = re.findall(r"^#(\d+).*?\bcov: (\d+)", done.stderr, re.MULTILINE)
    executions, branches = max(
        ((int(n), int(cov)) for n, cov in status), default=(0, 0)
    )
    rate = executions / (time.monotonic() - begun)
    print(
        f"| `{name}` | {executions:,} | {rate:,.0f} | {branches} | "
        f"{len(list(found.iterdir()))} | {done.returncode} |",
        flush=True,
    )
    if done.returncode:
        print("\n".join(lines[-60:]), file=sys.stderr)
    return done.returncode != 0


def run(name, arguments):
    """Fuzzes until libFuzzer ends this process."""
    import atheris

    sys.path.insert(0, str(HERE))
    with atheris.instrument_imports(include=["tfcodec"]):
        import targets

    atheris.Setup([sys.argv[0], *arguments], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
