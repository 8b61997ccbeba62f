-- Makes a product forget an order and, where asked, gives the stock of that order back, once.
-- From here on the order can't take any stock: a slow driver comes too late.
--
-- KEYS  1 product   2 taken (hash: order id -> pieces)   3 released (sorted set: order id -> ms)
-- ARGV  1 order id   2 '1' to give the stock back   3 channel   4 product id
--
-- Returns the pieces given back.
--
-- Comes after rights.lua, stock.lua and the limit RELEASES_KEPT (ms), which Rust puts in front.

local product, taken, released, order = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local pieces = pieces_in(redis.call('HGET', taken, order)) or 0
redis.call('ZCARD', released)
local stock = redis.call('TYPE', product).ok == 'hash' and pieces_in(redis.call('HGET', product, 'stock'))
local clock = redis.call('TIME')
local now = clock[1] * 1000

-- Pieces that can't be given back stay the order's.
local refused = missing_right({{'HDEL', taken, ''}, {'ZADD', released, 0, ''}, {'ZREMRANGEBYSCORE', released, 0, 1},
  {'PEXPIRE', released, 1}, {'HSET', product, 'stock', ''}})
if refused then return refused end

redis.call('HDEL', taken, order)
redis.call('ZADD', released, now, order)
redis.call('ZREMRANGEBYSCORE', released, '-inf', now - RELEASES_KEPT)
redis.call('PEXPIRE', released, RELEASES_KEPT)
-- Stock that has become unlimited or unreadable meanwhile stays as it is.
if pieces == 0 or ARGV[2] ~= '1' or not stock then return 0 end
redis.call('HSET', product, 'stock', string.format('%.0f', stock + pieces))
publish(ARGV[3], '[' .. cjson.encode(ARGV[4]) .. ']')
return pieces
