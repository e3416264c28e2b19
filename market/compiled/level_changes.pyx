"""New totals of levels, kept as the JSON that the records have and where each text stands in it.

Whoever wants single changes sees a sequence of `Change`; the book reads the numbers without making any.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.stdint cimport UINT32_MAX
from libc.string cimport memcpy

from market.compiled.items cimport Items

from market.records import Change

cdef enum:
    # What a level takes in the JSON at most: names and quotes, two numbers, a reason, a time.
    LEVEL_BYTES = 160

_SIDES = ("bid", "ask")


cdef class LevelChanges(Items):
    """Made by a `ChangeWriter` only. `json` is the list as the records have it."""

    def __cinit__(self):
        self.levels = NULL

    def __dealloc__(self):
        PyMem_Free(self.levels)

    cdef object item(self, Py_ssize_t index):
        cdef const LevelChange* level = &self.levels[index]
        cdef Py_ssize_t price_end = level.price_at + level.price_length
        cdef Py_ssize_t remaining_at = price_end + BETWEEN
        return Change(
            side=_SIDES[level.is_ask],
            price=self.json[level.price_at:price_end].decode("ascii"),
            remaining=self.json[remaining_at:remaining_at + level.remaining_length].decode("ascii"),
            reason="initial" if level.is_initial else None,
            time=level.time if self.has_times else None,
        )


cdef class ChangeWriter:
    """Writes one list of changes after the other: `begin`, `add` each, `changes`.

    Between `begin` and `changes` nothing may run that could come back here.
    """

    def __cinit__(self, has_times=False):
        self.levels = NULL
        self.json = NULL
        self.room = 0
        self.has_times = has_times

    def __dealloc__(self):
        PyMem_Free(self.levels)
        PyMem_Free(self.json)

    cdef int begin(self) except -1:
        self.count = 0
        self.json_length = 1  # the bracket
        return 0

    cdef int add(self, LevelChange* level, const char* price, const char* remaining) except -1:
        """Keep the level, and write it as the records have it."""
        if self.count == self.room:
            self._make_room()
        cdef char* begin = self.json + self.json_length
        cdef char* out = begin
        out = _put(out, b'{"side":"ask","price":"' if level.is_ask else b'{"side":"bid","price":"', 23)
        level.price_at = <uint32_t>(out - self.json)
        out = _put(out, price, level.price_length)
        out = _put(out, b'","remaining":"', BETWEEN)
        out = _put(out, remaining, level.remaining_length)
        if level.is_initial:
            out = _put(out, b'","reason":"initial', 19)
        if self.has_times:
            out = _put(out, b'","time":', 9)
            out = _put_number(out, level.time)
            out = _put(out, b"},", 2)
        else:
            out = _put(out, b'"},', 3)
        self.json_length += out - begin
        self.levels[self.count] = level[0]
        self.count += 1
        return 0

    cdef int _make_room(self) except -1:
        cdef Py_ssize_t room = max(64, 2 * self.room)
        if room * LEVEL_BYTES > UINT32_MAX:
            raise MemoryError("a frame with more levels than any book has")
        cdef void* levels = PyMem_Realloc(self.levels, room * sizeof(LevelChange))
        if levels == NULL:
            raise MemoryError
        self.levels = <LevelChange*>levels
        cdef void* json = PyMem_Realloc(self.json, 1 + room * LEVEL_BYTES)
        if json == NULL:
            raise MemoryError
        self.json = <char*>json
        self.json[0] = c"["
        self.room = room
        return 0

    cdef LevelChanges changes(self):
        """Those that were added."""
        cdef LevelChanges changes = LevelChanges.__new__(LevelChanges)
        changes.has_times = self.has_times
        if self.count == 0:
            changes.json = b"[]"
            return changes
        self.json[self.json_length - 1] = c"]"  # where the last comma was
        changes.json = PyBytes_FromStringAndSize(self.json, self.json_length)
        changes.levels = <LevelChange*>PyMem_Malloc(self.count * sizeof(LevelChange))
        if changes.levels == NULL:
            raise MemoryError
        memcpy(changes.levels, self.levels, self.count * sizeof(LevelChange))
        changes.count = self.count
        return changes


cdef inline char* _put(char* out, const char* text, Py_ssize_t length) noexcept:
    memcpy(out, text, length)
    return out + length


cdef inline char* _put_number(char* out, int64_t number) noexcept:
    """A number that is not negative."""
    cdef char[20] digits
    cdef int count = 0
    while True:
        digits[count] = <char>(c"0" + number % 10)
        number //= 10
        count += 1
        if number == 0:
            break
    while count:
        count -= 1
        out[0] = digits[count]
        out += 1
    return out
