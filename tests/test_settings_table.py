"""The documents name every setting as the code has it."""

from tests.all_settings import IN_THE_README, PARTS
from tests.settings_table import settings_of, written


def test_documents_agree_with_the_settings_in_the_code() -> None:
    stale = [path.name for path, text in written().items() if not path.exists() or path.read_text("utf-8") != text]
    assert stale == [], "run: python -m tests.settings_table --write"


def test_every_setting_says_what_it_is_for() -> None:
    mute = [setting.name for part in PARTS for setting in settings_of(part) if not setting.description]
    assert mute == []


def test_settings_of_the_readme_exist() -> None:
    known = {setting.name for part in PARTS for setting in settings_of(part)}
    assert set(IN_THE_README) <= known
