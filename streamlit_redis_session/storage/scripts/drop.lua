-- Remove chunks whose lease ends soon.
--
-- KEYS  chunks
-- ARGV  1 most_ms, what the lease has left at most; "" removes all
-- Answer  how many were removed
--
-- Who asks for a chunk lengthens its lease in the same step, and so keeps it.

local due = {}
for at = 1, #KEYS do
  if ARGV[1] == '' or redis.call('PTTL', KEYS[at]) <= tonumber(ARGV[1]) then
    due[#due + 1] = KEYS[at]
  end
end
return #due > 0 and redis.call('UNLINK', unpack(due)) or 0
