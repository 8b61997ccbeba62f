-- Reads a number of pieces of a product; false or nil for whatever else stands there, which is
-- damage. Comes after whole.lua and the limit STOCK_DIGITS, which Rust puts in front.
local function pieces_in(text)
  return text and #text <= STOCK_DIGITS and whole(text, math.huge)
end

