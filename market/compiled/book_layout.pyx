"""Reads frames that hold a whole book and whose layout is known to the letter; any other is left to its parser."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport int64_t

from market.compiled cimport frame_letters
from market.compiled.frame_letters cimport (
    ASK_PRICE, ASK_SIZE, ASKS, BID_PRICE, BID_SIZE, BIDS, LITERAL, MOST_TOKENS, NUMBER, PRICE, REMAINING, SIZE_DIGITS,
    SIZE_PLACES, SKIP, TEXT, UNITS, WHOLE, Decimal, Token,
)
from market.compiled.level_list cimport ListWriter

_IN_FRAMES = (TEXT, SKIP, WHOLE, NUMBER, BIDS, ASKS, UNITS)
_IN_LEVELS = (PRICE, REMAINING, ASK_PRICE, BID_PRICE, ASK_SIZE, BID_SIZE)
_PAIR = [PRICE, REMAINING]
_UNIT = [ASK_PRICE, BID_PRICE, ASK_SIZE, BID_SIZE]


cdef class BookLayout:
    """A frame's letters, with a mark where something varies.

    In `frame`: `<text>`, `<skip>` and `<whole>` as in a `FrameLayout`; `<number>`, which is not returned; and either
    `<bids>` and `<asks>`, the insides of lists of levels, or `<units>`, each of which holds the n-th ask and the n-th
    bid. In `level`: `<price>` and `<remaining>`, or `<ask_price>`, `<bid_price>`, `<ask_size>`, `<bid_size>`, in this
    order and as JSON's numbers, not as texts. Levels stand best first; one of size 0, and in units of
    price 0, is none. Raises ValueError when a layout is none.
    """

    cdef Token[MOST_TOKENS] frame_tokens
    cdef Token[MOST_TOKENS] level_tokens
    cdef int frame_count
    cdef int level_count
    cdef list texts
    cdef ListWriter bids
    cdef ListWriter asks

    def __cinit__(self, frame, level):
        self.texts = []
        self.frame_count = frame_letters.compiled(frame, _IN_FRAMES, self.frame_tokens, self.texts)
        self.level_count = frame_letters.compiled(level, _IN_LEVELS, self.level_tokens, self.texts)
        marks = [self.frame_tokens[index].mark for index in range(self.frame_count)]
        level_marks = [self.level_tokens[index].mark for index in range(self.level_count)]
        numbers = [mark for mark in level_marks if mark != LITERAL]
        lists = sorted(mark for mark in marks if mark in (BIDS, ASKS, UNITS))
        if (numbers, lists) not in ((_PAIR, [BIDS, ASKS]), (_UNIT, [UNITS])):
            raise ValueError("a layout has bids and asks with a price and a size each, or units with both")
        self.bids = ListWriter(False, numbers == _UNIT)
        self.asks = ListWriter(True, numbers == _UNIT)

    def match(self, bytes payload not None):
        """What the frame holds at `<text>` and `<whole>`, in order, and last its bids and its asks; None: no match."""
        cdef const char* at = PyBytes_AS_STRING(payload)
        cdef const char* end = at + PyBytes_GET_SIZE(payload)
        cdef Token* token
        cdef int index
        cdef const char* begin
        cdef int64_t number = 0
        cdef Decimal skipped
        cdef list values = []
        self.bids.begin()
        self.asks.begin()
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
            elif token.mark == NUMBER:
                at = _number(at, end)
            else:
                at = self._list(at, end, token.mark)
            if at == NULL:
                return None
        if at != end:
            return None
        values.append(self.bids.levels_list())
        values.append(self.asks.levels_list())
        return values

    cdef const char* _list(self, const char* at, const char* end, int mark) except? NULL:
        """The levels up to the bracket that closes their list."""
        if at < end and at[0] == c"]" and mark != UNITS:
            return at
        while True:
            at = self._level(at, end, mark)
            if at == NULL or at >= end or at[0] != c",":
                return at
            at += 1

    cdef const char* _level(self, const char* at, const char* end, int mark) except? NULL:
        cdef Token* token
        cdef int index
        if mark != ASKS:
            self.bids.make_room()
        if mark != BIDS:
            self.asks.make_room()
        for index in range(self.level_count):
            token = &self.level_tokens[index]
            if token.mark == LITERAL:
                at = frame_letters.literal(at, end, token)
            elif token.mark == ASK_PRICE or (token.mark == PRICE and mark == ASKS):
                at = self.asks.price(at, end)
            elif token.mark == BID_PRICE or token.mark == PRICE:
                at = self.bids.price(at, end)
            elif token.mark == ASK_SIZE or (token.mark == REMAINING and mark == ASKS):
                at = self.asks.size(at, end)
            else:
                at = self.bids.size(at, end)
            if at == NULL:
                return NULL
        if mark != ASKS:
            self.bids.close()
        if mark != BIDS:
            self.asks.close()
        return at


cdef const char* _number(const char* at, const char* end) noexcept:
    """A number of JSON's, whatever it is."""
    cdef const char* begin = at
    while at < end and (c"0" <= at[0] <= c"9"):
        at += 1
    if at == begin or (begin[0] == c"0" and at - begin > 1):
        return NULL
    if at < end and at[0] == c".":
        at += 1
        begin = at
        while at < end and c"0" <= at[0] <= c"9":
            at += 1
        if at == begin:
            return NULL
    if at < end and (at[0] == c"e" or at[0] == c"E"):
        at += 1
        if at < end and (at[0] == c"-" or at[0] == c"+"):
            at += 1
        begin = at
        while at < end and c"0" <= at[0] <= c"9":
            at += 1
        if at == begin:
            return NULL
    return at
