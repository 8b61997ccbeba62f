-- Stores one product in place of what it was.
--
-- KEYS  1 product (hash)
-- ARGV  its fields: name, value, name, value ..

redis.call('DEL', KEYS[1])
if #ARGV > 0 then redis.call('HSET', KEYS[1], unpack(ARGV)) end
