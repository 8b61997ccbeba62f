-- Functions for what a cart's keys tell about its history. Anybody who may write to the keys may
-- have put anything there, so each number is checked before it is used.
--
-- Comes after whole.lua and the limits SHORTEST_LIFE and LONGEST_LIFE (ms), which Rust puts in
-- front. The functions are wrapped in one, as in shares.lua: few changes need them.
local function history()
  -- Reads the timeouts of a cart: "session item who", the time after its last change for which
  -- it stays and that for which a line stays that nobody touches (ms, 0: for ever), and whose
  -- rule they are. All are nil where there are none, or no sane ones: none is shorter than a
  -- second.
  local function read_life(text)
    local session, item, keeper = string.match(text or '', '^(%d+) (%d+) (.*)$')
    session, item = whole(session, LONGEST_LIFE), whole(item, LONGEST_LIFE)
    local function is_sane(ms) return ms and (ms == 0 or ms >= SHORTEST_LIFE) end
    if is_sane(session) and is_sane(item) then return session, item, keeper end
  end

  -- Puts back the version that a script has raised, after a write that failed.
  local function put_back(meta, version, failure)
    if version then
      redis.call('HSET', meta, 'version', version)
    else
      redis.call('HDEL', meta, 'version')
    end
    return failure
  end

  return {read_life = read_life, put_back = put_back}
end
