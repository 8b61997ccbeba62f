-- Feels for a cart: its version, and who watches it.
--
-- KEYS  1 meta   2 watchers (sorted set: "id name" -> ms until when it counts)
-- ARGV  1 "id name" of this terminal   2 how long it counts, in ms (0: it leaves, '': only look)
--       3 channel   4 the most names to tell
--
-- Returns the version, then the watchers as JSON, as it publishes them when one comes or
-- goes: {"watchers":["id name", ..]}. Watching changes no version.

local watchers = KEYS[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local changed = false
if ARGV[2] ~= '' then
  local counts = tonumber(ARGV[2])
  if counts == 0 then
    changed = redis.call('ZREM', watchers, ARGV[1]) == 1
  else
    changed = redis.call('ZADD', watchers, now + counts, ARGV[1]) == 1
    redis.call('PEXPIRE', watchers, counts)
  end
  -- Those that ended without a word.
  if redis.call('ZREMRANGEBYSCORE', watchers, '-inf', now) > 0 then changed = true end
end

local names = redis.call('ZRANGEBYSCORE', watchers, '(' .. string.format('%.0f', now), '+inf', 'LIMIT', 0, ARGV[4])
for i = 1, #names do names[i] = cjson.encode(names[i]) end
local list = '{"watchers":[' .. table.concat(names, ',') .. ']}'
if changed then redis.pcall('PUBLISH', ARGV[3], list) end
return {redis.call('HGET', KEYS[1], 'version') or '0', list}
