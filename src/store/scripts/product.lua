-- Sets and removes fields of one product in one step.
--
-- KEYS  1 the product (hash)
-- ARGV  1 how many fields to remove, then their names, then pairs of field and value to set

local last = 1 + tonumber(ARGV[1])
-- Setting comes first: Redis deletes a hash that has no fields left.
if #ARGV > last then redis.call('HSET', KEYS[1], unpack(ARGV, last + 1)) end
if last > 1 then redis.call('HDEL', KEYS[1], unpack(ARGV, 2, last)) end
return 1
