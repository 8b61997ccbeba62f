-- Publishes a message. Channels know no database: a client that works in another one than 0
-- gives its number behind the channel, as in "cart-updates:ann 1", and the message tells it
-- as "db".
--
-- where: the channel, or the channel and the number; message: a JSON object, or a JSON list of
-- product ids.
local function publish(where, message)
  local space = string.find(where, ' ', 1, true)
  if space then
    local db = string.sub(where, space + 1)
    where = string.sub(where, 1, space - 1)
    if string.sub(message, 1, 1) == '[' then
      message = '{"db":' .. db .. ',"products":' .. message .. '}'
    else
      message = '{"db":' .. db .. ',' .. string.sub(message, 2)
    end
  end
  redis.pcall('PUBLISH', where, message)
end

