-- Lists an order among the open ones, where it is open and not listed.
--
-- KEYS  1 the order's record (hash)   2 open (sorted set)   3 count of all changes
-- ARGV  1 order id   2 channel of the boards, as in publish.lua
--
-- Returns 1 where this call has listed it, else 0.
--
-- Comes after whole.lua, order_news.lua, HIGHEST_NUMBER and IS_OPEN, which Rust puts in front.

local known = redis.call('HMGET', KEYS[1], 'state', 'number')
if not IS_OPEN[known[1]] or redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[2], whole(known[2], HIGHEST_NUMBER) or 0, ARGV[1])
publish_order(KEYS[3], ARGV[2], ARGV[1], known[1])
return 1
