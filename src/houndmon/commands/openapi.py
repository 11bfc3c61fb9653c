"""Print the OpenAPI document, or write it to a file."""

import argparse
import sys
from pathlib import Path

from houndmon.app import create_app
from houndmon.core.settings import Settings
from houndmon.web.reference import openapi_document


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where it goes."""
    parser.add_argument("--output", type=Path, metavar="PATH", help="the file to write; default: standard output")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Generate the document; no database is needed."""
    body = openapi_document(create_app(settings, "postgresql://"))
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)
    return 0
