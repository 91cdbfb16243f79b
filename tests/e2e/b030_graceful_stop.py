"""SIGTERM and SIGINT: what runs is finished, within bounds; what waits is let go."""

import signal
import socket
import time

from harness import FreshFarmCase, main, path_of, pictures


class GracefulStop(FreshFarmCase):
    config = '[net]\nstop_grace = "20s"\n'

    def upload_head(self, length):
        return (f"POST /v1/photos HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n"
                f"Authorization: Bearer {self.farm.admin_key}\r\n\r\n").encode()

    def wait_until_it_takes_no_connections(self):
        for _ in range(400):
            try:
                socket.create_connection((self.farm.host, self.farm.port), timeout=5).close()
            except OSError:
                return
            time.sleep(0.05)
        self.fail("it still takes connections")

    def test_an_upload_under_way_is_finished(self):
        picture = pictures.camera_jpeg(1500, 1000, seed=1)
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.farm.client().raw() as connection:
                connection.send(self.upload_head(len(picture)) + picture[:1000])
                # An answer on another connection: by now the upload was seen to begin.
                self.assertEqual(self.farm.client().get("/healthz").status, 200)
                self.farm.signal(number)
                self.wait_until_it_takes_no_connections()
                connection.send(picture[1000:])
                answer = connection.read_response()
                self.assertEqual(answer.status, 201, answer)
                self.assertEqual(answer.header("Connection"), "close")
                self.assertTrue(connection.at_end())
            self.assertEqual(self.farm.wait(), 0, self.farm.log())
            self.farm.start()
            self.assert_photo_serves(self.farm.client(key=""), answer.json(), picture, (1500, 1000))

    def test_a_download_under_way_is_finished(self):
        # More than the kernel keeps of it on its way: the rest is still with the server.
        picture = pictures.camera_jpeg(4000, 3000, seed=1, quality=97, noise=60)
        self.assertGreater(len(picture), 8 << 20)
        photo = self.farm.client().upload(picture)
        with self.farm.client().raw(receive_buffer=128 << 10) as connection:
            connection.send(f"GET {path_of(photo['sizes']['o']['url'])} HTTP/1.1\r\nHost: a\r\n\r\n")
            first = connection.stream.read(20)
            self.assertTrue(first.startswith(b"HTTP/1.1 200"))
            self.farm.signal(signal.SIGTERM)
            rest = connection.stream.read()
        self.assertTrue(rest.endswith(picture[-1000:]), "the download was cut off")
        self.assertEqual(self.farm.wait(), 0)

    def test_idle_connections_are_let_go(self):
        with self.farm.client().raw() as idle, self.farm.client().raw() as used:
            used.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(used.read_response().status, 200)
            self.farm.signal(signal.SIGTERM)
            self.assertTrue(idle.at_end())
            self.assertTrue(used.at_end())
            self.assertEqual(self.farm.wait(), 0)


class Impatient(FreshFarmCase):
    config = '[net]\nstop_grace = "500ms"\n'

    def test_a_client_that_never_ends_does_not_keep_it(self):
        with self.farm.client().raw() as connection:
            connection.send(b"POST /v1/photos HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n"
                            + f"Authorization: Bearer {self.farm.admin_key}\r\n\r\n".encode() + b"x")
            self.assertEqual(self.farm.client().get("/healthz").status, 200)
            self.farm.signal(signal.SIGTERM)
            self.assertEqual(self.farm.wait(), 0, self.farm.log())


if __name__ == "__main__":
    main()
