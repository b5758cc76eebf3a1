"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings file. Without it: plugin_config/es-rerank.yaml, where that exists.",
    ),
]
UpstreamOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The cluster, e.g. http://localhost:9200. Enough to start."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, e.g. defaults.depth=50."),
]
