"""Frames that tell of changes: from their bytes to the records' own JSON."""

from libc.stdint cimport int64_t
from libc.string cimport memcmp

from market.compiled cimport letters
from market.compiled.layout cimport Layout
from market.compiled.letters cimport (
    ASKS, BIDS, CHANGES, LITERAL, PRICE, PRICE_DIGITS, PRICE_PLACES, REMAINING, SIDE, SIZE_DIGITS, SIZE_PLACES, SKIP,
    TEXT, TIME, WHOLE, Decimal, Token,
)
from market.compiled.level_changes cimport ChangeWriter, LevelChange

_LISTS = (BIDS, ASKS, CHANGES)
_IN_FRAMES = (TEXT, SKIP, WHOLE, TIME, *_LISTS)
_IN_LEVELS = (SIDE, PRICE, REMAINING, TIME)

cdef enum:
    MOST_SIDES = 4

cdef struct SideName:
    const char* name
    Py_ssize_t length
    bint is_ask


cdef class FrameLayout(Layout):
    """The layout of a frame with lists of changed levels, of which `match` makes one `LevelChanges`.

    In `frame`, besides `<text>`, `<skip>`, `<whole>` and `<time>`: either `<changes>`, whose levels name their side, or
    `<bids>` and `<asks>` (one of them or both). In `level`, which every list's items look like: `<price>` and
    `<remaining>` (once, in that order), `<side>` (one of `sides`) where it is wanted, and `<time>`. Raises ValueError
    when a layout is none.
    """

    cdef SideName[MOST_SIDES] side_names
    cdef int side_count
    cdef ChangeWriter writer

    def __cinit__(self, frame, level, sides=None):
        self.frame_count = letters.cut(frame, _IN_FRAMES, self.frame_tokens, self.texts)
        self.level_count = letters.cut(level, _IN_LEVELS, self.level_tokens, self.texts)
        lists = {self.frame_tokens[index].mark for index in range(self.frame_count)}.intersection(_LISTS)
        marks = [self.level_tokens[index].mark for index in range(self.level_count)]
        if [mark for mark in marks if mark in (PRICE, REMAINING)] != [PRICE, REMAINING] or not lists:
            raise ValueError("a layout has lists of levels, and a level a price and what remains, in this order")
        is_named = SIDE in marks
        if (lists != {CHANGES} if is_named else CHANGES in lists) or is_named != bool(sides):
            raise ValueError("the levels of <changes> name one of `sides`, and no others do")
        if len(sides or {}) > MOST_SIDES:
            raise ValueError(f"a layout has {MOST_SIDES} names of sides at most")
        self.writer = ChangeWriter(TIME in marks)
        self.side_count = 0
        for name, side in (sides or {}).items():
            text = name.encode("ascii")
            self.texts.append(text)
            self.side_names[self.side_count] = SideName(text, len(text), side == "ask")
            self.side_count += 1

    cdef int begin(self) except -1:
        return self.writer.begin()

    cdef int finish(self, list values) except -1:
        values.append(self.writer.changes())
        return 0

    cdef const char* level(self, const char* at, const char* end, int mark) except? NULL:
        cdef LevelChange level
        cdef const char* price = NULL
        cdef const char* remaining = NULL
        cdef Decimal number
        cdef Token* token
        cdef int index
        level.is_ask = mark == ASKS
        level.is_initial = False
        for index in range(self.level_count):
            token = &self.level_tokens[index]
            if token.mark == LITERAL:
                at = letters.literal(at, end, token)
            elif token.mark == PRICE:
                price = at
                at = letters.decimal(at, end, PRICE_DIGITS, PRICE_PLACES, &number)
                if at == NULL or number.value == 0:
                    return NULL
                level.ticks = <int64_t>number.value
                level.price_length = number.length
            elif token.mark == REMAINING:
                remaining = at
                at = letters.decimal(at, end, SIZE_DIGITS, SIZE_PLACES, &number)
                if at == NULL:
                    return NULL
                level.is_nothing = number.value == 0
                level.remaining_length = number.length
            elif token.mark == SIDE:
                at = self._side(at, end, &level)
            else:
                at = letters.time(at, end, &level.time)
            if at == NULL:
                return NULL
        self.writer.add(&level, price, remaining)
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
