"""`tfcodec eval`: tfcodec and other codecs on a folder of images."""

import pathlib

import click

from tfcodec.cli.parameters import POSITIVE
from tfcodec.cli.parameters import QUALITY
from tfcodec.cli.parameters import List
from tfcodec.cli.parameters import debug_option
from tfcodec.cli.report import Reporter
from tfcodec.cli.report import reason
from tfcodec.cli.report import shown
from tfcodec.errors import TfcodecError


@click.command("eval")
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option(
    "--against",
    metavar="LIST",
    type=List(),
    default="jpeg,webp,avif",
    show_default=True,
    help="Peers: jpeg, webp, avif, jpeg2000, jxl; avif:speed=4.",
)
@click.option(
    "--preset",
    "presets",
    metavar="NAME",
    multiple=True,
    default=("photo",),
    show_default=True,
    help="Name or folder of a preset; may be given again.",
)
@click.option(
    "--effort",
    "efforts",
    metavar="LIST",
    type=List(click.IntRange(1, 5)),
    default="1",
    show_default=True,
    help="Efforts, 1 to 5, each a codec of its own.",
)
@click.option(
    "--qualities",
    metavar="LIST",
    type=List(QUALITY),
    help="Qualities of tfcodec.  [default: 12 from 1 to 100]",
)
@click.option(
    "--bpp-range",
    metavar="A,B",
    type=List(POSITIVE, length=2),
    default="0.1,1.2",
    show_default=True,
    help="Bits per pixel that BD-rates cover.",
)
@click.option(
    "--published",
    metavar="FILE",
    type=click.Path(),
    help="JSON file of published curves.",
)
@click.option(
    "--published-names",
    metavar="LIST",
    type=List(),
    help="Which of them.  [default: all]",
)
@click.option(
    "--slider-bpp",
    metavar="B",
    type=POSITIVE,
    default=0.25,
    show_default=True,
    help="Bits per pixel of the report's pictures.",
)
@click.option(
    "--slider-against",
    metavar="PEER",
    help="Peer in those pictures.  [default: avif, else the first]",
)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    default="tfcodec-eval",
    show_default=True,
    type=click.Path(),
    help="Folder for results.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    help="Processes.  [default: one per core]",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    help="Only the first N images.",
)
@click.option("--fresh", is_flag=True, help="Discard earlier results in OUT.")
@debug_option
def evaluate(debug, **options):
    """Measure tfcodec and other codecs on the images of a folder.

    Writes a report (report.html), curves and tables to OUT. A run that was
    interrupted goes on where it was.
    """
    return run(debug, **options)


def run(debug, **options):
    """Runs an evaluation.

    Args:
        debug: bool, show tracebacks.
        **options: arguments of `tfcodec.evaluation.Settings`; `jobs` None for
            the number of cores.

    Returns:
        The exit code.
    """
    from tfcodec.evaluation import machine
    from tfcodec.evaluation.run import Evaluation
    from tfcodec.evaluation.settings import Settings
    from tfcodec.evaluation.summary import format_tables

    options["jobs"] = options["jobs"] or machine.num_cores()
    try:
        evaluation = Evaluation(Settings(**options))
    except (ValueError, TfcodecError) as error:
        raise click.UsageError(reason(error) + ".") from error
    with evaluation, Reporter(evaluation.steps, debug) as reporter:
        try:
            evaluation.measure(reporter)
            results = evaluation.finish(reporter)
        except Exception as error:
            reporter.failure(options["folder"], error)
        else:
            for line in format_tables(results).splitlines():
                reporter.result(line)
            report = pathlib.Path(options["output"]) / "report.html"
            reporter.result(f"\nLook at {shown(report)}")
    return reporter.exit_code
