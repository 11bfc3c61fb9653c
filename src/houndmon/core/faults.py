"""Which codes are one fault, which message stands for many, and which line of a tool's output says what it was.

The line is chosen by how tools end: a banner and what was read, then the errors, then that it gave up. The last run of
lines that read like errors holds the fault, and its first line the cause; the others are what came of it. So a glitch
that a decoder got over does not stand for the full disk that ended the work. Indented lines belong to one above them.
"""

import re
from collections.abc import Iterable
from textwrap import dedent

from houndmon.core.text import MESSAGE_CHARACTERS, clean_message

CUT = "…"
HEX_ALIKE = re.compile(r"[0-9A-Fa-f]{8}")
# The start of the run is looked for once, not from each of its characters: a stranger's code may be a megabyte.
URL = re.compile(r"(?<![A-Za-z0-9+.-])([0-9+.-]*)[A-Za-z][A-Za-z0-9+.-]*://[^\s\"')\]>,]*")
OCCURRENCES = (
    re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),  # a UUID, whatever stands around it
    re.compile(r"(?<!\w)[0-9A-Fa-f]{16,}(?!\w)"),
    re.compile(r"(?<!\w)[0-9]{12,}(?!\w)"),
)


def shape(code: str) -> str:
    """The code with `…` for each part that belongs to one occurrence: a URL, a UUID, a long hex or decimal number."""
    if "://" in code:
        code = URL.sub(rf"\1{CUT}", code)
    if HEX_ALIKE.search(code):  # most codes are words: they are done
        for pattern in OCCURRENCES:
            code = pattern.sub(CUT, code)
    return code


VERSION = 1  # of what is one shape and which line tells most: one more where a change groups or picks otherwise
MARK = 16  # characters before a message
MOST_CHARACTERS = 2000  # of an output, its last ones


def message_sql(said: str) -> str:
    """A marked message in SQL, of a column and all white space; null for a blank one.

    The mark is a hash of the message: the least one is the same message however the rows are cut into groups. Of a long
    message its last whole lines are kept, else, where the last one is endless, its start: that is one character longer.
    The mark's first bit is set, so that it has 16 digits: `lpad` of it would be nothing that a foreign server computes.
    """
    column, blanks = (part.strip() for part in said.split(","))
    text = f"rtrim({column}, {blanks}::text)"
    end = f"right({text}, {MOST_CHARACTERS})"
    return (
        f"case when {text} <> '' then to_hex(hashtextextended({column}, 0) | (1::int8 << 63)) || case"
        f" when length({text}) <= {MOST_CHARACTERS} then {text}"
        f" when strpos({end}, E'\\n') > 0 then substr({end}, strpos({end}, E'\\n') + 1)"
        f" else left({text}, {MOST_CHARACTERS + 1}) end end"
    )


def with_line_alone(marked: str) -> str:
    """A marked message with its most telling line alone, of which 200 characters are shown."""
    return marked[:MARK] + (line_of(marked) or "")[:MESSAGE_CHARACTERS]


def line_of(marked: str) -> str | None:
    """The most telling line of a marked message, of which 200 characters are there."""
    message = marked[MARK:]
    if len(message) > MOST_CHARACTERS:
        *whole, cut = message.splitlines()
        message = message if len(cut) >= MESSAGE_CHARACTERS else "\n".join(whole)
    return most_telling_line(message)


def lines_of(messages: Iterable[tuple[str, str | None]]) -> dict[str, str | None]:
    """For each name the most telling line of one of its marked messages, fit for display."""
    least: dict[str, str] = {}
    for name, marked in messages:
        if marked:
            least[name] = min(marked, least.get(name, marked))
    return {name: clean_message(line_of(marked)) for name, marked in least.items()}


MOST_LINES = 200  # of an output, its last ones
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
TAGS = re.compile(r"(?:\[[^\]]*\]\s*)+")  # `[mp3float @ 0x560838d6e640]`
LIKE_ERRORS = re.compile(
    r"\b(?:errors?|fatal|fail(?:s|ed|ure|ures)?|exception|invalid|corrupt(?:ed)?|missing|unknown|unsupported|denied|refused"
    r"|(?:un|not )able|can't|cannot|couldn't|neither|not?|nothing|timed out|time-?out|out of memory|killed|abort(?:ed)?"
    r"|panic|overflow|segmentation fault|exceed(?:s|ed)?|truncated|broken|unexpected)\b"
    r"|\w(?:Error|Exception)\b",  # `ValueError`
    re.IGNORECASE,
)
NO_ERRORS = re.compile(r"\b(?:no|0|zero|without|ignor\w+)(?: any)? (?:errors?|failures?)\b", re.IGNORECASE)
MILDER = re.compile(r".{0,50}?\b(?:WARN|WARNING|NOTICE|INFO|DEBUG|TRACE)\b|(?:warning|note|info|debug)\b", re.DOTALL)
GIVING_UP = re.compile(  # says that it ended, not why
    r"conversion failed!?|task finished with error code.*|terminating \w+ with return code.*|exiting .*"
    r"|nothing was written into output file.*|(?:.*[: ])?(?:exit(?:ed)?|returned)(?: with)?(?: non-zero)?(?: exit)?"
    r" (?:code|status):? -?\d+\.?",
    re.IGNORECASE,
)
REPEATED = re.compile(r"\s*last message repeated \d+ times?", re.IGNORECASE)
BANNER = re.compile(
    r".*\bversion \S+ copyright|built (?:with|on) |configuration: |lib\w+ +\d+\. *\d+|copyright |(?:input|output) #\d"
    r"|stream (?:#|mapping)|metadata:|duration: |press \[q\]|(?:frame|size)= *\S|video:\S+ audio:|traceback \(",
    re.IGNORECASE,
)


def most_telling_line(message: str | None) -> str | None:
    """The line of a tool's output that names what went wrong, without the blanks around it; None where there is none.

    That is the first line of the last run of lines that read like errors; without one, the last line that says that
    the tool gave up; without that, the first line that is no banner. Of a long output only its end is looked at.
    """
    lines = [line for line in dedent(message or "").splitlines() if line and not line.isspace()][-MOST_LINES:]
    plain = [line for line in lines if not is_indented(line) and not is_banner(line)]
    ends = [line for line in plain if is_giving_up(line)]
    chosen = next(iter((*first_error(lines), *ends[-1:], *plain, *lines)), None)
    return chosen.strip() if chosen else None


def first_error(lines: list[str]) -> list[str]:
    """The first line of the last run of lines that read like errors, if there is one."""
    first: list[str] = []
    for line in reversed(lines):
        if reads_like_error(line):
            first = [line]
        elif first and not is_giving_up(line) and not REPEATED.match(line):
            break
    return first


def reads_like_error(line: str) -> bool:
    """Whether a line has the words of an error, and is no detail, banner or warning, and not the tool's last word."""
    text = bare_line(line)
    if is_indented(line) or is_banner(line) or is_giving_up(line) or MILDER.match(text):
        return False
    return LIKE_ERRORS.search(NO_ERRORS.sub("", text)) is not None


def is_giving_up(line: str) -> bool:
    """Whether a line says that the tool ended, and not why."""
    return GIVING_UP.fullmatch(bare_line(line)) is not None


def is_banner(line: str) -> bool:
    """Whether a line tells of the tool or of what it reads and writes: names that people chose are in it."""
    return BANNER.match(bare_line(line)) is not None


def is_indented(line: str) -> bool:
    """Whether a line belongs to one above it: a frame of a stack, a tag of a file."""
    return line[0].isspace()


def bare_line(line: str) -> str:
    """A line without colours, blanks around it and the name of the part that speaks."""
    text = COLOURS.sub("", line).strip()
    tags = TAGS.match(text)
    return text[tags.end() :] if tags else text
