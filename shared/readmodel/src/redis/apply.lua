-- Writes values and moves the partition's checkpoint, iff the checkpoint stands where the batch
-- begins. Answers 1 when written, 0 when refused.
-- Behind held.lua.
-- KEYS: checkpoint, ready marker
-- ARGV: checkpoint before, checkpoint after, lease in ms, then key and value in turn

-- Lua's stack holds fewer than 8,000 values, so they are handed over in parts.
local part = 7000
for first = 4, #ARGV, part do
  redis.call('MSET', unpack(ARGV, first, math.min(first + part - 1, #ARGV)))
end
redis.call('SET', KEYS[1], ARGV[2])
-- Prolongs the readers' trust where it was given, and gives none.
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
