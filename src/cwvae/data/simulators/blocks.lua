-- A walker in lockstep: each time the file "step" in the world's folder holds a new number, it
-- turns and steps once, and writes where it is into the file "state".

local folder = minetest.get_worldpath()
local random = PcgRandom(tonumber(minetest.settings:get("walker_seed")))

local STEP = 0.35 -- nodes a frame
local TURN = 0.12 -- radians a frame at most
local CLIMB, DROP = 1.1, 3 -- nodes that it goes up or down at once
local AROUND = 80 -- nodes around the start that are made before it begins

local heading, goal = 0, 0
local last, ready = -1, false

minetest.send_join_message = function() end
minetest.send_leave_message = function() end
minetest.get_server_status = function() return nil end

local function chance()
  return random:next(0, 2 ^ 24) / 2 ^ 24
end

local function is_free(pos)
  local node = minetest.get_node(pos)
  local known = minetest.registered_nodes[node.name]
  return node.name ~= "ignore" and known and not known.walkable and known.liquidtype == "none"
end

local function is_ground(pos)
  local node = minetest.get_node(pos)
  local known = minetest.registered_nodes[node.name]
  return node.name ~= "ignore" and known and known.walkable
end

-- The height at which one stands at (x, z) coming from height y; nil when one cannot go there.
local function floor_at(x, y, z)
  local column = { x = math.floor(x + 0.5), z = math.floor(z + 0.5) }
  for level = math.floor(y + CLIMB + 0.5), math.floor(y - DROP), -1 do
    local here = { x = column.x, y = level, z = column.z }
    if is_ground(here) then
      local head = { x = column.x, y = level + 1, z = column.z }
      local hair = { x = column.x, y = level + 2, z = column.z }
      local top = level + 0.5
      if is_free(head) and is_free(hair) and top - y <= CLIMB then return top end
      return nil
    elseif not is_free(here) then
      return nil
    end
  end
end

-- How high it would stand after a step in a direction; nil if the way is not clear for a metre.
local function way(pos, direction)
  local x, z = -math.sin(direction), math.cos(direction)
  local y, first = pos.y, nil
  for _, ahead in ipairs({ STEP, 2 * STEP, 3 * STEP, 1.4 }) do
    y = floor_at(pos.x + x * ahead, y, pos.z + z * ahead)
    if not y then return nil end
    first = first or y
  end
  return first, { x = pos.x + x * STEP, z = pos.z + z * STEP }
end

local function turned(from, to)
  local angle = (to - from + math.pi) % (2 * math.pi) - math.pi
  return math.max(-TURN, math.min(TURN, angle))
end

-- The clear direction nearest to where it wants to go.
local function clear_direction(pos)
  local side = chance() < 0.5 and 1 or -1
  for _, angle in ipairs({ 0, 0.5, -0.5, 1, -1, 1.6, -1.6, 2.3, -2.3, math.pi }) do
    local direction = goal + side * angle
    if way(pos, direction) then return direction end
  end
end

local function walk(player)
  local pos = player:get_pos()
  if chance() < 0.02 then goal = goal + (chance() - 0.5) * 2 end
  if not way(pos, goal) then goal = clear_direction(pos) or goal + 2 end
  local turn = turned(heading, goal)
  heading = heading + turn
  local height, there = way(pos, heading)
  local moved = 0
  if height then
    -- Up and down in less than a jump, so that the view does not leap.
    local rise = math.max(-0.4, math.min(0.5, height - pos.y))
    pos = { x = there.x, y = pos.y + rise, z = there.z }
    moved = STEP
  end
  player:set_pos(pos)
  player:set_look_horizontal(heading)
  player:set_look_vertical(0.12)
  player:set_hp(20)
  player:set_breath(10)
  return pos, turn, moved
end

local function write(name, text)
  local file = io.open(folder .. "/" .. name .. ".new", "w")
  file:write(text)
  file:close()
  os.rename(folder .. "/" .. name .. ".new", folder .. "/" .. name)
end

local function start(player)
  local centre = player:get_pos()
  for _ = 1, 500 do
    local x = math.floor(centre.x + (chance() - 0.5) * AROUND)
    local z = math.floor(centre.z + (chance() - 0.5) * AROUND)
    local y = minetest.get_spawn_level(x, z)
    if y and floor_at(x, y, z) then
      player:set_pos({ x = x, y = floor_at(x, y, z), z = z })
      break
    end
  end
  ready = true
  write("ready", "yes")
end

minetest.register_on_joinplayer(function(player)
  local shown = { "hotbar", "healthbar", "crosshair", "wielditem", "breathbar", "minimap", "chat" }
  local hidden = {}
  for _, part in ipairs(shown) do hidden[part] = false end
  player:hud_set_flags(hidden)
  player:set_physics_override({ gravity = 0, speed = 0, jump = 0 })
  minetest.set_timeofday(0.5)
  heading = chance() * 2 * math.pi
  goal = heading
  local reach = { x = AROUND, y = 40, z = AROUND }
  local pos = player:get_pos()
  minetest.emerge_area(vector.subtract(pos, reach), vector.add(pos, reach),
    function(_, _, left)
      if left == 0 then start(player) end
    end)
end)

minetest.register_globalstep(function()
  local player = ready and minetest.get_connected_players()[1]
  local file = player and io.open(folder .. "/step")
  if not file then return end
  local number = tonumber(file:read("*a"))
  file:close()
  if not number or number == last then return end
  last = number
  local pos, turn, moved = walk(player)
  local biome = minetest.get_biome_data(pos)
  local name = biome and minetest.get_biome_name(biome.biome) or "unknown"
  write("state", string.format("%d %.4f %.4f %.4f %.5f %.5f %.3f %s", number, pos.x, pos.y, pos.z,
    heading, turn, moved, name))
end)
