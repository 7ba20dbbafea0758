"""Django 3.1 verifies Argon2i only, and pledge4future-auth writes Argon2id."""
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idPasswordHasher(Argon2PasswordHasher):
    def verify(self, password, encoded):
        try:
            return PasswordHasher().verify("$" + encoded.split("$", 1)[1], password)
        except VerificationError:
            return False
