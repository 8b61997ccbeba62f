-- Decides whether an order is placed or undone. The first decision stands. An order that is
-- placed is put into the stream of orders in the same step.
--
-- KEYS  1 the order's record (hash)   2 orders (stream)   3, 4 indexes: all, of its user
--         (sorted sets: order id -> ms)
-- ARGV  1 'place' or 'undo', '' to decide nothing   2 reason, where undone   3 channel of the cart
--
-- Returns the fields of the record; all of them are nil where there is none.
--
-- Comes after RECORD_FIELDS, which Rust puts in front.

local record = KEYS[1]
local known = redis.call('HMGET', record, 'state', 'id', 'user', 'lines', 'total', 'currency', 'who', 'note')
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
local clock = redis.call('TIME')
local now = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
local id = known[2]
local entry = {'id', id, 'user', known[3], 'lines', known[4], 'total', known[5], 'currency', known[6],
  'who', known[7], 'at', now}
if known[8] then
  entry[#entry + 1] = 'note'
  entry[#entry + 1] = known[8]
end
redis.call('XADD', KEYS[2], '*', unpack(entry))
redis.call('HSET', record, 'state', 'placed', 'at', now, 'changed', now)
redis.call('ZADD', KEYS[3], now, id)
redis.call('ZADD', KEYS[4], now, id)
publish(ARGV[3], '{"order":"' .. id .. '","state":"placed"}')
return redis.call('HMGET', record, unpack(RECORD_FIELDS))
