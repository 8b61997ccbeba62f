-- Freezes a cart for an order. Comes after cart_update.lua.
--
-- ARGV  4 order id   5 version of the cart that was confirmed, '' to freeze nothing
--       6.. product and quantity of each line
--
-- Returns the id of the order for which the cart is frozen. Where it was frozen already, this is
-- the order that was first: two people who order at once place one order. Whoever reads that id
-- here must not believe it: anybody who may fill the cart can write it.

local frozen = redis.call('HGET', order, 'id')
if frozen then
  redis.call('HSET', order, 'id', frozen)
  return frozen
end
if redis.call('ZCARD', cart) == 0 then return redis.error_reply('EMPTYCART ' .. op) end
if (whole(redis.call('HGET', meta, 'version'), HIGHEST_VERSION) or 0) ~= tonumber(ARGV[5]) then
  return redis.error_reply('CARTCHANGED ' .. op)
end
-- Another client may have written without counting the version.
if redis.call('ZCARD', cart) ~= (#ARGV - 5) / 2 then return redis.error_reply('CARTCHANGED ' .. op) end
for i = 6, #ARGV, 2 do
  if redis.call('ZSCORE', cart, ARGV[i]) ~= ARGV[i + 1] then return redis.error_reply('CARTCHANGED ' .. op) end
end

redis.call('HSET', meta, 'frozen', 1)
redis.call('HSET', order, 'id', op, 'by', who, 'at', integer(now))
for i = 6, #ARGV, 2 do redis.call('HSET', order, 'q:' .. ARGV[i], ARGV[i + 1]) end
publish_update('freeze', {})
return op
