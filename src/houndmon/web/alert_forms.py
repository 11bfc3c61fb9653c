"""What people do to one alert on its page: forms that work without JavaScript."""

from functools import partial

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from houndmon.alerts import response, store
from houndmon.alerts.actions import Response
from houndmon.alerts.model import Closing
from houndmon.alerts.routes import Actor
from houndmon.core.problems import BadInput
from houndmon.core.state_database import WRITE_WAIT_SECONDS
from houndmon.web.alert_page import render_alert
from houndmon.web.dependencies import Services
from houndmon.web.forms import Form, filters_of_query, form_fields, return_address


@post("/alerts/{id:str}/acknowledge", include_in_schema=False, status_code=303)
async def acknowledge_form(
    services: NamedDependency[Services], id: FromPath[str], data: Form, actor: Actor
) -> Template | Redirect:
    """Take an alert from its page."""
    given = form_fields(data)
    act = partial(store.acknowledge_alert, note=given.get("note"), actor=actor)
    return await respond(services, id, given, act)


@post("/alerts/{id:str}/unacknowledge", include_in_schema=False, status_code=303)
async def unacknowledge_form(
    services: NamedDependency[Services], id: FromPath[str], data: Form, actor: Actor
) -> Template | Redirect:
    """Take an acknowledgement back from the alert's page."""
    given = form_fields(data)
    act = partial(response.unacknowledge_alert, note=given.get("note"), actor=actor)
    return await respond(services, id, given, act)


@post("/alerts/{id:str}/hand-over", include_in_schema=False, status_code=303)
async def hand_over_form(
    services: NamedDependency[Services], id: FromPath[str], data: Form, actor: Actor
) -> Template | Redirect:
    """Hand an alert over from its page."""
    given = form_fields(data)
    handover = response.Handover(given.get("to", ""), given.get("note"))
    return await respond(services, id, given, partial(response.hand_over_alert, handover=handover, actor=actor))


@post("/alerts/{id:str}/comments", include_in_schema=False, status_code=303)
async def comment_form(
    services: NamedDependency[Services], id: FromPath[str], data: Form, actor: Actor
) -> Template | Redirect:
    """Comment on an alert on its page."""
    given = form_fields(data)
    comment = response.NewComment(given.get("text", ""))
    return await respond(services, id, given, partial(response.comment_on_alert, comment=comment, actor=actor))


async def respond(services: Services, id: str, given: dict[str, str], act: Response) -> Template | Redirect:
    """Do something about an alert; its page again, with what was typed, where it is refused."""
    number = store.alert_id(id)
    try:
        async with services.database.connection(WRITE_WAIT_SECONDS) as conn:
            await act(conn, number)
    except (store.NotClosable, response.ResponseRefused, BadInput) as error:
        return await render_alert(services, filters_of_query(given.get("back", "")), number, given, error)
    return redirect_to_alert(services, number, given)


@post("/alerts/{id:str}/close", include_in_schema=False, status_code=303)
async def close_form(
    services: NamedDependency[Services], id: FromPath[str], data: Form, actor: Actor
) -> Template | Redirect:
    """Close an alert from its page; what was typed comes back where it cannot be."""
    given = form_fields(data)
    closing = Closing(**{name: given.get(name, "") for name in Closing.__struct_fields__})
    number = store.alert_id(id)
    try:
        await services.alerts.close(number, closing, actor)
    except (store.NotClosable, store.BadNotes) as error:
        return await render_alert(services, filters_of_query(given.get("back", "")), number, given, error)
    return redirect_to_alert(services, number, given)


def redirect_to_alert(services: Services, id: int, given: dict[str, str]) -> Redirect:
    """The page of an alert, after something was done to it."""
    services.panel_cache.invalidate("incidents")
    services.summaries.invalidate()
    return Redirect(return_address(given, f"/alerts/{id}"), status_code=303)


ROUTES = [acknowledge_form, unacknowledge_form, hand_over_form, comment_form, close_form]
