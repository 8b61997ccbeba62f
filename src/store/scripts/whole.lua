-- Reads a whole number in digits, up to `highest`; nil for anything else. It reads the numbers in
-- keys that must be in digits alone: `tonumber` takes "0x10", "1e3" and " 17 ", too.
local function whole(text, highest)
  local n = text and #text <= 16 and string.find(text, '^%d+$') and tonumber(text)
  return n and n <= highest and n or nil
end

