# From Lynis' log: the tests at which points are missing, most first, and how many there are of how many.
# Usage: awk -f lost-points.awk lynis.log
/Performing test ID/ { match($0, /ID [A-Z]+-[0-9]+/); test = substr($0, RSTART + 3, RLENGTH - 3) }
/Hardening: assigned partial number/ {
  match($0, /\([0-9]+ of [0-9]+\)/)
  split(substr($0, RSTART + 1, RLENGTH - 2), points, " of ")
  lost[test] += points[2] - points[1]
}
/Hardening: assigned/ { match($0, /[0-9]+ points \(out of [0-9]+/); sum = substr($0, RSTART, RLENGTH) ")" }
END {
  for (test in lost) print lost[test], test | "sort -k1,1nr -k2"
  close("sort -k1,1nr -k2")
  print sum
}
