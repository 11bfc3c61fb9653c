"""Who makes music on the demo's Hound: invented artists, their releases and the tracks on them."""

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from random import Random

ARTISTS = 120
RELEASES = 400

# Tracks of the back catalogue are numbered below this, uploads of the demo's weeks from it on.
FIRST_UPLOAD = 10_000

_HEADS = (
    "Ostra", "Velm", "Quinta", "Miro", "Kasto", "Ondre", "Talu", "Nebri", "Sorel", "Pavo", "Ilmen", "Zephi",
    "Brinda", "Lumo", "Corvi", "Aster", "Fenno", "Maru", "Tindo", "Elow", "Jandra", "Rusk", "Oriel", "Wendo",
)  # fmt: skip
_TAILS = ("lune", "vale", "dane", "mira", "toro", "wick", "nara", "stel", "brook", "lind", "sso", "ria")
_BANDS = (
    "Isobars", "Tidemarks", "Ferrymen", "Sextants", "Lampposts", "Semaphores", "Aqueducts", "Estuaries",
    "Almanacs", "Windbreaks", "Cartwheels", "Overcoats", "Pinecones", "Turnstiles", "Barometers", "Sidings",
)  # fmt: skip
_FIRST = (
    "Slow", "Tin", "Paper", "Northern", "Saltwater", "Second", "Quiet", "Amber", "Borrowed", "Late", "Hollow",
    "Silver", "Distant", "Plain", "Morning", "Restless", "Painted", "Low", "Winter", "Half", "Open", "Blue",
)  # fmt: skip
_SECOND = (
    "Lanterns", "Meridian", "Harbour", "Signals", "Orchard", "Weather", "Rooms", "Ferry", "Static", "Gardens",
    "Hours", "Tides", "Letters", "Stations", "Echoes", "Maps", "Furniture", "Gravity", "Voltage", "Parade",
)  # fmt: skip
_EDITIONS = ("", "", "", "", "", "", " (Deluxe)", " EP", " EP", " (Live)", " (Remixes)")


@dataclass(frozen=True, slots=True)
class Release:
    """One release, with the track numbers of its back catalogue."""

    release_id: str
    artist_id: str
    title: str
    artist_name: str
    tracks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Song:
    """One track with the ids that its plays carry."""

    artist_id: str
    release_id: str
    track_id: str


class ReleaseCatalogue:
    """All releases of the demo, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        rng = Random(f"{seed}:catalogue")
        artists = [(f"art-{number:03}", name) for number, name in enumerate(_artist_names(rng), 1)]
        titles = _titles(rng)
        self.releases: list[Release] = []
        first_track = 1
        for number in range(RELEASES):
            # Everyone has one release before anyone has a second.
            artist_id, name = artists[number] if number < ARTISTS else rng.choice(artists)
            tracks = tuple(track_id(first_track + place) for place in range(rng.choice((1, 4, 6, 9, 10, 12))))
            first_track += len(tracks)
            self.releases.append(Release(f"rel-{number + 1:04}", artist_id, titles[number], name, tracks))
        self.songs = [Song(r.artist_id, r.release_id, track) for r in self.releases for track in r.tracks]
        rng.shuffle(self.songs)
        # A few songs get most plays, as everywhere.
        self._popularity = list(accumulate(1 / (rank + 12) for rank in range(len(self.songs))))

    def song(self, rng: Random) -> Song:
        """Draw the song that somebody plays."""
        return self.songs[bisect(self._popularity, rng.random() * self._popularity[-1])]


def track_id(number: int) -> str:
    """Return the id of a track by its number; ids sort as their numbers do."""
    return f"trk-{number:07}"


def _artist_names(rng: Random) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < ARTISTS:
        stem = rng.choice(_HEADS) + rng.choice(_TAILS)
        form = rng.choice(("{0}", "{0}", "{0} & the {1}", "{0} {1}"))
        names.setdefault(form.format(stem, rng.choice(_BANDS)))
    return list(names)


def _titles(rng: Random) -> list[str]:
    pairs = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    return [title + rng.choice(_EDITIONS) for title in rng.sample(pairs, RELEASES)]
