"""The liquidity job: Spark Structured Streaming sums each minute of an exchange's feed into `spark.out`."""
