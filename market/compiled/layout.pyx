"""Reads frames whose layout is known to the letter, from their raw bytes in one go.

Nothing is guessed: a frame that differs in one character from its layout, or holds a number that is not written as
nearly all are, is not read here but by its protocol's general parser, which says what is wrong with it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport int64_t

from market.compiled cimport letters
from market.compiled.letters cimport LITERAL, NUMBER, SKIP, TEXT, TIME, WHOLE, Token


cdef class Layout:
    """A frame's letters, with a mark where something varies; what its levels are is for those who derive from it.

    `<text>` are letters, digits and `-_.:`; `<skip>` the same, not returned; `<whole>` is a number from 0 to 2^63-1;
    `<number>` any that JSON has, not returned; `<time>` an ISO 8601 UTC time, returned in epoch ms. The other marks
    stand for the insides of lists of levels.
    """

    def __cinit__(self):
        self.texts = []
        self.frame_count = self.level_count = 0

    def match(self, bytes payload not None):
        """What stands in the frame where something varies, in order, and last its levels; None: no match."""
        cdef const char* at = PyBytes_AS_STRING(payload)
        cdef const char* end = at + PyBytes_GET_SIZE(payload)
        cdef const char* begin
        cdef Token* token
        cdef int index
        cdef int64_t found = 0
        # What follows, up to `finish`, runs nothing of Python's that could come back here.
        cdef list values = []
        self.begin()
        for index in range(self.frame_count):
            token = &self.frame_tokens[index]
            if token.mark == LITERAL:
                at = letters.literal(at, end, token)
            elif token.mark == TEXT or token.mark == SKIP:
                begin = at
                at = letters.text(at, end)
                if at != NULL and token.mark == TEXT:
                    values.append(PyUnicode_DecodeASCII(begin, at - begin, NULL))
            elif token.mark == WHOLE:
                at = letters.whole(at, end, &found)
                values.append(found)
            elif token.mark == TIME:
                at = letters.time(at, end, &found)
                values.append(found)
            elif token.mark == NUMBER:
                at = letters.number(at, end)
            else:
                at = self._levels(at, end, token.mark)
            if at == NULL:
                return None
        if at != end:
            return None
        self.finish(values)
        return values

    cdef const char* _levels(self, const char* at, const char* end, int mark) except? NULL:
        """The levels up to the bracket that closes their list."""
        if at < end and at[0] == c"]":
            return at
        while True:
            at = self.level(at, end, mark)
            if at == NULL or at >= end or at[0] != c",":
                return at
            at += 1

    cdef int begin(self) except -1:
        """A frame begins."""
        raise NotImplementedError

    cdef const char* level(self, const char* at, const char* end, int mark) except? NULL:
        """Read one level and keep it. Returns where it ends; NULL: it is not as expected."""
        raise NotImplementedError

    cdef int finish(self, list values) except -1:
        """Add what became of the levels."""
        raise NotImplementedError
