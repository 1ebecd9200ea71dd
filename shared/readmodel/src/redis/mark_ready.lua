-- Lets readers trust the partition's values for a lease, iff the checkpoint stands where the
-- projector left it. Answers 1 when marked, 0 when refused.
-- Behind held.lua.
-- KEYS: checkpoint, ready marker
-- ARGV: checkpoint, lease in ms

-- A server that evicts any key loses single values without a trace, and readers would take them for
-- absent. One that evicts only keys with an expiry can lose nothing but the markers.
local memory = redis.call('INFO', 'memory')
local limited = string.match(memory, 'maxmemory:(%d+)') ~= '0'
if limited and string.find(memory, 'maxmemory_policy:allkeys', 1, true) then
  redis.call('UNLINK', KEYS[2])
  return redis.error_reply('EVICTS values, set maxmemory-policy to noeviction')
end

redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
return 1
