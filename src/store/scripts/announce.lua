-- Announces an order before its cart is frozen, so that it is found should its driver die
-- and nobody look at that cart any more. It also keeps ids unique.
--
-- KEYS  1 open (hash: order id -> "ms user")   2 the order's document
-- ARGV  1 order id   2 user
--
-- Returns a word: open; placed, where it is in the stream already; or used, by another cart.

local user = redis.call('HGET', KEYS[2], 'user')
if user then
  -- Written once more, here and in the other steps: see copied.rs.
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
