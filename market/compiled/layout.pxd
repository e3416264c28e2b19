from market.compiled.letters cimport MOST_TOKENS, Token


cdef class Layout:
    cdef Token[MOST_TOKENS] frame_tokens
    cdef Token[MOST_TOKENS] level_tokens
    cdef int frame_count
    cdef int level_count
    cdef list texts
    cdef int begin(self) except -1
    cdef const char* level(self, const char* at, const char* end, int mark) except? NULL
    cdef int finish(self, list values) except -1
    cdef const char* _levels(self, const char* at, const char* end, int mark) except? NULL
