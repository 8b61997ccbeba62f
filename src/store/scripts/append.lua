-- Puts an order into the stream of orders, once per id.
--
-- KEYS  1 orders (stream)   2 the order's document (hash)   3, 4 indexes: all, of its user
--         (sorted sets: order id -> ms)
-- ARGV  1 order id   2 user   3 lines (JSON)   4 total (decimal string)   5 currency   6 who
--       7 channel of the cart
--
-- Returns 1 where this call added the order, 0 where it was there before.

if redis.call('HEXISTS', KEYS[2], 'id') == 1 then
  redis.call('HSET', KEYS[2], 'id', ARGV[1])
  return 0
end
redis.call('XLEN', KEYS[1])
redis.call('ZCARD', KEYS[3])
redis.call('ZCARD', KEYS[4])
local clock = redis.call('TIME')
local now = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
local fields = {'id', ARGV[1], 'user', ARGV[2], 'lines', ARGV[3], 'total', ARGV[4], 'currency', ARGV[5],
  'who', ARGV[6], 'at', now}
redis.call('XADD', KEYS[1], '*', unpack(fields))
redis.call('HSET', KEYS[2], 'state', 'placed', 'changed', now, unpack(fields))
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('ZADD', KEYS[4], now, ARGV[1])
publish(ARGV[7], '{"order":"' .. ARGV[1] .. '","state":"placed"}')
return 1
