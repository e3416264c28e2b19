"""What a recording tells besides its arrivals: that time has passed."""

from __future__ import annotations

import msgspec

from producers.arrivals import Arrival, Instant


class Moment(msgspec.Struct, frozen=True, gc=False):
    """It is `at` now. Told before an arrival that depends on whether the feed has given its connection up by then."""

    at: Instant


Told = Arrival | Moment
