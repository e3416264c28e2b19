"""New totals of levels as a frame tells them, kept as the JSON that the records have and where each text stands in it.

Whoever wants single changes sees a sequence of `Change`; the book reads the numbers without making any.
"""

from collections.abc import Sequence

from cpython.mem cimport PyMem_Free

from market.records import Change

_SIDES = ("bid", "ask")


cdef class LevelChanges:
    """Made by `FrameLayout` only. `json` is the list as the records have it."""

    def __cinit__(self):
        self.levels = NULL
        self.count = 0

    def __dealloc__(self):
        PyMem_Free(self.levels)

    def __len__(self):
        return self.count

    def __iter__(self):
        return iter([self._change(index) for index in range(self.count)])

    def __getitem__(self, index):
        return list(self)[index]

    def __eq__(self, other):
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # equal to lists, which have none

    cdef object _change(self, Py_ssize_t index):
        cdef const LevelChange* level = &self.levels[index]
        cdef Py_ssize_t price_end = level.price_at + level.price_length
        cdef Py_ssize_t remaining_at = price_end + BETWEEN
        return Change(
            side=_SIDES[level.is_ask],
            price=self.json[level.price_at:price_end].decode("ascii"),
            remaining=self.json[remaining_at:remaining_at + level.remaining_length].decode("ascii"),
            time=level.time if self.has_times else None,
        )


Sequence.register(LevelChanges)
