-- Sets one field of a product, only where the field is still as it was read.
--
-- KEYS  1 the product (hash)
-- ARGV  1 field   2 its value as it was read, empty where it had none   3 its value from now on,
--       empty to remove it   4 channel   5 product id
--
-- Returns a word: set; changed, where the field is otherwise now; gone, where there is no product.

local field = ARGV[1]
local stored = redis.call('HMGET', KEYS[1], field, 'name', 'price')
local now = stored[1] or ''
if now ~= ARGV[2] then return 'changed' end
-- Nobody brings back what was taken out of the shop.
if not stored[1] and not stored[2] and not stored[3] then return 'gone' end

if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], field)
else
  redis.call('HSET', KEYS[1], field, ARGV[3])
end
publish(ARGV[4], '[' .. cjson.encode(ARGV[5]) .. ']')
return 'set'
