-- Decides whether an order is placed or undone. The first decision stands. An order that is
-- placed is put into the stream of orders in the same step, and gets its number: they count from
-- 1 each day, by the clocks of the shop, and pass over those of orders that are still open.
--
-- KEYS  1 the order's record (hash)   2 orders (stream)   3, 4 indexes: all, of its user
--         (sorted sets: order id -> ms)
--       5 numbers (hash: day, last, and number -> order id)   6 open (sorted set: order id -> number)
--       7 count of all changes
-- ARGV  1 'place' or 'undo', '' to decide nothing   2 reason, where undone   3 channel of the cart
--       4 channel of the boards; both as in publish.lua
--
-- Returns the fields of the record; all of them are nil where there is none.
--
-- Comes after whole.lua, rights.lua, order_news.lua, RECORD_FIELDS, HIGHEST_NUMBER and MOST_MINUTES_AHEAD, which Rust
-- puts in front.

local DAY = 86400000  -- ms
local MOST_APART = 2  -- days that clocks can show at the same moment, less one
local AT_ONCE = 100   -- open orders that are read at once
local MOST_READ = 100 -- times: whoever may order can list any number of them

local record = KEYS[1]
local known = redis.call('HMGET', record, 'state', 'id', 'user', 'lines', 'total', 'currency', 'who', 'note',
  'utc_offset', 'money')
local state = known[1]
if state ~= 'pending' or ARGV[1] == '' then
  if state then redis.call('HSET', record, 'state', state) end
  return redis.call('HMGET', record, unpack(RECORD_FIELDS))
end
if ARGV[1] == 'undo' then
  redis.call('HSET', record, 'state', 'undone', 'reason', ARGV[2])
  return redis.call('HMGET', record, unpack(RECORD_FIELDS))
end

for i = 2, 7 do
  if not known[i] then return redis.error_reply('ERR the order is damaged') end
end
redis.call('XLEN', KEYS[2])
redis.call('ZCARD', KEYS[3])
redis.call('ZCARD', KEYS[4])
local numbers, open = KEYS[5], KEYS[6]
redis.call('ZCARD', open)
local refused = missing_right({{'HSET', numbers, '', ''}, {'ZADD', open, 0, ''}, {'XADD', KEYS[2], '*', 'id', ''},
  {'HSET', record, '', ''}, {'ZADD', KEYS[3], 0, ''}, {'ZADD', KEYS[4], 0, ''}})
if refused then return refused end

local counted = redis.call('HMGET', numbers, 'day', 'last')
local clock = redis.call('TIME')
local ms = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now = string.format('%.0f', ms)
local id = known[2]

-- Where people's clocks show different days, the latest counts: it does not go back.
local ahead = tonumber(known[9] or 0) or 0
if not (math.abs(ahead) <= MOST_MINUTES_AHEAD) then ahead = 0 end
local today = math.floor((ms + ahead * 60000) / DAY)
local day, last = whole(counted[1], today + MOST_APART), whole(counted[2], HIGHEST_NUMBER - 1)
if not day or not last or today > day then day, last = today, 0 end

-- All open orders with the next numbers, to the first number that is free.
local number = last + 1
for _ = 1, MOST_READ do
  local goes_on = false
  local taken = redis.call('ZRANGEBYSCORE', open, number, '+inf', 'WITHSCORES', 'LIMIT', 0, AT_ONCE)
  for i = 2, #taken, 2 do
    local score = tonumber(taken[i])
    if not score or score > number then break end
    if score == number then number = number + 1 end
    goes_on = i == 2 * AT_ONCE
  end
  if not goes_on then break end
end
number = string.format('%d', number)

redis.call('HSET', numbers, 'day', string.format('%d', day), 'last', number, number, id)
redis.call('ZADD', open, number, id)
local entry = {'id', id, 'user', known[3], 'lines', known[4], 'total', known[5], 'currency', known[6],
  'who', known[7], 'at', now, 'number', number}
if known[8] then
  entry[#entry + 1] = 'note'
  entry[#entry + 1] = known[8]
end
if known[10] then
  entry[#entry + 1] = 'money'
  entry[#entry + 1] = known[10]
end
redis.call('XADD', KEYS[2], '*', unpack(entry))
redis.call('HSET', record, 'state', 'placed', 'at', now, 'changed', now, 'number', number)
redis.call('ZADD', KEYS[3], now, id)
redis.call('ZADD', KEYS[4], now, id)
publish(ARGV[3], '{"order":"' .. id .. '","state":"placed"}')
publish_order(KEYS[7], ARGV[4], id, 'placed')
return redis.call('HMGET', record, unpack(RECORD_FIELDS))
