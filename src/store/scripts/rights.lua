-- Looks for a right that the caller lacks, so that it is missed before anything is written: scripts
-- have no roll-back.
--
-- commands: lists of words, each a command with arguments that it could have.
--
-- Returns the error to answer with, or nil.
local function missing_right(commands)
  for _, command in ipairs(commands) do
    if not redis.acl_check_cmd(unpack(command)) then
      return redis.error_reply('NOPERM this user may not run ' .. command[1])
    end
  end
end

