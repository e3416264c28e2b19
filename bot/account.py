"""The account's two holdings beside what the ledger expects of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.exchange import NOTHING, Holding
from bot.ledger import Baseline, Ledger
from market.decimals import EXACT, plain
from market.symbols import SymbolSteps


@dataclass(frozen=True)
class Account:
    """What the exchange says (`base`, `quote`) and what our journal says (`expected`)."""

    base: Holding
    quote: Holding
    expected: Baseline
    tolerance: Decimal

    @property
    def actual(self) -> Baseline:
        """The two amounts that the exchange shows."""
        return Baseline(self.base.amount, self.quote.amount)

    @property
    def agrees(self) -> bool:
        """Whether the ledger equals the account, but for the tolerance."""
        base_off = abs(EXACT.subtract(self.base.amount, self.expected.base))
        quote_off = abs(EXACT.subtract(self.quote.amount, self.expected.quote))
        return max(base_off, quote_off) <= self.tolerance

    @property
    def difference(self) -> str:
        """Both sides in words."""
        return (
            f"the account holds {plain(self.base.amount)} base and {plain(self.quote.amount)} quote, "
            f"the ledger expects {plain(self.expected.base)} and {plain(self.expected.quote)}"
        )


def account_of(
    holdings: Mapping[str, Holding], steps: SymbolSteps, baseline: Baseline, ledger: Ledger, tolerance: Decimal
) -> Account:
    """The account as the exchange shows it; what it has nothing of may be absent from `holdings`."""
    base, quote = holdings.get(steps.base, NOTHING), holdings.get(steps.quote, NOTHING)
    return Account(base, quote, baseline.expected(ledger), tolerance)
