-- Takes the stock of one product for an order, once per order.
--
-- KEYS  1 product   2 taken (hash: order id -> pieces)   3 released (sorted set: order id -> ms)
-- ARGV  1 order id   2 pieces   3 when the order was begun, in ms   4 channel   5 product id
--       6 the price that was confirmed
--
-- Returns a word. The stock is the order's: taken, unlimited. It is not: released (given back
-- already, or taken for other pieces), old (begun too long ago, or far ahead), missing,
-- unreadable; short, with what is left; repriced, with the price now.
--
-- Comes after rights.lua, stock.lua and the limit TAKE_WITHIN (ms), which Rust puts in front.

local product, taken, released, order = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
if redis.call('ZSCORE', released, order) then return {'released'} end
local had = redis.call('HGET', taken, order)
if had then
  redis.call('HSET', taken, order, had)
  return {had == ARGV[2] and 'taken' or 'released'}
end
-- A time far ahead is as bad as one long ago: it comes from a clock that was wrong.
local clock = redis.call('TIME')
if math.abs(clock[1] * 1000 - tonumber(ARGV[3])) > TAKE_WITHIN then return {'old'} end
if redis.call('TYPE', product).ok ~= 'hash' then return {'missing'} end

-- A price without the zeros that mean nothing: 02.40 is 2.4.
local function plain(price)
  local whole, fraction = string.match(price, '^0*(%d+)%.?(%d*)$')
  return whole and whole .. '.' .. string.match(fraction, '^(.-)0*$')
end
local price = redis.call('HGET', product, 'price') or ''
if plain(price) ~= plain(ARGV[6]) then return {'repriced', price} end

local stock = redis.call('HGET', product, 'stock')
if not stock or stock == '' then return {'unlimited'} end
local left = pieces_in(stock)
if not left then return {'unreadable'} end
local pieces = tonumber(ARGV[2])
if left < pieces then return {'short', string.format('%.0f', left)} end

-- An order must not own pieces that it could not take.
local refused = missing_right({{'HSET', taken, '', ''}, {'HSET', product, 'stock', ''}})
if refused then return refused end

redis.call('HSET', taken, order, ARGV[2])
redis.call('HSET', product, 'stock', string.format('%.0f', left - pieces))
publish(ARGV[4], '[' .. cjson.encode(ARGV[5]) .. ']')
return {'taken'}
