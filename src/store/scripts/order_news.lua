-- Counts a change of an order, and tells the boards of it. A right that is missing, or a count that
-- is damaged, keeps nobody from ordering: then the boards find out by themselves.
--
-- count: the key of the count of all changes; channel: that of the boards, as in publish.lua.
--
-- Comes after publish.lua.
local function publish_order(count, channel, id, state)
  local version = redis.pcall('INCR', count)
  local told = ''
  if type(version) == 'number' then told = ',"version":' .. string.format('%.0f', version) end
  publish(channel, '{"order":"' .. id .. '","state":"' .. state .. '"' .. told .. '}')
end

