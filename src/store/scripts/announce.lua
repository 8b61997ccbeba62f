-- Announces an order: writes its whole record, before anything is done for it. What the order
-- takes and charges is read from here alone, where only those can write who may order.
--
-- KEYS  1 the order's record (hash)   2 due (sorted set: order id -> ms from when on others look
--         after it)   3 orders (stream)   4, 5 indexes: all, of its user (sorted sets)
--       6 numbers (hash)   7 open (sorted set)
-- ARGV  1 order id   2 user   3 who   4 version of the cart that was confirmed   5 currency
--       6 lines (JSON)   7 total (decimal string)
--       8, 9, 10 keys of a product: itself, taken, released; to try the rights on them
--       11 what is noted for the whole order, or ''
--       12 minutes by which the clocks of the shop are ahead of UTC
--       13 an example of how the shop writes amounts, or ''
--
-- Returns the fields of the record, as it was where there was one before; that may be the record
-- of another user. FOREIGNKEY with the key's name, where a key belongs to another program; NOPERM
-- where the caller may not do what comes later.
--
-- Comes after rights.lua, LOOK_AFTER (ms) and RECORD_FIELDS, which Rust puts in front.

local record, due = KEYS[1], KEYS[2]
local checks = {{'HGET', record, 'user'}, {'ZCARD', due}, {'XLEN', KEYS[3]}, {'ZCARD', KEYS[4]}, {'ZCARD', KEYS[5]},
  {'HGET', KEYS[6], 'day'}, {'ZCARD', KEYS[7]}}
for _, check in ipairs(checks) do
  local answer = redis.pcall(unpack(check))
  if type(answer) == 'table' and answer.err then
    if string.find(answer.err, 'WRONGTYPE', 1, true) then return redis.error_reply('FOREIGNKEY ' .. check[2]) end
    return answer
  end
end

if redis.call('EXISTS', record) == 1 then
  -- Here and in the other steps, a call that finds its work done writes a little of it again:
  -- WAIT counts the replicas that have what its own connection has written.
  local user = redis.call('HGET', record, 'user')
  if user then redis.call('HSET', record, 'user', user) end
else
  -- A right that a later step lacks is missed here, before anything is done.
  local product, taken, released = ARGV[8], ARGV[9], ARGV[10]
  local later = {{'XADD', KEYS[3], '*', 'id', ''}, {'ZADD', KEYS[4], 1, ''}, {'ZADD', KEYS[5], 1, ''},
    {'HMGET', record, ''}, {'HSET', record, '', ''}, {'ZADD', due, 1, ''}, {'ZREM', due, ''}, {'PEXPIRE', record, 1},
    {'HMGET', KEYS[6], 'day'}, {'HSET', KEYS[6], '', ''}, {'ZRANGEBYSCORE', KEYS[7], 0, 1}, {'ZADD', KEYS[7], 1, ''},
    {'HGET', product, 'price'}, {'HSET', product, 'stock', 1}, {'HGET', taken, ''}, {'HSET', taken, '', 1},
    {'HDEL', taken, ''}, {'ZSCORE', released, ''}, {'ZCARD', released}, {'ZADD', released, 1, ''},
    {'ZREMRANGEBYSCORE', released, 0, 1}, {'PEXPIRE', released, 1},
    {'EVALSHA', '', 3, product, taken, released}}
  local refused = missing_right(later)
  if refused then return refused end
  local clock = redis.call('TIME')
  local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  redis.call('HSET', record, 'id', ARGV[1], 'user', ARGV[2], 'who', ARGV[3], 'version', ARGV[4],
    'currency', ARGV[5], 'lines', ARGV[6], 'total', ARGV[7], 'utc_offset', ARGV[12],
    'begun', string.format('%.0f', now), 'state', 'pending')
  if ARGV[11] ~= '' then redis.call('HSET', record, 'note', ARGV[11]) end
  if ARGV[13] ~= '' then redis.call('HSET', record, 'money', ARGV[13]) end
  redis.call('ZADD', due, now + LOOK_AFTER, ARGV[1])
end
return redis.call('HMGET', record, unpack(RECORD_FIELDS))
