"""Reading a frame letter by letter.

Each function reads on from `at` and returns where it stopped; NULL: what stands there is not what was expected.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint64_t
from libc.string cimport memcmp


cdef enum Mark:
    LITERAL
    TEXT
    SKIP
    WHOLE
    TIME
    BIDS
    ASKS
    CHANGES
    UNITS
    SIDE
    PRICE
    REMAINING
    ASK_PRICE
    BID_PRICE
    ASK_SIZE
    BID_SIZE
    NUMBER

cdef enum:
    MOST_TOKENS = 32
    LONGEST_TEXT = 64
    # What fits (market.decimals): digits before the point and after it.
    PRICE_DIGITS = 10
    PRICE_PLACES = 8
    SIZE_DIGITS = 9
    SIZE_PLACES = 10

cdef struct Token:
    int mark
    const char* literal  # lives as long as the list of texts that was given
    Py_ssize_t length

cdef struct Decimal:
    uint64_t value  # in units of the last place
    uint8_t length

cdef uint64_t[11] POWERS

cdef int cut(text, marks, Token* tokens, list texts) except -1

# The longer readers are in letters.pyx.
cdef const char* time(const char* at, const char* end, int64_t* ms) noexcept
cdef const char* number(const char* at, const char* end) noexcept


cdef inline const char* literal(const char* at, const char* end, const Token* token) noexcept:
    if end - at < token.length or memcmp(at, token.literal, token.length) != 0:
        return NULL
    return at + token.length


cdef inline const char* text(const char* at, const char* end) noexcept:
    """Letters, digits and `-_.:`."""
    cdef const char* begin = at
    while at < end and (
        c"a" <= at[0] <= c"z" or c"A" <= at[0] <= c"Z" or c"-" <= at[0] <= c":" and at[0] != c"/" or at[0] == c"_"
    ):
        at += 1
    return at if 0 < at - begin <= LONGEST_TEXT else NULL


cdef inline const char* whole(const char* at, const char* end, int64_t* number) noexcept:
    """A whole number from 0 to 2^63-1, as JSON has them."""
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


cdef inline const char* decimal(
    const char* at, const char* end, int most_digits, int most_places, Decimal* found
) noexcept:
    """Plain digits, as `market.decimals` takes them, but for superfluous zeros."""
    cdef const char* begin = at
    cdef uint64_t value = 0
    cdef int places = 0
    while at < end and c"0" <= at[0] <= c"9" and at - begin <= most_digits:
        value = value * 10 + <uint64_t>(at[0] - c"0")
        at += 1
    if at == begin or at - begin > most_digits:
        return NULL
    if at < end and at[0] == c".":
        at += 1
        while at < end and c"0" <= at[0] <= c"9" and places < most_places:
            value = value * 10 + <uint64_t>(at[0] - c"0")
            places += 1
            at += 1
        if places == 0:
            return NULL
    found.value = value * POWERS[most_places - places]
    found.length = <uint8_t>(at - begin)
    return at
