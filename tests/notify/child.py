"""The process that the crash harness kills: a sender on a real database. Arguments: DSN, URL, and who sends."""

import asyncio
import sys

from houndmon.config.model import Receiver
from houndmon.core.connections import open_pool
from houndmon.notify import outbox
from houndmon.notify.delivery import Delivery
from houndmon.notify.sender import Sender
from notify.conftest import configured, webhook


class MarkThenSend(Sender):
    """The wrong order, at its best: an attempt that fails is put back. Only a crash in between loses anything."""

    async def handle(self, receiver: Receiver, delivery: Delivery) -> None:
        await self._retry_write(outbox.mark_sent, delivery.id)
        outcome = await self.send(receiver, delivery)
        if not outcome.sent:
            await self._pool.execute(
                "update houndmon.outbox set sent_at = null, leased_by = $2 where id = $1", delivery.id, self.holder
            )
            await self.mark(receiver, delivery, outcome)


SENDERS: dict[str, type[Sender]] = {"product": Sender, "mark then send": MarkThenSend}


async def main(dsn: str, url: str, who: str) -> None:
    config = configured(webhook(url))
    await SENDERS[who](await open_pool(dsn, size=4), lambda: config).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
