-- Notes which follower of the orders an order is delivered to, unless it is cancelled already.
-- It is one step: a cancellation either comes before it, or finds whom it must be told to.
--
-- KEYS  1 the order's document (hash)
-- ARGV  1 group   2 consumer
--
-- Returns the state of the order, '' where the order is no longer stored.

local state = redis.call('HGET', KEYS[1], 'state')
if state and state ~= 'cancelled' then redis.call('HSET', KEYS[1], 'given:' .. ARGV[1], ARGV[2]) end
return state or ''
