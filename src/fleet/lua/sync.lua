-- Reports what one process uses and wants of a limit on calls, grants its quota, and exchanges what processes have learnt.
-- One command, so that it happens at one time of this server's clock, which is the only clock.
--
-- KEYS[1]  quotas: hash of process → "seq wanted quota atMs", and '#' → "epoch atMs recoversUntilMs"
-- KEYS[2]  facts: hash of fact → until when it is true (ms)
-- KEYS[3]  known: set by every report, for 30 days: without it the store was flushed, or is new
-- ARGV[1]  channel on which a new fact is published as "untilMs forMs fact"
-- ARGV[2]  process, and [3] the number of its report, which grows
-- ARGV[4]  held: it will use no more than that until it is answered
-- ARGV[5]  wanted: calls under way and waiting; -1: it leaves
-- ARGV[6]  calls: the limit of all processes; 0: there is no limit
-- ARGV[7]  lease: how long a report is true (ms)
-- ARGV[8]  epoch of the quotas that the process knows; '': it knows of none
-- ARGV[9]  how many connections of this process listen on the channel: 1 or 0
-- ARGV[10…] triples: a fact, for how long it is true (ms), until when by this clock (ms; '' where it is not known)
--
-- Returns  now, quota, target, number of processes, 1 while quotas recover, epoch, then pairs: a fact, how long it is true (ms)

local LONGEST_FACT_MS = 60000
local RECOVERY_MS = 2000
local LATE_MS = 1000
-- 30 days. A text, because the number has more than 32 bits, and not every Lua has them.
local KNOWN_MS = '2592000000'

local quotas, facts, marker, channel, process = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
local seq, held, wanted = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local calls, lease, known_epoch, listening = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Lua's own numbers are written with an exponent from 1e14 on.
local function int(number)
  return string.format('%.0f', number)
end

local function learn_facts()
  for i = 10, #ARGV, 3 do
    local fact, for_ms, ends = ARGV[i], math.min(tonumber(ARGV[i + 1]), LONGEST_FACT_MS), tonumber(ARGV[i + 2])
    -- A command that waited for a frozen server runs late: what it tells may be over.
    if ends == nil or ends > now + for_ms then ends = now + for_ms end
    local known = tonumber(redis.call('HGET', facts, fact) or 0)
    if known > now + LONGEST_FACT_MS then known = 0 end
    if ends > now and ends > known then
      redis.call('HSET', facts, fact, int(ends))
      redis.call('PEXPIRE', facts, LONGEST_FACT_MS)
      redis.call('PUBLISH', channel, int(ends) .. ' ' .. int(ends - now) .. ' ' .. fact)
    end
  end
end

local function append_facts(reply)
  local all = redis.call('HGETALL', facts)
  for i = 1, #all, 2 do
    local left = tonumber(all[i + 1]) - now
    -- Beyond the longest: the clock was set back.
    if left <= 0 or left > LONGEST_FACT_MS then
      redis.call('HDEL', facts, all[i])
    else
      reply[#reply + 1] = all[i]
      reply[#reply + 1] = int(left)
    end
  end
  return reply
end

-- The epoch, and until when quotas only shrink, because the quotas that processes hold are not all known yet.
local function read_epoch()
  local epoch, at, recovers = (redis.call('HGET', quotas, '#') or ''):match('^(%S+) (%d+) (%d+)$')
  if epoch ~= nil then
    at, recovers = tonumber(at), tonumber(recovers)
    if now - at <= lease and at - now <= LATE_MS then
      local made = tonumber(epoch:match(':(%d+)$'))
      -- A new process was the first to report after a flush, and the processes before it report now.
      local is_lost = known_epoch ~= '' and known_epoch ~= epoch and now - made < RECOVERY_MS
      return epoch, is_lost and math.max(recovers, made + RECOVERY_MS) or recovers
    end
  end
  -- Nothing is known, or it is of another time: a flush, a restart, a clock that was set. Or no process has reported for a while.
  local is_lost = known_epoch ~= ''
  if not is_lost and (epoch ~= nil or not redis.call('GET', marker)) then
    -- A process that knows of nothing is the first to report. Others may have calls if they listen; none reads this message.
    is_lost = tonumber(redis.call('PUBLISH', channel, 'lost')) > listening
  end
  redis.call('DEL', quotas)
  return process .. ':' .. int(now), (is_lost and wanted >= 0) and now + RECOVERY_MS or 0
end

local function read_members()
  local members, all = {}, redis.call('HGETALL', quotas)
  for i = 1, #all, 2 do
    local s, w, q, at = all[i + 1]:match('^(%d+) (%d+) (%d+) (%d+)$')
    if s ~= nil then
      if now - tonumber(at) > lease then
        redis.call('HDEL', quotas, all[i])
      else
        members[all[i]] = { seq = tonumber(s), wanted = tonumber(w), quota = tonumber(q) }
      end
    end
  end
  return members
end

-- Max-min fair: a process gets what it wants, or as much as any other that wants more. What is left over is spread evenly, so that
-- a call can begin without asking.
local function set_targets(members)
  local ids = {}
  for id in pairs(members) do ids[#ids + 1] = id end
  table.sort(ids)
  local count = #ids
  -- With fewer places than processes, each gets its turn.
  local turn = calls < count and math.floor(now / 2000) or 0
  local ordered = {}
  for i = 1, count do
    local member = members[ids[i]]
    member.order = (i + turn) % count
    ordered[i] = member
  end
  table.sort(ordered, function(a, b)
    if a.wanted ~= b.wanted then return a.wanted < b.wanted end
    return a.order < b.order
  end)
  local left = calls
  for i = 1, count do
    local member = ordered[i]
    member.target = math.min(member.wanted, math.floor(left / (count - i + 1)))
    left = left - member.target
  end
  for i = 1, count do
    local more = math.floor(left / (count - i + 1))
    ordered[i].target = ordered[i].target + more
    left = left - more
  end
  return count
end

local function grant()
  local epoch, recovers = read_epoch()
  local members = read_members()
  local known = members[process]
  if wanted < 0 then
    if known == nil or seq > known.seq then
      redis.call('HDEL', quotas, process)
      members[process] = nil
    end
    return { int(now), '0', '0', '0', '0', epoch }
  end
  local is_repeated = known ~= nil and seq <= known.seq
  local me = is_repeated and known or { seq = seq, wanted = wanted, quota = held }
  members[process] = me
  local count = set_targets(members)
  if not is_repeated then
    local free = calls
    for _, member in pairs(members) do free = free - member.quota end
    -- It reports what runs, and all that is granted is taken: a process that was frozen, or that was alone. What ends is not begun anew.
    if free < 0 then me.target = math.min(me.target, math.max(0, held + free)) end
    if now >= recovers and free > 0 and me.target > held then
      -- Half of what is free, so that the first to ask leaves some for those that ask next.
      me.quota = held + math.min(me.target - held, math.max(1, math.ceil(free / 2)))
    end
    redis.call('HSET', quotas, process, table.concat({ int(seq), int(wanted), int(me.quota), int(now) }, ' '))
  end
  redis.call('HSET', quotas, '#', table.concat({ epoch, int(now), int(recovers) }, ' '))
  redis.call('PEXPIRE', quotas, lease)
  redis.call('SET', marker, '1', 'PX', KNOWN_MS)
  return { int(now), int(me.quota), int(me.target), int(count), now < recovers and '1' or '0', epoch }
end

learn_facts()
return append_facts(calls > 0 and grant() or { int(now), '0', '0', '0', '0', '' })
