"""Purges: what is taken and refused, receipts, edges that fail, are away or come late, restarts."""

import json
import threading
import time

from harness import FreshFarmCase, main, run_cli
from harness.gate import Gate
from harness.server import PATIENCE_S, Farm
from harness.workload import Bytes


def config(edges=(), sources=(), **values):
    """A [purge] table; edges and sources are (url, key file)."""
    def peers(ones):
        return ", ".join(f'{{ url = "{url}", key_file = "{file}" }}' for url, file in ones)
    settings = {"retry_max": "200ms", "poll": "100ms", **values}
    lines = [f'{name} = "{value}"' for name, value in settings.items()]
    return f"[purge]\nedges = [{peers(edges)}]\nfrom = [{peers(sources)}]\n" + "\n".join(lines) + "\n"


class PurgeCase(FreshFarmCase):
    def until(self, holds, what):
        """Waits for what must come in the end; only a hang makes it fail."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            found = holds()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"it never came: {what}")

    def farm_with(self, text):
        farm = Farm(text)
        self.addCleanup(farm.close)
        return farm.start()

    def edge(self):
        """A farm behind a gate."""
        farm = self.farm_with(config())
        gate = Gate((farm.host, farm.port))
        self.addCleanup(gate.close)
        return farm, gate

    def purge(self, farm, **body):
        answer = farm.client().request("POST", "/v1/purges", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def receipt(self, farm, number):
        return farm.client().get(f"/v1/purges/{number}").json()

    def log(self, farm, after=0):
        """Everything that began there, as (number, what, soft)."""
        found = []
        while True:
            page = farm.client().get(f"/v1/purges?after={after}&limit=7").json()
            for one in page["purges"]:
                [(kind, value)] = [(k, v) for k, v in one.items() if k in ("path", "prefix", "tag")]
                found.append((int(one["id"]), f"{kind} {value}", one.get("soft", False)))
            if not page["more"]:
                return found
            self.assertGreater(int(page["last"]), after)
            after = int(page["last"])

    def heard(self, edge):
        """How many purges of others it applied."""
        return edge.metrics()['photofarm_purges_total{from="others"}']


class Api(PurgeCase):
    config = config()

    def test_what_is_purged_is_in_the_log(self):
        first = self.purge(self.farm, paths=["/a.jpg?x=1", "http://Img.Example/b"],
                           prefixes=["/old/"], tags=["p123", "album7"])
        self.assertEqual(first["purges"], 6)
        self.assertEqual(first["edges"], [])
        self.assertIsInstance(first["memory_objects"], int)
        second = self.purge(self.farm, tags=["p9"], soft=True)
        self.assertGreater(int(second["id"]), int(first["id"]))
        entries = self.log(self.farm)
        self.assertEqual([(what, soft) for _, what, soft in entries], [
            ("path /a.jpg?x=1", False), ("path //img.example/b", False), ("path ///b", False),
            ("prefix /old/", False), ("tag p123", False), ("tag album7", False), ("tag p9", True)])
        self.assertEqual(entries[-1][0], int(second["id"]))
        self.assertEqual(self.log(self.farm, int(first["id"]))[0][1], "tag p9")
        self.assertEqual(self.receipt(self.farm, first["id"]), first)

    def test_what_is_wrong_is_said(self):
        client = self.farm.client()
        def bad(body, status, *words):
            self.assert_problem(client.request("POST", "/v1/purges", body), status, *words)
        bad({}, 400, "name what to purge")
        bad({"paths": []}, 400, "name what to purge")
        bad({"paths": ["a.jpg"]}, 400, "a.jpg", "'/'")
        bad({"paths": ["/a b"]}, 400, "spaces")
        bad({"tags": ["a,b"]}, 400, "comma")
        bad({"tags": "p1"}, 400, "array of strings")
        bad({"tags": ["p1"], "soft": 1}, 400, "true or false")
        bad({"tags": ["p1"], "hard": True}, 400, "hard")
        bad({"paths": ["/" + "a" * 9000]}, 413, "8192")
        bad({"tags": [f"p{i}" for i in range(1001)]}, 413, "1000")
        self.assertEqual(client.request("POST", "/v1/purges", b"x" * (2 << 20)).status, 413)
        self.assert_problem(client.get("/v1/purges?limit=0"), 400, "limit")
        self.assert_problem(client.get("/v1/purges?after=x"), 400, "after")
        self.assert_problem(client.get("/v1/purges/17"), 404, "receipt")
        self.assert_problem(client.request("POST", "/v1/purges/feed", {"log": "x"}), 400, "log")
        own = client.get("/v1/purges").body
        self.assert_problem(client.request("POST", "/v1/purges/feed", own), 409, "own")
        self.assertEqual(self.log(self.farm), [])

    def test_only_admins_purge(self):
        made = run_cli("keys", "add", "website", "--scope", "upload,read", farm=self.farm)
        website = self.farm.client(key=made.stdout.decode().strip())
        anyone = self.farm.client(key="")
        for method, path in (("POST", "/v1/purges"), ("GET", "/v1/purges"), ("GET", "/v1/purges/1"),
                             ("POST", "/v1/purges/feed")):
            body = {"tags": ["p1"]} if method == "POST" else None
            self.assert_problem(website.request(method, path, body), 403, "admin")
            self.assert_problem(anyone.request(method, path, body), 401)
        self.assertEqual(self.log(self.farm), [])

    def test_numbers_and_purges_survive_kill_9(self):
        acknowledged, lock = {}, threading.Lock()

        def work(worker):
            client = self.farm.client()
            for i in range(200):
                path = f"/{worker}/{i}"
                try:
                    answer = client.request("POST", "/v1/purges", {"paths": [path]})
                except (OSError, ValueError):
                    return
                with lock:
                    acknowledged[path] = int(answer.json()["id"])

        threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        self.until(lambda: len(acknowledged) > 50, "some purges")
        self.farm.kill()
        for thread in threads:
            thread.join()
        self.farm.start()
        found = {what.removeprefix("path "): number for number, what, _ in self.log(self.farm)}
        for path, number in acknowledged.items():
            self.assertEqual(found.get(path), number)
        self.assertGreater(int(self.purge(self.farm, tags=["p1"])["id"]), max(found.values()))

    def test_the_command(self):
        done = run_cli("purge", "/a.jpg", "--tag", "p1", "--tag", "p2", "--prefix", "/x/", "--soft",
                       farm=self.farm)
        self.assertEqual(done.returncode, 0, done)
        self.assertRegex(done.stdout.decode(), r"^purge \d+: 4 purged, \d+ objects of memory here\n$")
        self.assertEqual([(what, soft) for _, what, soft in self.log(self.farm)],
                         [("path /a.jpg", True), ("prefix /x/", True), ("tag p1", True), ("tag p2", True)])
        again = run_cli("purge", "--json", "/a.jpg", farm=self.farm)
        self.assertEqual(json.loads(again.stdout)["purges"], 1)
        nothing = run_cli("purge", farm=self.farm)
        self.assertEqual(nothing.returncode, 2, nothing)
        self.assertIn(b"name what to purge", nothing.stderr)


class Edges(PurgeCase):
    def setUp(self):
        self.edges = [self.edge(), self.edge()]
        self.farm = self.new_farm(self.config_of_origin()).start()
        self.pictures = Bytes()

    def config_of_origin(self):
        return config(edges=[(gate.url, farm.data / "admin.key") for farm, gate in self.edges],
                      wait="20s")

    def states(self, receipt):
        return [edge["state"] for edge in receipt["edges"]]

    def test_every_change_of_a_photo_is_told(self):
        client = self.farm.client()
        photo = client.upload(self.pictures.next())
        self.assertIsNone(client.get(f"/v1/photos/{photo['id']}").header("Photofarm-Purge"))
        base = f"/v1/photos/{photo['id']}"
        self.until(lambda: all(self.heard(farm) for farm, _ in self.edges), "the first contact")
        before = [self.heard(farm) for farm, _ in self.edges]
        numbers = []
        for method, path, body in (("POST", "/secret", b""), ("POST", "/edits", {"rotate": 90}),
                                   ("PUT", "/content", self.pictures.next()), ("DELETE", "", None)):
            answer = client.request(method, base + path, body)
            self.assertIn(answer.status, (200, 204), answer)
            numbers.append(int(answer.header("Photofarm-Purge")))
            receipt = self.receipt(self.farm, numbers[-1])
            self.assertEqual(receipt["purges"], 1)
            self.assertEqual(self.states(receipt), ["done", "done"], receipt)
            self.assertEqual([e["edge"] for e in receipt["edges"]], [g.url for _, g in self.edges])
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(self.log(self.farm), [(numbers[-1], f"tag p{photo['id']}", False)],
                         "the same tag again takes the older ones' place")
        for (farm, _), count in zip(self.edges, before):
            self.assertEqual(self.heard(farm), count + 4)
            self.assertEqual(self.log(farm), [], "what came from others is not passed on")
        gone = client.request("DELETE", base)
        self.assertEqual(gone.status, 404)
        self.assertIsNone(gone.header("Photofarm-Purge"))

    def test_an_edge_that_was_away_hears_when_it_is_back(self):
        away, gate = self.edges[1]
        self.assertEqual(self.states(self.purge(self.farm, tags=["first"])), ["done", "done"])
        away.stop()
        gate.shut()
        client = self.farm.client()
        photos = [client.upload(self.pictures.next()) for _ in range(5)]
        numbers = []
        for photo in photos:
            answer = client.request("DELETE", f"/v1/photos/{photo['id']}")
            self.assertEqual(answer.status, 204)
            numbers.append(answer.header("Photofarm-Purge"))
        for number in numbers:
            receipt = self.receipt(self.farm, number)
            self.assertEqual(self.states(receipt)[1], "pending", receipt)
        self.until(lambda: self.states(self.receipt(self.farm, numbers[-1]))[0] == "done", "the other")
        told = self.until(lambda: self.receipt(self.farm, numbers[0])["edges"][1]["error"], "why")
        self.assertTrue(told)
        failed = run_cli("purge", "--tag", "x", farm=self.farm)
        self.assertEqual(failed.returncode, 1, failed)
        self.assertIn(f"pending  {gate.url} (", failed.stdout.decode())

        away.start()
        gate.lead_to(away)
        for number in numbers:
            receipt = self.until(lambda: (r := self.receipt(self.farm, number))
                                 and self.states(r) == ["done", "done"] and r, "both have heard")
            self.assertGreaterEqual(receipt["edges"][1]["tries"], 2)
            self.assertEqual(receipt["edges"][1]["error"], "")
        self.assertEqual(self.heard(away), 6, "five photos and x, since its start")

    def test_a_killed_origin_tells_after_its_restart(self):
        away, gate = self.edges[1]
        self.assertEqual(self.states(self.purge(self.farm, tags=["first"])), ["done", "done"])
        gate.shut()
        before = self.heard(away)
        for i in range(20):
            self.purge(self.farm, tags=[f"p{i}"])
        self.farm.kill()
        gate.lead_to(away)
        self.farm.start()
        self.until(lambda: self.heard(away) == before + 20, "what it missed, and no more")
        behind = f'photofarm_purge_edge_behind_seconds{{edge="{gate.url}"}}'
        self.until(lambda: self.farm.metrics()[behind] == 0, "nothing is left to tell")

    def test_a_refusing_edge_is_named(self):
        (farm, gate), other = self.edges[0], self.edges[1][0]
        text = config(edges=[(gate.url, other.data / "admin.key")], wait="20s")
        origin = self.farm_with(text)
        receipt = self.purge(origin, tags=["p1"])
        self.assertEqual(self.states(receipt), ["failed"])
        self.assertIn("401", receipt["edges"][0]["error"])
        # The key is read anew for every attempt.
        (other.data / "admin.key").write_bytes((farm.data / "admin.key").read_bytes())
        self.until(lambda: self.states(self.receipt(origin, receipt["id"])) == ["done"], "a good key")

    def test_a_new_edge_learns_that_it_missed_everything(self):
        for i in range(3):
            self.purge(self.farm, tags=[f"p{i}"])
        fresh, gate = self.edge()
        self.edges.append((fresh, gate))
        self.farm.config_file.write_text(self.config_of_origin())
        self.farm.restart()
        self.until(lambda: self.heard(fresh) == 4, "three, and that of everything")
        self.assertEqual(fresh.metrics()["photofarm_purge_resets_total"], 1)


class Followers(PurgeCase):
    """Edges that ask."""

    def setUp(self):
        self.farm = self.new_farm(config()).start()
        self.gate = Gate((self.farm.host, self.farm.port))
        self.addCleanup(self.gate.close)
        self.caught_up = f'photofarm_purge_caught_up{{process="{self.gate.url}"}}'

    def follower(self):
        return self.farm_with(config(sources=[(self.gate.url, self.farm.data / "admin.key")]))

    def is_ready(self, edge):
        return edge.metrics()[self.caught_up] == 1

    def test_it_replays_before_it_is_ready(self):
        for i in range(30):
            self.purge(self.farm, tags=[f"p{i}"])
        self.gate.shut()
        edge = self.follower()
        failures = f'photofarm_purge_poll_failures_total{{process="{self.gate.url}"}}'
        self.until(lambda: edge.metrics()[failures] >= 2, "some attempts")
        self.assertFalse(self.is_ready(edge))
        self.gate.lead_to(self.farm)
        self.until(lambda: self.is_ready(edge), "it is ready")
        self.assertEqual(self.heard(edge), 31)

        edge.stop()
        self.purge(self.farm, tags=["p1", "p99"])
        edge.start()
        self.until(lambda: self.is_ready(edge), "it is ready again")
        self.assertEqual(self.heard(edge), 2, "only what is new")

    def test_it_asks_again_and_again(self):
        edge = self.follower()
        self.until(lambda: self.is_ready(edge), "it is ready")
        self.purge(self.farm, tags=["p1"])
        self.until(lambda: self.heard(edge) == 2, "the next poll")
        self.gate.shut()
        self.purge(self.farm, tags=["p2"])
        self.assertTrue(self.is_ready(edge))
        self.farm.kill()
        self.farm.start()
        self.gate.lead_to(self.farm)
        self.until(lambda: self.heard(edge) == 3, "what it missed")

    def test_a_lost_log_purges_everything(self):
        edge = self.follower()
        self.until(lambda: self.is_ready(edge), "it is ready")
        self.purge(self.farm, tags=["p1"])
        self.until(lambda: self.heard(edge) == 2, "the purge")
        self.farm.stop()
        (self.farm.data / "purge.log").unlink()
        self.farm.start()
        self.gate.lead_to(self.farm)
        self.until(lambda: edge.metrics()["photofarm_purge_resets_total"] == 2, "it noticed")

    def test_twins_go_in_no_circle(self):
        edge, gate = self.edge()
        self.farm.config_file.write_text(config(
            edges=[(gate.url, edge.data / "admin.key")], sources=[(gate.url, edge.data / "admin.key")]))
        edge.config_file.write_text(config(
            edges=[(self.gate.url, self.farm.data / "admin.key")],
            sources=[(self.gate.url, self.farm.data / "admin.key")]))
        for farm, door in ((self.farm, self.gate), (edge, gate)):
            farm.restart()
            door.lead_to(farm)
        for farm in (self.farm, edge):
            door = self.gate if farm is edge else gate
            caught_up = f'photofarm_purge_caught_up{{process="{door.url}"}}'
            behind = f'photofarm_purge_edge_behind_seconds{{edge="{door.url}"}}'
            self.until(lambda f=farm, c=caught_up, b=behind: f.metrics()[c] and not f.metrics()[b],
                       "they met")
        before = self.heard(self.farm), self.heard(edge)
        for i in range(5):
            self.purge(self.farm, tags=[f"here{i}"])
            self.purge(edge, tags=[f"there{i}"])
        self.until(lambda: (self.heard(self.farm), self.heard(edge)) == (before[0] + 5, before[1] + 5),
                   "each heard five")
        self.assertEqual(len(self.log(self.farm)), 5)
        self.assertEqual(len(self.log(edge)), 5)


if __name__ == "__main__":
    main()
