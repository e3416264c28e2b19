"""How two workers share the tests."""

from tests.workers import ROOT, SHARED, company


def test_tests_of_one_server_stay_together_across_files() -> None:
    first, *others = (company(f"{file}::test_any[1]") for file in SHARED["Elasticsearch"])
    assert set(others) == {first}
    assert company("tests/spark_jobs/test_liquidity.py::test_any") != first


def test_every_file_that_is_named_is_there_and_uses_its_server() -> None:
    for server, files in SHARED.items():
        for file in files:
            text = (ROOT / file).read_text(encoding="utf-8")
            assert any(fixture in text for fixture in (server.lower(), "broker", "indexed")), file


def test_tests_that_share_a_fixture_of_their_module_stay_together() -> None:
    file = "tests/forecasting/test_training.py"
    assert company(f"{file}::test_one") == company(f"{file}::test_other[a::b]") == file


def test_any_other_test_goes_where_a_worker_is_free() -> None:
    lone = "tests/local/test_ports.py::test_any"
    assert company(lone) == lone
