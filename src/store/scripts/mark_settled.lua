-- Marks who has settled their part of an order with whoever ordered it, and who has not.
--
-- KEYS  1 the order's record (hash)   2 count of all changes
-- ARGV  1 order id   2 names of those who have settled, one a line   3 names of those who have not
--       4 prefix of the channels of carts   5 what follows the channel, as in publish.lua
--       6 channel of the boards, as in publish.lua
--
-- An order that is not stored stays so. Comes after order_news.lua.

local record = KEYS[1]
local known = redis.call('HMGET', record, 'user', 'settled', 'state')
if not known[1] then return end

local is_listed, names = {}, {}
for name in string.gmatch(ARGV[3], '[^\n]+') do is_listed[name] = true end
for name in string.gmatch((known[2] or '') .. '\n' .. ARGV[2], '[^\n]+') do
  if not is_listed[name] then
    is_listed[name] = true
    names[#names + 1] = name
  end
end
redis.call('HSET', record, 'settled', table.concat(names, '\n'))
publish(ARGV[4] .. known[1] .. ARGV[5], '{"order":"' .. ARGV[1] .. '","settled":true}')
publish_order(KEYS[2], ARGV[6], ARGV[1], known[3] or '')
