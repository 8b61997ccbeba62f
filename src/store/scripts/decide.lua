-- Decides whether a frozen order is placed or undone. The first decision stands.
--
-- KEYS  1 order   2 ordered
-- ARGV  1 order id   2 'place' or 'undo', '' to decide nothing   3 reason, where undone
--
-- Returns the decision that stands and its reason; both '' where there is none.

if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
  local stands = redis.call('HMGET', KEYS[1], 'decision', 'reason')
  if stands[1] == '' then stands = {ARGV[2], ARGV[3]} end
  stands = {stands[1] or '', stands[2] or ''}
  redis.call('HSET', KEYS[1], 'decision', stands[1], 'reason', stands[2])
  return stands
end
local over = redis.call('HGET', KEYS[2], ARGV[1])
if over then redis.call('HSET', KEYS[2], ARGV[1], over) end
local decision, reason = string.match(over or '', '^%d+ (%a+) ?(.*)$')
return {decision or '', reason or ''}
