-- Store chunks; what exists is left as it is, its lease lengthened.
--
-- KEYS  chunks
-- ARGV  1 lease_s   2.. the bytes of the chunks, in the order of their keys

for at = 1, #KEYS do
  if not redis.call('SET', KEYS[at], ARGV[at + 1], 'EX', ARGV[1], 'NX') then
    redis.call('EXPIRE', KEYS[at], ARGV[1], 'GT')
  end
end
