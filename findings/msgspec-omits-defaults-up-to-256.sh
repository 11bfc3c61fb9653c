#!/usr/bin/env bash
# msgspec: `omit_defaults` leaves out a timeout of 200 and keeps one of 3000, though both are the default.
#
# The guess: with `omit_defaults=True` a field is left out of the encoded document when its value equals the default.
# What happens: when it is the default, the same object. A value that came out of a document is an object of its
#   own: 3000, 1.5, "flac" and (1, 2) are written although they equal the default. Only what Python itself keeps
#   a single copy of is left out: integers from -5 to 256, None, True and False; and, by a rule of msgspec's own,
#   an empty list, set or dict. So two structs that compare equal are encoded differently, depending on where their
#   values came from, and a default that is raised from 256 to 257 changes what is sent.
# Why it matters: hashes, ETags and "has this changed?" over the encoded bytes say yes where nothing changed, a
#   diff of stored configuration shows fields that nobody set, and a test with small numbers proves the opposite.
#   Compare the structs, not their bytes.
#
# Seen with msgspec 0.22.0, CPython 3.11, on 2026-11-29.
# See https://jcristharif.com/msgspec/structs.html, "Omitting default values".
set -euo pipefail

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq msgspec==0.22.0

cat >"$room/omit.py" <<'PY'
"""Decode a document that states every default, and encode it again."""
import msgspec


class Settings(msgspec.Struct, omit_defaults=True):
    small: int = 256
    large: int = 257
    low: int = -5
    lower: int = -6
    ratio: float = 1.5
    codec: str = "flac"
    span: tuple[int, int] = (1, 2)
    on: bool = True
    note: str | None = None
    tags: list[str] = []
    seen: set[str] = set()
    counts: dict[str, int] = {}


stated = (
    b'{"small":256,"large":257,"low":-5,"lower":-6,"ratio":1.5,"codec":"flac","span":[1,2],'
    b'"on":true,"note":null,"tags":[],"seen":[],"counts":{}}'
)
decoded, made = msgspec.json.decode(stated, type=Settings), Settings()
again, fresh = msgspec.json.encode(decoded), msgspec.json.encode(made)
print("equal:", decoded == made)
print("made by hand:   ", fresh.decode())
print("decoded, encoded:", again.decode())
assert decoded == made and fresh == b"{}"
assert set(msgspec.json.decode(again)) == {"large", "lower", "ratio", "codec", "span"}
assert set(msgspec.to_builtins(decoded)) == {"large", "lower", "ratio", "codec", "span"}
PY
"$room/venv/bin/python" "$room/omit.py"

echo "guess:     a field that equals its default is left out"
echo "behaviour: one that is the very object is; from 257 on, equal numbers are written"
echo "as found with msgspec 0.22.0 on 2026-11-29"
