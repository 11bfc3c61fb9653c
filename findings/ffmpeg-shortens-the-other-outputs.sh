#!/usr/bin/env bash
# ffmpeg, one command with several outputs: when one cannot start, the others become short files without a flaw.
#
# The guess: if the encoder of one output refuses its settings, ffmpeg says so before it writes anything, or else it
#   goes on with the outputs that are in order. At worst there are torn files, which a test decode finds out.
# What happens: the refusal comes in the middle of the run. The other outputs are ended in good order where they
#   are: here AAC, FLAC and MP3 of about a second, made of ten minutes. Their headers state that second, and a test
#   decode with `-xerror` passes. Only the exit status tells, and the last lines on stderr speak of consequences
#   ("Conversion failed!"), with the cause some twenty-five lines further up.
# Why it matters: a ladder of renditions is often one command, for the sake of decoding once. Where a retry
#   skips what exists and decodes well, a listener gets one second of the track, and the failure is counted against
#   the rendition that has no file. Write to names of your own and rename after exit status 0, or compare lengths.
#
# Seen with ffmpeg 9.0.2 (imageio-ffmpeg 0.8.1), on 2026-11-29.
set -euo pipefail

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq imageio-ffmpeg==0.8.1
ffmpeg=$("$room/venv/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ffmpeg" -version | head -n 1
cd "$room"

"$ffmpeg" -v error -nostdin -f lavfi -i sine=duration=600:sample_rate=44100 -ac 2 master.wav

# The fourth output asks libopus for 44.1 kHz, which it does not do. The three before it are in order.
status=0
"$ffmpeg" -nostdin -i master.wav -c:a aac stream.m4a -c:a flac archive.flac -c:a libmp3lame old.mp3 \
  -c:a libopus -ar 44100 stream.opus 2>ffmpeg.log || status=$?
cause=$(grep -n 'Specified sample rate 44100 is not supported' ffmpeg.log | head -n 1 | cut -d: -f1)
last=$(tail -n 1 ffmpeg.log)
echo "exit status $status; the cause is line ${cause:-none} of $(wc -l <ffmpeg.log), the last one is: $last"
if ((status == 0)) || [[ -z $cause || $last != "Conversion failed!" ]]; then
  echo "CHANGED: the failure looks otherwise" >&2
  exit 1
fi

for output in stream.m4a archive.flac old.mp3; do
  # The length that the header states, in seconds; then the whole of it decoded, where any error would end it.
  length=$({ "$ffmpeg" -nostdin -i "$output" 2>&1 || true; } | sed -nE 's/.*Duration: ([0-9:.]+),.*/\1/p')
  seconds=$(awk -F: '{ print $1 * 3600 + $2 * 60 + $3 }' <<<"$length")
  if ! complaints=$("$ffmpeg" -v error -xerror -nostdin -i "$output" -f null - 2>&1) || [[ -n $complaints ]]; then
    echo "CHANGED: $output does not decode: $complaints" >&2
    exit 1
  fi
  echo "$output: decodes without a word, states $seconds s of 600 s"
  if ! awk -v seconds="$seconds" 'BEGIN { exit !(seconds > 0 && seconds < 300) }'; then
    echo "CHANGED: $output is not short" >&2
    exit 1
  fi
done

# Alone, the same settings make the whole of it.
"$ffmpeg" -v error -nostdin -y -i master.wav -c:a libmp3lame old.mp3
whole=$({ "$ffmpeg" -nostdin -i old.mp3 2>&1 || true; } | sed -nE 's/.*Duration: ([0-9:.]+),.*/\1/p')
echo "old.mp3, made alone: $whole"
[[ $whole == 00:10:00* ]] || { echo "CHANGED: alone it is short too" >&2; exit 1; }

echo "guess:     a refused output stops the command before it writes, or leaves the others whole or torn"
echo "behaviour: the others are short and flawless"
echo "as found with ffmpeg 9.0.2 on 2026-11-29"
