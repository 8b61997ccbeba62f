-- Functions for shares: who asked for how many pieces of a line, as "3 ann\n2 bob", oldest
-- first. Pieces of the line beyond its shares were put in by another client: nobody's.
-- Comes after whole.lua and the limit HIGHEST_QUANTITY: a share beyond it is damage, and none.
--
-- Lua creates a script's functions anew at each run, so they are wrapped in this one, which is
-- called only where shares are needed.
local function sharing()
  local function read(raw)
    local shares = {}
    for pieces, name in string.gmatch(raw or '', '(%d+) ([^\n]*)') do
      pieces = whole(pieces, HIGHEST_QUANTITY)
      if pieces then shares[#shares + 1] = {pieces = pieces, name = name} end
    end
    return shares
  end

  local function sum(shares)
    local sum = 0
    for _, share in ipairs(shares) do sum = sum + share.pieces end
    return sum
  end

  -- Removes pieces of the person of this name; returns how many are still to be removed.
  local function take_own(shares, name, pieces)
    for _, share in ipairs(shares) do
      if share.name == name then
        local own = math.min(pieces, share.pieces)
        share.pieces, pieces = share.pieces - own, pieces - own
      end
    end
    return pieces
  end

  -- Removes the pieces of these shares, as far as they are there, and no more than so many in all;
  -- returns who but `me` lost how many, as shares, or nil, and how many are still to be removed.
  local function take_named(shares, named, pieces, me)
    local lost
    for _, share in ipairs(named) do
      local own = math.min(share.pieces, pieces)
      own = own - take_own(shares, share.name, own)
      if own > 0 then
        pieces = pieces - own
        if share.name ~= me then
          lost = (lost and lost .. '\n' or '') .. string.format('%.0f', own) .. ' ' .. share.name
        end
      end
    end
    return lost, pieces
  end

  -- Removes pieces from the latest shares; returns who lost how many, as shares, or nil.
  local function cut(shares, pieces)
    local lost
    for i = #shares, 1, -1 do
      local away = math.max(math.min(pieces, shares[i].pieces), 0)
      if away > 0 then
        shares[i].pieces, pieces = shares[i].pieces - away, pieces - away
        lost = string.format('%.0f', away) .. ' ' .. shares[i].name .. (lost and '\n' .. lost or '')
      end
    end
    return lost
  end

  -- Adds pieces for the person of this name.
  local function add(shares, name, pieces)
    for _, share in ipairs(shares) do
      if share.name == name then
        share.pieces = share.pieces + pieces
        return
      end
    end
    shares[#shares + 1] = {pieces = pieces, name = name}
  end

  local function write(key, id, shares)
    local out = {}
    for _, share in ipairs(shares) do
      if share.pieces > 0 then out[#out + 1] = string.format('%.0f', share.pieces) .. ' ' .. share.name end
    end
    if #out == 0 then return redis.call('HDEL', key, id) end
    redis.call('HSET', key, id, table.concat(out, '\n'))
  end

  return {read = read, sum = sum, take_own = take_own, take_named = take_named, cut = cut, add = add, write = write}
end

