"""A disk of a given size that can be made read-only: a tmpfs in a mount namespace of its own, which
ends with the process that holds it."""

import subprocess
import time


class SmallDisk:
    def __init__(self, path, size):
        """Servers see it at `path` if they are started with `.prefix`; nobody else does."""
        self.path = path
        path.mkdir(parents=True)
        self._holder = subprocess.Popen(
            ["unshare", "--map-root-user", "--mount", "sh", "-c",
             f'mount -t tmpfs -o size={size} tmpfs "$0" && echo mounted && exec sleep 3600', path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self._holder.stdout.readline().strip() != "mounted":
            raise AssertionError("cannot mount a tmpfs in a namespace of its own")

    @property
    def prefix(self):
        return ["nsenter", f"--target={self._holder.pid}", "--user", "--preserve-credentials",
                "--mount", f"--wdns={self.path.parent}"]

    def remount(self, how):
        """`how`: "ro" or "rw". Nothing on it may be open for writing."""
        for _ in range(50):
            done = subprocess.run([*self.prefix, "mount", "-o", f"remount,{how}", str(self.path)],
                                  capture_output=True, text=True)
            if done.returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError(done.stderr)

    def files(self, pattern):
        """Names of files on it that fit the shell's pattern."""
        done = subprocess.run([*self.prefix, "sh", "-c", f'ls "$0"/{pattern} 2>/dev/null', self.path],
                              capture_output=True, text=True)
        return done.stdout.split()

    def close(self):
        self._holder.kill()
        self._holder.communicate()
