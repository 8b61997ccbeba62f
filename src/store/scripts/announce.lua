-- Notes an order as open before its cart is frozen: if its driver dies, it is found even where
-- nobody opens that cart any more. This also keeps order ids unique.
--
-- KEYS  1 open (hash: order id -> "ms user")   2 the order's document
-- ARGV  1 order id   2 user
--
-- Returns a word: open; placed (it is in the stream already); used (by an order of another cart).

local user = redis.call('HGET', KEYS[2], 'user')
if user then
  -- Here and in the other steps, a call that finds its work done writes a little of it again:
  -- WAIT counts the replicas that have what its own connection has written.
  redis.call('HSET', KEYS[2], 'user', user)
  return user == ARGV[2] and 'placed' or 'used'
end
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  redis.call('HSET', KEYS[1], ARGV[1], known)
  return string.match(known, '^%d+ (.*)$') == ARGV[2] and 'open' or 'used'
end
local clock = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', clock[1] * 1000) .. ' ' .. ARGV[2])
return 'open'
