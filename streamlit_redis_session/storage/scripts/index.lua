-- Note a session in the index of a cluster, which lies in another slot than the session.
--
-- KEYS  1 index
-- ARGV  1 ttl_s, with some more   2 session key
--
-- An entry may outlive its session; a time is never set back.

local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now_ms))
redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', now_ms + ARGV[1] * 1000), ARGV[2])
