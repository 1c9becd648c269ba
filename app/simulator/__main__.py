"""`python -m app.simulator`: serve the stand-in."""

from __future__ import annotations

from pathlib import Path

import click

from app.simulator.server import serve
from app.simulator.settings import SimulatorSettings


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--data-file", type=click.Path(path_type=Path), required=True)
def main(port: int, data_file: Path) -> None:
    """Serve the simulator on this machine."""
    serve(SimulatorSettings(data_file=data_file), port=port)


main()
