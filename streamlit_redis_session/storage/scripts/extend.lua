-- Lengthen, never shorten, the leases of chunks.
--
-- KEYS  chunks
-- ARGV  1 lease_s
-- Answer  for each chunk 1, or 0 when it does not exist
--
-- EXPIRE .. GT answers 0 both for a missing key and for a longer lease, hence EXISTS.

local found = {}
for at = 1, #KEYS do
  local extended = redis.call('EXPIRE', KEYS[at], ARGV[1], 'GT')
  found[at] = extended == 1 and 1 or redis.call('EXISTS', KEYS[at])
end
return found
