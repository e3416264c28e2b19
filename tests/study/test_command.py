"""`python -m study` as it is typed."""

import gzip
import io
import json
from pathlib import Path

import msgspec
import pytest

from local.kafka import KafkaServer
from market.records import FeedRecord, encode
from pipeline.kafka_clients import Publisher
from pipeline.topics import create_topics, feed_topic
from study.__main__ import main
from tests.study.made_up_records import changed, first_book, level, lost, ticked

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


def test_compressed_file_and_standard_input_are_read_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "records.jsonl.gz"
    packed.write_bytes(gzip.compress(LINES))
    assert main([str(packed)]) == 0
    from_file = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LINES)))
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


def test_file_that_is_not_there_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.jsonl")]) == 78
    assert "none.jsonl cannot be read: No such file or directory" in capfd.readouterr().err


@pytest.mark.parametrize("words", [("x", "--levels", "0"), ("x", "--tick", "nan"), (), ("x", "--topic", "y")])
def test_wrong_words_are_refused_before_anything_is_read(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(words)
    assert refused.value.code == 2
