-- Sets and removes fields of one product in one step.
--
-- KEYS  1 the product (hash)
-- ARGV  1 how many fields to remove, then their names, then pairs of field and value to set
--
-- Comes after rights.lua.

local product = KEYS[1]
local last = 1 + tonumber(ARGV[1])
local refused = last > 1 and missing_right({{'HDEL', product, ''}})
if refused then return refused end

-- Setting comes first: Redis deletes a hash that has no fields left.
if #ARGV > last then redis.call('HSET', product, unpack(ARGV, last + 1)) end
if last > 1 then redis.call('HDEL', product, unpack(ARGV, 2, last)) end
return 1
