-- Notes that nothing is left to do for an order.
--
-- KEYS  1 the order's record (hash)   2 due (sorted set)
-- ARGV  1 order id
--
-- Returns 1. The record of an order that never came to its cart is forgotten, so that its id can
-- be used again; an undone one is kept for a day, for a late repeat of its id.
--
-- Comes after the limit UNDONE_KEPT (ms), which Rust puts in front.

local state = redis.call('HGET', KEYS[1], 'state')
if state == 'pending' then
  redis.call('PEXPIRE', KEYS[1], 0)
elseif state then
  if state == 'undone' then redis.call('PEXPIRE', KEYS[1], UNDONE_KEPT) end
  redis.call('HSET', KEYS[1], 'closed', 1)
end
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
