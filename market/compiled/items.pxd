cdef class Items:
    cdef Py_ssize_t count
    cdef object item(self, Py_ssize_t index)
