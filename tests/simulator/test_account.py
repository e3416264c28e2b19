"""What an account holds, and that its file keeps it."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.account import FIRST_ORDER_ID, Account, AccountRecord, CompletedOrder, Fill, Opening, OrderSide
from simulator.account_journal import AccountJournal
from simulator.api_keys import KEY_FILE, SECRET_FILE, kept_key
from simulator.errors import WrongAccount

ROOT = Path(__file__).resolve().parents[2]
# Lets the account's file grow by five bytes more, tries to append, then lifts the bound and appends again.
ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from simulator.account_journal import AccountJournal
from simulator.errors import AccountUnwritable
path = Path(sys.argv[1])
with AccountJournal(path) as journal:
    unbounded = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, unbounded[1]))
    try:
        journal.append(journal.records[0])
    except AccountUnwritable:
        resource.setrlimit(resource.RLIMIT_FSIZE, unbounded)
        journal.append(journal.records[0])
    else:
        sys.exit("it was written")
"""
OPENING = Opening(balances={"BTC": Decimal(1000), "USD": Decimal(100_000)})


def order(
    order_id: int, side: OrderSide = "buy", client_order_id: str | None = None, fills: tuple[Fill, ...] = ()
) -> CompletedOrder:
    return CompletedOrder(
        order_id=order_id,
        client_order_id=client_order_id,
        nonce=Decimal("1767225600.000001"),
        symbol="BTCUSD",
        base="BTC",
        quote="USD",
        side=side,
        price=Decimal("7000.00"),
        amount=Decimal("0.5"),
        time_ms=1_767_225_600_000,
        fills=fills,
    )


def fill(trade_id: int, price: str, amount: str, fee: str) -> Fill:
    return Fill(trade_id=trade_id, time_ms=1, price=Decimal(price), amount=Decimal(amount), fee=Decimal(fee))


TWO_FILLS = (fill(1, "6999.99", "0.10000001", "2.8"), fill(2, "7000.00", "0.2", "5.6000000000001"))
RECORDS: tuple[AccountRecord, ...] = (OPENING, order(1, fills=TWO_FILLS), order(2, "sell", "mine", TWO_FILLS[:1]))


def test_buy_takes_value_and_fees_and_gives_what_was_filled_to_the_last_digit() -> None:
    account = Account(RECORDS[:2])
    assert account.balance("BTC") == Decimal("1000.30000001")
    spent = Decimal("6999.99") * Decimal("0.10000001") + Decimal("1400")
    assert account.balance("USD") == Decimal(100_000) - spent - Decimal("8.4000000000001")


def test_sale_gives_value_less_fees() -> None:
    account = Account((OPENING, order(1, "sell", fills=(fill(1, "7000.00", "0.5", "14"),))))
    assert account.balances() == {"BTC": Decimal("999.5"), "USD": Decimal("103486")}


def test_order_that_filled_nothing_changes_nothing_and_is_found() -> None:
    account = Account((OPENING, order(7, client_order_id="mine")))
    assert account.balances() == OPENING.balances
    assert account.order(7) == account.orders_of("mine")[0]
    assert account.order(8) is None
    assert account.orders_of("other") == ()


def test_orders_of_one_client_id_are_all_found_newest_first() -> None:
    account = Account((OPENING, order(1, client_order_id="mine"), order(2), order(3, client_order_id="mine")))
    assert [found.order_id for found in account.orders_of("mine")] == [3, 1]
    assert [found.order_id for found in account.orders()] == [3, 2, 1]


def test_order_ids_are_larger_than_what_a_float_holds_and_never_come_twice() -> None:
    account = Account((OPENING,))
    assert account.next_order_id() == FIRST_ORDER_ID > 2**53
    account.apply(order(FIRST_ORDER_ID))
    assert account.next_order_id() == FIRST_ORDER_ID + 1


def test_account_is_the_same_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "exchange" / "account.jsonl"
    with AccountJournal(path) as journal:
        assert journal.records == ()
        for record in RECORDS:
            journal.append(record)
    with AccountJournal(path) as journal:
        assert journal.records == RECORDS
    assert Account(journal.records).last_nonce() == Decimal("1767225600.000001")
    assert path.stat().st_mode & 0o777 == 0o600


def test_line_that_was_being_written_at_the_crash_is_dropped_and_the_next_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "account.jsonl"
    with AccountJournal(path) as journal:
        journal.append(OPENING)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"type":"order","order_')
    with AccountJournal(path) as journal:
        assert journal.records == (OPENING,)
        journal.append(order(1))
    with AccountJournal(path) as journal:
        assert journal.records == (OPENING, order(1))


def test_first_line_alone_cut_short_leaves_an_empty_account(tmp_path: Path) -> None:
    path = tmp_path / "account.jsonl"
    path.write_bytes(b'{"type":"open')
    with AccountJournal(path) as journal:
        assert journal.records == ()


def test_damaged_line_is_refused_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "account.jsonl"
    path.write_text('{"type":"opening","balances":{"BTC":"1"}}\n{"type":"order"}\n')
    with pytest.raises(WrongAccount, match="line 2 of the account"):
        AccountJournal(path)


def test_record_that_the_disk_has_no_room_for_leaves_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "account.jsonl"
    with AccountJournal(path) as journal:
        journal.append(OPENING)
    subprocess.run([sys.executable, "-c", ON_A_FULL_DISK, str(path)], cwd=ROOT, check=True, timeout=120)
    with AccountJournal(path) as journal:
        assert journal.records == (OPENING, OPENING)


def test_account_in_use_is_refused_to_another_simulator(tmp_path: Path) -> None:
    path = tmp_path / "account.jsonl"
    with AccountJournal(path), pytest.raises(WrongAccount, match="another simulator"):
        AccountJournal(path)
    with AccountJournal(path):
        pass


def test_account_where_a_file_stands_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exchange").write_text("")
    with pytest.raises(WrongAccount, match="cannot be opened"):
        AccountJournal(tmp_path / "exchange" / "account.jsonl")


def test_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    key = kept_key(tmp_path / "exchange")
    assert kept_key(tmp_path / "exchange") == key
    assert key.name.startswith("account-")
    for name, text in ((KEY_FILE, key.name), (SECRET_FILE, key.secret)):
        file = tmp_path / "exchange" / name
        assert file.read_text().strip() == text
        assert file.stat().st_mode & 0o777 == 0o600


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    assert kept_key(tmp_path / "one").secret != kept_key(tmp_path / "two").secret


def test_key_file_that_holds_no_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / SECRET_FILE).write_text("two words")
    with pytest.raises(WrongAccount, match="expected one word") as caught:
        kept_key(tmp_path)
    assert "two words" not in str(caught.value)
