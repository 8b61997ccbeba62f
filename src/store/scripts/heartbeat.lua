-- Reads a cart's version and who watches it, and renews the presence of the one who asks.
--
-- KEYS  1 meta   2 watchers (sorted set: "id name" -> ms until when it counts)
-- ARGV  1 "id name" of this terminal   2 how long its presence counts, in ms ('0': it leaves,
--          '': it only looks on)
--       3 channel   4 the most watchers to return
--
-- Returns the version, then the watchers as JSON: {"watchers":["id name", ..]}. The same JSON
-- is published when a watcher comes or goes. Watching does not change the version.

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
  -- Removes the watchers that ended without saying so.
  if redis.call('ZREMRANGEBYSCORE', watchers, '-inf', now) > 0 then changed = true end
end

local names = redis.call('ZRANGEBYSCORE', watchers, '(' .. string.format('%.0f', now), '+inf', 'LIMIT', 0, ARGV[4])
for i = 1, #names do names[i] = cjson.encode(names[i]) end
local list = '{"watchers":[' .. table.concat(names, ',') .. ']}'
if changed then redis.pcall('PUBLISH', ARGV[3], list) end
return {redis.call('HGET', KEYS[1], 'version') or '0', list}
