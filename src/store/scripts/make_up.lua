-- Stores orders that were made up, in a shop that has none.
--
-- KEYS  1 index of all orders (sorted set)   2 orders (stream)   3 numbers (hash)   4 open (sorted set)
--       then of each order, the oldest first: its record (hash), the index of its user (sorted set)
-- ARGV  1 the day that is counted   2 the last number
--       then of each order: its id, when it was placed, its number, '1' where it is open, and the
--         fields of its record with their values, as a JSON list
--
-- Returns 1, or 0 where the shop has orders.
--
-- They are not put into the stream: whoever follows that would print them.

local all, numbers, open = KEYS[1], KEYS[3], KEYS[4]
redis.call('HGET', numbers, 'day')
if redis.call('ZCARD', all) + redis.call('XLEN', KEYS[2]) + redis.call('ZCARD', open) > 0 then return 0 end

local argument = 3
for key = 5, #KEYS, 2 do
  local id, at, number, is_open, fields = unpack(ARGV, argument, argument + 4)
  argument = argument + 5
  redis.call('HSET', KEYS[key], unpack(cjson.decode(fields)))
  redis.call('ZADD', all, at, id)
  redis.call('ZADD', KEYS[key + 1], at, id)
  redis.call('HSET', numbers, number, id)
  if is_open == '1' then redis.call('ZADD', open, number, id) end
end
redis.call('HSET', numbers, 'day', ARGV[1], 'last', ARGV[2])
return 1
