"""What every form of the page has in common."""

from typing import Annotated

from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg

from houndmon.kit.problems import BadInput, FieldError

Form = Annotated[dict[str, str], BodyKwarg(media_type=RequestEncodingType.URL_ENCODED)]


def refuse_nul(data: dict[str, str]) -> dict[str, str]:
    """The fields of a form. Raises BadInput for NUL, which no text of PostgreSQL can hold."""
    wrong = [FieldError(name, "must not hold a NUL character") for name, text in data.items() if "\0" in name + text]
    if wrong:
        raise BadInput(*wrong)
    return data
