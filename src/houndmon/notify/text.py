"""Stub."""
from datetime import datetime
from typing import Any
import msgspec
class Announced(msgspec.Struct, kw_only=True):
    id: str; rule: str; environment: str; subject: str | None; severity: str; value: float | None; threshold: float | None
    sample_count: int | None; owner_role: str; response_target_minutes: float; runbook_url: str; fired_at: datetime; response_due_at: datetime
def build_message(kind: str, rule: str, alerts: list[Announced], config: Any) -> Any: return None
