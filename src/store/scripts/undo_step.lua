-- Takes the last step of an order back, for whoever made it, while that is not long ago. The order
-- is then as it was before, by whom and since when it was so.
--
-- KEYS  1 the order's record (hash)   2 open (sorted set)   3 count of all changes
-- ARGV  1 order id   2 the only state from which it may go back   3 who takes the step back
--       4 channel of the order's cart but for its user   5 what follows that channel, as in
--         publish.lua   6 channel of the boards, as in publish.lua
--
-- Returns a word, the state of the order ('' where there is no such order), and who brought it
-- there. The word is: undone, also where that was done before; else why not: moved (it is in
-- another state), first (it has made no step), cancelled, other (somebody else made the step), late.
--
-- Comes after whole.lua, rights.lua, order_news.lua and the limit UNDO_WITHIN (ms), which Rust puts in front.

local BEFORE = {accepted = {}, ready = {'accepted'}, done = {'ready', 'accepted'}}
local HIGHEST = 1e15

local record, open, from, who = KEYS[1], KEYS[2], ARGV[2], ARGV[3]
local known = redis.call('HMGET', record, 'state', 'user', 'changed', 'changed_by', 'undone', 'number', 'returned', 'at')
local state, mover = known[1] or '', known[4] or ''
if state ~= from then
  if known[5] == from .. ' ' .. who then
    redis.call('HSET', record, 'undone', known[5])
    return {'undone', state, mover}
  end
  return {'moved', state, mover}
end
if state == 'cancelled' then return {'cancelled', state, mover} end
if not BEFORE[state] then return {'first', state, mover} end
if mover ~= who then return {'other', state, mover} end

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local changed = whole(known[3], HIGHEST)
-- The products of an order that is returned have forgotten it.
if known[7] or not changed or now - changed > UNDO_WITHIN then return {'late', state, mover} end

local before, since, by = 'placed', known[8] or '0', ''
for _, earlier in ipairs(BEFORE[state]) do
  local reached = redis.call('HMGET', record, earlier .. '_at', earlier .. '_by')
  if reached[1] then
    before, since, by = earlier, reached[1], reached[2] or ''
    break
  end
end

local refused = missing_right({{'ZADD', open, 0, ''}, {'HDEL', record, ''}, {'HSET', record, 'state', ''}})
if refused then return refused end

-- This write comes first, so that a wrong type fails before anything else is written.
redis.call('ZADD', open, whole(known[6], HIGHEST) or 0, ARGV[1])
redis.call('HDEL', record, state .. '_at', state .. '_by')
redis.call('HSET', record, 'state', before, 'changed', since, 'changed_by', by, 'undone', from .. ' ' .. who)
publish(ARGV[4] .. (known[2] or '') .. ARGV[5], '{"order":"' .. ARGV[1] .. '","state":"' .. before .. '"}')
publish_order(KEYS[3], ARGV[6], ARGV[1], before)
return {'undone', before, by}
