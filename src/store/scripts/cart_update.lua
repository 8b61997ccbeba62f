-- The common beginning of the scripts that change a cart as a whole: rules, freeze, settle.
--
-- KEYS  1 cart (sorted set: product -> quantity)
--       2 meta (hash: version, start, life, lost, rules)
--       3 lines   4, 5 ops   6 log   7 touched   8 by (hash: product -> shares)
--       9 order (hash: the order that is being placed)   10 notes (hash)
-- ARGV  1 channel, as in publish.lua   2 session timeout in ms (0: never), for a cart without a
--       life of its own   3 who   4 op id or order id
--
-- Comes after whole.lua, history.lua, rights.lua and the limits OPS_PER_GENERATION, COMPANIONS_OUTLIVE (ms) and
-- LOG_LENGTH, which Rust puts in front.

local cart, meta, lines, log, touched = KEYS[1], KEYS[2], KEYS[3], KEYS[6], KEYS[7]
local by, order, notes = KEYS[8], KEYS[9], KEYS[10]
local timeout, who, op = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- A key of the wrong type or a missing right must fail here, before anything is written.
redis.call('ZCARD', cart)
redis.call('ZCARD', touched)
redis.call('XLEN', log)
for _, key in ipairs({meta, lines, KEYS[4], KEYS[5], by, order, notes}) do redis.call('HLEN', key) end
local refused = missing_right({
  {'HMGET', meta, 'x'}, {'HEXISTS', meta, 'x'}, {'HSET', meta, 'x', 'x'}, {'HDEL', meta, 'x'},
  {'UNLINK', meta}, {'PERSIST', meta}, {'PEXPIREAT', meta, '0'},
})
if refused then return refused end

local function integer(n) return string.format('%.0f', n) end

-- Raises the version, sets the expiry, and publishes the update. A cart that is being ordered
-- does not expire, or stock would be taken for an order that nobody remembers.
--
-- kind: of the update; changes: the lines that changed, as JSON; rules: those that were set, as
-- JSON, or nil.
local function publish_update(kind, changes, rules)
  local known = redis.call('HMGET', meta, 'version', 'life')
  local was = whole(known[1], HIGHEST_VERSION) or 0
  local timeout = history().read_life(known[2]) or timeout
  local version = was
  if was == 0 then
    -- A new history starts from the clock. Op ids or lines from before it say that one was lost.
    version = clock[1] * 1000000 + clock[2]
    redis.call('HSET', meta, 'start', integer(version + 1))
    local left = redis.call('HLEN', KEYS[4]) + redis.call('HLEN', KEYS[5])
    if left > 0 or redis.call('ZCARD', cart) > 0 then redis.call('HSET', meta, 'lost', integer(now)) end
  end
  version = version + 1
  redis.call('HSET', meta, 'version', integer(version))
  local generation = math.floor(version / OPS_PER_GENERATION)
  if math.floor(was / OPS_PER_GENERATION) ~= generation then
    local ops = KEYS[4 + generation % 2]
    redis.call('UNLINK', ops)
    redis.call('HSET', ops, '', integer(version))
  end

  local count = redis.call('ZCARD', cart)
  local stays = timeout == 0 or redis.call('HEXISTS', order, 'id') == 1
  local deadline = 0
  if count > 0 and not stays then deadline = now + timeout end
  local update = '{"v":"' .. integer(version) .. '","op":"' .. op .. '","by":' .. cjson.encode(who)
    .. ',"kind":"' .. kind .. '","at":' .. integer(now) .. ',"until":' .. integer(deadline)
    .. ',"count":' .. count .. ',"lines":[' .. table.concat(changes, ',') .. ']'
  if rules then update = update .. ',"rules":[' .. table.concat(rules, ',') .. ']' end
  update = update .. '}'
  -- Without 'kept' the next change sets the companions' expiry again.
  redis.call('HDEL', meta, 'kept')
  redis.pcall('XADD', log, 'MAXLEN', '~', LOG_LENGTH, '*', 'u', update)
  if stays then
    for i = 1, 10 do redis.call('PERSIST', KEYS[i]) end
  else
    for _, key in ipairs({cart, lines, touched, by, notes}) do redis.call('PEXPIREAT', key, now + timeout) end
    for _, key in ipairs({meta, KEYS[4], KEYS[5], log}) do redis.call('PEXPIREAT', key, now + timeout + COMPANIONS_OUTLIVE) end
  end
  publish(ARGV[1], update)
end

