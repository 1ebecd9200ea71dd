-- Takes up to ARGV[3] under KEYS[1], at ARGV[1] per second with bursts of ARGV[2], by the server's
-- clock. The value is the theoretical arrival time of the generic cell rate algorithm, microseconds.
-- Returns how many were taken, and otherwise 0 and the microseconds until the next.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local period = 1000000 / tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local there = math.floor((now - arrival) / period + burst + 0.000001)
local taken = math.min(there, tonumber(ARGV[3]))
if taken < 1 then
  return { 0, math.ceil(arrival + period - burst * period - now) }
end
arrival = arrival + taken * period
redis.call('SET', KEYS[1], string.format('%.3f', arrival), 'PX', math.ceil((arrival - now) / 1000) + 1)
return { taken, 0 }
