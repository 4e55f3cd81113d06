-- One change of one session: everything in it happens, or nothing does.
--
-- KEYS  1 meta   2 graph   3 refs   4 tables   5 versions (stream)   6 index
-- ARGV  1 tx_id  2 epoch   3 ttl_s  4 channel  5 session key
--       6 "1" when there is an event, else "0"   7 the event
--       8-15 the lengths of eight lists, which follow one after another from 16 on:
--         8 expect           name, "1" (must have the value) or "0" (must be absent), value
--         9 set_refs         name, value
--        10 delete_refs      name
--        11 put_versions     version id, record
--        12 delete_versions  version id
--        13 put_tables       manifest id, manifest
--        14 delete_tables    manifest id
--        15 set_meta         field, value
-- Answer  0 gone   1 applied   2 repeated   3 conflict
--
-- A server that is full, read-only or unable to persist refuses the FIRST write of a script and
-- lets a script that has written go on to its end. So a refused change leaves no trace, and a
-- change that only frees memory starts with a deletion, which a full server allows.

local META, GRAPH, REFS, TABLES, STREAM, INDEX = unpack(KEYS)
local EXPECT, SET_REFS, DELETE_REFS, PUT_VERSIONS = 1, 2, 3, 4
local DELETE_VERSIONS, PUT_TABLES, DELETE_TABLES, SET_META = 5, 6, 7, 8
local WIDTH = {3, 2, 1, 2, 1, 2, 1, 2}
local BATCH = 2000 -- arguments of one call; Lua's stack holds fewer than 8000
local REMEMBERED = 64 -- transactions

local first, last = {}, {}
local position = 16
for list = 1, 8 do
  first[list] = position
  position = position + WIDTH[list] * tonumber(ARGV[7 + list])
  last[list] = position - 1
end

local function write(command, key, list)
  for start = first[list], last[list], BATCH do
    redis.call(command, key, unpack(ARGV, start, math.min(start + BATCH - 1, last[list])))
  end
end

local known = redis.call('HMGET', META, 'epoch', 'applied')
if known[1] ~= ARGV[2] then
  return 0
end
local applied = known[2] or ';'
if string.find(applied, ';' .. ARGV[1] .. ';', 1, true) then
  return 2
end
for at = first[EXPECT], last[EXPECT], 3 do
  local value = redis.call('HGET', REFS, ARGV[at])
  if ARGV[at + 1] == '1' then
    if value ~= ARGV[at + 2] then
      return 3
    end
  elseif value then
    return 3
  end
end

local stores = last[PUT_VERSIONS] >= first[PUT_VERSIONS] or last[PUT_TABLES] >= first[PUT_TABLES]
if not stores then
  write('HDEL', GRAPH, DELETE_VERSIONS)
  write('HDEL', TABLES, DELETE_TABLES)
end
local seq = redis.call('HINCRBY', META, 'seq', 1)
applied = applied .. ARGV[1] .. ';'
local _, separators = string.gsub(applied, ';', ';')
for _ = REMEMBERED + 2, separators do
  local oldest_end = string.find(applied, ';', 2, true)
  applied = string.sub(applied, oldest_end)
end
redis.call('HSET', META, 'applied', applied)
write('HSET', META, SET_META)
write('HSET', TABLES, PUT_TABLES)
write('HSET', GRAPH, PUT_VERSIONS)
write('HSET', REFS, SET_REFS)
write('HDEL', REFS, DELETE_REFS)
if stores then
  write('HDEL', GRAPH, DELETE_VERSIONS)
  write('HDEL', TABLES, DELETE_TABLES)
end
if ARGV[6] == '1' then
  redis.call('XADD', STREAM, 'MAXLEN', '~', 1000, '*', 'seq', seq, 'event', ARGV[7])
end

local now = redis.call('TIME')
local expires_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) + ARGV[3] * 1000
expires_ms = string.format('%.0f', expires_ms)
for at = 1, 5 do
  redis.call('PEXPIREAT', KEYS[at], expires_ms)
end
redis.call('ZADD', INDEX, expires_ms, ARGV[5])
if ARGV[6] == '1' then
  redis.call('PUBLISH', ARGV[4], ARGV[5] .. ' ' .. seq .. ' ' .. ARGV[7])
end
return 1
