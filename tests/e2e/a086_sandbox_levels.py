"""How strong the walls around pictures are: told, and required if somebody wants so."""

import subprocess
import unittest

from harness import FreshFarmCase, main, pictures
from harness.server import SANITIZED

# Root of a user namespace that may make no more of them, and has no capability left: what a strict
# container looks like from inside.
POOR = ["unshare", "-Ur", "sh", "-c",
        "echo 0 > /proc/sys/user/max_user_namespaces && "
        "exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"", "sh"]


def can_be_poor():
    return subprocess.run([*POOR, "true"], capture_output=True).returncode == 0


class Levels(FreshFarmCase):
    def setUp(self):
        pass

    def started(self, config, prefix=()):
        farm = self.new_farm(config)
        farm.prefix = list(prefix)
        return farm.start()

    def health(self, farm):
        return farm.client(key="").get("/healthz").json()

    def walls(self, farm):
        return {name.split('"')[1]: value for name, value in farm.metrics().items()
                if name.startswith("photofarm_image_worker_walls{")}

    def test_health_tells_what_is_missing(self):
        farm = self.started("")
        walls = self.walls(farm)
        self.assertEqual(set(walls), {"filter", "namespaces", "no_files", "limits"})
        self.assertEqual(self.health(farm)["status"],
                         "ok" if all(walls.values()) else "degraded")

    def test_off_is_told(self):
        farm = self.started('[image]\nsandbox = "off"\n')
        farm.client().upload(pictures.jpeg())
        self.assertEqual(self.health(farm)["status"], "degraded")
        self.assertIn("in the server itself", self.health(farm)["problems"][0])
        self.assertIn("in the server itself", farm.log())

    @unittest.skipIf(SANITIZED, "sanitized workers have no walls")
    @unittest.skipUnless(can_be_poor(), "this machine makes no user namespace to be poor in")
    def test_without_namespaces(self):
        farm = self.started("", POOR)
        farm.client().upload(pictures.jpeg())
        walls = self.walls(farm)
        self.assertEqual((walls["filter"], walls["namespaces"]), (1, 0))
        self.assertIn("not wholly locked down", farm.log())
        self.assertEqual(self.health(farm)["status"], "degraded")
        farm.stop()
        with self.assertRaises(AssertionError) as refused:
            self.started('[image]\nsandbox = "required"\n', POOR)
        self.assertIn("locked down as is required", str(refused.exception))


if __name__ == "__main__":
    main()
