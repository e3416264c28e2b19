from collections.abc import Iterator, Sequence
from typing import overload

from market.compiled.level_changes import LevelChanges
from market.records import Level

class LevelList(Sequence[Level]):
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Level]: ...
    @overload
    def __getitem__(self, index: int) -> Level: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Level]: ...

def compiled_difference(
    old_bids: Sequence[Level], old_asks: Sequence[Level], bids: Sequence[Level], asks: Sequence[Level]
) -> LevelChanges | None: ...
