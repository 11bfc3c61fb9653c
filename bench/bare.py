"""The plainest Litestar application that answers with some given bytes: what the framework and the server cost alone.

`python -m bench.bare PORT FILE`; it serves the file at `/` and answers `/304` without a body.
"""

import sys
from pathlib import Path

from litestar import Litestar, MediaType, Response, get

from houndmon.commands.port import reserve_sockets
from houndmon.commands.serve import listen
from houndmon.core.settings import Settings

ETAG = '"bare"'


def application(body: bytes) -> Litestar:
    """Two handlers, nothing else."""

    @get("/")
    async def whole() -> Response[bytes]:
        return Response(body, headers={"ETag": ETAG}, media_type=MediaType.JSON)

    @get("/304")
    async def unchanged() -> Response[bytes]:
        return Response(b"", status_code=304, headers={"ETag": ETAG}, media_type=MediaType.JSON)

    return Litestar([whole, unchanged], logging_config=None, openapi_config=None)


if __name__ == "__main__":
    settings = Settings(port=int(sys.argv[1]))
    with reserve_sockets(settings) as sockets:
        listen(application(Path(sys.argv[2]).read_bytes()), settings, sockets)
