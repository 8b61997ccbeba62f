-- Adds pieces to the stock of one product, or takes some away, but never more than there are.
--
-- KEYS  1 product
-- ARGV  1 pieces to add; negative where they are taken away   2 channel   3 product id
--
-- Returns a word: changed, with the stock now; short, with what is left; too_high, unlimited,
-- unreadable.
--
-- Comes after stock.lua, which Rust puts in front. Whoever may import may run all of this.

local stock = redis.call('HMGET', KEYS[1], 'stock')[1]
if not stock or stock == '' then return {'unlimited'} end
local left = pieces_in(stock)
if not left then return {'unreadable'} end

local now = left + tonumber(ARGV[1])
if now < 0 then return {'short', string.format('%.0f', left)} end
now = string.format('%.0f', now)
if #now > STOCK_DIGITS then return {'too_high'} end

redis.call('HSET', KEYS[1], 'stock', now)
publish(ARGV[2], '[' .. cjson.encode(ARGV[3]) .. ']')
return {'changed', now}
