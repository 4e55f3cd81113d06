-- Take a session out of the index of a cluster, unless it was noted anew.
--
-- KEYS  1 index
-- ARGV  1 session key   2 the time of its entry

if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
