-- Tell which keys exist.
--
-- Answer  for each key 1 or 0

local found = {}
for at = 1, #KEYS do
  found[at] = redis.call('EXISTS', KEYS[at])
end
return found
