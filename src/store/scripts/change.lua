-- One change to a cart: all its edits or none, applied once per op id.
--
-- KEYS  1 cart (sorted set: product -> quantity)
--       2 meta (hash: version, start, kept, life, lost, frozen, ready, rules)
--       3 lines (hash: product -> how it came)
--       4, 5 ops (hashes: op id -> first answer; two generations, so they stay bounded)
--       6 log (stream of the updates)          7 touched (sorted set: product -> ms of last touch)
--       8 by (hash: product -> shares)         9 order (hash: the order that is being placed)
--       10 notes (hash, as in notes.lua)
--       All share one cluster slot.
-- ARGV  1 op id   2 who   3 kind   4 session timeout in ms (0: never)   5 limit of a line
--       6 channel, as in publish.lua   7 item timeout in ms (0: none); both timeouts count where
--          `who` is the cart's owner, or began it
--       8 earlier attempts: mostly '', else three words, '-' for none. The first two are given
--          where the change may have been applied before: the version known when it was first
--          sent, and how many ms ago that was. The third is the version on which the client
--          checked the budget.
--       9 what is known of the edits' products, one letter each: '1' it exists, '0' it does
--          not, '?' look it up. A '?' is sent only where one server has all keys; the product
--          is not among KEYS, as a server would then want the right to write to it.
--       10.. the edits, four each: verb, product, quantity, price; for "restore" the price is
--          followed by a space and the version with which the line first came, where that is
--          known, by the shares of those from whom the pieces were taken, as in shares.lua, and
--          behind a tab by the notes that went with them, as in notes.lua; for "take" the price is
--          '', or the shares, as in shares.lua, of which pieces go as far as they are still there,
--          and no others; for "note" the text stands for the price, the product is '' for the
--          note for the whole order, and '=' and a text for the quantity where only that text may
--          be replaced
--
-- Only existing products are added. On a single server that is checked at the moment of the
-- change; on a cluster, where products live on other nodes, the client has asked just before.
--
-- Undo and redo do what they can: a refused edit is left out, and only where all edits are
-- refused is the change refused.
-- Returns the update as JSON, and publishes it; as a list of one where the change was applied
-- before. Refusals are errors with a code; nothing is written before the last check, since
-- scripts have no roll-back.
--
-- A version that is no number of ours is none: the cart's history is lost, and a new one begins.
-- Since op ids may be lost with it, changes that were first sent before are not sent again.
--
-- Comes after whole.lua, history.lua, shares.lua, notes.lua, publish.lua and the limits MOST_LINES,
-- MOST_READY, MOST_NOTES, FREE_NOTES, LONGEST_NAME and LONGEST_NOTE (bytes), HIGHEST_QUANTITY (a higher score is
-- damage), HIGHEST_VERSION, OPS_PER_GENERATION, COMPANIONS_OUTLIVE (ms) and LOG_LENGTH, which Rust
-- puts in front. This script runs at every change and Lua takes most of its time: rare cases define
-- their functions and read their fields only when they occur.

local EDITS = 10           -- index of the first edit in ARGV
local TRIM_EVERY = 31      -- versions from one trimming of the log, which is dear, to the next

local KEYS, ARGV, call, pcall, floor = KEYS, ARGV, redis.call, redis.pcall, math.floor
local format, quoted = string.format, cjson.encode
local cart, meta, lines, log, touched = KEYS[1], KEYS[2], KEYS[3], KEYS[6], KEYS[7]
local by, being_ordered, notes = KEYS[8], KEYS[9], KEYS[10]
local op, who, kind = ARGV[1], ARGV[2], ARGV[3]
local timeout, limit, item_timeout = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[7])

-- A whole number in digits: '%.0f' takes three times as long, and '%d' may have only 32 bits.
local function digits(n)
  if n < 1e7 then return format('%d', n) end
  local high = floor(n / 1e7)
  return format('%d%07d', high, n - high * 1e7)
end

local known = call('HMGET', meta, 'version', 'start', 'kept', 'frozen', 'owner', 'life', 'ready')
local version = whole(known[1], HIGHEST_VERSION) or 0
-- Of these two any number will do that lies in its range, so they need no dearer reading.
local start, kept = tonumber(known[2] or 0), tonumber(known[3] or -1) or -1
if not (start and start >= 0 and start <= version) then start = 0 end
-- A cart is frozen for an order, and no longer than that is there.
local frozen = known[4] and call('HEXISTS', being_ordered, 'id') == 1
local owner = known[5] ~= '' and known[5]

-- A change that was applied before gets its first answer again. That answer is written once
-- more, because WAIT on a new connection waits only for what that connection has written.
-- Where the cart's history began in this generation, the other generation is empty.
local generation = floor(version / OPS_PER_GENERATION)
local other = start == 0 or floor(start / OPS_PER_GENERATION) ~= generation
for place = generation, other and generation + 1 or generation do
  local ops = KEYS[4 + place % 2]
  local first = call('HGET', ops, op)
  if first then
    call('HSET', ops, op, first)
    return {first}
  end
end

local clock = call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)
local at = digits(now)

-- The change was sent before and its op id is not remembered: it can only be applied where
-- the id would still be remembered if it had been applied then.
local checked
if ARGV[8] ~= '' then
  local sent, age
  sent, age, checked = string.match(ARGV[8], '^(%S+) (%S+) (%S+)$')

  local function is_forgotten()
    sent, age = tonumber(sent), tonumber(age)
    if version == 0 then return sent > 0 or call('HLEN', KEYS[4]) + call('HLEN', KEYS[5]) > 0 end

    local first = math.max(sent + 1, start)
    if version + 1 - first > OPS_PER_GENERATION or age > COMPANIONS_OUTLIVE then return true end
    if now - age <= (whole(call('HGET', meta, 'lost'), HIGHEST_VERSION) or 0) then return true end
    -- A server that is short of memory may have dropped the op ids alone.
    for place = floor(first / OPS_PER_GENERATION), generation do
      local newest = whole(call('HGET', KEYS[4 + place % 2], ''), HIGHEST_VERSION)
      if not newest or floor(newest / OPS_PER_GENERATION) ~= place then return true end
    end
  end
  if sent ~= '-' and is_forgotten() then return redis.error_reply('FORGOTTEN ' .. op) end
end

-- A cart has rules where it has an owner. A lock and the closing time (by the server's clock)
-- also refuse changes that were already on their way, but none without edits: those keep the cart
-- alive, or say who is ready.
local budgeted = false
if owner then
  local rules = call('HMGET', meta, 'locked', 'closes', 'budget', 'budget_each')
  if #ARGV >= EDITS then
    if rules[1] and rules[1] ~= '' then return redis.error_reply('LOCKED ' .. owner) end
    if now >= (whole(rules[2], HIGHEST_VERSION) or math.huge) then
      return redis.error_reply('CLOSED ' .. owner)
    end
  end
  budgeted = rules[3] or rules[4]
end

-- The pieces of a product that are being ordered: they must stay in the cart.
local held
if frozen then
  held = function(id) return whole(call('HGET', being_ordered, 'q:' .. id), HIGHEST_QUANTITY) or 0 end
end

local count = call('ZCARD', cart)
-- An empty cart may have expired: companions that it left behind are out of date.
local stale = count == 0

-- How long the cart and its lines stay is the rule of its owner, or of who began it. Nobody
-- else's settings count.
local life = ARGV[4] .. ' ' .. ARGV[7] .. ' ' .. who
if known[6] == life then
  life = nil
else
  local session, item, keeper = history().read_life(known[6])
  if session and (owner or not stale) and (owner or keeper) ~= who then
    timeout, item_timeout, life = session, item, nil
  end
end
local timed = item_timeout > 0

-- All edits are checked on copies of the lines that they touch. `order` has them by product id,
-- and by number in the sequence in which they were first touched.
local order = {}
local function look(id)
  local line = order[id]
  if not line then
    local score = call('ZSCORE', cart, id)
    local pieces = score and (whole(score, HIGHEST_QUANTITY) or 0)
    if pieces == 0 then pieces = 'damaged' end
    -- All fields at once, or Lua makes room for them twice.
    line = {id = id, score = score, before = pieces, after = pieces, price = false, shares = false}
    order[#order + 1], order[id] = line, line
  end
  return line
end

-- The notes, where the change has to do with any.
local book

local lenient = kind == 'undo' or kind == 'redo'
local done, refused = 0, nil
for i = EDITS, #ARGV, 4 do
  local verb, id, n, price = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3]
  local place, refusal = (i - EDITS) / 4, nil
  if verb == 'clear' or verb == 'expire' then
    -- "clear" removes all lines, "expire" those that nobody touched for the item timeout.
    local swept = false
    if verb == 'clear' then refusal = stale and 'ALREADYEMPTY' or frozen and 'BEINGORDERED' or nil end
    for _, member in ipairs(refusal and {} or call('ZRANGE', cart, 0, -1)) do
      local old = verb == 'clear'
      if not old then
        local last = whole(call('ZSCORE', touched, member), HIGHEST_VERSION)
          or whole(string.match(call('HGET', lines, member) or '', '^%d+ (%d+)'), HIGHEST_VERSION)
        old = timed and last and now - last >= item_timeout and not (frozen and held(member) > 0)
      end
      local line = old and look(member)
      if line and line.after then
        line.after, swept, count = false, true, count - 1
      end
    end
    if verb == 'expire' and not swept then refusal = 'NOTHINGEXPIRED' end
  elseif verb == 'note' then
    local line = order[id]
    local has = line and line.after
    if id == '' then has = count > 0 elseif not line then has = call('ZSCORE', cart, id) end
    if not has then
      refusal = id == '' and 'EMPTYCART' or 'NOTINCART'
    elseif frozen and (id == '' or held(id) > 0) then
      refusal = 'BEINGORDERED'
    else
      book = book or notebook(notes, cart, MOST_NOTES, FREE_NOTES, LONGEST_NAME, LONGEST_NOTE)
      book.open(id, stale or line and not line.before)
      refusal = book.note(id, id == '' and '' or who, ARGV[i + 2], price, function()
        if line and (tonumber(line.after) or 0) > (tonumber(line.before) or 0) then return true end
        for _, share in ipairs(sharing().read(call('HGET', by, id))) do
          if share.name == who then return true end
        end
      end)
    end
  else
    local line = look(id)
    local has, quantity = line.after, 0
    if verb == 'restore' then
      local shape = '^([^ \n\t]*) ?(%d*)\n?([^\t]*)\t?(.*)$'
      verb, price, line.place, line.theirs, line.notes = 'add', string.match(price, shape)
      if line.notes ~= '' then book = book or notebook(notes, cart, MOST_NOTES, FREE_NOTES, LONGEST_NAME, LONGEST_NOTE) end
    end
    local adds, missing = verb == 'add' or verb == 'set', not has
    if verb == 'add' or missing and adds then
      local there = string.sub(ARGV[9], place + 1, place + 1)
      missing = there ~= '1' and (there ~= '?' or call('TYPE', 'product:' .. id).ok ~= 'hash')
    end
    if missing then
      refusal = adds and 'UNKNOWNPRODUCT' or 'NOTINCART'
    elseif has == 'damaged' and (verb == 'add' or verb == 'take') then
      refusal = 'DAMAGEDLINE'
    else
      if verb == 'add' then
        quantity = (has or 0) + n
      elseif verb == 'set' then
        quantity = n
      elseif verb == 'take' then
        if price ~= '' then
          local shares = sharing()
          local there = shares.read(call('HGET', by, id))
          shares.cut(there, shares.sum(there) - has)
          local _, more = shares.take_named(there, shares.read(price), has)
          n, line.theirs = has - more, price
          if n == 0 then refusal = 'NONELEFT' end
        end
        quantity = math.max(has - n, 0)
      end
      if adds and quantity > limit then
        refusal = 'TOOMANY ' .. (verb == 'add' and has or 0)
      elseif frozen and quantity < (tonumber(has) or math.huge) and quantity < held(id) then
        refusal = 'BEINGORDERED'
      elseif not has and count >= MOST_LINES then
        refusal = 'CARTFULL ' .. MOST_LINES
      else
        if not has then count = count + 1 end
        if quantity == 0 then count = count - 1 end
        line.after = quantity > 0 and quantity
        if adds then line.price = price end
      end
    end
  end
  if refusal then
    -- The index of the edit goes with it, so that the client can name the product.
    if not string.find(refusal, ' ') then refusal = refusal .. ' -' end
    refused = refused or (refusal .. ' ' .. place)
    if not lenient then return redis.error_reply(refused) end
  else
    done = done + 1
  end
end
if refused and done == 0 then return redis.error_reply(refused) end

-- Who is ready stands on lines, in the sequence in which they said so. Whoever takes that back or
-- changes the cart goes from there, and all go where the cart is empty. `ready` is nil where it
-- stays as it is.
local ready
if kind == 'ready' or known[7] and known[7] ~= '' then
  local names = not stale and known[7] or ''
  local from, to = string.find('\n' .. names, '\n' .. who .. '\n', 1, true)
  if kind == 'ready' and not from then
    if stale then return redis.error_reply('EMPTYCART ' .. op) end
    local _, people = string.gsub(names, '\n', '')
    if people >= MOST_READY then return redis.error_reply('NOMOREREADY ' .. op) end
    if #who > LONGEST_NAME or string.find(who, '\n', 1, true) then
      return redis.error_reply('ERR nobody of this name can be ready')
    end
    names = names .. who .. '\n'
  elseif from and kind ~= 'ready' and kind ~= 'touch' and kind ~= 'expire' then
    names = string.sub(names, 1, from - 1) .. string.sub(names, to)
  end
  if count == 0 then names = '' end
  if names ~= known[7] then ready = names end
end

-- Lua can't sum money exactly, so the client checks the budget. It must have done so on this
-- very version.
if budgeted and tonumber(checked) ~= version then
  for _, line in ipairs(order) do
    if (line.after or 0) ~= 'damaged' and (line.after or 0) > (tonumber(line.before) or 0) then
      return redis.error_reply('CHECKBUDGET ' .. op)
    end
  end
end

-- Reads the shares of the lines that change; a new line has none yet. A companion key that is
-- created, because lines come or go or because it was lost (a server that is short of memory drops
-- single keys), needs its expiry (`renew`). A key of the wrong type must fail here, before
-- anything is written.
local moves, removes, lessens = stale, false, false
for i = 1, #order do
  local line = order[i]
  if line.before ~= line.after then
    line.shares = line.before and call('HGET', by, line.id)
    moves = moves or not line.before or not line.after or not line.shares
    removes = removes or not line.after
    lessens = lessens or not moves and (line.before == 'damaged' or line.after < line.before)
  end
end
local renew = stale
if moves then
  local has_lines, has_shares = call('HLEN', lines) > 0, call('HLEN', by) > 0
  renew = renew or not has_lines or not has_shares
end
if timed and call('ZCARD', touched) == 0 then renew = true end

-- Notes go with their line, and that of a person with their last piece of it. Where a line is new,
-- notes may be left of one that another client has removed.
if book or moves or lessens then
  local has_notes = call('HLEN', notes) > 0
  if book and not has_notes then renew = true end
  if has_notes then book = book or notebook(notes, cart, MOST_NOTES, FREE_NOTES, LONGEST_NAME, LONGEST_NOTE) end
  for i = 1, book and #order or 0 do
    local line = order[i]
    if not line.before and line.after then book.open(line.id, true) end
    if line.before and not line.after then book.clear(line.id) end
    if line.after and line.notes and line.after ~= line.before then book.restore(line.id, line.notes) end
  end
  if book and count == 0 then book.clear('') end
end

local was, lost = version, false
if version == 0 then
  -- A new history starts from the clock, so that no version number is ever used twice. Lines or
  -- op ids from before it say that one was lost.
  version = clock[1] * 1000000 + clock[2]
  lost = not stale or call('HLEN', KEYS[4]) + call('HLEN', KEYS[5]) > 0
end
version = version + 1
local stamp = digits(version)
generation = floor(version / OPS_PER_GENERATION)
local ops, opens = KEYS[4 + generation % 2], floor(was / OPS_PER_GENERATION) ~= generation
if opens then renew = true end

-- The cart's expiry (0: never).
local deadline = 0
if timeout > 0 and count > 0 and not frozen then deadline = now + timeout end
local ends = digits(deadline)

-- The companions' expiry (0: never). It is set well beyond the cart's, so that it needs
-- renewing only now and then.
local keep = 0
if timeout > 0 and not frozen then keep = now + timeout + COMPANIONS_OUTLIVE end
if (keep == 0 and kept ~= 0)
  or (keep > 0 and not (kept >= keep and kept <= keep + 2 * COMPANIONS_OUTLIVE)) then
  renew = true
end

-- A missing right must leave nothing half done. To ask for one costs as much as a command, so it
-- is asked for only where lines leave or expiries are renewed. Any other is tried below by the
-- first command that needs it.
if removes or renew or book then
  local needed = {}
  if keep > 0 then
    needed[1] = {'PEXPIREAT', meta, '0'}
  elseif renew then
    needed[1] = {'PERSIST', meta}
  end
  if removes then needed[#needed + 1] = {'HDEL', lines, 'x'} end
  if book then needed[#needed + 1] = {'HDEL', notes, 'x'} end
  if removes and #order > 1 then
    needed[#needed + 1] = {'ZREM', cart, 'x'}
    needed[#needed + 1] = {'ZADD', cart, '1', 'x'}
  end
  for _, command in ipairs(needed) do
    if not redis.acl_check_cmd(unpack(command)) then
      return redis.error_reply('NOPERM this user may not run ' .. command[1])
    end
  end
end

-- From here on everything is written. A server that is out of memory refuses this first write,
-- and nothing is half done.
call('HSET', meta, 'version', stamp)

-- Where a right turns out to be missing, the version goes back, and the error is the answer.
local tried = 1
if deadline > 0 then tried = pcall('PEXPIREAT', cart, ends) end
if tried ~= 1 and type(tried) == 'table' then return history().put_back(meta, known[1], tried) end
if opens or stale then
  tried = pcall('UNLINK', opens and ops or touched)
  if type(tried) == 'table' then return history().put_back(meta, known[1], tried) end
end
if stale and #order > 0 then call('UNLINK', lines, by, touched, notes) end

-- Works out the new shares of a line and writes them; returns the pieces that others lost or were
-- given, as shares. Removed pieces are first those that were named, then one's own, then nobody's,
-- then those of the latest share. Restored pieces go back to the others only as far as they are
-- part of what is added.
local function reshare(line, had, has, book)
  local shares = sharing()
  local mine, lost = shares.read(line.shares or ''), nil
  shares.cut(mine, shares.sum(mine) - had)
  if has > had then
    local more = has - had
    local given = line.theirs and shares.read(line.theirs)
    if given and given[1] and shares.sum(given) <= more then
      for _, share in ipairs(given) do
        shares.add(mine, share.name, share.pieces)
        more = more - share.pieces
      end
      lost = line.theirs
    end
    shares.add(mine, who, more)
  else
    local less = had - has
    if line.theirs then
      lost, less = shares.take_named(mine, shares.read(line.theirs), less, who)
    end
    shares.take_own(mine, who, less)
    local cut = shares.cut(mine, shares.sum(mine) - has)
    lost = lost and cut and lost .. '\n' .. cut or lost or cut
  end
  shares.write(by, line.id, mine)
  for _, share in ipairs(book and mine or {}) do
    if share.pieces == 0 then book.set(line.id, share.name, '') end
  end
  return lost
end

local told = ''
for i = 1, #order do
  local line = order[i]
  local id, old, new = line.id, line.before, line.after
  local had, has = tonumber(old) or 0, tonumber(new) or 0
  local delta, written, more, lost = format('%d', has - had), '0', '', nil
  -- Undo and redo leave a damaged line as it is.
  if new == 'damaged' then written = nil end
  if written and new then
    if old == 'damaged' then
      written = tostring(has)
      tried = pcall('ZADD', cart, written, id)
      if type(tried) == 'table' then return history().put_back(meta, known[1], tried) end
    else
      -- Redis answers with the new quantity in digits.
      written = pcall('ZADD', cart, 'INCR', delta, id)
      if written.err then return history().put_back(meta, known[1], written) end
    end
    if timed then call('ZADD', touched, at, id) end
  end
  if old and not new then
    tried = pcall('ZREM', cart, id)
    if type(tried) == 'table' then return history().put_back(meta, known[1], tried) end
  end
  if old ~= new then
    -- Most lines belong to one person alone: no shares to work out.
    if new and not line.theirs and line.shares == (old and line.score .. ' ' .. who) then
      call('HSET', by, id, written .. ' ' .. who)
    else
      lost = reshare(line, had, has, book)
    end
  end
  if old and not new then
    call('HDEL', lines, id)
    pcall('ZREM', touched, id)
  elseif new and not old then
    local from = who
    if line.theirs then
      -- A restored line that was entirely another person's is theirs again.
      local shares = sharing()
      local given = shares.read(line.theirs)
      if given[1] and shares.sum(given) == has then from = given[1].name end
    end
    -- Lines are sorted by the versions with which they came: a restored one stands where it stood.
    local place = line.place and whole(line.place, version)
    call('HSET', lines, id, (place and line.place or stamp) .. ' ' .. at .. ' ' .. line.price .. ' ' .. from)
    if line.price ~= '' then more = ',"' .. line.price .. '"' end
  end
  if lost then more = (more == '' and ',""' or more) .. ',' .. quoted(lost) end
  if written then
    told = told .. (told ~= '' and ',[' or '[') .. quoted(id) .. ',' .. written .. ',' .. delta .. more .. ']'
  end
end

local noted = book and book.told()
if book then book.write() end

local update = '{"v":"' .. stamp .. '","op":"' .. op .. '","by":' .. quoted(who)
  .. ',"kind":"' .. kind .. '","at":' .. at .. ',"until":' .. ends .. ',"count":' .. count
  .. ',"lines":[' .. told .. (noted and '],"notes":[' .. noted .. ']}' or ']}')

-- Each generation tells its newest version. Where that is new to one that was begun before, it
-- was lost, and with it the op ids of all changes up to now.
if call('HSET', ops, op, update, '', stamp) > 1 and not opens then
  renew = renew or keep > 0
  call('HSET', meta, 'lost', at)
end
if life then call('HSET', meta, 'life', life) end
if ready then call('HSET', meta, 'ready', ready) end
if was == 0 then
  call('HSET', meta, 'start', stamp)
  if lost then call('HSET', meta, 'lost', at) end
end

-- The log and the message are only news: their failure must not fail a change that is written.
-- A log that was lost begins anew, and needs an expiry like the other companions. It is trimmed at
-- one version in a prime number of them, and at as many times: nobody who knows the versions can
-- see to it that another kind of change always takes those.
if #order > 0 or noted or kind == 'ready' or kind == 'unready' then
  local entry
  if version % TRIM_EVERY == 0 or clock[2] % TRIM_EVERY == 0 then
    entry = pcall('XADD', log, 'NOMKSTREAM', 'MAXLEN', '~', LOG_LENGTH, '*', 'u', update)
  else
    entry = pcall('XADD', log, 'NOMKSTREAM', '*', 'u', update)
  end
  if not entry then
    pcall('XADD', log, '*', 'u', update)
    renew = renew or keep > 0
  end
end
if stale and deadline > 0 then call('PEXPIREAT', cart, ends) end
if renew then
  local kept = digits(keep > 0 and keep + COMPANIONS_OUTLIVE / 2 or 0)
  call('HSET', meta, 'kept', kept)
  for i = keep > 0 and 2 or 1, 8 do
    if keep > 0 then call('PEXPIREAT', KEYS[i], kept) else call('PERSIST', KEYS[i]) end
  end
  if keep > 0 then call('PEXPIREAT', notes, kept) else call('PERSIST', notes) end
end
publish(ARGV[6], update)
return update
