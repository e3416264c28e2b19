from libc.stdint cimport int64_t, uint8_t, uint32_t

from market.compiled.items cimport Items


cdef enum:
    # Between a price and its new total in a record's JSON: `","remaining":"`.
    BETWEEN = 15


cdef struct LevelChange:
    int64_t ticks  # the price in 10^-8
    int64_t time  # epoch ms, where the changes have times
    uint32_t price_at  # where the price begins in the JSON
    uint8_t price_length
    uint8_t remaining_length
    uint8_t is_ask
    uint8_t is_nothing  # nothing remains
    uint8_t is_initial


cdef class LevelChanges(Items):
    cdef readonly bytes json
    cdef LevelChange* levels
    cdef bint has_times


cdef class ChangeWriter:
    cdef LevelChange* levels
    cdef Py_ssize_t count
    cdef Py_ssize_t room
    cdef char* json
    cdef Py_ssize_t json_length
    cdef bint has_times
    cdef int begin(self) except -1
    cdef int add(self, LevelChange* level, const char* price, const char* remaining) except -1
    cdef int _make_room(self) except -1
    cdef LevelChanges changes(self)
