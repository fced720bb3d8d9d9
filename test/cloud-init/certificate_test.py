"""What is made of acme-tiny's errors, and which certificates serve. On a machine: with its own program and OpenSSL."""

import subprocess
import tempfile
import unittest
from datetime import UTC, datetime, timedelta
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

loader = SourceFileLoader("machine_certificate", "/usr/local/sbin/machine-certificate")
program = module_from_spec(spec_from_loader(loader.name, loader))
loader.exec_module(program)

DIRECTORY = "https://acme.example/dir"
SETTINGS = {"domain": "www.foobar.com", "directory": DIRECTORY}


def answer(step: str, response: object) -> ValueError:
    return ValueError(f"{step}:\nUrl: {DIRECTORY}\nData: b'...'\nResponse Code: 403\nResponse: {response}")


class Errors(unittest.TestCase):
    def check(self, error: Exception, *expected: str) -> None:
        said = program.why(error)
        for words in expected:
            self.assertIn(words, said)
        self.assertNotIn("\n", said)

    def test_directory_that_cant_be_reached(self):
        error = answer("Error getting directory", "<urlopen error [Errno 111] Connection refused>")
        self.assertEqual(program.why(error), "Error getting directory: [Errno 111] Connection refused")

    def test_account_that_was_closed(self):
        error = answer(
            "Error creating new order",
            {"type": "urn:ietf:params:acme:error:unauthorized", "detail": "Account isn't valid: it is deactivated"},
        )
        self.check(error, "Account isn't valid: it is deactivated", "set acmeAccount to the next number")

    def test_limit_of_the_directory(self):
        error = answer("Error finalizing order", {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many"})
        self.assertEqual(program.why(error), "Error finalizing order: too many")

    def test_validation_that_failed(self):
        challenge = {"type": "http-01", "error": {"type": "urn:ietf:params:acme:error:unauthorized", "detail": "404 there"}}
        error = ValueError(f"Challenge did not pass for www.foobar.com: { {'challenges': [challenge]} }")
        self.assertEqual(program.why(error), "Challenge did not pass for www.foobar.com: 404 there")

    def test_answer_that_is_no_acme(self):
        self.check(KeyError("newNonce"), "its answer can't be understood", "newNonce")


class Certificates(unittest.TestCase):
    def certificate(self, domain: str = "www.foobar.com", directory: str = DIRECTORY, another_key: bool = False):
        with tempfile.TemporaryDirectory() as work:
            key, site = Path(work) / "key", Path(work) / "site.pem"
            ask = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/"]
            made = [*ask, "-addext", f"subjectAltName=DNS:{domain}", "-days", "90", "-keyout", str(key)]
            chain = subprocess.run(made, capture_output=True, text=True, check=True).stdout
            if another_key:
                subprocess.run(made, capture_output=True, check=True)
            site.write_text(f"{program.origin(directory)}\n{chain}{key.read_text()}")
            return program.Certificate(site, SETTINGS)

    def test_serves_until_a_third_of_its_lifetime_is_left(self):
        certificate, now = self.certificate(), datetime.now(UTC)
        for days, expected in ((0, True), (59, True), (61, False), (91, False), (-1, False)):
            with self.subTest(days=days):
                self.assertEqual(certificate.serves(now + timedelta(days=days, minutes=1)), expected)

    def test_doesnt_serve_another_name_nor_without_its_key_nor_from_elsewhere(self):
        now = datetime.now(UTC) + timedelta(minutes=1)
        for what in ({"domain": "www.example.org"}, {"another_key": True}, {"directory": "https://staging.example/dir"}):
            with self.subTest(**what):
                self.assertFalse(self.certificate(**what).serves(now))


if __name__ == "__main__":
    unittest.main()
