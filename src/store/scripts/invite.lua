-- Keeps an invitation for as long as it is good, and forgets those that are over.
--
-- KEYS  1 invitations (sorted set: hash of the code -> until when, in ms)   2 the invitation (hash)
-- ARGV  1 hash of the code   2 for how long, in ms   3 uses   4 cart   5 name   6 role
--
-- Returns until when it is good, in ms.
--
-- Comes after rights.lua.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local ends = string.format('%.0f', now + tonumber(ARGV[2]))

-- A key of the wrong type or a missing right must fail here, before anything is written.
redis.call('HMGET', KEYS[2], 'uses')
local refused = missing_right({{'ZADD', KEYS[1], 0, ''}, {'HSET', KEYS[2], '', ''}, {'PEXPIREAT', KEYS[2], 1}})
if refused then return refused end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('ZADD', KEYS[1], ends, ARGV[1])
redis.call('HSET', KEYS[2], 'uses', ARGV[3], 'cart', ARGV[4], 'name', ARGV[5], 'role', ARGV[6])
redis.call('PEXPIREAT', KEYS[2], ends)
return ends
