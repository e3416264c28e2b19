"""One side of a whole book as a frame shows it, best first, and what changed from one to the next (design §3)."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport UINT32_MAX
from libc.string cimport memcmp, memcpy, memset

from market.compiled cimport letters
from market.compiled.letters cimport PRICE_DIGITS, PRICE_PLACES, SIZE_DIGITS, SIZE_PLACES
from market.compiled.level_changes cimport ChangeWriter, LevelChange

cdef enum:
    # Letters of a number with its exponent written out: more are left to the general parser.
    WRITTEN_OUT = 32


cdef class LevelList(Items):
    """A sequence of (price, size), made by a `ListWriter` only."""

    def __cinit__(self):
        self.levels = NULL

    def __dealloc__(self):
        PyMem_Free(self.levels)

    cdef object item(self, Py_ssize_t index):
        cdef const ListedLevel* level = &self.levels[index]
        cdef const char* price = <const char*>self.texts + level.price_at
        return (
            PyUnicode_DecodeASCII(price, level.price_length, NULL),
            PyUnicode_DecodeASCII(price + level.price_length, level.size_length, NULL),
        )


cdef class ListWriter:
    """Writes one side after the other: `begin`; for each level `make_room`, `price`, `size`, `close`; `written`.

    `is_json`: numbers are JSON's, and may have an exponent; else they are texts.
    """

    def __cinit__(self, is_ask, is_json):
        self.levels = NULL
        self.texts = NULL
        self.room = 0
        self.is_ask = is_ask
        self.is_json = is_json

    def __dealloc__(self):
        PyMem_Free(self.levels)
        PyMem_Free(self.texts)

    cdef int begin(self) except -1:
        self.count = self.length = 0
        return 0

    cdef int make_room(self) except -1:
        """For one more level."""
        if self.count < self.room:
            return 0
        cdef Py_ssize_t room = max(64, 2 * self.room)
        if room * 2 * WRITTEN_OUT > UINT32_MAX:
            raise MemoryError("a frame with more levels than any book has")
        cdef void* levels = PyMem_Realloc(self.levels, room * sizeof(ListedLevel))
        if levels == NULL:
            raise MemoryError
        self.levels = <ListedLevel*>levels
        cdef void* texts = PyMem_Realloc(self.texts, room * 2 * WRITTEN_OUT)
        if texts == NULL:
            raise MemoryError
        self.texts = <char*>texts
        self.room = room
        return 0

    cdef const char* price(self, const char* at, const char* end) noexcept:
        """The next level's price, worse than the one before. In JSON, 0 stands for there being no level."""
        cdef ListedLevel* level = &self.levels[self.count]
        cdef Decimal number
        cdef Py_ssize_t begin = self.length
        at = self._number(at, end, PRICE_DIGITS, PRICE_PLACES, &number)
        if at == NULL or (number.value == 0 and not self.is_json):
            return NULL
        level.ticks = <int64_t>number.value
        level.price_at = <uint32_t>begin
        level.price_length = number.length
        if self.count == 0 or number.value == 0:
            return at
        cdef int64_t before = (level - 1).ticks
        return at if (level.ticks > before if self.is_ask else level.ticks < before) else NULL

    cdef const char* size(self, const char* at, const char* end) noexcept:
        """Its size."""
        cdef ListedLevel* level = &self.levels[self.count]
        cdef Decimal number
        at = self._number(at, end, SIZE_DIGITS, SIZE_PLACES, &number)
        if at == NULL:
            return NULL
        level.size = number.value
        level.size_length = number.length
        return at

    cdef void close(self) noexcept:
        """The level is whole; it is none where nothing remains."""
        cdef ListedLevel* level = &self.levels[self.count]
        if level.ticks == 0 or level.size == 0:
            self.length = level.price_at
        else:
            self.count += 1

    cdef const char* _number(
        self, const char* at, const char* end, int digits, int places, Decimal* number
    ) noexcept:
        """A number, put among the texts; an exponent is written out."""
        cdef char* out = self.texts + self.length
        cdef const char* after = letters.decimal(at, end, digits, places, number)
        cdef int length
        if not self.is_json and after == NULL:
            return NULL
        if not self.is_json or (after != NULL and after < end and after[0] != c"e" and after[0] != c"E"):
            if self.is_json and at[0] == c"0" and number.length > 1 and at[1] != c".":
                return NULL
            memcpy(out, at, number.length)
            self.length += number.length
            return after
        after = _written_out(at, end, out, &length)
        if after == NULL or letters.decimal(out, out + length, digits, places, number) != out + length:
            return NULL
        self.length += length
        return after

    cdef LevelList written(self):
        """Those that were closed."""
        cdef LevelList found = LevelList.__new__(LevelList)
        found.texts = PyBytes_FromStringAndSize(self.texts, self.length)
        if self.count:
            found.levels = <ListedLevel*>PyMem_Malloc(self.count * sizeof(ListedLevel))
            if found.levels == NULL:
                raise MemoryError
            memcpy(found.levels, self.levels, self.count * sizeof(ListedLevel))
            found.count = self.count
        return found


cdef const char* _written_out(const char* at, const char* end, char* out, int* length) noexcept:
    """`2.2855E7` as `22855000`: one digit that is not 0 before the point, as Java writes numbers."""
    cdef char[WRITTEN_OUT] digits
    cdef int count = 0  # of digits
    cdef int exponent = 0
    cdef int exponent_digits = 0
    cdef bint is_negative
    if at == end or not c"1" <= at[0] <= c"9":
        return NULL
    digits[count] = at[0]
    count += 1
    at += 1
    if at < end and at[0] == c".":
        at += 1
        while at < end and c"0" <= at[0] <= c"9" and count < WRITTEN_OUT:
            digits[count] = at[0]
            count += 1
            at += 1
        if count == 1:
            return NULL
    if at == end or (at[0] != c"E" and at[0] != c"e"):
        return NULL
    at += 1
    is_negative = at < end and at[0] == c"-"
    if at < end and (at[0] == c"-" or at[0] == c"+"):
        at += 1
    while at < end and c"0" <= at[0] <= c"9" and exponent_digits < 3:
        exponent = exponent * 10 + (at[0] - c"0")
        exponent_digits += 1
        at += 1
    # Digits, zeros and a point must find room.
    if exponent_digits == 0 or exponent_digits == 3 or count + exponent + 2 > WRITTEN_OUT:
        return NULL
    if is_negative and exponent:
        length[0] = count + exponent + 1
        memset(out, c"0", length[0])
        out[1] = c"."
        memcpy(out + 1 + exponent, digits, count)
    elif exponent >= count - 1:
        length[0] = exponent + 1
        memset(out, c"0", length[0])
        memcpy(out, digits, count)
    else:
        length[0] = count + 1
        memcpy(out, digits, exponent + 1)
        out[exponent + 1] = c"."
        memcpy(out + exponent + 2, digits + exponent + 1, count - exponent - 1)
    return at


_writer = ChangeWriter()


def compiled_difference(old_bids, old_asks, bids, asks):
    """What changed between two whole books, or None: one of the four was not read by a layout.

    The same as `producers.whole_book.difference`.
    """
    cdef ChangeWriter writer = _writer
    for levels in (old_bids, old_asks, bids, asks):
        if type(levels) is not LevelList:
            return None
    writer.begin()
    _compare(False, old_bids, bids, writer)
    _compare(True, old_asks, asks, writer)
    return writer.changes()


cdef int _compare(bint is_ask, LevelList old, LevelList new, ChangeWriter writer) except -1:
    """Other sizes, then levels that have come (or are spelled otherwise), then those that are gone."""
    cdef Py_ssize_t index
    cdef const ListedLevel* level
    cdef const ListedLevel* other
    cdef Py_ssize_t place = 0
    for index in range(new.count):
        level = &new.levels[index]
        other = _same_price(is_ask, level.ticks, old, &place)
        if other != NULL and other.size != level.size and _is_spelled_alike(new, level, old, other):
            _write(is_ask, new, level, False, False, writer)
    place = 0
    for index in range(new.count):
        level = &new.levels[index]
        other = _same_price(is_ask, level.ticks, old, &place)
        if other == NULL:
            # Beyond the last level of before, it may have been there and was not shown.
            _write(is_ask, new, level, False, not _is_in_view(is_ask, level.ticks, old), writer)
        elif other.size != level.size and not _is_spelled_alike(new, level, old, other):
            _write(is_ask, new, level, False, False, writer)
    place = 0
    for index in range(old.count):
        level = &old.levels[index]
        # Beyond the last level of now, it is only out of view.
        if _same_price(is_ask, level.ticks, new, &place) == NULL and _is_in_view(is_ask, level.ticks, new):
            _write(is_ask, old, level, True, False, writer)
    return 0


cdef const ListedLevel* _same_price(bint is_ask, int64_t ticks, LevelList levels, Py_ssize_t* place) noexcept:
    """The level of this price; looked for from `place` on, which is moved there."""
    cdef int64_t found
    while place[0] < levels.count:
        found = levels.levels[place[0]].ticks
        if found == ticks:
            return &levels.levels[place[0]]
        if (found > ticks) == is_ask:
            return NULL
        place[0] += 1
    return NULL


cdef bint _is_in_view(bint is_ask, int64_t ticks, LevelList levels) noexcept:
    """Whether a price is no worse than the last that is shown."""
    if levels.count == 0:
        return False
    cdef int64_t edge = levels.levels[levels.count - 1].ticks
    return ticks <= edge if is_ask else ticks >= edge


cdef bint _is_spelled_alike(LevelList one, const ListedLevel* level, LevelList other, const ListedLevel* known):
    if level.price_length != known.price_length:
        return False
    cdef const char* price = <const char*>one.texts + level.price_at
    return memcmp(price, <const char*>other.texts + known.price_at, level.price_length) == 0


cdef int _write(
    bint is_ask, LevelList levels, const ListedLevel* level, bint is_gone, bint is_initial, ChangeWriter writer
) except -1:
    cdef LevelChange change
    cdef const char* price = <const char*>levels.texts + level.price_at
    change.ticks = level.ticks
    change.time = 0
    change.price_length = level.price_length
    change.remaining_length = 1 if is_gone else level.size_length
    change.is_ask = is_ask
    change.is_nothing = is_gone
    change.is_initial = is_initial
    cdef const char* remaining = price + level.price_length
    if is_gone:
        remaining = b"0"
    writer.add(&change, price, remaining)
    return 0
