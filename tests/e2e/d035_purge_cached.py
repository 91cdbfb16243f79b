"""What purges do to cached answers: of a pool behind the edge, of the own origin, and of an edge in
front of another farm, whether it hears at once or later."""

import http.server
import shutil
import tempfile
import threading
import time

from harness import FreshFarmCase, main, run_cli
from harness.gate import Gate
from harness.server import PATIENCE_S, Farm
from harness.workload import Bytes


class PoolServer:
    """Answers each path with a number that grows by request, cacheable and tagged by its folder."""

    def __init__(self):
        self.asked = []        # (path, If-None-Match)
        self.hold = None       # an Event that answers wait for
        self.changed = True    # whether conditional requests get new bytes
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked.append((self.path, self.headers.get("If-None-Match")))
                body = f"{self.path} {len(outer.asked)}".encode()
                if outer.hold is not None:
                    outer.hold.wait(PATIENCE_S)
                unchanged = self.headers.get("If-None-Match") is not None and not outer.changed
                self.send_response(304 if unchanged else 200)
                self.send_header("Cache-Control", "max-age=1000")
                self.send_header("ETag", '"the tag"')
                self.send_header("Cache-Tag", self.path.split("/")[2] + ", all")
                if "vary" in self.path:
                    self.send_header("Vary", "Accept-Language")
                if not unchanged:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if not unchanged:
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        if self.hold is not None:
            self.hold.set()
        self.server.shutdown()
        self.server.server_close()


def pool_config(address, match):
    return (f'[[pool]]\nname = "behind"\nservers = ["{address}"]\n'
            f'[[route]]\nmatch = "{match}"\npool = "behind"\n')


class CachedCase(FreshFarmCase):
    def until(self, holds, what):
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            if holds():
                return
            time.sleep(0.02)
        raise AssertionError(f"it never came: {what}")

    def purge(self, farm=None, **body):
        answer = (farm or self.farm).client().request("POST", "/v1/purges", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()


class OfAPool(CachedCase):
    def setUp(self):
        self.pool = PoolServer()
        self.addCleanup(self.pool.close)
        self.farm = self.new_farm(pool_config(self.pool.address, "^/files/")).start()
        self.client, self.anyone = self.farm.client(), self.farm.client(key="")

    def get(self, path, **headers):
        answer = self.anyone.get(path, {name.replace("_", "-"): v for name, v in headers.items()})
        self.assertEqual(answer.status, 200, answer)
        return answer.body

    def fill(self, *paths):
        """Brings them into the cache: {path: body}"""
        bodies = {path: self.get(path) for path in paths}
        self.assert_cached(bodies)
        return bodies

    def assert_cached(self, bodies):
        before = len(self.pool.asked)
        for path, body in bodies.items():
            self.assertEqual(self.get(path), body)
        self.assertEqual(len(self.pool.asked), before, "these were answered from the cache")

    def assert_fetched(self, *paths):
        for path in paths:
            before = len(self.pool.asked)
            self.get(path)
            self.assertEqual([asked for asked, _ in self.pool.asked[before:]], [path])

    def test_the_method(self):
        kept = self.fill("/files/a/1?x=2", "/files/a/12", "/files/a/2")
        self.fill("/files/a/1")
        gone = self.client.request("PURGE", "/files/a/1")
        self.assertEqual(gone.status, 200, gone)
        self.assertEqual(gone.json()["purges"], 1)
        self.assertEqual(gone.json()["memory_objects"], 1)
        self.assert_cached(kept)
        self.assert_fetched("/files/a/1")
        self.assertEqual(self.client.request("PURGE", "/files/a/1?x=2").json()["memory_objects"], 1)
        self.assertEqual(self.client.request("PURGE", "/files/nowhere").json()["memory_objects"], 0)

    def test_the_method_is_for_admins(self):
        kept = self.fill("/files/a/1")
        self.assert_problem(self.anyone.request("PURGE", "/files/a/1"), 401)
        made = run_cli("keys", "add", "website", "--scope", "upload,read", farm=self.farm)
        website = self.farm.client(key=made.stdout.decode().strip())
        self.assert_problem(website.request("PURGE", "/files/a/1"), 403, "admin")
        self.assert_problem(self.client.request("PURGE", "/files/a/1", headers={"Purge-Soft": "x"}),
                            400, "Purge-Soft")
        self.assert_cached(kept)
        self.assertEqual(len(self.pool.asked), 1, "none of them went to the pool")

    def test_tags_and_prefixes(self):
        kept = self.fill("/files/a/1", "/files/ab/1")
        self.fill("/files/b/1", "/files/b/2")
        self.assertEqual(self.purge(tags=["b"])["memory_objects"], 2)
        self.assert_cached(kept)
        self.assert_fetched("/files/b/1", "/files/b/2")
        self.assertEqual(self.purge(prefixes=["/files/b/"])["memory_objects"], 2)
        self.assert_cached(kept)
        self.assert_fetched("/files/b/1", "/files/b/2")
        self.assertEqual(self.purge(prefixes=["/"])["memory_objects"], 4)
        self.assert_fetched("/files/a/1", "/files/ab/1", "/files/b/1")
        self.assertEqual(self.purge(tags=["all"], paths=["/files/a/1"])["memory_objects"], 3)

    def test_whole_urls(self):
        self.fill("/files/a/1")
        self.purge(paths=[f"{self.farm.url}/files/a/1"])
        self.assert_fetched("/files/a/1")

    def test_soft_ones_are_asked_about(self):
        for purge in (lambda: self.purge(paths=["/files/a/1"], soft=True),
                      lambda: self.purge(tags=["a"], soft=True),
                      lambda: self.client.request("PURGE", "/files/a/1", headers={"Purge-Soft": "1"})):
            bodies = self.fill("/files/a/1")
            purge()
            self.pool.changed = False
            before = len(self.pool.asked)
            self.assertEqual(self.get("/files/a/1"), bodies["/files/a/1"])
            self.assertEqual(self.pool.asked[before:], [("/files/a/1", '"the tag"')])
            self.assert_cached(bodies)

    def test_all_variants_go(self):
        languages = ("en", "fr")
        for language in languages:
            self.get("/files/vary/1", Accept_Language=language)
        before = len(self.pool.asked)
        for purge in (lambda: self.purge(paths=["/files/vary/1"]), lambda: self.purge(tags=["vary"])):
            purge()
            for _ in range(2):
                for language in languages:
                    self.get("/files/vary/1", Accept_Language=language)
        self.assertEqual(len(self.pool.asked), before + 4, "each variant once after each purge")

    def test_what_is_being_fetched_is_neither_joined_nor_kept(self):
        for purge in (lambda: self.purge(paths=["/files/a/1"]), lambda: self.purge(tags=["a"]),
                      lambda: self.purge(prefixes=["/files/"])):
            old, held = [], threading.Event()
            self.pool.hold = held
            before = len(self.pool.asked)
            first = threading.Thread(target=lambda: old.append(self.get("/files/a/1")))
            first.start()
            self.until(lambda: len(self.pool.asked) > before, "it is asked for")
            purge()
            self.pool.hold = None
            new = self.get("/files/a/1")
            self.assertEqual(len(self.pool.asked), before + 2, "a fetch of its own")
            held.set()
            first.join()
            self.assertNotEqual(old[0], new)
            self.assertEqual(self.get("/files/a/1"), new, "the older answer did not take its place")
            self.assertEqual(len(self.pool.asked), before + 2)
            purge()


class OnDisk(CachedCase):
    def disk(self):
        folder = tempfile.mkdtemp(prefix="photofarm-cache-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return f'[cache]\nmemory = "0"\ndisk = [{{ path = "{folder}", size = "256MiB" }}]\n'

    def test_what_was_purged_stays_so_over_restarts(self):
        pool = PoolServer()
        self.addCleanup(pool.close)
        self.farm = self.new_farm(self.disk() + pool_config(pool.address, "^/files/")).start()
        self.viewer = self.farm.client(key="")
        paths = [f"/files/{kind}/1" for kind in ("kept", "tag", "path", "prefix", "soft")]

        def ask(path):
            """The If-None-Match of each request that it took."""
            before = len(pool.asked)
            self.assertEqual(self.viewer.get(path).status, 200)
            return [condition for _, condition in pool.asked[before:]]

        def restart(how):
            how()
            self.farm.start()
            self.viewer = self.farm.client(key="")

        for path in paths:
            self.until(lambda p=path: ask(p) == [], "it is kept on disk")
        restart(self.farm.stop)
        for path in paths:
            self.assertEqual(ask(path), [], path)
        self.purge(tags=["tag"], paths=["/files/path/1"], prefixes=["/files/prefix/"])
        self.purge(tags=["soft"], soft=True)
        restart(self.farm.kill)
        pool.changed = False
        # A crash may forget what was stored last; what it forgets to be purged is the question.
        for path, asked in zip(paths[1:], ([None], [None], [None], ['"the tag"'])):
            self.assertEqual(ask(path), asked, path)

    def test_an_edge_that_was_away_replays_before_it_serves(self):
        origin = Farm('roles = ["origin", "upload"]\n')
        self.addCleanup(origin.close)
        origin.start()
        door = Gate((origin.host, origin.port))
        self.addCleanup(door.close)
        edge = self.new_farm(
            'server_id = 2\nroles = ["edge"]\n'
            f'[purge]\nfrom = [{{ url = "{door.url}", key_file = "{origin.data}/admin.key" }}]\n'
            'retry_max = "200ms"\n' + self.disk() + pool_config(f"127.0.0.1:{door.port}", "^/1/"))
        edge.start()
        client, pictures = origin.client(), Bytes()
        urls = {}
        for photo in [client.upload(pictures.next()) for _ in range(4)]:
            urls[photo["id"]] = photo["sizes"]["m"]["url"]
        caught_up = f'photofarm_purge_caught_up{{process="{door.url}"}}'
        self.until(lambda: edge.metrics()[caught_up] == 1, "it has caught up")

        def is_cached(url):
            before = edge.metrics()["photofarm_cache_fills_total"]
            status = edge.client(key="").get(url).status
            return status == 200 and edge.metrics()["photofarm_cache_fills_total"] == before

        for url in urls.values():
            self.until(lambda u=url: is_cached(u), "it is kept on disk")
        edge.stop()
        gone, kept = list(urls)[:2], list(urls)[2:]
        for photo in gone:
            self.assertEqual(client.request("DELETE", f"/v1/photos/{photo}").status, 204)
        edge.start()
        viewer = edge.client(key="")
        for photo in gone:
            self.assertEqual(viewer.get(urls[photo]).status, 404, "from its first answer on")
        self.until(lambda: edge.metrics()[caught_up] == 1, "it has caught up")
        for photo in kept:
            self.assertTrue(is_cached(urls[photo]), "what was not purged is still there")


class OfPhotos(CachedCase):
    def test_an_own_photo_is_gone_at_once(self):
        self.farm = self.new_farm("").start()
        client, anyone = self.farm.client(), self.farm.client(key="")
        pictures = Bytes()
        for change in ("delete", "secret"):
            photo = client.upload(pictures.next())
            urls = [size["url"] for size in photo["sizes"].values()]
            for _ in range(2):
                for url in urls:
                    self.assertEqual(anyone.get(url).status, 200)
            path = f"/v1/photos/{photo['id']}"
            done = (client.request("DELETE", path) if change == "delete"
                    else client.request("POST", path + "/secret", b""))
            self.assertIn(done.status, (200, 204))
            for url in urls:
                self.assertEqual(anyone.get(url).status, 404, url)


class AnEdgeInFront(CachedCase):
    """A farm whose edge caches the photos of another one."""

    def setUp(self):
        self.origin = Farm('roles = ["origin", "upload"]\n')
        self.addCleanup(self.origin.close)
        self.origin.start()
        self.views = Gate((self.origin.host, self.origin.port))
        self.addCleanup(self.views.close)
        self.farm = self.new_farm(
            'server_id = 2\nroles = ["edge"]\n'
            '[purge]\npoll = "100ms"\nretry_max = "200ms"\n'
            f'from = [{{ url = "{self.views.url}", key_file = "{self.origin.data}/admin.key" }}]\n'
            + pool_config(f"127.0.0.1:{self.views.port}", "^/1/")).start()
        self.pushes = Gate((self.farm.host, self.farm.port))
        self.addCleanup(self.pushes.close)
        self.configure_origin(f'[{{ url = "{self.pushes.url}", key_file = "{self.farm.data}/admin.key" }}]')
        self.client, self.viewer = self.origin.client(), self.farm.client(key="")
        self.pictures = Bytes()

    def configure_origin(self, edges):
        self.origin.config_file.write_text(
            f'roles = ["origin", "upload"]\n[purge]\nedges = {edges}\nretry_max = "200ms"\nwait = "20s"\n')
        self.origin.restart()
        self.views.lead_to(self.origin)

    def seen(self, photo):
        """What viewers get of every size: a set of statuses."""
        return {self.viewer.get(size["url"]).status for size in photo["sizes"].values()}

    def upload_and_view(self):
        photo = self.client.upload(self.pictures.next())
        for _ in range(2):
            self.assertEqual(self.seen(photo), {200})
        return photo

    def delete(self, photo):
        answer = self.client.request("DELETE", f"/v1/photos/{photo['id']}")
        self.assertEqual(answer.status, 204, answer)
        number = answer.header("Photofarm-Purge")
        return self.client.get(f"/v1/purges/{number}").json()["edges"]

    def test_it_hears_before_the_delete_is_answered(self):
        self.upload_and_view()  # and so the two have met
        photo, other = self.upload_and_view(), self.upload_and_view()
        self.assertEqual([edge["state"] for edge in self.delete(photo)], ["done"])
        self.assertEqual(self.seen(photo), {404})
        hits = 'photofarm_cache_hits_total{tier="memory"}'
        before = self.farm.metrics()[hits]
        self.assertEqual(self.seen(other), {200})
        self.assertGreater(self.farm.metrics()[hits], before, "the other one is still cached")
        rotated = self.client.request("POST", f"/v1/photos/{other['id']}/secret", b"").json()
        self.assertEqual(self.seen(other), {404})
        self.assertEqual(self.seen(rotated), {200})

    def test_cut_off_it_hears_when_it_can(self):
        photo = self.upload_and_view()
        self.pushes.shut()
        self.views.shut()
        self.assertEqual([edge["state"] for edge in self.delete(photo)], ["pending"])
        self.assertIn(200, self.seen(photo), "nobody could tell it")
        self.pushes.lead_to(self.farm)
        self.views.lead_to(self.origin)
        self.until(lambda: self.seen(photo) == {404}, "it has heard")

    def test_asking_is_enough(self):
        self.configure_origin("[]")
        self.client = self.origin.client()
        photo = self.upload_and_view()
        self.assertEqual(self.delete(photo), [])
        self.until(lambda: self.seen(photo) == {404}, "it has asked")


if __name__ == "__main__":
    main()
