"""The protocols that a producer can speak, by exchange and name; the first of an exchange is its default."""

from collections.abc import Sequence

from pipeline.errors import WrongSettings
from producers.binance_depth import BINANCE_DEPTH
from producers.binance_partial import BINANCE_PARTIAL
from producers.coinbase_advanced import COINBASE_ADVANCED
from producers.coinbase_exchange import COINBASE_EXCHANGE
from producers.gemini_streams import GEMINI_STREAMS
from producers.gemini_v1 import GEMINI_V1
from producers.gemini_v2 import GEMINI_V2
from producers.protocol import Protocol
from producers.upbit import UPBIT_DEFAULT, UPBIT_SIMPLE

PROTOCOLS: dict[str, dict[str, Protocol]] = {}
for _protocol in (
    *(GEMINI_STREAMS, GEMINI_V1, GEMINI_V2),
    *(COINBASE_ADVANCED, COINBASE_EXCHANGE),
    *(BINANCE_DEPTH, BINANCE_PARTIAL),
    *(UPBIT_DEFAULT, UPBIT_SIMPLE),
):
    PROTOCOLS.setdefault(_protocol.exchange, {})[_protocol.name] = _protocol


def chosen_protocol(exchange: str, name: str) -> Protocol:
    """The exchange's protocol of this name, its default one without a name. Raises WrongSettings."""
    protocols = PROTOCOLS[exchange]
    try:
        return protocols[name] if name else next(iter(protocols.values()))
    except KeyError:
        known = ", ".join(protocols)
        raise WrongSettings(f"wrong settings: FEED_PROTOCOL={name}: {exchange} has {known}") from None


def chosen_symbols(protocol: Protocol, symbols: Sequence[str]) -> tuple[str, ...]:
    """What to follow: these symbols as the exchange spells them, its Bitcoin without any. Raises WrongSettings."""
    wrong = [symbol for symbol in symbols if not protocol.symbol_pattern.fullmatch(symbol)]
    if wrong:
        raise WrongSettings(
            f"wrong settings: FEED_SYMBOLS: {protocol.exchange} has no {', '.join(wrong)}; its symbols look like "
            f"{protocol.symbol_example}"
        )
    return tuple(symbols) or (protocol.symbol_example,)
