"""Reads frames whose layout is known to the letter, from raw bytes to level changes in one go.

Nothing is guessed: a frame that differs in one character from its layout, or holds a number that is not written as
nearly all are, is not read here but by its protocol's general parser, which says what is wrong with it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport INT64_MAX, UINT32_MAX, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from market.compiled.level_changes cimport BETWEEN, LevelChange, LevelChanges

import re

cdef enum:
    LITERAL
    TEXT
    SKIP
    WHOLE
    TIME
    BIDS
    ASKS
    CHANGES
    SIDE
    PRICE
    REMAINING

cdef enum:
    LONGEST_TEXT = 64
    MOST_PRICE_DIGITS = 10  # before the point; 8 after it
    PRICE_PLACES = 8
    MOST_SIZE_DIGITS = 9
    SIZE_PLACES = 10
    MOST_TOKENS = 32
    MOST_SIDES = 4
    # What a level takes in the JSON at most: names and quotes, two numbers, a time.
    LEVEL_BYTES = 128

_KINDS = {
    "<text>": TEXT, "<skip>": SKIP, "<whole>": WHOLE, "<time>": TIME, "<bids>": BIDS, "<asks>": ASKS,
    "<changes>": CHANGES, "<side>": SIDE, "<price>": PRICE, "<remaining>": REMAINING,
}
_IN_FRAMES = (TEXT, SKIP, WHOLE, TIME, BIDS, ASKS, CHANGES)
_IN_LEVELS = (SIDE, PRICE, REMAINING, TIME)

cdef struct Token:
    int kind
    const char* literal  # lives as long as the layout's own texts
    Py_ssize_t length

cdef struct SideName:
    const char* name
    Py_ssize_t length
    bint is_ask

cdef int64_t[9] POWERS
POWERS[:] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]
cdef int[13] DAYS_BEFORE
DAYS_BEFORE[:] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
cdef int[13] DAYS_IN
DAYS_IN[:] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


cdef class FrameLayout:
    """A frame's letters, with a mark where something varies.

    In `frame`: `<text>` letters, digits and `-_.:`; `<skip>` the same, not returned; `<whole>` a number from 0 to
    2^63-1; `<time>` an ISO 8601 UTC time, returned in epoch ms; one or more of `<bids>`, `<asks>`, `<changes>`, which
    are the insides of lists of levels. In `level`, which every list's items look like: `<price>` and `<remaining>`
    (once, in that order), and before or between them `<side>` (one of `sides`, only for `<changes>`) and `<time>`.
    Raises ValueError when a layout is none.
    """

    cdef Token[MOST_TOKENS] frame_tokens
    cdef Token[MOST_TOKENS] level_tokens
    cdef SideName[MOST_SIDES] side_names
    cdef int frame_count
    cdef int level_count
    cdef int side_count
    cdef int value_count
    cdef bint has_times
    cdef list kept
    # What is read of the frame at hand. Reading calls nothing that could read another.
    cdef LevelChange* levels
    cdef Py_ssize_t count
    cdef Py_ssize_t room
    cdef char* json
    cdef Py_ssize_t json_length
    cdef Py_ssize_t json_room

    def __cinit__(self, frame, level, sides=None):
        self.levels = NULL
        self.json = NULL
        self.room = self.json_room = 0
        self.kept = []
        self.frame_count = self._compile(frame, _IN_FRAMES, self.frame_tokens)
        self.level_count = self._compile(level, _IN_LEVELS, self.level_tokens)
        kinds = [self.frame_tokens[index].kind for index in range(self.frame_count)]
        level_kinds = [self.level_tokens[index].kind for index in range(self.level_count)]
        numbers = [kind for kind in level_kinds if kind in (PRICE, REMAINING)]
        if numbers != [PRICE, REMAINING] or not {BIDS, ASKS, CHANGES}.intersection(kinds):
            raise ValueError("a layout has lists of levels, and a level a price and what remains, in this order")
        if (SIDE in level_kinds) != (CHANGES in kinds) or (SIDE in level_kinds) != bool(sides):
            raise ValueError("the levels of <changes> name one of `sides`, and no others do")
        self.has_times = TIME in level_kinds
        self.value_count = sum(kind in (TEXT, WHOLE, TIME) for kind in kinds)
        self.side_count = 0
        for name, side in (sides or {}).items():
            letters = name.encode("ascii")
            self.kept.append(letters)
            self.side_names[self.side_count] = SideName(letters, len(letters), side == "ask")
            self.side_count += 1

    def __dealloc__(self):
        PyMem_Free(self.levels)
        PyMem_Free(self.json)

    cdef int _compile(self, text, allowed, Token* tokens) except -1:
        pieces = [piece for piece in re.split("(<[a-z]+>)", text) if piece]
        if len(pieces) > MOST_TOKENS:
            raise ValueError(f"a layout has {MOST_TOKENS} pieces at most")
        for index, piece in enumerate(pieces):
            kind = _KINDS.get(piece, LITERAL)
            if kind != LITERAL and kind not in allowed:
                raise ValueError(f"{piece} has no place in {text}")
            letters = piece.encode("ascii")
            self.kept.append(letters)
            tokens[index] = Token(kind, letters, len(letters))
        return len(pieces)

    def match(self, bytes payload not None):
        """What the frame holds at `<text>`, `<whole>` and `<time>`, in order, and last its changes; None: no match."""
        cdef const char* at = PyBytes_AS_STRING(payload)
        cdef const char* end = at + PyBytes_GET_SIZE(payload)
        cdef Token* token
        cdef int index
        cdef const char* begin
        cdef int64_t number = 0
        self.count = 0
        self.json_length = 1  # the bracket
        cdef list values = []
        for index in range(self.frame_count):
            token = &self.frame_tokens[index]
            if token.kind == LITERAL:
                at = _literal(at, end, token)
            elif token.kind == TEXT or token.kind == SKIP:
                begin = at
                at = _text(at, end)
                if at != NULL and token.kind == TEXT:
                    values.append(PyUnicode_DecodeASCII(begin, at - begin, NULL))
            elif token.kind == WHOLE:
                at = _whole(at, end, &number)
                values.append(number)
            elif token.kind == TIME:
                at = _time(at, end, &number)
                values.append(number)
            else:
                at = self._list(at, end, token.kind)
            if at == NULL:
                return None
        if at != end:
            return None
        values.append(self._changes())
        return values

    cdef const char* _list(self, const char* at, const char* end, int kind) except? NULL:
        """The levels up to the bracket that closes their list."""
        if at < end and at[0] == c"]":
            return at
        while True:
            at = self._level(at, end, kind)
            if at == NULL or at >= end or at[0] != c",":
                return at
            at += 1

    cdef const char* _level(self, const char* at, const char* end, int kind) except? NULL:
        cdef LevelChange level
        cdef const char* price = NULL
        cdef const char* remaining = NULL
        cdef Token* token
        cdef int index
        level.is_ask = kind == ASKS
        for index in range(self.level_count):
            token = &self.level_tokens[index]
            if token.kind == LITERAL:
                at = _literal(at, end, token)
            elif token.kind == PRICE:
                price = at
                at = _price(at, end, &level)
            elif token.kind == REMAINING:
                remaining = at
                at = _remaining(at, end, &level)
            elif token.kind == SIDE:
                at = self._side(at, end, &level)
            else:
                at = _time(at, end, &level.time)
            if at == NULL:
                return NULL
        self._add(&level, price, remaining)
        return at

    cdef const char* _side(self, const char* at, const char* end, LevelChange* level) noexcept:
        cdef int index
        cdef SideName* side
        for index in range(self.side_count):
            side = &self.side_names[index]
            if end - at > side.length and memcmp(at, side.name, side.length) == 0 and at[side.length] == c'"':
                level.is_ask = side.is_ask
                return at + side.length
        return NULL

    cdef int _add(self, LevelChange* level, const char* price, const char* remaining) except -1:
        """Keep the level, and write it as the records have it."""
        if self.count == self.room:
            self._make_room()
        cdef char* out = self.json + self.json_length
        cdef char* begin = out
        out = _put(out, b'{"side":"ask","price":"' if level.is_ask else b'{"side":"bid","price":"', 23)
        level.price_at = <uint32_t>(out - self.json)
        out = _put(out, price, level.price_length)
        out = _put(out, b'","remaining":"', BETWEEN)
        out = _put(out, remaining, level.remaining_length)
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

    cdef LevelChanges _changes(self):
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


# Each reads on from `at` and returns where it stopped; NULL: what stands there is not what was expected.


cdef inline const char* _literal(const char* at, const char* end, const Token* token) noexcept:
    if end - at < token.length or memcmp(at, token.literal, token.length) != 0:
        return NULL
    return at + token.length


cdef inline const char* _text(const char* at, const char* end) noexcept:
    cdef const char* begin = at
    while at < end and (
        c"a" <= at[0] <= c"z" or c"A" <= at[0] <= c"Z" or c"-" <= at[0] <= c":" and at[0] != c"/" or at[0] == c"_"
    ):
        at += 1
    return at if 0 < at - begin <= LONGEST_TEXT else NULL


cdef inline const char* _whole(const char* at, const char* end, int64_t* number) noexcept:
    cdef const char* begin = at
    cdef uint64_t value = 0
    while at < end and c"0" <= at[0] <= c"9" and at - begin < 19:
        value = value * 10 + <uint64_t>(at[0] - c"0")
        at += 1
    if at == begin or (begin[0] == c"0" and at - begin > 1) or value > <uint64_t>INT64_MAX:
        return NULL
    if at < end and c"0" <= at[0] <= c"9":
        return NULL
    number[0] = <int64_t>value
    return at


cdef inline const char* _price(const char* at, const char* end, LevelChange* level) noexcept:
    """As `market.decimals.exact_price` takes it, but for superfluous zeros."""
    cdef const char* begin = at
    cdef int64_t ticks = 0
    cdef Py_ssize_t places = 0
    while at < end and c"0" <= at[0] <= c"9" and at - begin <= MOST_PRICE_DIGITS:
        ticks = ticks * 10 + (at[0] - c"0")
        at += 1
    if at == begin or at - begin > MOST_PRICE_DIGITS:
        return NULL
    if at < end and at[0] == c".":
        at += 1
        while at < end and c"0" <= at[0] <= c"9" and places < PRICE_PLACES:
            ticks = ticks * 10 + (at[0] - c"0")
            places += 1
            at += 1
        if places == 0:
            return NULL
    if ticks == 0 or at == end or at[0] != c'"':
        return NULL
    level.ticks = ticks * POWERS[PRICE_PLACES - places]
    level.price_length = <uint8_t>(at - begin)
    return at


cdef inline const char* _remaining(const char* at, const char* end, LevelChange* level) noexcept:
    """As `market.decimals.exact_size` takes it, but for superfluous zeros."""
    cdef const char* begin = at
    cdef const char* point
    cdef char seen = 0  # a bit of every digit: none is set where all are 0
    while at < end and c"0" <= at[0] <= c"9" and at - begin <= MOST_SIZE_DIGITS:
        seen |= at[0] ^ c"0"
        at += 1
    if at == begin or at - begin > MOST_SIZE_DIGITS:
        return NULL
    if at < end and at[0] == c".":
        at += 1
        point = at
        while at < end and c"0" <= at[0] <= c"9" and at - point < SIZE_PLACES:
            seen |= at[0] ^ c"0"
            at += 1
        if at == point:
            return NULL
    if at == end or at[0] != c'"':
        return NULL
    level.is_nothing = seen == 0
    level.remaining_length = <uint8_t>(at - begin)
    return at


cdef inline int _digits(const char* at, int count) noexcept:
    """The number that so many digits make; -1: they are not all digits."""
    cdef int value = 0
    cdef int index
    for index in range(count):
        if not c"0" <= at[index] <= c"9":
            return -1
        value = value * 10 + (at[index] - c"0")
    return value


cdef const char* _time(const char* at, const char* end, int64_t* ms) noexcept:
    """`2026-01-01T00:00:00.483587501Z`, from 1970 on and with up to 18 digits after the point, cut to whole ms."""
    if end - at < 20 or at[4] != c"-" or at[7] != c"-" or at[10] != c"T" or at[13] != c":" or at[16] != c":":
        return NULL
    cdef int year = _digits(at, 4)
    cdef int month = _digits(at + 5, 2)
    cdef int day = _digits(at + 8, 2)
    cdef int hour = _digits(at + 11, 2)
    cdef int minute = _digits(at + 14, 2)
    cdef int second = _digits(at + 17, 2)
    if year < 1970 or not 1 <= month <= 12 or hour < 0 or minute < 0 or second < 0:
        return NULL
    if hour > 23 or minute > 59 or second > 59:
        return NULL
    cdef bint is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= DAYS_IN[month] + (is_leap and month == 2):
        return NULL
    cdef int before = year - 1
    cdef int64_t days = 365 * (year - 1970) + before // 4 - before // 100 + before // 400 - 477
    days += DAYS_BEFORE[month] + (is_leap and month > 2) + day - 1
    cdef int fraction = 0
    cdef int places = 0
    at += 19
    if at[0] == c".":
        at += 1
        while at < end and c"0" <= at[0] <= c"9" and places < 18:
            if places < 3:
                fraction = fraction * 10 + (at[0] - c"0")
            places += 1
            at += 1
        if places == 0:
            return NULL
        while places < 3:
            fraction *= 10
            places += 1
    if at == end or at[0] != c"Z":
        return NULL
    ms[0] = ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction
    return at + 1


# Each writes and returns where it stopped; there is room.


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
