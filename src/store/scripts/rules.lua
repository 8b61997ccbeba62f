-- Sets rules of a cart. Who sets them first owns them. Comes after cart_update.lua.
--
-- ARGV  4 op id   5 item timeout in ms (0: none)
--       6.. field and value of each rule; an empty value removes the rule
--
-- Returns 1.

local owner = redis.call('HGET', meta, 'owner')
if owner == '' then owner = nil end
if owner and owner ~= who then return redis.error_reply('NOTOWNER ' .. owner) end
if not owner then redis.call('HSET', meta, 'owner', who) end
-- How long the cart and its lines stay is a rule of its owner, too.
redis.call('HSET', meta, 'life', ARGV[2] .. ' ' .. ARGV[5] .. ' ' .. who)
local told = {}
for i = 6, #ARGV, 2 do
  told[#told + 1] = cjson.encode({ARGV[i], ARGV[i + 1]})
  if ARGV[i + 1] == '' then
    redis.call('HDEL', meta, ARGV[i])
  else
    redis.call('HSET', meta, ARGV[i], ARGV[i + 1])
  end
end
publish_update('rules', {}, told)
return 1
