"""A private PostgreSQL for demos, tests and small installs; it lives and dies with this process.

Only a socket in a folder of mode 0700 leads to it, so it trusts whoever connects.
"""

from houndmon.kit.embedded.account import EmbeddedError
from houndmon.kit.embedded.cluster import UNSAFE, Cluster, attach, default_data_dir, start, temporary

__all__ = ["UNSAFE", "Cluster", "EmbeddedError", "attach", "default_data_dir", "start", "temporary"]
