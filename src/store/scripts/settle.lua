-- Ends a frozen order. Where it was placed, exactly the ordered pieces leave the cart; where
-- it was undone, all stay. Comes after shares.lua and cart_update.lua.
--
-- ARGV  4 order id
--
-- Returns 1 where this call settled the order, 0 where it was settled before.

local REMEMBERED = 64       -- ended orders of which the cart remembers the outcome
local REMEMBERED_FOR = 86400000  -- how long it does, after the last of them (ms)

local known = redis.call('HMGET', order, 'id', 'decision', 'reason', 'by')
if known[1] ~= op or (known[2] ~= 'place' and known[2] ~= 'undo') then
  local over = redis.call('HGET', ordered, op)
  if over then redis.call('HSET', ordered, op, over) end
  return 0
end
local fields = redis.call('HGETALL', order)
local decision, reason = known[2], known[3] or ''
-- The update names the person who ordered, whoever finishes the order.
who = known[4] or who

local changes, shares = {}, sharing()
for i = 1, decision == 'place' and #fields or 0, 2 do
  local id = string.match(fields[i], '^q:(.*)$')
  local score = id and redis.call('ZSCORE', cart, id)
  if score then
    local had = tonumber(score)
    local rest = math.max(had - (tonumber(fields[i + 1]) or 0), 0)
    if rest > 0 then
      redis.call('ZADD', cart, rest, id)
      local left = shares.read(redis.call('HGET', by, id))
      for _, frozen in ipairs(shares.read(redis.call('HGET', order, 's:' .. id))) do
        shares.take_own(left, frozen.name, frozen.pieces)
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
redis.call('UNLINK', order)
redis.call('HDEL', meta, 'frozen')

-- A late repeat of this order id is answered with how the order ended.
redis.call('HSET', ordered, op, integer(now) .. ' ' .. decision .. ' ' .. reason)
if redis.call('HLEN', ordered) > REMEMBERED then
  local oldest, at
  local all = redis.call('HGETALL', ordered)
  for i = 1, #all, 2 do
    local ended = tonumber(string.match(all[i + 1], '^%d+')) or 0
    if not at or ended < at then oldest, at = all[i], ended end
  end
  redis.call('HDEL', ordered, oldest)
end
redis.call('PEXPIRE', ordered, REMEMBERED_FOR)
publish_update(decision == 'place' and 'order' or 'unfreeze', changes)
return 1
