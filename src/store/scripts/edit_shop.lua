-- Sets and removes settings of the shop, only where all of them are still as they were read.
--
-- KEYS  1 the shop (hash)
-- ARGV  for each setting its name, its value as it was read, empty where it had none, and its
--       value from now on, empty to remove it
--
-- Returns a word: set; changed, where one of them is otherwise now.
--
-- Comes after rights.lua.

for i = 1, #ARGV, 3 do
  local now = redis.call('HMGET', KEYS[1], ARGV[i])[1] or ''
  if now ~= ARGV[i + 1] then return 'changed' end
end
local refused = missing_right({{'HSET', KEYS[1], '', ''}, {'HDEL', KEYS[1], ''}})
if refused then return refused end

-- Setting comes first: Redis deletes a hash that has no fields left.
for i = 1, #ARGV, 3 do
  if ARGV[i + 2] ~= '' then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2]) end
end
for i = 1, #ARGV, 3 do
  if ARGV[i + 2] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 'set'
