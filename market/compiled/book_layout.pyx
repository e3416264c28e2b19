"""Frames that hold a whole book."""

from market.compiled cimport letters
from market.compiled.layout cimport Layout
from market.compiled.letters cimport (
    ASK_PRICE, ASK_SIZE, ASKS, BID_PRICE, BID_SIZE, BIDS, LITERAL, NUMBER, PRICE, REMAINING, SKIP, TEXT, UNITS, WHOLE,
    Token,
)
from market.compiled.level_list cimport ListWriter

_LISTS = (BIDS, ASKS, UNITS)
_IN_FRAMES = (TEXT, SKIP, WHOLE, NUMBER, *_LISTS)
_IN_LEVELS = (PRICE, REMAINING, ASK_PRICE, BID_PRICE, ASK_SIZE, BID_SIZE)
_PAIR = [PRICE, REMAINING]
_UNIT = [ASK_PRICE, BID_PRICE, ASK_SIZE, BID_SIZE]


cdef class BookLayout(Layout):
    """The layout of a frame with a whole book, of which `match` makes a `LevelList` of bids and one of asks.

    In `frame`, besides `<text>`, `<skip>`, `<whole>` and `<number>`: either `<bids>` and `<asks>`, or `<units>`, each
    of which holds the n-th ask and the n-th bid. In `level`: `<price>` and `<remaining>`, or `<ask_price>`,
    `<bid_price>`, `<ask_size>`, `<bid_size>`, in this order and as JSON's numbers, not as texts. Levels stand best
    first; one of size 0, and in units of price 0, is none. Raises ValueError when a layout is none.
    """

    cdef ListWriter bids
    cdef ListWriter asks

    def __cinit__(self, frame, level):
        self.frame_count = letters.cut(frame, _IN_FRAMES, self.frame_tokens, self.texts)
        self.level_count = letters.cut(level, _IN_LEVELS, self.level_tokens, self.texts)
        marks = [self.frame_tokens[index].mark for index in range(self.frame_count)]
        level_marks = [self.level_tokens[index].mark for index in range(self.level_count)]
        lists = sorted(mark for mark in marks if mark in _LISTS)
        numbers = [mark for mark in level_marks if mark != LITERAL]
        if (numbers, lists) not in ((_PAIR, [BIDS, ASKS]), (_UNIT, [UNITS])):
            raise ValueError("a layout has bids and asks with a price and a size each, or units with both")
        self.bids = ListWriter(False, numbers == _UNIT)
        self.asks = ListWriter(True, numbers == _UNIT)

    cdef int begin(self) except -1:
        self.bids.begin()
        self.asks.begin()
        return 0

    cdef int finish(self, list values) except -1:
        values.append(self.bids.written())
        values.append(self.asks.written())
        return 0

    cdef const char* level(self, const char* at, const char* end, int mark) except? NULL:
        cdef Token* token
        cdef int index
        if mark != ASKS:
            self.bids.make_room()
        if mark != BIDS:
            self.asks.make_room()
        for index in range(self.level_count):
            token = &self.level_tokens[index]
            if token.mark == LITERAL:
                at = letters.literal(at, end, token)
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
