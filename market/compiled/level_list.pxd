from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from market.compiled.items cimport Items
from market.compiled.letters cimport Decimal


cdef struct ListedLevel:
    int64_t ticks  # the price in 10^-8
    uint64_t size  # in 10^-10
    uint32_t price_at  # where the price begins among the texts, the size following it
    uint8_t price_length
    uint8_t size_length


cdef class LevelList(Items):
    cdef bytes texts
    cdef ListedLevel* levels


cdef class ListWriter:
    cdef ListedLevel* levels
    cdef char* texts
    cdef Py_ssize_t length
    cdef Py_ssize_t count
    cdef Py_ssize_t room
    cdef bint is_ask
    cdef bint is_json
    cdef int begin(self) except -1
    cdef int make_room(self) except -1
    cdef const char* price(self, const char* at, const char* end) noexcept
    cdef const char* size(self, const char* at, const char* end) noexcept
    cdef const char* _number(self, const char* at, const char* end, int digits, int places, Decimal* number) noexcept
    cdef void close(self) noexcept
    cdef LevelList written(self)
