import pytest
from msgspec.structs import replace

from houndmon.config.addresses import is_of_this_machine
from houndmon.config.defaults import DEFAULTS
from houndmon.config.model import NotificationRoute, Receiver
from houndmon.config.warnings import configuration_warnings, link_problem
from houndmon.notify.apprise.config import AppriseTarget
from houndmon.notify.webhook.config import Webhook

OUTSIDE: tuple[Receiver, ...] = (
    Webhook(name="ops", url="https://hooks.example/secret"),
    AppriseTarget(name="ops", url="mmost://chat.example/secret"),
    AppriseTarget(name="ops", url="slack://T1/B1/secret"),
    Receiver(name="ops", kind="new"),
)
INSIDE: tuple[Receiver, ...] = (
    Webhook(name="bridge", url="http://127.0.0.1:9000/hook", allow_private=True),
    Webhook(name="bridge", url="http://[::1]:9000/hook", allow_private=True),
    AppriseTarget(name="bridge", url="json://localhost:9000/hook", allow_private=True),
)


@pytest.mark.parametrize("receiver", OUTSIDE)
@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8600", "http://localhost:8600", "http://[::1]", "http://0.0.0.0"]
)
def test_it_warns_of_links_that_lead_nowhere(receiver: Receiver, address: str) -> None:
    """Who reads a message elsewhere cannot open a page of this machine: the receiver is named, its address is not."""
    config = replace(DEFAULTS, receivers={"ops": receiver}, public_url=address)
    assert link_problem(config) == (
        f"the links in messages to ops lead to {address}, which is of this machine alone: "
        "set public_url to where people find the page"
    )
    assert link_problem(replace(config, public_url="https://hound.example")) is None
    assert link_problem(replace(config, public_url="http://10.1.2.3:8600")) is None


@pytest.mark.parametrize("receiver", INSIDE)
def test_it_needs_no_public_address_for_this_machine(receiver: Receiver) -> None:
    """A receiver on the machine itself may open the page there; without receivers there are no links."""
    assert link_problem(replace(DEFAULTS, receivers={"bridge": receiver})) is None
    assert link_problem(DEFAULTS) is None


def test_it_names_each_receiver_outside() -> None:
    """Of several receivers those are named who cannot open the page."""
    known = {"ops": OUTSIDE[0], "bridge": INSIDE[0], "chat": OUTSIDE[1]}
    config = replace(DEFAULTS, receivers=known, routes=(NotificationRoute(receivers=("ops", "bridge")),))
    idle, links = configuration_warnings(config)
    assert idle == "the receiver chat is in no route: it is told of nothing"
    assert links.startswith("the links in messages to ops, chat lead to http://127.0.0.1:8600, ")


@pytest.mark.parametrize("text", ["", "nonsense", "http://[::1", "https://hound.example", "json://10.0.0.7/x"])
def test_it_takes_no_other_address_for_this_machine(text: str) -> None:
    """What is no address, or another machine's, is not of this one."""
    assert not is_of_this_machine(text)
