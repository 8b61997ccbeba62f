-- Reads a cart as of one instant. Writes nothing.
--
-- KEYS  1 cart   2 meta   3 lines   4 touched   5 by   6 order   7, 8 ops   9 notes
-- ARGV  1 the most lines to read   2.. op ids
--
-- Returns 16 values: version, server time in ms, ms left (-1: no expiry, -2: no cart), number of
-- lines; owner, locked, closing time, budget, budget of each, who is expected and who is ready, as
-- lines; the order that is being placed, who places it, since when; those of the op ids that are
-- applied, separated by spaces; the note for the whole order.
-- Then six values for each line: product, quantity, how it came, when it was last touched, its
-- shares, its notes. All are '' where unknown. Quantities come as text, since numbers in replies
-- lose their fraction.

local cart, meta, lines = KEYS[1], KEYS[2], KEYS[3]
local clock = redis.call('TIME')
local out = {
  redis.call('HGET', meta, 'version') or '0',
  string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000)),
  string.format('%.0f', redis.call('PTTL', cart)),
  string.format('%.0f', redis.call('ZCARD', cart)),
}
local fields = redis.call('HMGET', meta, 'owner', 'locked', 'closes', 'budget', 'budget_each', 'expected', 'ready')
-- Nobody is ready in an empty cart: it may have expired since.
if out[4] == '0' then fields[7] = '' end
for _, field in ipairs(fields) do out[#out + 1] = field or '' end
for _, field in ipairs(redis.call('HMGET', KEYS[6], 'id', 'by', 'at')) do out[#out + 1] = field or '' end
local applied = {}
for i = 2, #ARGV do
  for place = 7, 8 do
    if redis.call('HEXISTS', KEYS[place], ARGV[i]) == 1 then applied[#applied + 1] = ARGV[i] end
  end
end
out[#out + 1] = table.concat(applied, ' ')
local notes = redis.call('HLEN', KEYS[9]) > 0 and KEYS[9]
out[#out + 1] = notes and out[4] ~= '0' and redis.call('HGET', notes, '') or ''
local members = redis.call('ZRANGE', cart, 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
for i = 1, #members, 2 do
  out[#out + 1] = members[i]
  out[#out + 1] = members[i + 1]
  out[#out + 1] = redis.call('HGET', lines, members[i]) or ''
  out[#out + 1] = redis.call('ZSCORE', KEYS[4], members[i]) or ''
  out[#out + 1] = redis.call('HGET', KEYS[5], members[i]) or ''
  out[#out + 1] = notes and redis.call('HGET', notes, members[i]) or ''
end
return out
