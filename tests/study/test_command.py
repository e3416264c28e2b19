"""`python -m study` as it is typed."""

import gzip
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import cast

import msgspec
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from local.kafka import KafkaServer
from market.records import FeedRecord, encode
from pipeline.kafka_clients import Publisher
from pipeline.topics import create_topics, feed_topic
from study.__main__ import main
from study.chart import FEWEST_EVENTS, drawn, known_rates
from study.estimates import AtSize, estimates
from study.moments import TimesMet, moments
from study.queues import Queues
from study.queues_shown import Study
from tests.forecasting.test_live import await_true
from tests.study.made_up_records import NOON, changed, first_book, level, lost, ticked

ROOT = Path(__file__).resolve().parents[2]
RECORDS: list[FeedRecord] = [
    lost(0),
    first_book(0, {"4.38": "10", "4.37": "20"}, {"4.39": "30", "4.40": "40"}),
    changed(100, level("bid", "4.38", "14")),
    changed(500, level("bid", "4.38", "12")),
    changed(800, level("ask", "4.40", "39")),
    ticked(1_000),
]
LINES = b"\n".join(map(encode, RECORDS)) + b"\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    path.write_bytes(LINES)
    return path


def test_table_shows_what_happened_at_each_queue(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(file), "--levels", "2"]) == 0
    said = capsys.readouterr().out
    assert "coinbase ETC-USD: 1.0 s from 2026-01-01 12:00:00 UTC, tick 0.01, 2 queues on each side" in said
    assert "3 events; the reference price moved 0 times" in said
    rows = {
        line.split()[0]: line.split()[1:]
        for line in said.splitlines()
        if line[:5].strip()[:2] in ("-2", "-1", "1", "2")
    }
    # Two events of 4 and 2 in a second; 10, 14 and 12 are 4, 5 and 4 times their average.
    assert rows["-1"] == ["2", "1", "1", "3", "4.4", "0.5", "1", "1"]
    assert rows["1"] == ["0"] + ["-"] * 7
    assert rows["2"] == ["1", "0", "1", "1", "39.8", "1", "0", "1"]


def test_json_has_every_waiting_time(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(file), "--json", "--symmetric"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["symbol"], found["tick"], found["symmetric"], found["whole_books"]) == ("ETC-USD", "0.01", True, 1)
    first = found["queues"][0]
    assert (first["position"], first["events"], first["average_event"]) == (1, 2, "3")
    waits = {at["size"]: (at["arrival_waits"], at["departure_waits"]) for at in first["sizes"]}
    assert waits[4] == ([0.1], [])
    assert waits[5] == ([], [0.4])
    # At -1 and 1 together: 2 s in all, of which 0.1 + 0.5 s with 4 of its average of 3, and 0.4 s with 5.
    at = {at["size"]: at for at in first["sizes"]}
    assert (at[4]["seconds"], at[5]["seconds"], at[10]["seconds"]) == (0.6, 0.4, 1.0)
    assert (at[4]["share"], at[5]["share"]) == (0.3, 0.2)
    assert (at[4]["arrivals_per_second"], at[4]["departures_per_second"]) == (pytest.approx(1 / 0.6), 0)
    assert (at[5]["arrivals_per_second"], at[5]["departures_per_second"]) == (0, 2.5)


def test_what_is_worth_knowing_of_the_records_is_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(file), "--levels", "2"]) == 0
    said = capsys.readouterr().out
    assert not any(words in said for words in ("are empty", "gaps", "earlier time", "no time of"))
    more = [
        changed(1_100, level("bid", "4.38", "11"), time_from="clock"),
        changed(1_100, level("bid", "4.38", "9"), late=True, exchange_time=NOON + 1_050),
        lost(2_000, since=1_500),
        first_book(2_000, {"4.38": "1"}, {"4.39": "1"}),
    ]
    file.write_bytes(LINES + b"\n".join(map(encode, more)))
    assert main([str(file), "--levels", "50"]) == 0
    said = capsys.readouterr().out
    assert "1 gaps: nothing is counted" in said
    assert "1 changes bear an earlier time" in said
    assert "1 messages bear no time of the exchange" in said
    assert "the queues are empty for 96% of the time: a tick of 0.01 is small" in said


def test_picture_shows_what_was_found(file: Path) -> None:
    queues = Queues(2)
    for moment in moments(RECORDS, TimesMet()):
        queues.take(moment)
    found = estimates(queues.stints)
    study = Study("coinbase", "ETC-USD", 2, symmetric=False, queues=queues, times=TimesMet(), estimates=found)
    sizes, counts, *by_queue = drawn(study).axes
    assert [height for _, height in bars(sizes)] == [3.0, 1.0]
    assert [height for _, height in bars(counts)] == [1, 0, 1, 1]
    assert [axes.get_title() for axes in by_queue[::2]] == [
        "queue -1: events a second, by its size",
        "queue 2: events a second, by its size",
    ]
    assert dict(bars(by_queue[1])) == {4: pytest.approx(0.6), 5: pytest.approx(0.4)}


def bars(axes: Axes) -> list[tuple[int, float]]:
    """Where each bar stands, and its height."""
    drawn_bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
    return [(round(bar.get_x() + bar.get_width() / 2), bar.get_height()) for bar in drawn_bars]


def test_rates_of_sizes_that_were_met_seldom_are_not_drawn() -> None:
    seldom = AtSize(1_000, [0.1], [0.1] * (FEWEST_EVENTS - 2))
    often = AtSize(2_000, [0.1], [0.1] * (FEWEST_EVENTS - 1))
    assert known_rates({1: seldom, 2: often}, "arrivals") == {2: 0.5}
    assert known_rates({1: seldom, 2: often}, "departures") == {2: (FEWEST_EVENTS - 1) / 2}


def test_picture_and_moments_are_written(file: Path, tmp_path: Path) -> None:
    picture, events = tmp_path / "out.png", tmp_path / "events.jsonl"
    assert main([str(file), "--levels", "2", "--plot", str(picture), "--events", str(events)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    moments = [json.loads(line) for line in events.read_text().splitlines()]
    assert len(moments) == 3
    assert moments[1] == {
        "time": 1_767_268_800_500,
        "reference_price": "4.385",
        "queues": {"-2": "20", "-1": "14", "1": "30", "2": "40"},
        "changes": {"-1": "-2"},
    }


def standard_input(text: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(cast(io.RawIOBase, io.BytesIO(text))))


def test_compressed_file_and_standard_input_are_read_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "records.jsonl.gz"
    packed.write_bytes(gzip.compress(LINES))
    assert main([str(packed)]) == 0
    from_file = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", standard_input(LINES))
    assert main(["-"]) == 0
    assert capsys.readouterr().out == from_file
    monkeypatch.setattr("sys.stdin", standard_input(gzip.compress(LINES)))
    assert main(["-"]) == 0
    assert capsys.readouterr().out == from_file


def test_topic_is_read_to_its_end(kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    create_topics(kafka.bootstrap)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka.bootstrap)
    publisher = Publisher(kafka.bootstrap)
    for record in RECORDS:
        named = msgspec.structs.replace(record, symbol="STUDIED")
        publisher.publish(feed_topic("coinbase"), "STUDIED", encode(named))
    publisher.close(30)
    out = file.with_name("events.jsonl")
    assert main(["--topic", feed_topic("coinbase"), "--symbol", "STUDIED", "--events", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 3


def one_sided() -> bytes:
    records = [lost(0), first_book(0, {"4.38": "10"}, {}), changed(100, level("bid", "4.38", "14"))]
    return b"\n".join(map(encode, records))


@pytest.mark.parametrize(
    ("lines", "words", "expected"),
    [
        (LINES + b"{}\n", (), "records.jsonl, line 7: no record of a feed"),
        (b"\n\nnonsense", (), "records.jsonl, line 3: no record of a feed"),
        (LINES.splitlines()[2], (), "no whole book among the records"),
        (b"\n".join(LINES.splitlines()[:2]), (), "nothing changed at any queue"),
        (LINES, ("--symbol", "BTC-USD"), "no record is of BTC-USD: there are ETC-USD"),
        (LINES, ("--tick", "0.02"), "0.01 would be one"),
        (LINES, ("--plot", "/nowhere/out.png"), "--plot: /nowhere/out.png cannot be written"),
        (LINES, ("--plot", "/tmp"), "--plot: /tmp cannot be written: expected a name that ends with .png"),
        (LINES.replace(b'"4.37"', b'"abc"'), (), "line 2: no record of a feed"),
        (LINES.replace(b'"remaining":"14"', b'"remaining":"-1"'), (), "line 3: no record of a feed"),
        (LINES.replace(b'"event_time":1767268800500', b'"event_time":9999999999999999'), (), "line 4: no record of a"),
        (one_sided(), (), "there is no reference price: the book never had two sides"),
        (LINES, ("--events", "/nowhere/out.jsonl"), "--events: /nowhere/out.jsonl cannot be written"),
        (gzip.compress(LINES)[:-9], (), "cannot be read"),
    ],
)
def test_what_cannot_be_studied_is_one_clear_line(
    file: Path, lines: bytes, words: tuple[str, ...], expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(lines)
    assert main([str(file), *words]) == 78
    said = capfd.readouterr().err.splitlines()
    assert expected in said[-1]
    assert "Traceback" not in said[-1]


def test_what_is_read_is_not_written_over(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(file), "--events", str(file)]) == 78
    assert "is what is read: choose another file" in capfd.readouterr().err
    assert file.read_bytes() == LINES


def test_file_of_moments_is_not_touched_when_there_is_nothing_to_study(file: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("an earlier study's")
    assert main([str(file), "--symbol", "BTC-USD", "--events", str(events)]) == 78
    assert events.read_text() == "an earlier study's"


def test_result_is_printed_although_the_picture_cannot_be_drawn(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(file), "--plot", "/nowhere/out.png"]) == 78
    assert "3 events" in capfd.readouterr().out


def test_ctrl_c_ends_it_while_standard_input_is_silent(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    command = [sys.executable, "-m", "study", "-", "--events", str(events)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(LINES)
        process.stdin.flush()
        await_true(events.exists)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == b"study: interrupted\n"


def test_reader_that_goes_is_no_fault(file: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m study {file} --json | head -c 1", shell=True, cwd=ROOT, capture_output=True, check=False
    )
    assert (done.stdout, done.stderr) == (b"{", b"")


def test_full_disk_behind_standard_output_is_told(file: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m study {file} > /dev/full", shell=True, cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 78
    assert done.stderr == b"study: standard output cannot be written: No space left on device\n"


def test_file_that_is_not_there_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.jsonl")]) == 78
    assert "none.jsonl cannot be read: No such file or directory" in capfd.readouterr().err


@pytest.mark.parametrize("words", [("x", "--levels", "0"), ("x", "--tick", "nan"), (), ("x", "--topic", "y")])
def test_wrong_words_are_refused_before_anything_is_read(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(words)
    assert refused.value.code == 2
