-- Read fields of a hash, if the session exists.
--
-- KEYS  1 meta   2 the hash
-- ARGV  the fields; none: all
-- Answer  false when there is no such session, else as HMGET or HGETALL

if redis.call('EXISTS', KEYS[1]) == 0 then
  return false
end
if #ARGV == 0 then
  return redis.call('HGETALL', KEYS[2])
end
return redis.call('HMGET', KEYS[2], unpack(ARGV))
