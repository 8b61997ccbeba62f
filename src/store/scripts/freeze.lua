-- Freezes a cart as the lines of an order. Comes after cart_update.lua.
--
-- ARGV  4 order id   5 version of the cart that was confirmed   6 the lines as a document
--       7.. product and quantity of each line
--
-- Returns the state (frozen, over), id, who, when, decision, reason, document. Where the cart
-- is frozen already, this is the order that was first: two people who order at once place one
-- order. Where the order of this id is over, it is how that ended.

local function frozen()
  local known = redis.call('HMGET', order, 'id', 'by', 'at', 'decision', 'reason', 'doc')
  for i = 1, 6 do known[i] = known[i] or '' end
  redis.call('HSET', order, 'id', known[1])
  return {'frozen', unpack(known)}
end

local over = redis.call('HGET', ordered, op)
if over then
  redis.call('HSET', ordered, op, over)
  local decision, reason = string.match(over, '^%d+ (%a+) ?(.*)$')
  return {'over', op, '', '', decision or '', reason or '', ''}
end
if redis.call('HEXISTS', order, 'id') == 1 then return frozen() end
if redis.call('ZCARD', cart) == 0 then return redis.error_reply('EMPTYCART ' .. op) end
if (whole(redis.call('HGET', meta, 'version'), HIGHEST_VERSION) or 0) ~= tonumber(ARGV[5]) then
  return redis.error_reply('CARTCHANGED ' .. op)
end
-- Another client may have written without counting the version.
if redis.call('ZCARD', cart) ~= (#ARGV - 6) / 2 then return redis.error_reply('CARTCHANGED ' .. op) end
for i = 7, #ARGV, 2 do
  if redis.call('ZSCORE', cart, ARGV[i]) ~= ARGV[i + 1] then return redis.error_reply('CARTCHANGED ' .. op) end
end

redis.call('HSET', meta, 'frozen', 1)
redis.call('HSET', order, 'id', op, 'by', who, 'at', integer(now), 'decision', '', 'reason', '', 'doc', ARGV[6])
for i = 7, #ARGV, 2 do
  redis.call('HSET', order, 'q:' .. ARGV[i], ARGV[i + 1])
  local shares = redis.call('HGET', by, ARGV[i])
  if shares then redis.call('HSET', order, 's:' .. ARGV[i], shares) end
end
publish_update('freeze', {})
return frozen()
