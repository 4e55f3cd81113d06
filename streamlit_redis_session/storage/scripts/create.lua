-- Start a session with a fresh epoch.
--
-- KEYS  1 meta   2 graph   3 refs   4 tables   5 events   6 index
--       6 is meta again where the index lies in another slot (a cluster)
-- ARGV  1 epoch  2 ttl_s   3 session key
-- Answer  1 when the session is new (or this very call made it before), 0 when it existed
--
-- What an evicted meta key left behind is removed, so that an old history never shines through.

local META, INDEX = KEYS[1], KEYS[6]

local epoch = redis.call('HGET', META, 'epoch')
if epoch then
  return epoch == ARGV[1] and 1 or 0
end

local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local expires_ms = string.format('%.0f', now_ms + ARGV[2] * 1000)
local created_at = string.format('%.3f', now_ms / 1000)
redis.call('HSET', META, 'epoch', ARGV[1], 'created_at', created_at, 'seq', 0)
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('PEXPIREAT', META, expires_ms)
if INDEX ~= META then
  redis.call('ZREMRANGEBYSCORE', INDEX, '-inf', string.format('%.0f', now_ms))
  redis.call('ZADD', INDEX, expires_ms, ARGV[3])
end
return 1
