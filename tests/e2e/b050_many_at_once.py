"""Thousands of small uploads from many clients: what shares memory between pictures shows here."""

import threading

from harness import FreshFarmCase, main, pictures
from harness.server import SANITIZED

CLIENTS = 8
UPLOADS_EACH = 80 if SANITIZED else 350


class ManyAtOnce(FreshFarmCase):
    config = "[image]\nthreads = 4\n"

    def upload_many(self, number, stored, problems):
        client = self.farm.client()
        connection = client.connect()
        kinds = [pictures.jpeg(300, 200, seed=number), pictures.jpeg(400, 300, seed=number),
                 pictures.jpeg_with_orientation(1 + number % 8, 300, 200)]
        try:
            for turn in range(UPLOADS_EACH):
                picture = kinds[turn % len(kinds)]
                answer = client.request("POST", "/v1/photos", picture, connection=connection)
                if answer.status == 201:
                    stored.append((answer.json(), picture))
                elif answer.status != 503:
                    problems.append(answer)
                    return
        except OSError as broken:
            problems.append(broken)
        finally:
            connection.close()

    def test_every_upload_is_answered(self):
        stored, problems = [], []
        threads = [threading.Thread(target=self.upload_many, args=(number, stored, problems))
                   for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(self.farm.alive(), self.farm.log())
        self.assertEqual(problems, [])
        self.assertGreater(len(stored), CLIENTS * UPLOADS_EACH // 2)
        anyone = self.farm.client(key="")
        for photo, picture in stored[::50]:
            self.assert_photo_serves(anyone, photo, picture, (photo["width"], photo["height"]))


if __name__ == "__main__":
    main()
