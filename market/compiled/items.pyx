"""Sequences whose items are made only when somebody looks at them."""

from collections.abc import Sequence

cimport cython


@cython.auto_pickle(False)
cdef class Items:
    """A sequence of `count` items; `item` makes one. Equal to any sequence with equal items."""

    def __len__(self):
        return self.count

    def __iter__(self):
        return iter([self.item(index) for index in range(self.count)])

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self.item(each) for each in range(*index.indices(self.count))]
        return self.item(range(self.count)[index])

    def __eq__(self, other):
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # equal to lists, which have none

    cdef object item(self, Py_ssize_t index):
        raise NotImplementedError


Sequence.register(Items)
