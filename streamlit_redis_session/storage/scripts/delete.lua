-- Remove a session at once.
--
-- KEYS  1 meta   2 graph   3 refs   4 tables   5 events   6 index
--       6 is meta again where the index lies in another slot (a cluster)
-- ARGV  1 session key   2 channel
-- Answer  1, or 0 when there was no such session

local existed = redis.call('EXISTS', KEYS[1])
local seq = redis.call('HGET', KEYS[1], 'seq') or 0
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
if KEYS[6] ~= KEYS[1] then
  redis.call('ZREM', KEYS[6], ARGV[1])
end
if existed == 1 then
  redis.pcall('PUBLISH', ARGV[2], ARGV[1] .. ' ' .. string.format('%.0f', seq + 1) .. ' deleted')
end
return existed
