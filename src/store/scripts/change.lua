-- One change to a cart: all its edits or none, applied once per op id.
--
-- KEYS  1 cart (sorted set: product -> quantity)
--       2 meta (hash: version, start, kept, frozen, rules)  3 lines (hash: product -> how it came)
--       4, 5 ops (hashes: op id -> first answer; two generations, so they stay bounded)
--       6 log (stream of the updates)          7 touched (sorted set: product -> ms of last touch)
--       8 by (hash: product -> shares)         9 order (hash: the order that is being placed)
--       All share one cluster slot.
-- ARGV  1 op id   2 who   3 kind   4 session timeout in ms (0: never)   5 limit of a line
--       6 limit of lines   7 channel   8 "1" where this was sent before, else "0"
--       9 version known when it was first sent   10 its age in ms
--       11 item timeout in ms (0: none)
--       12 what is known of the edits' products, one letter each: '1' it is there, '0' it is
--          not, '?' look (only where one server has all keys: it is not among KEYS, as
--          a server would want the right to write to it)
--       13 version on which the budget was checked, '' where it was not
--       14.. the edits, four each: verb, product, quantity, price; to restore what was taken
--          from others, whose it was follows the price, as in shares.lua
--
-- Nothing is added that is no product. On a single server that holds at the moment of the
-- change; on a cluster, where products live on other nodes, the client has asked just before.
--
-- Follows shares.lua. Undo and redo do what they can: an edit that is refused is left out, unless all are.
-- Returns the update as JSON, the same text that it publishes. Refusals are errors with a
-- code; nothing is written before the last check, since scripts have no roll-back.

local OPS = 8192           -- op ids in one generation
local KEPT = 3600000       -- companions outlive the cart by this, for late repeats (ms)
local LOG = '200'          -- updates kept in the log
local HIGHEST = 999999     -- a higher score is damage

local cart, meta, lines, log, touched = KEYS[1], KEYS[2], KEYS[3], KEYS[6], KEYS[7]
local by, being_ordered = KEYS[8], KEYS[9]
local op, who, kind = ARGV[1], ARGV[2], ARGV[3]
local timeout, limit, most_lines = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local item_timeout = tonumber(ARGV[11])

local known = redis.call('HMGET', meta, 'version', 'start', 'kept', 'locked', 'closes', 'budget', 'budget_each', 'owner', 'frozen')
local version, start = tonumber(known[1] or 0), tonumber(known[2] or 0)

-- A repeat gets the first answer. It is written once more, as WAIT on a new connection
-- waits only for what that connection has written. A history that began in this generation
-- has left nothing in the other.
local generation = math.floor(version / OPS)
for _, key in ipairs({KEYS[4 + generation % 2], (start == 0 or math.floor(start / OPS) ~= generation) and KEYS[5 - generation % 2] or nil}) do
  local first = redis.call('HGET', key, op)
  if first then
    redis.call('HSET', key, op, first)
    return first
  end
end

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local at = string.format('%.0f', now)

-- Sent before, and not remembered: safe to apply only where it would be remembered.
if ARGV[8] == '1' then
  local since = math.max(tonumber(ARGV[9]), start - 1)
  if version - since > OPS or tonumber(ARGV[10]) > KEPT then
    return redis.error_reply('FORGOTTEN ' .. op)
  end
end

-- A lock, and the time when the cart closes by this clock, hold for what is in flight, too.
if kind ~= 'touch' then
  if known[4] then return redis.error_reply('LOCKED ' .. (known[8] or '')) end
  if known[5] and now >= (tonumber(known[5]) or math.huge) then
    return redis.error_reply('CLOSED ' .. (known[8] or ''))
  end
end
local frozen = known[9]

-- Check all edits on a copy of the lines that they touch.
local before, after, prices, order, shares_of, theirs = {}, {}, {}, {}, {}, {}
local count = redis.call('ZCARD', cart)
-- Where there is no line, what is left of lines (the cart has expired) is nobody's.
local stale = count == 0
-- Whether lines come or go, or a companion may come anew.
local moves = stale

-- The pieces that are being ordered stay.
local function frozen_pieces(id)
  return frozen and tonumber(redis.call('HGET', being_ordered, 'q:' .. id)) or 0
end

local function look(id)
  if before[id] == nil then
    local score = redis.call('ZSCORE', cart, id)
    local whole = score and string.find(score, '^[1-9]%d*$') and tonumber(score)
    if score and not (whole and whole <= HIGHEST) then whole = 'damaged' end
    before[id], after[id] = whole, whole
    order[#order + 1] = id
  end
  return after[id]
end

local function put(id, quantity, price)
  if quantity < frozen_pieces(id) and quantity < (tonumber(after[id]) or math.huge) then return 'BEINGORDERED' end
  if not after[id] then
    count = count + 1
    if count > most_lines then return 'CARTFULL ' .. most_lines end
  end
  if quantity == 0 then
    count = count - 1
    quantity = false
  end
  -- A line that is new has no shares yet.
  if shares_of[id] == nil then shares_of[id] = before[id] and redis.call('HGET', by, id) or false end
  moves = moves or not quantity or not before[id] or not shares_of[id]
  after[id] = quantity
  prices[id] = price
end

-- Whether the product of an edit is there.
local function exists(place, id)
  local known = string.sub(ARGV[12], place, place)
  if known ~= '?' then return known == '1' end
  return redis.call('TYPE', 'product:' .. id).ok == 'hash'
end

local function each_line(act)
  for _, member in ipairs(redis.call('ZRANGE', cart, 0, -1)) do act(member) end
end

local function last_touch(id)
  local how = redis.call('ZSCORE', touched, id) or string.match(redis.call('HGET', lines, id) or '', '^%d+ (%d+)')
  return how and tonumber(how)
end

-- Does one edit on the copy; returns the refusal.
local function edit(place, verb, id, n, price)
  if verb == 'clear' then
    if count == 0 then return 'ALREADYEMPTY' end
    if frozen then return 'BEINGORDERED' end
    each_line(function(member)
      if look(member) then put(member, 0) end
    end)
    return
  end
  if verb == 'expire' then
    local before_all = count
    each_line(function(member)
      local at = last_touch(member)
      if at and now - at >= item_timeout and frozen_pieces(member) == 0 and look(member) then put(member, 0) end
    end)
    return count == before_all and 'NOTHINGEXPIRED' or nil
  end
  local has = look(id)
  if verb == 'restore' then
    verb, price, theirs[id] = 'add', string.match(price, '^([^\n]*)\n?(.*)$')
  end
  if verb == 'add' then
    if not exists(place, id) then return 'UNKNOWNPRODUCT' end
    if has == 'damaged' then return 'DAMAGEDLINE' end
    if (has or 0) + n > limit then return 'TOOMANY ' .. (has or 0) end
    return put(id, (has or 0) + n, price)
  end
  if verb == 'set' then
    if not exists(place, id) and not has then return 'UNKNOWNPRODUCT' end
    if n > limit then return 'TOOMANY 0' end
    return put(id, n, price)
  end
  if not has then return 'NOTINCART' end
  if verb == 'remove' then return put(id, 0) end
  if has == 'damaged' then return 'DAMAGEDLINE' end
  return put(id, math.max(has - n, 0))
end

local lenient = kind == 'undo' or kind == 'redo'
local done, refused = 0, nil
for i = 14, #ARGV, 4 do
  local refusal = edit((i - 14) / 4 + 1, ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3])
  if refusal then
    -- With the place of the edit, so that the client names the product.
    if not string.find(refusal, ' ') then refusal = refusal .. ' -' end
    refused = refused or (refusal .. ' ' .. (i - 14) / 4)
    if not lenient then return redis.error_reply(refused) end
  else
    done = done + 1
  end
end
if refused and done == 0 then return redis.error_reply(refused) end

-- Sums of money are the client's work, on a version that must be this one.
if (known[6] or known[7]) and ARGV[13] ~= (known[1] or '0') then
  for _, id in ipairs(order) do
    if (after[id] or 0) ~= 'damaged' and (after[id] or 0) > (tonumber(before[id]) or 0) then
      return redis.error_reply('CHECKBUDGET ' .. op)
    end
  end
end

-- A wrong type must fail here, before anything is written.
local renew = stale
if moves then
  local has_lines, has_shares = redis.call('HLEN', lines) > 0, redis.call('HLEN', by) > 0
  renew = renew or not has_lines or not has_shares
end
if item_timeout > 0 and redis.call('ZCARD', touched) == 0 then renew = true end

-- From here on everything is written.
local was = version
if version == 0 then
  -- A new history starts from the clock, so that a version never comes again.
  version = clock[1] * 1000000 + clock[2]
  start = version + 1
end
version = version + 1
local stamp = string.format('%.0f', version)
-- The first write is one that a server without memory refuses.
redis.call('HSET', meta, 'version', stamp)
if stale and #order > 0 then redis.call('UNLINK', lines, by, touched) end

-- Taking some back, one's own go first, then nobody's, then those of the latest: what others
-- lose is returned. What is restored to others must be a part of what comes, or is one's own.
local function reshare(id, had, has, written)
  local raw = shares_of[id]
  -- Most lines are one person's alone: there is nothing to work out.
  if has > 0 and not theirs[id] and (raw and raw == had .. ' ' .. who or not raw and had == 0) then
    redis.call('HSET', by, id, written .. ' ' .. who)
    return
  end
  local shares, lost = read_shares(raw or ''), nil
  cut_shares(shares, sum_shares(shares) - had)
  if has > had then
    local more = has - had
    local given = theirs[id] and read_shares(theirs[id])
    if given and sum_shares(given) <= more then
      for _, share in ipairs(given) do
        add_share(shares, share.name, share.pieces)
        more = more - share.pieces
      end
    end
    add_share(shares, who, more)
  else
    take_own(shares, who, had - has)
    lost = cut_shares(shares, sum_shares(shares) - has)
  end
  write_shares(by, id, shares)
  return lost
end

local told = {}
for i, id in ipairs(order) do
  local old, new = before[id], after[id]
  local had = tonumber(old) or 0
  local written = tostring(new or 0)
  local lost = old ~= new and reshare(id, had, new or 0, written)
  if not new then
    if old then
      redis.call('ZREM', cart, id)
      redis.call('HDEL', lines, id)
      redis.pcall('ZREM', touched, id)
    end
  else
    redis.call('ZADD', cart, written, id)
    if item_timeout > 0 then redis.call('ZADD', touched, at, id) end
    if not old then
      redis.call('HSET', lines, id, table.concat({stamp, at, prices[id], who}, ' '))
    end
  end
  told[i] = '[' .. cjson.encode(id) .. ',' .. written .. ',' .. ((new or 0) - had)
    .. ((new and not old and prices[id] ~= '') and (',"' .. prices[id] .. '"]')
      or lost and (',"",' .. cjson.encode(lost) .. ']') or ']')
end

local deadline = 0
if timeout > 0 and count > 0 and not frozen then deadline = now + timeout end
local ends = string.format('%.0f', deadline)

local update = '{"v":"' .. stamp .. '","op":"' .. op .. '","by":' .. cjson.encode(who)
  .. ',"kind":"' .. kind .. '","at":' .. at .. ',"until":' .. ends .. ',"count":' .. count
  .. ',"lines":[' .. table.concat(told, ',') .. ']}'

generation = math.floor(version / OPS)
local ops = KEYS[4 + generation % 2]
if math.floor(was / OPS) ~= generation then
  redis.call('UNLINK', ops)
  renew = true
end
redis.call('HSET', ops, op, update)
if was == 0 then redis.call('HSET', meta, 'start', string.format('%.0f', start)) end

-- How long the companions are kept: well beyond the cart, so that this is set now and then;
-- 0 stands for ever.
local kept, keep = tonumber(known[3] or -1), 0
if timeout > 0 and not frozen then keep = now + timeout + KEPT end
if was == 0 or (keep == 0 and kept ~= 0) or (keep > 0 and (kept < keep or kept > keep + 2 * KEPT)) then renew = true end
if renew then
  kept = keep > 0 and keep + KEPT / 2 or 0
  redis.call('HSET', meta, 'kept', string.format('%.0f', kept))
end

-- The log and the message only tell: they must not fail a change that is written.
if #told > 0 then redis.pcall('XADD', log, 'MAXLEN', '~', LOG, '*', 'u', update) end
if deadline > 0 then redis.call('PEXPIREAT', cart, ends) end
if renew then
  for i = keep > 0 and 2 or 1, 8 do
    if keep > 0 then redis.call('PEXPIREAT', KEYS[i], kept) else redis.call('PERSIST', KEYS[i]) end
  end
end
redis.pcall('PUBLISH', ARGV[7], update)
return update
