"""The kinds of channel: each is a folder beside this file, and a line in this table."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from houndmon.config.model import Receiver
from houndmon.config.receivers import Read
from houndmon.notify.apprise import config as apprise_config
from houndmon.notify.apprise import send as apprise
from houndmon.notify.delivery import Delivery, Outcome
from houndmon.notify.webhook import config as webhook_config
from houndmon.notify.webhook import send as webhook


class Channel(msgspec.Struct, frozen=True):
    """How a kind's table in houndmon.toml is read, and how one message is sent to such a receiver."""

    read: Read
    send: Callable[[Receiver, Delivery], Awaitable[Outcome]]


CHANNELS: Mapping[str, Channel] = {
    "webhook": Channel(webhook_config.read, webhook.send),
    "apprise": Channel(apprise_config.read, apprise.send),
}
