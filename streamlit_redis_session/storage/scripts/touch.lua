-- Set the time to live of all keys of a session.
--
-- KEYS  1 meta   2 graph   3 refs   4 tables   5 events   6 index
--       6 is meta again where the index lies in another slot (a cluster)
-- ARGV  1 ttl_s  2 session key
-- Answer  1, or 0 when there is no such session

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local now = redis.call('TIME')
local expires_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) + ARGV[1] * 1000
expires_ms = string.format('%.0f', expires_ms)
-- a full server refuses ZADD as a script's first write, but not PEXPIREAT
for at = 1, 5 do
  redis.call('PEXPIREAT', KEYS[at], expires_ms)
end
if KEYS[6] ~= KEYS[1] then
  redis.call('ZADD', KEYS[6], expires_ms, ARGV[2])
end
return 1
