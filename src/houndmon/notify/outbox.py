"""Stub."""
from typing import Any
async def record_messages(conn: Any, message: Any, ids: Any, receivers: Any) -> None: ...
async def deliveries_of(conn: Any, id: int) -> list[Any]: return []
async def dead_letters(conn: Any) -> list[Any]: return []
