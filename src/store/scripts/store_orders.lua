-- Stores orders as they are, made-up ones or those of a backup. Those that are stored already stay
-- as they are; the indexes have all of them afterwards.
--
-- KEYS  1 index of all orders (sorted set)   2 orders (stream)   3 numbers (hash)   4 open (sorted set)
--       then of each order: its record (hash), the index of its user (sorted set)
-- ARGV  1 '1' to store them only in a shop that has no orders
--       then of each order: its id, its user, when it was placed, its state, its number ('0' where it
--         has none), the day by which that was counted, and the fields of its record with their
--         values, as a JSON list
--
-- Returns for each order: stored, kept (it is there already), or other (another one has its id);
-- an empty list where the shop has orders and must have none.
--
-- They are not put into the stream: whoever follows that would print them. Nor are they told to
-- anybody. Comes after whole.lua, rights.lua, the limit HIGHEST_NUMBER and IS_OPEN, which Rust puts
-- in front.

local HIGHEST_DAY = 1e8
local IS_PLACED = {placed = true, accepted = true, ready = true, done = true, cancelled = true}

local all, numbers, open = KEYS[1], KEYS[3], KEYS[4]
local counted = redis.call('HMGET', numbers, 'day', 'last')
local known = redis.call('ZCARD', all) + redis.call('XLEN', KEYS[2]) + redis.call('ZCARD', open)
if ARGV[1] == '1' and known > 0 then return {} end

local orders = {}
for key = 5, #KEYS, 2 do
  local first = 2 + #orders * 7
  local order = {record = KEYS[key], index = KEYS[key + 1], id = ARGV[first], user = ARGV[first + 1],
    at = ARGV[first + 2], state = ARGV[first + 3], number = tonumber(ARGV[first + 4]),
    day = tonumber(ARGV[first + 5]), fields = ARGV[first + 6]}
  local stored = redis.call('HMGET', order.record, 'state', 'user', 'at', 'number')
  redis.call('ZCARD', order.index)
  order.outcome = 'stored'
  if stored[1] then
    local is_it = IS_PLACED[stored[1]] and stored[2] == order.user and stored[3] == order.at
    order.outcome = is_it and 'kept' or 'other'
    order.state, order.number = stored[1], whole(stored[4], HIGHEST_NUMBER) or 0
  end
  orders[#orders + 1] = order
end

local refused = missing_right({{'ZADD', all, 0, ''}, {'ZADD', open, 0, ''}, {'ZSCORE', all, ''},
  {'HGET', numbers, ''}, {'HSET', numbers, '', ''}, {'HSET', KEYS[5] or numbers, '', ''}, {'ZADD', KEYS[6] or all, 0, ''}})
if refused then return refused end

local outcomes = {}
local day, last = whole(counted[1], HIGHEST_DAY) or 0, whole(counted[2], HIGHEST_NUMBER) or 0
local is_raised = false
for _, order in ipairs(orders) do
  outcomes[#outcomes + 1] = order.outcome
  local id, at, number = order.id, order.at, order.number
  if order.outcome == 'stored' then redis.call('HSET', order.record, unpack(cjson.decode(order.fields))) end
  if order.outcome ~= 'other' then
    redis.call('ZADD', all, at, id)
    redis.call('ZADD', order.index, at, id)
    if IS_OPEN[order.state] then redis.call('ZADD', open, number, id) end

    -- The newest order of a number has it, and the next one of its day goes on counting.
    local field = string.format('%d', number)
    local newest = number > 0 and redis.call('HGET', numbers, field)
    local newest_at = newest and redis.call('ZSCORE', all, newest)
    if number > 0 and (not newest_at or tonumber(newest_at) < tonumber(at)) then
      redis.call('HSET', numbers, field, id)
    end
    if number > 0 and (order.day > day or order.day == day and number > last) then
      day, last, is_raised = order.day, number, true
    end
  end
end
if is_raised then redis.call('HSET', numbers, 'day', string.format('%d', day), 'last', string.format('%d', last)) end
return outcomes
