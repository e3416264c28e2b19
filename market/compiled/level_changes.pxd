from libc.stdint cimport int64_t, uint8_t, uint32_t


cdef enum:
    # Between a price and its new total in a record's JSON: `","remaining":"`.
    BETWEEN = 15


cdef struct LevelChange:
    int64_t ticks  # the price in 10^-8
    int64_t time  # epoch ms, where the message has times
    uint32_t price_at  # where the price begins in the JSON
    uint8_t price_length
    uint8_t remaining_length
    uint8_t is_ask
    uint8_t is_nothing  # nothing remains


cdef class LevelChanges:
    cdef readonly bytes json
    cdef readonly bint has_times
    cdef LevelChange* levels
    cdef Py_ssize_t count
    cdef object _change(self, Py_ssize_t index)
