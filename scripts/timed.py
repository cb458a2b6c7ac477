"""Runs a command, and writes to file descriptor 3 what it and all its children took: CPU seconds. Its exit code is the command's."""

import os
import resource
import subprocess
import sys

code = subprocess.call(sys.argv[1:], close_fds=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
os.write(3, f"{used.ru_utime + used.ru_stime:.1f}".encode())
sys.exit(code if code >= 0 else 1)
