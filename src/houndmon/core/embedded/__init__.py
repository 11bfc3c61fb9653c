"""A private PostgreSQL for demos, tests and small installs; it lives and dies with this process.

Only a socket in a folder of mode 0700 leads to it, so it trusts whoever connects.
"""

from houndmon.core.embedded.account import EmbeddedError
from houndmon.core.embedded.cluster import UNSAFE, Cluster, default_data_dir, running_dsn, start, temporary

__all__ = ["UNSAFE", "Cluster", "EmbeddedError", "default_data_dir", "running_dsn", "start", "temporary"]
