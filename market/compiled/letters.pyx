"""Layouts' texts cut into what is to be read, and the readers that are more than a few lines."""

import re

POWERS[:] = [10**places for places in range(11)]

_MARKS = {
    "<text>": TEXT, "<skip>": SKIP, "<whole>": WHOLE, "<time>": TIME, "<bids>": BIDS, "<asks>": ASKS,
    "<changes>": CHANGES, "<units>": UNITS, "<side>": SIDE, "<price>": PRICE, "<remaining>": REMAINING,
    "<ask_price>": ASK_PRICE, "<bid_price>": BID_PRICE, "<ask_size>": ASK_SIZE, "<bid_size>": BID_SIZE,
    "<number>": NUMBER,
}

cdef int[13] DAYS_BEFORE
DAYS_BEFORE[:] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
cdef int[13] DAYS_IN
DAYS_IN[:] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


cdef int cut(text, marks, Token* tokens, list texts) except -1:
    """Cut a layout's text at its marks, of which only `marks` may be there. Returns how many tokens it has.

    Raises ValueError. The tokens stand on letters that are added to `texts`.
    """
    pieces = [piece for piece in re.split("(<[a-z_]+>)", text) if piece]
    if len(pieces) > MOST_TOKENS:
        raise ValueError(f"a layout has {MOST_TOKENS} pieces at most")
    for index, piece in enumerate(pieces):
        mark = _MARKS.get(piece, LITERAL)
        if mark != LITERAL and mark not in marks:
            raise ValueError(f"{piece} has no place in {text}")
        letters = piece.encode("ascii")
        texts.append(letters)
        tokens[index] = Token(mark, letters, len(letters))
    return len(pieces)


cdef int _digits(const char* at, int count) noexcept:
    """The number that so many digits make; -1: they are not all digits."""
    cdef int value = 0
    cdef int index
    for index in range(count):
        if not c"0" <= at[index] <= c"9":
            return -1
        value = value * 10 + (at[index] - c"0")
    return value


cdef const char* time(const char* at, const char* end, int64_t* ms) noexcept:
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
    # 477 leap years were before 1970.
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


cdef const char* number(const char* at, const char* end) noexcept:
    """A number of JSON's, whatever it is, but for its sign."""
    if end - at > 1 and at[0] == c"0" and c"0" <= at[1] <= c"9":
        return NULL
    at = _past_digits(at, end)
    if at != NULL and at < end and at[0] == c".":
        at = _past_digits(at + 1, end)
    if at != NULL and at < end and (at[0] == c"e" or at[0] == c"E"):
        at += 1
        if at < end and (at[0] == c"-" or at[0] == c"+"):
            at += 1
        at = _past_digits(at, end)
    return at


cdef const char* _past_digits(const char* at, const char* end) noexcept:
    """Past one digit or more."""
    cdef const char* begin = at
    while at < end and c"0" <= at[0] <= c"9":
        at += 1
    return at if at > begin else NULL
