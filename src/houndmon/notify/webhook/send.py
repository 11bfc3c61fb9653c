"""Sends a notification as JSON to a URL, signed where the receiver has a secret."""

import hashlib
import hmac
from datetime import datetime

import msgspec

from houndmon.config.model import Receiver
from houndmon.notify.client import Answer, Unreachable, send_request
from houndmon.notify.delivery import SENT, Delivery, Outcome
from houndmon.notify.message import Message
from houndmon.notify.webhook.config import Webhook

AGAIN_SOON = frozenset({408, 425, 429})


class Notification(Message, kw_only=True):
    """The body of a webhook. `notification_id` stays the same at every attempt: a receiver may see it twice."""

    version: int = 1
    notification_id: str
    sent_at: datetime


async def send(receiver: Receiver, delivery: Delivery) -> Outcome:
    """Post a notification; any answer of 2xx means that it was received."""
    assert isinstance(receiver, Webhook), "the table of channels pairs reader and sender"
    body = notification_body(delivery)
    headers = notification_headers(receiver, delivery, body)
    try:
        answer = await send_request(
            "POST", receiver.url, headers=headers, body=body, allow_private=receiver.allow_private
        )
    except Unreachable as error:
        return Outcome(sent=False, error=str(error), is_for_people=error.is_for_people)
    return answer_outcome(answer)


def notification_body(delivery: Delivery) -> bytes:
    """The message with its id and the time of this attempt."""
    said = msgspec.structs.asdict(delivery.message)
    notification_id, sent_at = delivery.notification_id, delivery.claimed_at
    return msgspec.json.encode(Notification(**said, notification_id=notification_id, sent_at=sent_at))


def notification_headers(receiver: Webhook, delivery: Delivery, body: bytes) -> dict[str, str]:
    """The headers: id and time, and the signature where there is a secret."""
    timestamp = str(int(delivery.claimed_at.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "X-Houndmon-Notification-Id": delivery.notification_id,
        "X-Houndmon-Timestamp": timestamp,
    }
    if receiver.secret:
        headers["X-Houndmon-Signature"] = f"v1={signature(receiver.secret, timestamp, body)}"
    return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The hex HMAC-SHA256 of `timestamp.body`: who knows the secret can tell that it is from us, and new."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def answer_outcome(answer: Answer) -> Outcome:
    """What an answer means. A redirect or a 4xx is for people to mend, so it is tried slowly, for the whole day."""
    if 200 <= answer.status < 300:
        return SENT
    note = ", a redirect, which is not followed" if 300 <= answer.status < 400 else ""
    return Outcome(
        sent=False,
        error=f"it answered {answer.status}{note}",
        is_for_people=300 <= answer.status < 500 and answer.status not in AGAIN_SOON,
        retry_after_seconds=answer.retry_after_seconds,
    )
