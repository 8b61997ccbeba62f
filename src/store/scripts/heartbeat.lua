-- Reads what a terminal compares with what it shows, and who watches the cart; renews or ends the
-- presence of watchers.
--
-- KEYS  1 meta   2 watchers (sorted set: "id name" -> ms until when it counts)   3 cart
--       4 order
-- ARGV  1 how long the presence counts of the watchers named here, in ms ('0': they leave)
--       2 channel, as in publish.lua   3 the most watchers to return   4 the most lines in the digest
--          ('0': no digest, which is dear where there are many)
--       5.. "id name" of each watcher of whom something is said
--
-- Returns 14 values: version, server time in ms, ms left (-1: no expiry, -2: no cart), number of
-- lines ('' where the key is no cart), their digest ('' where it is not asked for), the watchers
-- as JSON: {"watchers":["id name", ..]}; owner, locked, closing time, budget, budget of each,
-- who is expected and who is ready, as lines, and the order that is being placed, '' where there is
-- none. The same JSON is published when a watcher comes or goes. Watching does not change the
-- version.
--
-- The digest is the SHA-1 of the products and their quantities, each but the last followed by a
-- newline, in the order of ZRANGE.
--
-- Comes after publish.lua.

local watchers = KEYS[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local changed = false
local counts = tonumber(ARGV[1])
for i = 5, #ARGV do
  if counts == 0 then
    if redis.call('ZREM', watchers, ARGV[i]) == 1 then changed = true end
  elseif redis.call('ZADD', watchers, now + counts, ARGV[i]) == 1 then
    changed = true
  end
end
if #ARGV > 4 then
  if counts > 0 then redis.call('PEXPIRE', watchers, counts) end
  -- Removes the watchers that ended without saying so.
  if redis.call('ZREMRANGEBYSCORE', watchers, '-inf', now) > 0 then changed = true end
end

local names = redis.call('ZRANGEBYSCORE', watchers, '(' .. string.format('%.0f', now), '+inf', 'LIMIT', 0, ARGV[3])
for i = 1, #names do names[i] = cjson.encode(names[i]) end
local list = '{"watchers":[' .. table.concat(names, ',') .. ']}'
if changed then publish(ARGV[2], list) end

local count, digest = redis.pcall('ZCARD', KEYS[3]), ''
if type(count) ~= 'number' then
  count = ''
elseif ARGV[4] ~= '0' then
  local lines = redis.call('ZRANGE', KEYS[3], 0, tonumber(ARGV[4]) - 1, 'WITHSCORES')
  digest = redis.sha1hex(table.concat(lines, '\n'))
end
local meta = redis.call('HMGET', KEYS[1], 'version', 'owner', 'locked', 'closes', 'budget', 'budget_each',
  'expected', 'ready')
local left = tostring(redis.call('PTTL', KEYS[3]))
local out = {meta[1] or '0', string.format('%.0f', now), left, tostring(count), digest, list}
-- Nobody is ready in an empty cart: it may have expired since.
if count == 0 then meta[8] = '' end
for i = 2, 8 do out[#out + 1] = meta[i] or '' end
out[#out + 1] = redis.call('HGET', KEYS[4], 'id') or ''
return out
