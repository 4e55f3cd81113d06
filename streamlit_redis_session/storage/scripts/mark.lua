-- Set a ref of a session, whatever it was, and count it as a change.
--
-- KEYS  1 meta   2 refs
-- ARGV  1 field  2 value
-- Answer  1, or 0 when there is no such session
--
-- A full server refuses HSET as a script's first write, but not PEXPIREAT.

local expires_ms = redis.call('PEXPIRETIME', KEYS[1])
if expires_ms == -2 then
  return 0
end
if expires_ms >= 0 then
  redis.call('PEXPIREAT', KEYS[1], expires_ms)
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'seq', 1)
if expires_ms >= 0 then
  redis.call('PEXPIREAT', KEYS[2], expires_ms)
end
return 1
