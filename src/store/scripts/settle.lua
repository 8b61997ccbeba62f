-- Ends a frozen order: takes just what was ordered out of the cart, or leaves all in it
-- where the order was undone. Follows shares.lua and cart_update.lua.
--
-- ARGV  4 order id
--
-- Returns 1 where it did that, 0 where it was done before.

local REMEMBERED = 64       -- orders that are over
local DAY = 86400000

local known = redis.call('HMGET', order, 'id', 'decision', 'reason', 'by')
if known[1] ~= op or (known[2] ~= 'place' and known[2] ~= 'undo') then
  local over = redis.call('HGET', ordered, op)
  if over then redis.call('HSET', ordered, op, over) end
  return 0
end
local fields = redis.call('HGETALL', order)
local decision, reason = known[2], known[3] or ''
-- The update speaks of the one who ordered, whoever finishes it.
who = known[4] or who

local told, shares = {}, sharing()
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
    -- A score that another client damaged meanwhile is told as read again.
    told[#told + 1] = '[' .. cjson.encode(id) .. ',' .. integer(rest) .. ',' .. integer(rest - had) .. ']'
  end
end
redis.call('UNLINK', order)
redis.call('HDEL', meta, 'frozen')

-- A late repeat of this id is answered with how it ended.
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
redis.call('PEXPIRE', ordered, DAY)
tell(decision == 'place' and 'order' or 'unfreeze', told)
return 1
