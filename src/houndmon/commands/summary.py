"""Print the summary of a running houndmon: the five answers in five lines.

Exit status 0 when all is well, 1 when something is broken or houndmon cannot tell.
"""

import argparse
import sys

import httpx

from houndmon.kit.filters import ENVIRONMENTS
from houndmon.kit.problems import HoundmonError
from houndmon.kit.settings import Settings


class ServiceDown(HoundmonError):
    """No houndmon answers."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which houndmon, and which environment."""
    parser.add_argument("--url", help="of the service; default: http://HOUNDMON_HOST:HOUNDMON_PORT")
    parser.add_argument("--environment", choices=ENVIRONMENTS, default="prod")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Ask the service and print what it says."""
    base = options.url or f"http://{settings.host}:{settings.port}"
    try:
        answer = httpx.get(
            f"{base}/api/summary", params={"environment": options.environment}, timeout=10, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServiceDown(f"no houndmon answers at {base} ({error}): start it, or give --url") from error
    found = answer.json()
    if answer.status_code != 200:
        print(f"houndmon: {found['detail']}", file=sys.stderr)
        return 1
    print(found["text"])
    return 0 if found["status"]["indicator"] == "none" else 1
