-- Tells which orders are open, as of one instant.
--
-- KEYS  1 open (sorted set)   2 count of all changes
-- ARGV  1 the most orders to name
--
-- Returns the count of all changes ('' where it is damaged), how many orders are open, the
-- server's clock in ms, and the ids of open orders, each followed by its number.

local version = redis.pcall('GET', KEYS[2])
if version == false then version = '0' end
if type(version) ~= 'string' then version = '' end
local open = redis.call('ZCARD', KEYS[1])
local ids = {}
if ARGV[1] ~= '0' then ids = redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1] - 1, 'WITHSCORES') end
local clock = redis.call('TIME')
return {version, open, clock[1] * 1000 + math.floor(clock[2] / 1000), ids}
