-- Notes that a follower of the orders is given an order, unless it is cancelled already: in
-- one step, so that a cancellation comes either before this or finds who must hear of it.
--
-- KEYS  1 the order's document (hash)
-- ARGV  1 group   2 consumer
--
-- Returns the state of the order, '' where nothing is kept of it.

local state = redis.call('HGET', KEYS[1], 'state')
if state and state ~= 'cancelled' then redis.call('HSET', KEYS[1], 'given:' .. ARGV[1], ARGV[2]) end
return state or ''
