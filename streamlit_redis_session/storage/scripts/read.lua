-- Read meta and refs of one moment.
--
-- KEYS  1 meta   2 refs   3 graph
-- Answer  {} when there is no such session, else {meta, refs, number of versions, ms since
--         1970}, the first two as field, value, field, value

local meta = {}
local stored = redis.call('HGETALL', KEYS[1])
if #stored == 0 then
  return {}
end
for at = 1, #stored, 2 do
  if stored[at] ~= 'applied' then
    meta[#meta + 1] = stored[at]
    meta[#meta + 1] = stored[at + 1]
  end
end
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
return {meta, redis.call('HGETALL', KEYS[2]), redis.call('HLEN', KEYS[3]), now_ms}
