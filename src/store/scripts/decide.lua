-- Decides once and for all whether a frozen order is placed or undone.
--
-- KEYS  1 order   2 ordered
-- ARGV  1 order id   2 'place' or 'undo'   3 why it is undone
--
-- Returns what stands, and why: what was decided first.

if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
  if redis.call('HGET', KEYS[1], 'decision') == '' then
    redis.call('HSET', KEYS[1], 'decision', ARGV[2], 'reason', ARGV[3])
  end
  return redis.call('HMGET', KEYS[1], 'decision', 'reason')
end
local decision, reason = string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '', '^%d+ (%a+) ?(.*)$')
return {decision or '', reason or ''}
