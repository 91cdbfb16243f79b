"""What the end-to-end tests stand on: the real program (server.py), plain HTTP clients (client.py),
pictures made on the spot (pictures.py) and the test case that ties them (case.py)."""

from harness.case import FarmCase, FreshFarmCase, main
from harness.client import Client, RawConnection, path_of
from harness.server import Farm, run_cli

__all__ = ["Client", "Farm", "FarmCase", "FreshFarmCase", "RawConnection", "main", "path_of", "run_cli"]
