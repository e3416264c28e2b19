"""Reads frames whose layout is known to the letter, from raw bytes to level changes in one go.

Nothing is guessed: a frame that differs in one character from its layout, or holds a number that is not written as
nearly all are, is not read here but by its protocol's general parser, which says what is wrong with it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport int64_t
from libc.string cimport memcmp

from market.compiled cimport frame_letters
from market.compiled.frame_letters cimport (
    ASKS, BIDS, CHANGES, LITERAL, MOST_TOKENS, PRICE, PRICE_DIGITS, PRICE_PLACES, REMAINING, SIDE, SIZE_DIGITS,
    SIZE_PLACES, SKIP, TEXT, TIME, WHOLE, Decimal, Token,
)
from market.compiled.level_changes cimport ChangeWriter, LevelChange

_IN_FRAMES = (TEXT, SKIP, WHOLE, TIME, BIDS, ASKS, CHANGES)
_IN_LEVELS = (SIDE, PRICE, REMAINING, TIME)

cdef enum:
    MOST_SIDES = 4

cdef struct SideName:
    const char* name
    Py_ssize_t length
    bint is_ask


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
    cdef list texts
    cdef ChangeWriter writer

    def __cinit__(self, frame, level, sides=None):
        self.texts = []
        self.frame_count = frame_letters.compiled(frame, _IN_FRAMES, self.frame_tokens, self.texts)
        self.level_count = frame_letters.compiled(level, _IN_LEVELS, self.level_tokens, self.texts)
        marks = [self.frame_tokens[index].mark for index in range(self.frame_count)]
        level_marks = [self.level_tokens[index].mark for index in range(self.level_count)]
        numbers = [mark for mark in level_marks if mark in (PRICE, REMAINING)]
        if numbers != [PRICE, REMAINING] or not {BIDS, ASKS, CHANGES}.intersection(marks):
            raise ValueError("a layout has lists of levels, and a level a price and what remains, in this order")
        if (SIDE in level_marks) != (CHANGES in marks) or (SIDE in level_marks) != bool(sides):
            raise ValueError("the levels of <changes> name one of `sides`, and no others do")
        self.writer = ChangeWriter(TIME in level_marks)
        self.side_count = 0
        for name, side in (sides or {}).items():
            letters = name.encode("ascii")
            self.texts.append(letters)
            self.side_names[self.side_count] = SideName(letters, len(letters), side == "ask")
            self.side_count += 1

    def match(self, bytes payload not None):
        """What the frame holds at `<text>`, `<whole>` and `<time>`, in order, and last its changes; None: no match."""
        cdef const char* at = PyBytes_AS_STRING(payload)
        cdef const char* end = at + PyBytes_GET_SIZE(payload)
        cdef Token* token
        cdef int index
        cdef const char* begin
        cdef int64_t number = 0
        cdef list values = []
        self.writer.begin()
        for index in range(self.frame_count):
            token = &self.frame_tokens[index]
            if token.mark == LITERAL:
                at = frame_letters.literal(at, end, token)
            elif token.mark == TEXT or token.mark == SKIP:
                begin = at
                at = frame_letters.text(at, end)
                if at != NULL and token.mark == TEXT:
                    values.append(PyUnicode_DecodeASCII(begin, at - begin, NULL))
            elif token.mark == WHOLE:
                at = frame_letters.whole(at, end, &number)
                values.append(number)
            elif token.mark == TIME:
                at = frame_letters.time(at, end, &number)
                values.append(number)
            else:
                at = self._list(at, end, token.mark)
            if at == NULL:
                return None
        if at != end:
            return None
        values.append(self.writer.changes())
        return values

    cdef const char* _list(self, const char* at, const char* end, int mark) except? NULL:
        """The levels up to the bracket that closes their list."""
        if at < end and at[0] == c"]":
            return at
        while True:
            at = self._level(at, end, mark)
            if at == NULL or at >= end or at[0] != c",":
                return at
            at += 1

    cdef const char* _level(self, const char* at, const char* end, int mark) except? NULL:
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
                at = frame_letters.literal(at, end, token)
            elif token.mark == PRICE:
                price = at
                at = frame_letters.decimal(at, end, PRICE_DIGITS, PRICE_PLACES, &number)
                level.ticks = <int64_t>number.value
                level.price_length = number.length
                if at != NULL and number.value == 0:
                    return NULL
            elif token.mark == REMAINING:
                remaining = at
                at = frame_letters.decimal(at, end, SIZE_DIGITS, SIZE_PLACES, &number)
                level.is_nothing = number.value == 0
                level.remaining_length = number.length
            elif token.mark == SIDE:
                at = self._side(at, end, &level)
            else:
                at = frame_letters.time(at, end, &level.time)
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
