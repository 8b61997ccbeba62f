-- Ticks a line of an open order, or takes the tick away.
--
-- KEYS  1 the order's record (hash)   2 count of all changes
-- ARGV  1 order id   2 product of the line   3 '1' to tick it   4 channel of the boards, as in
--         publish.lua
--
-- Returns a word, the state of the order ('' where there is no such order), and who brought it
-- there. The word is: ticked, also where that was done before; else why not: over, line (it has no
-- such line).
--
-- Comes after order_news.lua and IS_OPEN, which Rust puts in front.

local record, product = KEYS[1], ARGV[2]
local known = redis.call('HMGET', record, 'state', 'changed_by', 'ticked', 'lines')
local state, mover, before = known[1] or '', known[2] or '', known[3] or ''
if not IS_OPEN[state] then return {'over', state, mover} end

local was_ticked = {}
for id in string.gmatch(before, '[^\n]+') do was_ticked[id] = true end

local is_list, lines = pcall(cjson.decode, known[4] or '')
local has_line, ticked = false, {}
for _, line in ipairs(is_list and type(lines) == 'table' and lines or {}) do
  local id = type(line) == 'table' and line.product
  local is_ticked = was_ticked[id]
  if id == product then
    has_line = true
    is_ticked = ARGV[3] == '1'
  end
  if is_ticked then ticked[#ticked + 1] = id end
end
if not has_line then return {'line', state, mover} end

local after = table.concat(ticked, '\n')
redis.call('HSET', record, 'ticked', after)
if after ~= before then publish_order(KEYS[2], ARGV[4], ARGV[1], state) end
return {'ticked', state, mover}
