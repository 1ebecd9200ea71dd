-- Begins every script: goes on iff the checkpoint stands where the caller says, else answers 0.
-- KEYS: checkpoint, ready marker
-- ARGV: checkpoint, then what the script itself wants

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
