"""Frames and lines as the document that asked for the lines printed them, without the line breaks of its pages."""

# fmt: off
UPBIT_FRAME = (
    '{"type":"orderbook","code":"KRW-BTC","timestamp":1668495774440,"total_ask_size":11.400931790000001,"'
    'total_bid_size":3.1081664699999996,"orderbook_units":[{"ask_price":2.2855E7,"bid_price":2.2845E7,"as'
    'k_size":2.21720611,"bid_size":0.00164598},{"ask_price":2.286E7,"bid_price":2.2844E7,"ask_size":1.074'
    '09042,"bid_size":0.39629050},{"ask_price":2.2861E7,"bid_price":2.2843E7,"ask_size":0.13138600,"bid_s'
    'ize":0.07457449},{"ask_price":2.2862E7,"bid_price":2.2842E7,"ask_size":1.11673137,"bid_size":0.41861'
    '210},{"ask_price":2.2863E7,"bid_price":2.2841E7,"ask_size":0.695,"bid_size":0.23034224},{"ask_price"'
    ':2.2864E7,"bid_price":2.284E7,"ask_size":0.24999199,"bid_size":0.00146232},{"ask_price":2.2865E7,"bi'
    'd_price":2.283E7,"ask_size":0.06318533,"bid_size":0.50251088},{"ask_price":2.2866E7,"bid_price":2.28'
    '27E7,"ask_size":0.46969651,"bid_size":0.08409668},{"ask_price":2.2867E7,"bid_price":2.2826E7,"ask_si'
    'ze":1.68992953,"bid_size":0.00087619},{"ask_price":2.2868E7,"bid_price":2.2825E7,"ask_size":0.860785'
    '02,"bid_size":0.00044389},{"ask_price":2.2869E7,"bid_price":2.2821E7,"ask_size":0.01956419,"bid_size'
    '":0.058},{"ask_price":2.2872E7,"bid_price":2.282E7,"ask_size":2.06000000,"bid_size":0.45073815},{"as'
    'k_price":2.2874E7,"bid_price":2.2818E7,"ask_size":0.74898200,"bid_size":0.00043825},{"ask_price":2.2'
    '875E7,"bid_price":2.2817E7,"ask_size":0.00354223,"bid_size":0.17213480},{"ask_price":2.2876E7,"bid_p'
    'rice":2.2816E7,"ask_size":0.00084109,"bid_size":0.716}],"stream_type":"REALTIME"}'
)
UPBIT_LINES = (
    (
        'btckrw@orderbook,[{"ask_price":2.2855E7,"bid_price":2.2845E7,"ask_size":2.21720611,"bid_size":0.0016'
        '4598},{"ask_price":2.286E7,"bid_price":2.2844E7,"ask_size":1.07409042,"bid_size":0.39629050},{"ask_p'
        'rice":2.2861E7,"bid_price":2.2843E7,"ask_size":0.13138600,"bid_size":0.07457449},{"ask_price":2.2862'
        'E7,"bid_price":2.2842E7,"ask_size":1.11673137,"bid_size":0.41861210},{"ask_price":2.2863E7,"bid_pric'
        'e":2.2841E7,"ask_size":0.695,"bid_size":0.23034224},{"ask_price":2.2864E7,"bid_price":2.284E7,"ask_s'
        'ize":0.24999199,"bid_size":0.00146232},{"ask_price":2.2865E7,"bid_price":2.283E7,"ask_size":0.063185'
        '33,"bid_size":0.50251088},{"ask_price":2.2866E7,"bid_price":2.2827E7,"ask_size":0.46969651,"bid_size'
        '":0.08409668},{"ask_price":2.2867E7,"bid_price":2.2826E7,"ask_size":1.68992953,"bid_size":0.00087619'
        '},{"ask_price":2.2868E7,"bid_price":2.2825E7,"ask_size":0.86078502,"bid_size":0.00044389},{"ask_pric'
        'e":2.2869E7,"bid_price":2.2821E7,"ask_size":0.01956419,"bid_size":0.058},{"ask_price":2.2872E7,"bid_'
        'price":2.282E7,"ask_size":2.06000000,"bid_size":0.45073815},{"ask_price":2.2874E7,"bid_price":2.2818'
        'E7,"ask_size":0.74898200,"bid_size":0.00043825},{"ask_price":2.2875E7,"bid_price":2.2817E7,"ask_size'
        '":0.00354223,"bid_size":0.17213480},{"ask_price":2.2876E7,"bid_price":2.2816E7,"ask_size":0.00084109'
        ',"bid_size":0.716}]'
    ),
    (
        'btckrw@orderbook,[{"ask_price":2.2855E7,"bid_price":2.2846E7,"ask_size":2.21720611,"bid_size":0.875}'
        ',{"ask_price":2.286E7,"bid_price":2.2845E7,"ask_size":1.07409042,"bid_size":0.00164598},{"ask_price"'
        ':2.2861E7,"bid_price":2.2844E7,"ask_size":0.13138600,"bid_size":0.39629050},{"ask_price":2.2862E7,"b'
        'id_price":2.2843E7,"ask_size":1.11673137,"bid_size":0.07457449},{"ask_price":2.2863E7,"bid_price":2.'
        '2842E7,"ask_size":0.695,"bid_size":0.41861210},{"ask_price":2.2864E7,"bid_price":2.2841E7,"ask_size"'
        ':0.24999199,"bid_size":0.23034224},{"ask_price":2.2865E7,"bid_price":2.284E7,"ask_size":0.06318533,"'
        'bid_size":0.00146232},{"ask_price":2.2866E7,"bid_price":2.283E7,"ask_size":0.46969651,"bid_size":0.5'
        '0251088},{"ask_price":2.2867E7,"bid_price":2.2827E7,"ask_size":1.68992953,"bid_size":0.08409668},{"a'
        'sk_price":2.2868E7,"bid_price":2.2826E7,"ask_size":0.86078502,"bid_size":0.00087619},{"ask_price":2.'
        '2869E7,"bid_price":2.2825E7,"ask_size":0.01956419,"bid_size":0.00044389},{"ask_price":2.2872E7,"bid_'
        'price":2.2821E7,"ask_size":2.06000000,"bid_size":0.058},{"ask_price":2.2874E7,"bid_price":2.282E7,"a'
        'sk_size":0.74898200,"bid_size":0.45073815},{"ask_price":2.2875E7,"bid_price":2.2818E7,"ask_size":0.0'
        '0354223,"bid_size":0.00043825},{"ask_price":2.2876E7,"bid_price":2.2817E7,"ask_size":0.00084109,"bid'
        '_size":0.17213480}]'
    ),
)
BINANCE_PRINTED = (
    'btcusdt@orderbook,bids:[["16702.06000000","0.00069000"],["16701.76000000","0.00861000"],["16701.7500'
    '0000","0.00149000"],["16701.32000000","0.04320000"],["16701.31000000","0.01571000"]],"asks":[["16702'
    '.84000000","0.05546000"],["16702.85000000","0.02665000"],["16702.86000000","0.03324000"],["16703.340'
    '00000","0.01139000"],["16703.39000000","0.03000000"]],asks:[["16702.84000000","0.05546000"],["16702.'
    '85000000","0.02665000"],["16702.86000000","0.03324000"],["16703.34000000","0.01139000"],["16703.3900'
    '0000","0.03000000"]]'
)
# fmt: on
