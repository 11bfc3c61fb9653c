"""The one door for what strangers wrote: no text that leaves by it means anything to a chat, a mail or a terminal.

An error code, a service, a job and a worker are named by players of music and by other programs. Where such a name
stands in plain text, a character that some target's grammar knows is replaced by its full-width twin, which none does.
"""

import re
import unicodedata

NAME_CHARACTERS = 80
NO_NAME = "(no name)"
TO_TWIN = 0xFEE0  # from an ASCII character to its full-width twin; NFKC turns it back
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and marks that show as nothing
SELECTORS = range(0xE0100, 0xE01F0)  # the same, 240 of them
READ_FACTOR = 8  # how many times what is shown is read, at most: a name of 1 MB costs no more

ALNUM = r"[^\W_]"
GRAMMAR = re.compile(
    r"[@#$&*<>\[\]\\`|~]"  # mentions, tags, entities, emphasis, links, escapes, code, spoilers: of every target
    rf"|(?<!{ALNUM})_|_(?!{ALNUM})"  # emphasis; within a word, as in MEDIA_ERR_DECODE, it is none
    rf"|(?<!{ALNUM})/|/(?!{ALNUM})"  # a bot's command, and the // of an address
    r"|:(?=[^\s\d]|\d+:)|(?:(?<=tel)|(?<=sms)):"  # what an address begins with, and emoji such as :fire: and :100:
    r"|\+(?=\d)"  # a telephone number
    r"|=(?=\?)",  # an encoded word in the head of a mail
    re.IGNORECASE,
)
DOTS = r"[.\u3002\uff0e\uff61]"  # all four are a dot to who resolves a domain
DOT = re.compile(
    rf"(?<!\d){DOTS}(?={ALNUM})|{DOTS}(?=[^\W\d_])"  # between two digits it is a number's, or a version's: 1.2.3
    r"|\.(?=\d+(?:\.\d+){2})"  # the first of an IPv4 address
)


def neutral(text: str, most: int = NAME_CHARACTERS) -> str:
    """What a stranger wrote as one line of at most `most` characters, free of mentions, links and markup.

    Twice is once. What cannot be seen shows as U+FFFD, a dot that could be a domain's as `(.)`; `…` where it was cut.
    """
    return unmarked(visible(unmarked(visible(text, most * READ_FACTOR)), most))


def quoted(text: str, most: int = NAME_CHARACTERS) -> str:
    """A name as plain text has it: neutral, in backticks that nothing within can close."""
    name = neutral(text, most)
    return f"`{name}`" if name else NO_NAME


def visible(text: str, most: int) -> str:
    """A text as one line of at most `most` characters: white space is one space, what cannot be seen U+FFFD."""
    head = text[: most * READ_FACTOR]
    seen = "".join(REPLACEMENT if is_unseen(c) else c for c in " ".join(head.split()))
    line = re.sub(f"{REPLACEMENT}+", REPLACEMENT, seen)
    is_whole = len(line) <= most and len(head) == len(text)
    return line if is_whole else line[: most - 1].rstrip() + "…"


def is_unseen(character: str) -> bool:
    """Whether a character shows as nothing, moves the cursor or turns the direction of reading."""
    return unicodedata.category(character) in UNSEEN or character in FILLERS or ord(character) in SELECTORS


def unmarked(line: str) -> str:
    """A line without anything that a grammar knows."""
    return DOT.sub("(.)", GRAMMAR.sub(lambda found: chr(ord(found[0]) + TO_TWIN), line))
