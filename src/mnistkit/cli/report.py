"""``mnistkit report``: a run or a comparison as one page."""

from __future__ import annotations

from pathlib import Path

import click

from mnistkit.cli.local_code import allow_local_code


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="The file to write.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
@click.option(
    "--dataset",
    metavar="NAME",
    help="What was measured, or what to measure a run on; by default what it was trained on.",
)
@click.option(
    "--builder",
    metavar="MODULE:FUNCTION",
    help="The function that builds the model of a run, if it has no name.",
)
def report(
    folder: Path, out: Path, overwrite: bool, dataset: str | None, builder: str | None
) -> None:
    """Write the run or the comparison in FOLDER as one page of HTML.

    FOLDER is what 'mnistkit train --out' or 'mnistkit compare --out' wrote. The page needs no
    network and no script. A run is measured on the test images of its data set.
    """
    allow_local_code(dataset, builder)
    if (folder / "run.json").exists():  # its model is built again
        from mnistkit.quiet import quiet_tensorflow
        from mnistkit.reports.report import require_for_report

        require_for_report(folder)
        quiet_tensorflow()
    import mnistkit

    path = mnistkit.report(folder, out, data=dataset, builder=builder, overwrite=overwrite)
    click.echo(f"Written to {out} ({path.stat().st_size / 1000:,.0f} kB)")
