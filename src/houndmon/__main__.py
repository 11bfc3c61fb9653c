"""The command line: `houndmon COMMAND`."""

import argparse
import os
import sys
from collections.abc import Sequence

from houndmon import __version__
from houndmon.commands import backtest, check, config, counts, demo, migrate, openapi, serve, summary, token, verify
from houndmon.core.problems import HoundmonError
from houndmon.core.settings import read_settings

COMMANDS = (serve, demo, migrate, config, check, counts, verify, backtest, summary, token, openapi)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line; each command describes itself."""
    top = argparse.ArgumentParser(
        prog="houndmon", description="What is broken in Hound, since when, why, who owns it and what to do."
    )
    top.add_argument("--version", action="version", version=f"houndmon {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2]
        first, _, _ = (command.__doc__ or "").partition("\n")
        part = commands.add_parser(
            name,
            help=first,
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.arguments(part)
        part.set_defaults(run=command.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. 2 means that the command line or the environment is wrong."""
    options = parser().parse_args(argv)
    try:
        status: int = options.run(options, read_settings(os.environ))
        sys.stdout.flush()
    except HoundmonError as error:
        print(f"houndmon: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read along has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
