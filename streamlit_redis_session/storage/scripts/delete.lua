-- Remove a session at once.
--
-- KEYS  1 meta   2 graph   3 refs   4 tables   5 events   6 index
-- ARGV  1 session key
-- Answer  1, or 0 when there was no such session

local existed = redis.call('EXISTS', KEYS[1])
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('ZREM', KEYS[6], ARGV[1])
return existed
