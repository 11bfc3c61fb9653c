"""Print the summary of a running houndmon: the five answers in five lines.

Exit status 0 when all is well, 1 when something is broken or houndmon cannot tell. Where there is a log-in,
HOUNDMON_TOKEN holds a token; one of the role `summary` will do.
"""

import argparse
import os
import sys

import httpx

from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.problems import HoundmonError
from houndmon.core.settings import Settings


class ServiceDown(HoundmonError):
    """No houndmon answers."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which houndmon, and which environment."""
    parser.add_argument("--url", help="of the service; default: http://HOUNDMON_HOST:HOUNDMON_PORT")
    parser.add_argument("--environment", choices=ENVIRONMENTS, default="prod")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Ask the service and print what it says."""
    base = options.url or f"http://{settings.host}:{settings.port}"
    match fetch_summary(base, options.environment, os.environ.get("HOUNDMON_TOKEN")):
        case 200, {"text": str(text), "status": {"indicator": indicator}}:
            print(text)
            return 0 if indicator == "none" else 1
        case 401, _:
            raise ServiceDown(f"{base} asks for a token: set HOUNDMON_TOKEN to one that holds (houndmon token create)")
        case _, {"detail": str(detail)}:
            print(f"houndmon: {detail}", file=sys.stderr)
            return 1
    raise ServiceDown(f"what answers at {base} is no houndmon: give its address by --url")


def fetch_summary(base: str, environment: str, token: str | None) -> tuple[int, object]:
    """What the service answers: its status, and its JSON (None where it is none). Raises ServiceDown."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx.get(
            f"{base}/api/summary",
            params={"environment": environment},
            headers=headers,
            timeout=10,
            trust_env=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise ServiceDown(f"no houndmon answers at {base} ({error}): start it, or give --url") from error
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, None
