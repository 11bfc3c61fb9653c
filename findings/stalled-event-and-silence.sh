#!/usr/bin/env bash
# The `stalled` event of a browser's player: no early warning with a file, and never there with hls.js.
#
# The guess: the media element fires `stalled` when data stops coming, and `waiting` when it has run dry. So a page
#   that counts `stalled` learns of a slow delivery early, however it plays: a file or HLS.
# What happens: of three pauses of the server, eight seconds each, `stalled` tells of one. With a file of which
#   half is there, it does not come, for as long as the music plays on. With a file that runs dry it comes a second
#   after `waiting`, as the later of the two. With hls.js, which runs dry as well, it does not come at all: the
#   element is fed by script and loads nothing itself, though its `networkState` says that it is loading. There is
#   one `waiting`, no `pause`, no `error`, and from hls.js one `bufferStalledError`, not fatal.
# Why it matters: a platform that moves from files to HLS sees its "stalls" vanish on that day, and nobody hears
#   them any less. Count the time from `waiting` to `playing`, which the two kinds have in common.
#
# Seen with hls.js 1.7.4, Chromium 156 (Debian's package), imageio-ffmpeg 0.8.1, on 2026-11-29.
# Needs chromium, and Node.js 20 or newer with npm. See https://html.spec.whatwg.org/multipage/media.html#mediaevents
set -euo pipefail

room=$(mktemp -d)
server=
leave() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$room"
}
trap leave EXIT

chromium=$(command -v chromium chromium-browser google-chrome | head -n 1) || {
  echo "needs chromium: apt-get install chromium" >&2
  exit 2
}
"$chromium" --version 2>&1 | grep -i chrom
"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq imageio-ffmpeg==0.8.1 playwright==1.65.0
npm install --silent --no-audit --no-fund --prefix "$room" hls.js@1.7.4 >"$room/npm.log"
ffmpeg=$("$room/venv/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')

cd "$room"
mkdir site
cp node_modules/hls.js/dist/hls.min.js site/
noise=(-v error -nostdin -f lavfi -i anoisesrc=duration=60:sample_rate=48000)
"$ffmpeg" "${noise[@]}" -c:a libmp3lame -b:a 192k site/file-dry.mp3
cp site/file-dry.mp3 site/file-half.mp3
"$ffmpeg" "${noise[@]}" -c:a aac -b:a 192k -f hls -hls_time 4 -hls_segment_type fmp4 -hls_playlist_type vod \
  -hls_segment_filename 'site/part%d.m4s' site/stream.m3u8

cat >site/page.html <<'HTML'
<audio id="player"></audio>
<script src="hls.min.js"></script>
<script>
  const player = document.getElementById('player')
  const began = performance.now()
  const events = []
  const note = name => events.push([name, (performance.now() - began) / 1000, player.currentTime, player.networkState])
  for (const name of ['waiting', 'stalled', 'playing', 'pause', 'error', 'ended'])
    player.addEventListener(name, () => note(name))
  if (location.hash === '#stream') {
    const hls = new Hls({ maxBufferLength: 4, maxMaxBufferLength: 4 })
    hls.on(Hls.Events.ERROR, (_, { details, fatal }) => note(`${details}${fatal ? ', fatal' : ''}`))
    hls.loadSource('stream.m3u8')
    hls.attachMedia(player)
  } else player.src = `${location.hash.slice(1)}.mp3`
  player.play()
</script>
HTML
cat >serve.py <<'PY'
"""Serve the site on a free port; keep one part, and the rest of the files, back for eight seconds."""
import http.server
import time
from pathlib import Path

PAUSE = 8
SITE = Path("site").resolve()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        """Say nothing."""

    def do_GET(self):
        path = SITE / Path(self.path).name
        if not path.is_file():
            return self.send_error(404)
        body = path.read_bytes()
        kinds = {".html": "text/html", ".js": "text/javascript", ".m3u8": "application/vnd.apple.mpegurl"}
        self.send_response(200)
        self.send_header("Content-Type", kinds.get(path.suffix, "audio/mpeg" if path.suffix == ".mp3" else "audio/mp4"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        kept = {"file-dry.mp3": len(body) // 12, "file-half.mp3": len(body) // 2, "part4.m4s": 0}
        at_first = kept.get(path.name, len(body))
        self.wfile.write(body[:at_first])
        self.wfile.flush()
        if at_first < len(body):
            time.sleep(PAUSE)
            self.wfile.write(body[at_first:])


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
Path("port").write_text(str(server.server_port))
server.serve_forever()
PY
"$room/venv/bin/python" serve.py 2>serve.log &
server=$!
for _ in {1..100}; do
  if [[ -s port ]]; then break; fi
  sleep 0.1
done

cat >listen.py <<'PY'
"""Play two files and the stream for 25 s each, and compare what the player fired with what a listener heard."""
import os
import sys
import time

from playwright.sync_api import sync_playwright

chromium, port = sys.argv[1:]
flags = ["--autoplay-policy=no-user-gesture-required", "--disable-background-networking", "--disable-gpu"]
flags += ["--no-sandbox"] if os.geteuid() == 0 else []
fired, silence, loading = {}, {}, {}
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=flags)
    for way in ("file-half", "file-dry", "stream"):
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/page.html#{way}")
        time.sleep(25)
        events = page.evaluate("events")
        page.close()
        print(way)
        for name, seconds, position, state in events:
            print(f"  {seconds:5.1f} s  {name} at {position:.1f} s of the music, networkState {state}")
        # What happens once the music has begun; silence is from `waiting` to `playing`.
        later = [(name, seconds) for name, seconds, position, _ in events if position > 1]
        loading[way] = {state for name, _, position, state in events if name == "waiting" and position > 1}
        fired[way] = [name for name, _ in later]
        silence[way] = sum(-at if name == "waiting" else at for name, at in later if name in ("waiting", "playing"))
        print(f"  silent for {silence[way]:.1f} s")
    browser.close()

assert fired["file-half"] == [] and silence["file-half"] == 0, fired
assert fired["file-dry"] == ["waiting", "stalled", "playing"] and silence["file-dry"] > 1, fired
assert fired["stream"] == ["waiting", "bufferStalledError", "playing"] and silence["stream"] > 1, fired
assert loading["stream"] == {2}, "networkState of the dry stream is not NETWORK_LOADING"
PY
"$room/venv/bin/python" listen.py "$chromium" "$(<port)"

echo "guess:     stalled tells of a delivery that pauses, for a file and for HLS"
echo "behaviour: of a file that has run dry already, after waiting; of a stream not at all"
echo "as found with hls.js 1.7.4 and Chromium 156 on 2026-11-29"
