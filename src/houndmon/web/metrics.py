"""Figures on houndmon itself, for Prometheus."""

from litestar.plugins.prometheus import PrometheusController


class Metrics(PrometheusController):
    """`/metrics` in the text format."""

    path = "/metrics"
    include_in_schema = False


ROUTES = [Metrics]
