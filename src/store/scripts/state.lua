-- Moves an order to another state, where that may follow its present one.
--
-- KEYS  1 the order's document (hash)   2 cancelled (stream: ids of cancelled orders)
--       3 open (sorted set)   4 count of all changes
-- ARGV  1 order id   2 new state   3 prefix of the channels of carts   4 what follows the
--          channel, as in publish.lua   5 the only state from which it may move, '' for any
--       6 who moves it   7 channel of the boards, as in publish.lua
--
-- Returns the state before ('' where there is no such order), '1' where the state changed, and who
-- brought it into the state before. Asking for the present state again is fine.
--
-- Comes after rights.lua and order_news.lua.

local KEPT = 10000         -- cancelled orders that followers can still hear of

local NEXT = {
  placed = {accepted = true, ready = true, done = true, cancelled = true},
  accepted = {ready = true, done = true, cancelled = true},
  ready = {done = true, cancelled = true},
}

local known = redis.call('HMGET', KEYS[1], 'state', 'user', 'changed_by')
local before, after = known[1] or '', ARGV[2]
local is_allowed = NEXT[before] and NEXT[before][after] and (ARGV[5] == '' or ARGV[5] == before)
if not is_allowed then
  if before == after then redis.call('HSET', KEYS[1], 'state', before) end
  return {before, '', known[3] or ''}
end
local clock = redis.call('TIME')
local now = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))

-- A key of the wrong type or a missing right must fail here, before anything is written.
redis.call('ZCARD', KEYS[3])
local refused = missing_right({{'XADD', KEYS[2], '*', 'id', ''}, {'HSET', KEYS[1], 'state', ''}, {'ZREM', KEYS[3], ''}})
if refused then return refused end

-- Followers who are working on the order must hear of it. This write comes first, so that a
-- wrong type of that key fails, too, before anything else is written.
if after == 'cancelled' then redis.call('XADD', KEYS[2], 'MAXLEN', '~', KEPT, '*', 'id', ARGV[1]) end
redis.call('HSET', KEYS[1], 'state', after, 'changed', now, after .. '_at', now, after .. '_by', ARGV[6],
  'changed_by', ARGV[6], 'undone', '')
-- Its number is free from here on.
if not NEXT[after] then redis.call('ZREM', KEYS[3], ARGV[1]) end
publish(ARGV[3] .. (known[2] or '') .. ARGV[4], '{"order":"' .. ARGV[1] .. '","state":"' .. after .. '"}')
publish_order(KEYS[4], ARGV[7], ARGV[1], after)
return {before, '1', known[3] or ''}
