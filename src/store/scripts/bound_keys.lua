-- Reads what keys are bound to.
--
-- KEYS  1 bound keys (hash: fingerprint -> JSON)
-- ARGV  fingerprints
--
-- Returns a record for each; false for a key that is not bound, or that has no record but
-- something longer.
--
-- Comes after the limit LONGEST_RECORD (bytes), which Rust puts in front.

local records = {}
for i, key in ipairs(ARGV) do
  local fits = redis.call('HSTRLEN', KEYS[1], key) <= LONGEST_RECORD
  records[i] = fits and redis.call('HGET', KEYS[1], key)
end
return records
