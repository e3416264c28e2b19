"""What the model is fitted on: log prices, averaged over a few minutes."""

import numpy as np
import pandas as pd

from forecasting.history import History


def training_points(history: History, resample_seconds: int) -> pd.DataFrame:
    """Prophet's frame (`ds`, `y`): the mean log weighted price of each span of `resample_seconds`.

    `ds` is the mean of the minutes that were averaged. The span's left edge would tell the model that the price of its
    middle was already there at its start, and shift the forecast by 7 minutes for spans of 15.
    """
    traded = history.traded()
    spans, member = np.unique(traded.starts // resample_seconds, return_inverse=True)
    counts = np.bincount(member, minlength=len(spans))
    origin = traded.first if len(traded) else 0
    mean_start = origin + np.bincount(member, weights=traded.starts - origin) / counts
    mean_log = np.bincount(member, weights=np.log(traded.prices)) / counts
    return pd.DataFrame({"ds": pd.to_datetime(np.rint(mean_start * 1000).astype(np.int64), unit="ms"), "y": mean_log})
