"""Stub."""
import asyncio
from typing import Any
class Sender:
    def __init__(self, *a: Any) -> None: ...
    async def run(self) -> None: await asyncio.Event().wait()
    def poke(self) -> None: ...
