import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories import BLANK, WORST
from houndmon.core.faults import most_telling_line, shape

UUID = "6f1c2b1e-0000-4000-8000-00000000000A"
PLAIN = (  # the contract's own words, one after the other
    r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"')\]>,]*",
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    r"(?<!\w)[0-9A-Fa-f]{16,}(?!\w)",
    r"(?<!\w)[0-9]{12,}(?!\w)",
)
codes = st.lists(
    st.one_of(
        st.sampled_from(
            ["http", "://", "a", "f", "5", "+", ".", "-", "_", " ", '"', "'", ")", "]", ">", ",", "é", "…"]
        ),
        st.sampled_from([UUID, UUID[:-1], "0123456789ab", "0123456789", "deadbeef", "DEADBEEF", "\n", "\u3000", "\0"]),
        st.text(max_size=3),
    ),
    max_size=14,
).map("".join)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("MEDIA_ERR_DECODE", "MEDIA_ERR_DECODE"),
        ("GET https://cdn.example/a/b?c=1 failed", "GET … failed"),
        ("could not read 's3+v4.a-b://bucket/key'", "could not read '…'"),
        ('<a href="ftp://x/y">', '<a href="…">'),
        ("(http://a),[http://b],<http://c>,http://d\u3000e", "(…),[…],<…>,…\u3000e"),
        ("http://", "…"),
        ("3http://x", "3…"),
        ("x:http://y:80/z://w", "x:…"),
        ("//nothing", "//nothing"),
        (f"track {UUID} is gone", "track … is gone"),
        (f"x{UUID.lower()}y", "x…y"),
        (UUID[:-1], UUID[:-1]),
        ("0123456789abcdef", "…"),
        ("0123456789ABCDe", "0123456789ABCDe"),  # 15 hex digits
        ("key=0123456789abcdef.", "key=…."),
        ("0123456789abcdefg", "0123456789abcdefg"),
        ("_0123456789abcdef", "_0123456789abcdef"),
        ("é0123456789abcdef", "é0123456789abcdef"),
        ("0123456789abcdef-0123456789abcdef", "…-…"),
        ("job 123456789012 failed", "job … failed"),
        ("job 12345678901 failed", "job 12345678901 failed"),
        ("123456789012x", "123456789012x"),
        ("١٢٣٤٥٦٧٨٩٠١٢", "١٢٣٤٥٦٧٨٩٠١٢"),  # digits, but not these
        (f"012345678901{UUID}", "……"),  # a UUID needs no edge, and what stands for it is one
        ("", ""),
        ("  ", "  "),
    ],
)
def test_it_names_a_code_by_its_shape(code, name):
    """A URL, a UUID, 16 hex digits and 12 digits are `…`, the last two where no letter, digit or `_` is beside them."""
    assert shape(code) == name


@given(codes)
@example("a" * 20 + "://")
@example("1.2http://x http")
def test_it_shapes_as_the_contract_says(code):
    """The shape is what the patterns give that the contract words, in its order; and it has no other shape itself."""
    plain = code
    for pattern in PLAIN:
        plain = re.sub(pattern, "…", plain)
    assert shape(code) == plain
    assert shape(plain) == plain


@pytest.mark.parametrize(
    "code", ["a" * 10**6 + " ://", "0" * 10**6 + "g://", "[" * 10**6, WORST, ("f" * 15 + "-") * 60_000]
)
def test_it_ends_with_a_code_of_a_megabyte(code):
    """Whatever a stranger sends takes time in proportion to its length: a squared one would not end."""
    assert len(shape(code)) <= len(code)
    assert (most_telling_line(code) or "") in code


BANNER = """ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright (c) 2000-2021 the FFmpeg developers
  built with gcc 11 (Ubuntu 11.2.0-19ubuntu1)
  configuration: --prefix=/usr --enable-gpl --disable-stripping --enable-libmp3lame
  libavutil      56. 70.100 / 56. 70.100
  libavcodec     58.134.100 / 58.134.100
  libswresample   3.  9.100 /  3.  9.100
"""
INPUT = """Input #0, mp3, from 'fatal error.mp3':
  Metadata:
    title           : Fatal Error
    artist          : The Unknown
  Duration: 00:00:20.00, start: 0.025057, bitrate: 64 kb/s
  Stream #0:0: Audio: mp3, 44100 Hz, mono, fltp, 64 kb/s
Stream mapping:
  Stream #0:0 -> #0:0 (mp3 (mp3float) -> pcm_s16le (native))
Press [q] to stop, [?] for help
Output #0, s16le, to 'failed.raw':
  Metadata:
    encoder         : Lavf58.76.100
"""
GLITCH = """[mp3float @ 0x560838d6e640] Header missing
Error while decoding stream #0:0: Invalid data found when processing input
    Last message repeated 3 times
"""
CUT_OFF = """[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55b5fba92040] moov atom not found
cut.m4a: Invalid data found when processing input
"""
FULL = """[mp3float @ 0x560838d6e640] overread, skip -7 enddists: -5 -5
av_interleaved_write_frame(): No space left on device
    Last message repeated 1 times
Error writing trailer of failed.raw: No space left on device
"""
REFUSED = """[aost#0:0/aac @ 0x55] [enc:aac @ 0x56] Error while opening encoder
[af#0:0 @ 0x57] Task finished with error code: -22 (Invalid argument)
[af#0:0 @ 0x57] Terminating thread with return code -22 (Invalid argument)
[out#0/ipod @ 0x58] Nothing was written into output file, because at least one of its streams received no packets.
"""
PYTHON = """Traceback (most recent call last):
  File "a.py", line 3, in fail
    raise ValueError("x")
ValueError: x

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 7, in run
    fail()
OSError: disk is full
"""
JAVA = """Exception in thread "main" a.JobException: it failed
\tat a.Errors.fail(Errors.java:7)
\t... 3 more
Caused by: java.io.IOException: No space left on device
\tat a.Fail.error(Fail.java:9)
"""
END = """size=     257kB time=00:00:03.05 bitrate= 687.5kbits/s speed= 220x
video:0kB audio:257kB subtitle:0kB other streams:0kB global headers:0kB muxing overhead: unknown
Conversion failed!
"""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (
            BANNER + CUT_OFF,
            "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55b5fba92040] moov atom not found",
        ),
        (BANNER + "gone.wav: No such file or directory\n", "gone.wav: No such file or directory"),
        (BANNER + INPUT + "Unknown encoder 'libfdk_aac'\n", "Unknown encoder 'libfdk_aac'"),
        # What a decoder got over does not stand for what ended the work.
        (BANNER + INPUT + GLITCH + FULL + END, "av_interleaved_write_frame(): No space left on device"),
        (BANNER + INPUT + REFUSED + END, "[aost#0:0/aac @ 0x55] [enc:aac @ 0x56] Error while opening encoder"),
        (BANNER + INPUT + END, "Conversion failed!"),
        (BANNER + INPUT + "frame=  1\rframe=  2\rKilled", "Killed"),
        (BANNER, "ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright (c) 2000-2021 the FFmpeg developers"),
        (
            "Error: Command failed: ffmpeg -i a b\n" + BANNER + "a: Permission denied\n\n",
            "a: Permission denied",
        ),
        (PYTHON, "OSError: disk is full"),
        (JAVA, "Caused by: java.io.IOException: No space left on device"),
        ("subprocess: ffmpeg returned non-zero exit status 1.", "subprocess: ffmpeg returned non-zero exit status 1."),
        (
            "first\nsox FAIL formats: can't open input file `x'\nexit status 2",
            "sox FAIL formats: can't open input file `x'",
        ),
        (
            "2026-03-02 12:00:00 ERROR disk full\n2026-03-02 12:00:01 WARN no retry left",
            "2026-03-02 12:00:00 ERROR disk full",
        ),
        ("it failed\n0 errors, 3 files", "it failed"),
        ("\x1b[31merror\x1b[0m: bad frame\nsee the manual", "\x1b[31merror\x1b[0m: bad frame"),
        ("    indented: it failed\n    and more", "indented: it failed"),
        ("The file is empty.\nSend it again.", "The file is empty."),
        ("  one line\n", "one line"),
    ],
)
def test_it_finds_the_line_that_tells(output, line):
    """Of an output the banner, what people named and the last word say nothing: the first of the last errors does."""
    assert most_telling_line(output) == line


@pytest.mark.parametrize("message", [*BLANK, "\n\n", "\r\n \x0b"])
def test_it_finds_no_line_where_nothing_is_said(message):
    """A null or blank message has none."""
    assert most_telling_line(message) is None


lines = st.lists(
    st.one_of(
        st.sampled_from([*BANNER.splitlines(), *INPUT.splitlines(), *GLITCH.splitlines(), *END.splitlines()]),
        st.text(max_size=20),
    ),
    max_size=20,
)


@given(lines.map("\n".join))
def test_it_always_finds_one_of_the_lines(message):
    """Whatever a tool says, what is found is one whole line of it, without the blanks around; none only of blanks."""
    found = most_telling_line(message)
    if found is None:
        assert not message.strip()
    else:
        assert found in {line.strip() for line in message.splitlines()}


@given(lines.map("\n".join), st.sampled_from(["Unknown encoder 'x'", "a.wav: Permission denied"]))
def test_it_finds_an_error_at_the_end_whatever_was_before(message, error):
    """An error that stands alone at the end, but for the tool's last word, is the one."""
    assert most_telling_line(f"{message}\nwent on\n{error}\n{END}") == error
