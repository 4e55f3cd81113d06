-- Read how long the keys of a session live.
--
-- KEYS  1 meta   2 graph   3 refs   4 tables   5 events   6 index
--       6 is meta again where the index lies in another slot (a cluster)
-- ARGV  1 session key
-- Answer  ms left of each of the five keys (-1 without an end, -2 no such key), then ms left by
--         the index, -2 where it has no entry

local lives = {}
for at = 1, 5 do
  lives[at] = redis.call('PTTL', KEYS[at])
end
local now = redis.call('TIME')
local entry = KEYS[6] ~= KEYS[1] and redis.call('ZSCORE', KEYS[6], ARGV[1])
lives[6] = entry and entry - now[1] * 1000 - math.floor(now[2] / 1000) or -2
return lives
