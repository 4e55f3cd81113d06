-- One change of one session: everything in it happens, or nothing does.
--
-- KEYS  1 meta   2 graph   3 refs   4 tables   5 events   6 index   7.. chunks
--       6 is meta again where the index lies in another slot (a cluster)
-- ARGV  1 tx_id  2 epoch   3 ttl_s  4 channel  5 session key   6 lease_s of the chunks
--       7-15 the lengths of nine lists, which follow one after another from 16 on:
--         7 expect           name, "1" (must have the value) or "0" (must be absent), value;
--                            or "seq", "2", so many changes must have been applied
--         8 set_refs         name, value
--         9 put_versions     version id, record
--        10 put_tables       manifest id, manifest
--        11 set_meta         field, value
--        12 delete_refs      name
--        13 delete_versions  version id
--        14 delete_tables    manifest id
--        15 event            at most one
--       the last: the bytes of the chunks, in the order of their keys
-- Answer  0 gone   1 applied   2 repeated   3 conflict
--
-- A server that is full, read-only or unable to persist refuses the FIRST write of a script and
-- lets a script that has written go on to its end. So a refused change leaves no trace, and a
-- change that only frees memory starts with a deletion, which a full server allows.

local META, GRAPH, REFS, TABLES, EVENTS, INDEX = unpack(KEYS, 1, 6)
local BATCH = 2000 -- arguments of one call; Lua's stack holds fewer than 8000
local REMEMBERED = 64 -- transactions
local MOST_EVENTS, FEWEST_EVENTS = 320, 256

local known = redis.call('HMGET', META, 'epoch', 'applied', 'seq')
if known[1] ~= ARGV[2] then
  return 0
end
local applied, token = known[2] or '', ARGV[1] .. ';'
if string.find(applied, token, 1, true) then
  return 2
end

local at = 16
for _ = 1, ARGV[7] do
  local value = redis.call('HGET', REFS, ARGV[at])
  if ARGV[at + 1] == '2' then
    if known[3] ~= ARGV[at + 2] then
      return 3
    end
  elseif (value and '1' or '0') ~= ARGV[at + 1] or (value and value ~= ARGV[at + 2]) then
    return 3
  end
  at = at + 3
end

-- for each list but the first: where it begins, and where it ends
local first, last = {}, {}
for list = 8, 15 do
  first[list] = at
  at = at + ARGV[list] * (list <= 11 and 2 or 1)
  last[list] = at - 1
end

local function write(command, key, list)
  for start = first[list], last[list], BATCH do
    redis.call(command, key, unpack(ARGV, start, math.min(start + BATCH - 1, last[list])))
  end
end

local function delete()
  write('HDEL', GRAPH, 13)
  write('HDEL', TABLES, 14)
end

for chunk = 7, #KEYS do
  local data = ARGV[at + chunk - 7]
  if not redis.call('SET', KEYS[chunk], data, 'EX', ARGV[6], 'NX') then
    redis.call('EXPIRE', KEYS[chunk], ARGV[6], 'GT')
  end
end
local stores = #KEYS > 6 or ARGV[9] ~= '0' or ARGV[10] ~= '0'
-- records that are only written anew beside as many that go: a history that is pruned
local frees = ARGV[13] ~= '0' and ARGV[13] - ARGV[9] >= 0 and ARGV[10] == '0' and #KEYS == 6
if not stores or frees then
  delete()
end
local seq = string.format('%.0f', known[3] + 1)
if #applied >= REMEMBERED * #token then
  applied = string.sub(applied, #token + 1)
end
redis.call('HSET', META, 'seq', seq, 'applied', applied .. token)
write('HSET', META, 11)
write('HSET', TABLES, 10)
write('HSET', GRAPH, 9)
write('HSET', REFS, 8)
write('HDEL', REFS, 12)
if stores then
  delete()
end

local now = redis.call('TIME')
local expires_ms = now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[3] * 1000
expires_ms = string.format('%.0f', expires_ms)
local told
if ARGV[15] == '1' then
  told = seq .. ' ' .. ARGV[first[15]]
  if redis.call('LPUSH', EVENTS, told) > MOST_EVENTS then
    redis.call('LTRIM', EVENTS, 0, FEWEST_EVENTS - 1)
  end
end
for key = 1, 5 do
  redis.call('PEXPIREAT', KEYS[key], expires_ms)
end
if INDEX ~= META then
  redis.call('ZADD', INDEX, expires_ms, ARGV[5])
end
if told then
  -- pcall: a user who may not publish changes everything all the same; only nobody hears of it
  redis.pcall('PUBLISH', ARGV[4], ARGV[5] .. ' ' .. told)
end
return 1
