-- Takes an invitation once: binds a key to what it grants. A key that it has bound already takes
-- nothing: the answer may have been lost.
--
-- KEYS  1 invitations (sorted set)   2 the invitation (hash)
--       3 bound keys (hash: fingerprint -> JSON)
-- ARGV  1 hash of the code   2 fingerprint of the key   3 id of the invitation
--
-- Returns the record of the key; false where there is no such invitation, or one that makes no
-- sense.
--
-- Comes after whole.lua, rights.lua and the limits MOST_USES and LONGEST_RECORD (bytes), which Rust puts in
-- front.

if redis.call('HSTRLEN', KEYS[3], ARGV[2]) <= LONGEST_RECORD then
  local record = redis.call('HGET', KEYS[3], ARGV[2])
  local is_read, bound = pcall(cjson.decode, record or '')
  if is_read and type(bound) == 'table' and bound.invitation == ARGV[3] then return record end
end

local invitation = redis.call('HMGET', KEYS[2], 'uses', 'cart', 'name', 'role')
local uses = whole(invitation[1], MOST_USES)
local cart, name, role = invitation[2], invitation[3], invitation[4]
if not (uses and cart and name and role) or uses < 1 then return false end

local clock = redis.call('TIME')
local record = cjson.encode({
  cart = cart, name = name, role = role, invitation = ARGV[3],
  since = clock[1] * 1000 + math.floor(clock[2] / 1000),
})
if #record > LONGEST_RECORD then return false end

local refused = missing_right({{'HINCRBY', KEYS[2], 'uses', -1}, {'ZREM', KEYS[1], ''}, {'UNLINK', KEYS[2]},
  {'HSET', KEYS[3], '', ''}})
if refused then return refused end

-- What could still fail comes first, so that nothing is half done.
if uses > 1 then
  redis.call('HINCRBY', KEYS[2], 'uses', -1)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('UNLINK', KEYS[2])
end
redis.call('HSET', KEYS[3], ARGV[2], record)
return record
