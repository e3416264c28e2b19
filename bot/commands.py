"""What an operator tells a running bot, by way of `bot.commands`."""

from bot.settings import IdentitySettings
from market.journal import Command, CommandAction
from market.records import encode
from pipeline.kafka_clients import Publisher
from pipeline.topics import BOT_COMMANDS

ACTIONS: dict[CommandAction, str] = {
    "pause": "send no order at all",
    "resume": "trade again",
    "reduce": "only sell what is held, buy nothing",
    "flatten": "sell all that the bot bought, now, then pause",
    "accept": "take the account's balances for right although they differ from the ledger, and trade on",
}
DELIVERY_SECONDS = 20.0


def give_command(settings: IdentitySettings, action: CommandAction) -> Command:
    """Tells the bot of this identity. Raises `TemporarilyUnavailable` when Kafka did not take the command."""
    author, now_ms = settings.author, settings.clock().wall_ms()
    command = Command(
        exchange=author.exchange,
        symbol=author.symbol,
        event_time=now_ms,
        bot=author.bot,
        id=f"{author.bot}:{now_ms}:{action}",
        action=action,
    )
    publisher = Publisher(settings.kafka_bootstrap, delivery_timeout_ms=round(DELIVERY_SECONDS * 1000))
    try:
        publisher.publish(BOT_COMMANDS, author.symbol, encode(command))
    finally:
        publisher.close(DELIVERY_SECONDS)
    return command
