"""`tfcodec serve`: SavedModels behind TensorFlow Serving's predict API."""

import importlib.util
import sys
import threading
import traceback

import click

from tfcodec.cli.parameters import POSITIVE
from tfcodec.cli.parameters import debug_option
from tfcodec.cli.report import reason
from tfcodec.cli.report import shown
from tfcodec.quiet import quiet_import

_NEEDED = {
    "uvicorn": "uvicorn",
    "starlette": "starlette",
    "grpc": "grpcio",
    "tensorflow_serving": "tensorflow-serving-api",
}
_PORT = click.IntRange(0, 65535)


class _Label(click.ParamType):
    """`MODEL:LABEL=VERSION` as `((model, label), version)`."""

    name = "label"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        which, _, version = value.rpartition("=")
        model, _, label = which.partition(":")
        if not (model and label and version.isdecimal()):
            self.fail(f"{value} is not MODEL:LABEL=VERSION.", param, ctx)
        return (model, label), int(version)


@click.command("serve")
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option(
    "--rest-port",
    metavar="PORT",
    type=_PORT,
    default=8501,
    show_default=True,
    help="Port of the REST API; 0 for any free one.",
)
@click.option(
    "--grpc-port",
    metavar="PORT",
    type=_PORT,
    default=8500,
    show_default=True,
    help="Port of the gRPC API; 0 for any free one.",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 for all.",
)
@click.option(
    "--max-request-mb",
    metavar="MB",
    type=click.FloatRange(0, 2047, min_open=True),
    default=64.0,
    show_default=True,
    help="Largest request, in MiB.",
)
@click.option(
    "--label",
    "labels",
    metavar="MODEL:LABEL=VERSION",
    type=_Label(),
    multiple=True,
    help="Name for a version; may be given again.",
)
@click.option(
    "--batch",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Run up to N pictures of several requests as one batch.",
)
@click.option(
    "--batch-wait-ms",
    metavar="MS",
    type=POSITIVE,
    default=5.0,
    show_default=True,
    help="How long a batch waits for more.",
)
@click.option(
    "--warm-up/--no-warm-up",
    default=True,
    help="Run a model's own warm-up requests first.  [default: yes]",
)
@click.option("--verbose", is_flag=True, help="A line per request on stderr.")
@debug_option
def serve(folder, debug, **options):
    """Serve the SavedModels in a folder, for development.

    DIR holds MODEL/VERSION/saved_model.pb, as TensorFlow Serving wants it, or
    is the folder of one model. REST and gRPC are TensorFlow Serving's predict
    API. Ctrl-C stops it.
    """
    return run(folder, debug, **options)


def run(folder, debug, *, labels, batch, batch_wait_ms, verbose, **options):
    """Serves until it is stopped; returns the exit code."""
    for module, package in _NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise click.UsageError(
                f"The server needs {package}: pip install 'tfcodec[serve]'."
            )
    try:
        server, lines = _make(
            folder,
            dict(labels),
            (batch, batch_wait_ms / 1e3),
            log=_make_log(verbose, debug),
            **options,
        )
    except Exception as error:
        if debug:
            traceback.print_exception(error)
        click.echo(f"tfcodec serve: error: {reason(error)}", err=True)
        return 1
    server.run(lambda: click.echo("\n".join(lines)))
    click.echo("tfcodec serve: stopped", err=True)
    return 0


def _make(
    folder, labels, batching, *, host, max_request_mb, warm_up, **options
):
    from tfcodec.serve.models import Models
    from tfcodec.serve.models import Servable
    from tfcodec.serve.models import find_models

    found = find_models(folder)
    with quiet_import():
        from tfcodec.serve.batching import Batcher
        from tfcodec.serve.server import Server
        from tfcodec.serve.warmup import warm_up as run_warm_up
    servables = {}
    for name, versions in found.items():
        for version, path in versions.items():
            _note(f"loading {name} {version}")
            servables[path] = Servable(name, version, path)
    models = Models(servables.values(), labels)
    size, wait = batching
    server = Server(
        models,
        host=host,
        max_bytes=int(max_request_mb * 2**20),
        predict=Batcher(size, wait) if size > 1 else None,
        **options,
    )
    if warm_up:
        for path, servable in servables.items():
            _note(f"warming up {servable.name} {servable.version}")
            run_warm_up(servable, path)
    address = f"[{host}]" if ":" in host else host
    lines = [_describe(servable) for servable in models]
    lines.append(f"REST http://{address}:{server.rest_port}/v1/models")
    lines.append(f"gRPC {address}:{server.grpc_port}")
    return server, lines


def _note(text):
    """Says what is going on now; on a terminal only."""
    if sys.stderr.isatty():
        click.echo(shown(f"{text} ..."), err=True)


def _describe(servable):
    names = [n for n in sorted(servable.signatures) if n[:2] != "__"]
    return f"{shown(servable.name)} {servable.version}: {', '.join(names)}"


def _make_log(verbose, debug):
    lock = threading.Lock()

    def log(line, error):
        with lock:
            if verbose:
                message = "" if error is None else f" {str(error)[:200]}"
                click.echo(shown(line + message), err=True)
            if debug and error is not None:
                traceback.print_exception(error)

    return log
