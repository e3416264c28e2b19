"""The levels of both sides of a book, outside of Python's objects: found by price, in order, in their own digits."""

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memcpy, memmove

from market.compiled.level_changes cimport BETWEEN, LevelChange, LevelChanges

from market.decimals import PRICE_TICKS
from market.errors import OutOfRange
from market.plain_ladders import far_to_near

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* length) except NULL

cdef enum:
    MOST_LETTERS = 64  # letters of a price or of a size

cdef struct Level:
    uint8_t price_length
    uint8_t remaining_length
    char[MOST_LETTERS] price
    char[MOST_LETTERS] remaining

cdef struct Rung:
    int64_t place
    int32_t level  # where among all levels

cdef struct Ladder:
    # In order of place, the best last. A place is the price in ticks for bids and its negative for asks: so what
    # happens at the touch, where most does, is at the end, where putting in and taking out moves little.
    Rung* rungs
    Py_ssize_t count
    Py_ssize_t room


cdef class Ladders:
    """What `market.plain_ladders.Ladders` is, compiled."""

    cdef Ladder bids
    cdef Ladder asks
    cdef Level* levels
    cdef Py_ssize_t level_count
    cdef Py_ssize_t level_room
    cdef list free  # places among the levels that nothing stands at

    def __cinit__(self):
        self.levels = NULL
        self.bids.rungs = self.asks.rungs = NULL
        self.free = []

    def __dealloc__(self):
        PyMem_Free(self.levels)
        PyMem_Free(self.bids.rungs)
        PyMem_Free(self.asks.rungs)

    def apply(self, changes):
        """Set each change's level to its new total."""
        cdef LevelChanges read
        cdef const LevelChange* change
        cdef const char* price
        cdef Py_ssize_t index
        if type(changes) is not LevelChanges:
            for each in changes:
                self._set(each.side, PRICE_TICKS[each.price], each.price, each.remaining)
            return
        read = <LevelChanges>changes
        for index in range(read.count):
            change = &read.levels[index]
            price = <const char*>read.json + change.price_at
            self._take(
                change.is_ask, change.ticks, price, change.price_length,
                price + change.price_length + BETWEEN, change.remaining_length, change.is_nothing,
            )

    def replace(self, changes):
        """Forget every level and take these; faster than one by one for a large first book."""
        ordered = sorted(changes, key=far_to_near)
        self.bids.count = self.asks.count = self.level_count = 0
        self.free.clear()
        self.apply(ordered)

    def best(self, side, Py_ssize_t levels):
        """So many levels of a side, best first."""
        cdef Ladder* ladder = self._ladder(side)
        cdef Py_ssize_t count = min(max(levels, 0), ladder.count)
        return tuple([_texts(&self.levels[ladder.rungs[ladder.count - 1 - index].level]) for index in range(count)])

    def level(self, side, int64_t ticks):
        """Price and size of the level at this price; None without one."""
        cdef Ladder* ladder = self._ladder(side)
        cdef int64_t place = ticks if ladder is &self.bids else -ticks
        cdef Py_ssize_t index = _find(ladder, place)
        if index == ladder.count or ladder.rungs[index].place != place:
            return None
        return _texts(&self.levels[ladder.rungs[index].level])

    def count_to(self, side, int64_t ticks):
        """How many levels of a side are as good as this price or better."""
        cdef Ladder* ladder = self._ladder(side)
        return ladder.count - _find(ladder, ticks if ladder is &self.bids else -ticks)

    @property
    def is_crossed(self):
        """Whether the best bid is at or above the best ask: impossible in a book without a lost message."""
        if self.bids.count == 0 or self.asks.count == 0:
            return False
        return self.bids.rungs[self.bids.count - 1].place >= -self.asks.rungs[self.asks.count - 1].place

    def __len__(self):
        return self.bids.count + self.asks.count

    cdef Ladder* _ladder(self, side) except NULL:
        return &self.bids if side == "bid" else &self.asks

    cdef int _set(self, side, int64_t ticks, price, remaining) except -1:
        """A level whose texts are Python's."""
        cdef Py_ssize_t price_length, remaining_length
        cdef const char* price_letters = PyUnicode_AsUTF8AndSize(price, &price_length)
        cdef const char* letters = PyUnicode_AsUTF8AndSize(remaining, &remaining_length)
        if price_length > MOST_LETTERS or remaining_length > MOST_LETTERS:
            raise OutOfRange(f"a price or a size of more than {MOST_LETTERS} letters: {price[:MOST_LETTERS]}")
        cdef bint is_nothing = not remaining.strip("0.")  # however nothing is spelled
        self._take(side != "bid", ticks, price_letters, price_length, letters, remaining_length, is_nothing)
        return 0

    cdef int _take(
        self, bint is_ask, int64_t ticks, const char* price, Py_ssize_t price_length,
        const char* remaining, Py_ssize_t remaining_length, bint is_nothing,
    ) except -1:
        cdef Ladder* ladder = &self.asks if is_ask else &self.bids
        cdef int64_t place = -ticks if is_ask else ticks
        cdef Py_ssize_t index = _find(ladder, place)
        cdef bint is_there = index < ladder.count and ladder.rungs[index].place == place
        if is_nothing:
            if is_there:
                self.free.append(ladder.rungs[index].level)
                ladder.count -= 1
                memmove(&ladder.rungs[index], &ladder.rungs[index + 1], (ladder.count - index) * sizeof(Rung))
            return 0
        if not is_there:
            self._insert(ladder, index, place)
        cdef Level* level = &self.levels[ladder.rungs[index].level]
        level.price_length = <uint8_t>price_length
        level.remaining_length = <uint8_t>remaining_length
        memcpy(level.price, price, price_length)
        memcpy(level.remaining, remaining, remaining_length)
        return 0

    cdef int _insert(self, Ladder* ladder, Py_ssize_t index, int64_t place) except -1:
        cdef int32_t level = self._free_level()
        if ladder.count == ladder.room:
            ladder.rungs = <Rung*>_grown(ladder.rungs, &ladder.room, sizeof(Rung))
        memmove(&ladder.rungs[index + 1], &ladder.rungs[index], (ladder.count - index) * sizeof(Rung))
        ladder.rungs[index] = Rung(place, level)
        ladder.count += 1
        return 0

    cdef int32_t _free_level(self) except -1:
        if self.free:
            return self.free.pop()
        if self.level_count == self.level_room:
            self.levels = <Level*>_grown(self.levels, &self.level_room, sizeof(Level))
        self.level_count += 1
        return self.level_count - 1


cdef void* _grown(void* items, Py_ssize_t* room, Py_ssize_t size) except NULL:
    """The array with twice the room; on MemoryError it stays as it is."""
    cdef Py_ssize_t wanted = max(256, 2 * room[0])
    cdef void* grown = PyMem_Realloc(items, wanted * size)
    if grown == NULL:
        raise MemoryError
    room[0] = wanted
    return grown


cdef Py_ssize_t _find(const Ladder* ladder, int64_t place) noexcept:
    """The first rung at or above the place; their number where there is none."""
    cdef Py_ssize_t low = 0
    cdef Py_ssize_t high = ladder.count
    cdef Py_ssize_t middle
    while low < high:
        middle = (low + high) // 2
        if ladder.rungs[middle].place < place:
            low = middle + 1
        else:
            high = middle
    return low


cdef object _texts(const Level* level):
    return (
        PyUnicode_DecodeASCII(level.price, level.price_length, NULL),
        PyUnicode_DecodeASCII(level.remaining, level.remaining_length, NULL),
    )
