-- Functions for the notes of a cart: in the field of a product a line "name\ttext" for each person
-- who noted something on it, oldest first; in the field '' that for the whole order, which has no
-- name. Anybody who may write to the key may have put anything there.
--
-- A script works on copies, tells what it changed, and writes that at the end. As few changes have
-- to do with notes, the functions are wrapped in one, as in shares.lua. It is told the limits, since
-- a function that looks at what is around it costs each run more.
--
-- key: of the notes (hash); cart: its key; most: the notes that there may be on all its lines;
-- free: those from which on only who has pieces of a line may add one to it, so that whoever makes
-- up names does not keep the others from noting something; longest_name, longest_note: in bytes
local function notebook(key, cart, most, free, longest_name, longest_note)
  local LINE = '([^\t\n]*)\t([^\n]*)'
  local pages, counted = {}, nil

  -- Opens the page of a product. One of a line that is `new` is empty: notes that are left there
  -- are another line's, which another client has removed. Of more than there may be, the rest is
  -- damage.
  local function open(id, new)
    local page = pages[id]
    if page then return page end
    page = {id = id, names = {}, before = {}, now = {}, stale = new}
    for name, text in string.gmatch(not new and redis.call('HGET', key, id) or '', LINE) do
      if #page.names == most then break end
      if not page.now[name] then
        page.names[#page.names + 1] = name
        page.before[name], page.now[name] = text, text
      end
    end
    pages[#pages + 1], pages[id] = page, page
    return page
  end

  -- Counts the notes on the lines of the cart, and those that this change adds.
  local function count()
    if not counted then
      counted = 0
      for _, id in ipairs(redis.call('ZRANGE', cart, 0, -1)) do
        for _ in string.gmatch(redis.call('HGET', key, id) or '', LINE) do counted = counted + 1 end
      end
    end
    return counted
  end

  -- Sets what a person notes; an empty text removes it. False where there are too many notes.
  -- has_pieces: tells whether the person has pieces of the line; nil where the note only comes back
  local function set(id, name, text, has_pieces)
    local page = open(id)
    if text == '' then
      page.now[name] = nil
    else
      if not page.now[name] and not page.before[name] then
        -- There is only one for the whole order.
        if id ~= '' then
          if count() >= most or has_pieces and count() >= free and not has_pieces() then return false end
          counted = counted + 1
        end
        page.names[#page.names + 1] = name
      end
      page.now[name] = text
    end
    return true
  end

  -- Notes something for a person, where no text or exactly this one may be `replaced`; returns the
  -- refusal of it.
  local function note(id, name, replaced, text, has_pieces)
    if replaced ~= '0' and replaced ~= '=' .. (open(id).now[name] or '') then return 'NOTECHANGED' end
    local is_sound = #text <= longest_note and #name <= longest_name and not string.find(name .. text, '[\n\t]')
    if not is_sound or not set(id, name, text, has_pieces) then return 'CANTNOTE' end
  end

  -- Brings back notes that went with pieces of a product: lines as in its field. They don't replace
  -- newer ones.
  local function restore(id, lines)
    for name, text in string.gmatch(lines, LINE) do
      if not open(id).now[name] then set(id, name, string.sub(text, 1, longest_note)) end
    end
  end

  -- Removes what all have noted on a product.
  local function clear(id) open(id).now = {} end

  -- Tells what has changed, as JSON: product, name, text now, text before; nil where nothing has.
  -- Whoever hears that a line has left knows that its notes have: so not all of what others have
  -- put in beside the limits needs to be told.
  local function told()
    local out = {}
    for _, page in ipairs(pages) do
      for _, name in ipairs(page.names) do
        local text, before = page.now[name], page.before[name]
        if text ~= before then
          page.changed = true
          if #out < 2 * most then out[#out + 1] = cjson.encode({page.id, name, text or '', before or ''}) end
        end
      end
    end
    return out[1] and table.concat(out, ',')
  end

  -- Writes the pages that were told to have changed.
  local function write()
    for _, page in ipairs(pages) do
      if page.changed or page.stale then
        local out = {}
        for _, name in ipairs(page.names) do
          if page.now[name] then out[#out + 1] = name .. '\t' .. page.now[name] end
        end
        if out[1] then
          redis.call('HSET', key, page.id, table.concat(out, '\n'))
        else
          redis.call('HDEL', key, page.id)
        end
      end
    end
  end

  return {open = open, set = set, note = note, restore = restore, clear = clear, told = told, write = write}
end

