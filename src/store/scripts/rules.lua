-- Sets rules of a cart. Who sets them first owns them. Comes after cart_update.lua.
--
-- ARGV  4 op id   5.. field and value of each rule; an empty value removes the rule
--
-- Returns 1.

local owner = redis.call('HGET', meta, 'owner')
if owner and owner ~= who then return redis.error_reply('NOTOWNER ' .. owner) end
if not owner then redis.call('HSET', meta, 'owner', who) end
for i = 5, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', meta, ARGV[i])
  else
    redis.call('HSET', meta, ARGV[i], ARGV[i + 1])
  end
end
publish_update('rules', {})
return 1
