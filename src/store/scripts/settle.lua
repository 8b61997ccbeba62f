-- Ends the freeze of a cart. Where its order was placed, exactly the ordered pieces leave the
-- cart; where it was undone, all stay. What was ordered is told by the caller, who has it from
-- the order's record: the cart itself is not believed. Comes after shares.lua and cart_update.lua.
--
-- ARGV  4 op id of the update   5 the order id for which the cart is frozen
--       6 'place' or 'undo'   7.. product, quantity and shares of each line that was ordered
--
-- Returns 1 where this call ended the freeze, 0 where the cart is not frozen for that order.

local HIGHEST = 1e15  -- a quantity beyond this, or with a fraction, is damage: it stays as it is

if redis.call('HGET', order, 'id') ~= ARGV[5] then
  local version = redis.call('HGET', meta, 'version')
  if version then redis.call('HSET', meta, 'version', version) end
  return 0
end

-- What was taken out of the cart by half would be taken out again.
local refused = missing_right({{'ZADD', cart, 1, ''}, {'ZREM', cart, ''}, {'ZREM', touched, ''}})
if refused then return refused end

local changes, shares = {}, sharing()
for i = 7, ARGV[6] == 'place' and #ARGV or 0, 3 do
  local id = ARGV[i]
  local had = whole(redis.call('ZSCORE', cart, id), HIGHEST)
  -- Nobody could note anything on it since it was frozen.
  redis.call('HDEL', notes, id)
  if had then
    local rest = math.max(had - tonumber(ARGV[i + 1]), 0)
    if rest > 0 then
      redis.call('ZADD', cart, rest, id)
      local left = shares.read(redis.call('HGET', by, id))
      for _, ordered in ipairs(shares.read(ARGV[i + 2])) do
        shares.take_own(left, ordered.name, ordered.pieces)
      end
      shares.cut(left, shares.sum(left) - rest)
      shares.write(by, id, left)
    else
      redis.call('ZREM', cart, id)
      redis.call('HDEL', lines, id)
      redis.call('HDEL', by, id)
      redis.call('ZREM', touched, id)
    end
    -- A quantity that another client damaged meanwhile gives a line that doesn't fit: readers
    -- then read the cart again.
    changes[#changes + 1] = '[' .. cjson.encode(id) .. ',' .. integer(rest) .. ',' .. integer(rest - had) .. ']'
  end
end
if ARGV[6] == 'place' then redis.call('HDEL', notes, '') end
redis.call('UNLINK', order)
redis.call('HDEL', meta, 'frozen')
if ARGV[6] == 'place' then redis.call('HDEL', meta, 'ready') end
publish_update(ARGV[6] == 'place' and 'order' or 'unfreeze', changes)
return 1
