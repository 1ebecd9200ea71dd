-- Lets readers trust the partition's values for a lease, iff the checkpoint stands where the
-- projector left it. Answers 1 when marked, 0 when refused.
-- KEYS: checkpoint, ready marker
-- ARGV: checkpoint, lease in ms

local function position(checkpoint)
  return tonumber(string.match(checkpoint, '^%d+')) or 0
end

local held = redis.call('GET', KEYS[1]) or '0 0'
if held ~= ARGV[1] then
  -- Behind the projector: this server lost writes, so its values are older than readers may see.
  if position(held) < position(ARGV[1]) then
    redis.call('UNLINK', KEYS[2])
  end
  return 0
end

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
