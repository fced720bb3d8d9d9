"""Lets a running program believe in another time: shift-clock.py PID SECONDS

The kernel's clock is the same for all containers, and libfaketime changes what programs ask the C library, which Go programs
don't. Any of them asks by a function that the kernel maps into every process (vdso(7)). Here that function is overwritten in
one process, by one that asks the kernel by a system call and adds so many seconds to the time of day, not to the other
clocks. Until the process ends. Has to run as the program's user; x86-64 only.
"""

import ctypes
import platform
import struct
import sys

FUNCTION = "__vdso_clock_gettime"
REALTIME = (
    "b8 e4 00 00 00"  # mov  eax, 228        clock_gettime(edi, rsi)
    "0f 05"  #          syscall
    "85 ff"  #          test edi, edi       is it CLOCK_REALTIME?
    "75 07"  #          jne  end
    "48 81 06"  #       add  qword [rsi], …
)
END = "c3"  # ret


def vdso(process: str) -> int:
    with open(f"/proc/{process}/maps") as maps:
        return next(int(line.partition("-")[0], 16) for line in maps if line.endswith("[vdso]\n"))


def main() -> None:
    process, seconds = sys.argv[1], int(sys.argv[2])
    if platform.machine() != "x86_64":
        sys.exit(f"this is machine code for x86-64, and here is {platform.machine()}")
    # at the same place in every process' copy
    place = ctypes.cast(getattr(ctypes.CDLL("linux-vdso.so.1"), FUNCTION), ctypes.c_void_p).value - vdso("self")
    with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
        memory.seek(vdso(process) + place)
        memory.write(bytes.fromhex(REALTIME) + struct.pack("<i", seconds) + bytes.fromhex(END))


main()
