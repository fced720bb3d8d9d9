-- Holds a request while there is no database to write to, for some seconds at most: HAProxy can keep thousands waiting,
-- PHP-FPM a dozen. When a primary is there the request goes on; after that time as well, for the application to answer at
-- once: X-Waited-For-Primary says that it needn't wait once more.
local STEP = 25 -- milliseconds

core.register_action("wait-for-primary", { "http-req" }, function(request, seconds)
  for _ = 1, tonumber(seconds) * 1000 / STEP do
    -- not more than one: until its first check, each counts as one
    if request.f:nbsrv("database-write") == 1 then
      return
    end
    core.msleep(STEP)
  end
  request.http:req_set_header("X-Waited-For-Primary", seconds)
end, 1)
