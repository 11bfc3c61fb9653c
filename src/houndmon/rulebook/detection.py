"""How long a rule takes to see a total failure: the arithmetic that the specs share.

Everything fails from one instant on, and traffic is steady and ample, so that neither the smallest sample nor the
interval around a ratio costs time. Then, before the rule's condition becomes true,

- a ratio over a window W passes its threshold T once failures fill the share T of it: after T · W;
- a burn rate over W passes T once failures fill the share T · (1 - objective): after T · (1 - objective) · W.
  Both windows of a burn rule must pass, so the later one counts; of the service levels, the slowest;
- the newest beat, or the oldest queued job, is as old as the threshold after just that time;
- `stalled` and `traffic_absent` need a whole window (15 and 30 minutes) without any event;
- a source that cannot be read is seen at once, and counts that differ with the next hour's sample.

A window starts at a whole minute and so is up to a minute longer than its name: W is taken that long. On top come the
rule's `for` and one tick, which is how long the condition may wait to be looked at.
"""

from houndmon.core.clock import SPANS

TICK_SECONDS = 5.0
MINUTE = 60.0


def longest_window_seconds(seconds: float) -> float:
    """The longest that a window of that name can be: it starts at a whole minute."""
    return seconds + MINUTE


def window_seconds(span: str) -> float:
    """The longest that a window can be, by its name."""
    return longest_window_seconds(SPANS[span].total_seconds())
