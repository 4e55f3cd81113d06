-- List the sessions of the index that have not expired.
--
-- KEYS  1 index
-- Answer  session keys, the one that expires first first

local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
now_ms = string.format('%.0f', now_ms)
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now_ms, '+inf')
