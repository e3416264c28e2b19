"""What the recorder writes is read back as it arrived: rotated, cut off, spoilt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import GaveUp, WrongSettings
from producers.arrivals import Arrival, Connected, ConnectionLost, FrameArrived, FrameRefused, Instant
from producers.recordings.errors import WrongRecording
from producers.recordings.recording_format import decode_line, encode_line, line_of
from producers.recordings.recording_reader import RecorderArrivals
from producers.recordings.recording_writer import RecordingWriter, Rotation, part_path

NOON = 1_767_225_600_000
LINKS = {"BTCUSD": ("BTCUSD",)}


class HandClock:
    """Seconds that are set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at(ms: int) -> Instant:
    return Instant(NOON + ms, 7_000.5 + ms)


def frame(number: int, payload: bytes = b'{"a":1}', connection: str = "c-1") -> FrameArrived:
    return FrameArrived("BTCUSD", connection, number, payload, at(100 * number))


STORY: tuple[Arrival, ...] = (
    Connected("BTCUSD", "c-1", at(0)),
    frame(0, '{"text":"ü\n\u2028"}'.encode()),
    frame(1, b"\xff\xfe\x00 not UTF-8"),
    FrameArrived("BTCUSD", "c-1", -1, b'{"rest":1}', at(150)),
    frame(2, b""),
    FrameRefused("BTCUSD", "c-1", 3, 50_000_000, "too large", at(300)),
    ConnectionLost("BTCUSD", "c-1", "too_large", "…", at(301)),
    ConnectionLost("BTCUSD", "c-2", "refused", "HTTP 404", at(400), refused_for_good=True),
)


def story(frames: int, payload: str = "{:032x}") -> list[Arrival]:
    """A connection and so many frames."""
    return [
        Connected("BTCUSD", "c-1", at(0)),
        *(frame(number, payload.format(number).encode()) for number in range(frames)),
    ]


def write(path: Path, arrivals: Sequence[Arrival], rotation: Rotation | None = None, seconds_each: float = 0.0) -> None:
    clock = HandClock()
    with RecordingWriter(path, "gemini", "v1", LINKS, rotation or Rotation(), clock) as writer:
        for arrival in arrivals:
            writer.write(arrival)
            clock.now += seconds_each
            writer.flush_if_due()


def read(path: Path) -> tuple[list[Arrival], list[str]]:
    source = RecorderArrivals(path)
    return list(source), source.notes


def test_arrivals_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    write(path, STORY)
    assert read(path) == (list(STORY), [])


@given(st.binary(max_size=60))
def test_any_payload_survives(payload: bytes) -> None:
    line = line_of(frame(0, payload))
    encoded = encode_line(line)
    assert encoded.count(b"\n") == 1
    assert decode_line(encoded) == line


def test_parts_of_a_rotated_recording_follow_one_another(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    told = story(10)
    write(path, told, Rotation(most_seconds=2.5), seconds_each=1.0)
    parts = [path, *sorted(tmp_path.glob("btc.0*.zst"))]
    assert [part.name for part in parts] == ["btc.zst", "btc.0002.zst", "btc.0003.zst", "btc.0004.zst"]
    assert read(path) == (told, [])


def test_missing_part_is_told_and_its_connection_taken_for_lost(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    write(path, story(10), Rotation(most_seconds=2.5), seconds_each=1.0)
    last = part_path(path, 4)
    last.rename(part_path(path, 5))
    arrivals, notes = read(path)
    assert arrivals == story(10)[: len(arrivals)]
    assert notes == ["the recording goes on in a further part, which is not there"]
    part_path(path, 2).unlink()
    part_path(path, 3).rename(part_path(path, 2))
    arrivals, notes = read(path)
    assert [type(arrival) for arrival in arrivals if not isinstance(arrival, FrameArrived)] == [
        Connected,
        ConnectionLost,
    ]
    assert "are not in the recording" in notes[0]


def test_rotation_by_size_bounds_each_part(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    told = story(200)
    write(path, told, Rotation(most_bytes=600), seconds_each=1.0)
    assert part_path(path, 3).exists()
    assert all(part.stat().st_size < 1_500 for part in tmp_path.iterdir())
    assert read(path) == (told, [])


def test_later_part_alone_tells_that_its_connection_lacks_frames(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    write(path, story(6), Rotation(most_seconds=2.5), seconds_each=1.0)
    arrivals, notes = read(part_path(path, 2))
    assert [type(arrival) for arrival in arrivals[:3]] == [Connected, ConnectionLost, FrameArrived]
    assert "not in the recording" in notes[0]


def test_flushed_lines_of_a_killed_recorder_are_read(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    clock = HandClock()
    told = story(150)
    with RecordingWriter(path, "gemini", "v1", LINKS, Rotation(), clock) as writer:
        for arrival in told:
            writer.write(arrival)
            clock.now += 1.0
            writer.flush_if_due()
        # What comes in the last second is in memory only when the process dies.
        writer.write(frame(150))
        arrivals, notes = read(path)
    assert arrivals == told
    assert "killed" in notes[0]


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.99])
def test_file_cut_at_any_byte_is_read_up_to_there(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "btc.zst"
    told = story(400)
    write(path, told, seconds_each=1.0)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    arrivals, notes = read(path)
    assert arrivals == told[: len(arrivals)]
    assert kept * 300 < len(arrivals) < 401
    assert "killed" in notes[-1]


def test_spoilt_byte_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    write(path, story(200))
    spoilt = bytearray(path.read_bytes())
    spoilt[len(spoilt) // 2] ^= 0xFF
    path.write_bytes(spoilt)
    with pytest.raises(WrongRecording, match=r"btc\.zst"):
        read(path)


def test_line_that_is_none_of_the_format_is_an_error_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    write(path, STORY)
    lines = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True).read().split(b"\n")
    absurd = b'{"type":"lost","at":99999999999999,"monotonic":1,"link":"B","connection":"c","reason":"","detail":""}'
    for wrong in (
        b"{}",
        absurd,
        b'{"type":"frame","at":1,"monotonic":1,"connection":"nobody","number":0,"data":""}',
        b"\xff",
    ):
        path.write_bytes(b"\n".join([*lines[:3], wrong, *lines[3:]]))
        with pytest.raises(WrongRecording, match=r"btc\.zst, line 4: "):
            read(path)


def test_existing_recording_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    write(path, STORY)
    before = path.read_bytes()
    with pytest.raises(WrongSettings, match=r"btc\.zst is there already"):
        write(path, STORY)
    assert path.read_bytes() == before
    part_path(tmp_path / "eth.zst", 2).touch()
    with pytest.raises(WrongSettings, match=r"eth\.0002\.zst is there already"):
        write(tmp_path / "eth.zst", STORY)


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match="cannot be made"):
        write(tmp_path / "nowhere" / "btc.zst", STORY)


def test_part_that_is_there_already_is_found_at_the_start_or_ends_the_recording_well(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    part_path(path, 7).touch()
    with pytest.raises(WrongSettings, match=r"btc\.0007\.zst is there already"):
        write(path, story(3))
    part_path(path, 7).unlink()
    clock = HandClock()
    arrivals = story(3)
    writer = RecordingWriter(path, "gemini", "v1", LINKS, Rotation(most_seconds=1), clock)
    part_path(path, 2).touch()
    for arrival in arrivals:
        writer.write(arrival)
    clock.now += 2

    def goes_on() -> None:
        with writer:
            writer.flush_if_due()

    with pytest.raises(GaveUp, match=r"btc\.0002\.zst cannot be made: .* can be replayed"):
        goes_on()
    part_path(path, 2).unlink()
    assert read(path)[0] == arrivals


def test_part_of_another_recording_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    path = tmp_path / "btc.zst"
    write(path, story(3))
    with RecordingWriter(tmp_path / "eth.zst", "gemini", "v1", {"ETHUSD": ("ETHUSD",)}, Rotation(), HandClock()):
        pass
    (tmp_path / "eth.zst").rename(part_path(path, 2))
    with pytest.raises(WrongRecording, match=r"btc\.0002\.zst, line 1: a part of another recording"):
        read(path)
