import json
from pathlib import Path

from django.contrib.auth import hashers
from django.core.management.base import BaseCommand

from people.models import CustomUser, Institution, ResearchField


class Command(BaseCommand):
    help = """Creates or changes institutions, research fields and users from a file such as tests/seed.json. The API has no way
    to do this. The field "plain" of a user is a password, and "hasher" the name of the hasher in Django. A user whose "status"
    is null loses it, as if it had been created before django-graphql-auth was installed."""

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def handle(self, file, **_):
        seed = json.loads(file.read_text(encoding="utf-8"))
        for row in seed.get("institutions", []):
            Institution.objects.update_or_create(id=row["id"], defaults=row)
        for row in seed.get("researchfields", []):
            ResearchField.objects.update_or_create(id=row["id"], defaults=row)
        for row in seed.get("users", []):
            load_user(dict(row))


def load_user(row):
    status = row.pop("status", {})
    plain, hasher = row.pop("plain", None), row.pop("hasher", None)
    if "password" not in row and hasher is not None:
        hasher = getattr(hashers, hasher)()
        row["password"] = hasher.encode(plain, hasher.salt())
    elif "password" not in row and plain is not None:
        row["password"] = hashers.make_password(plain)
    user, _made = CustomUser.objects.update_or_create(email=row["email"], defaults=row)
    if status is None:
        user.status.delete()
        return
    for name, value in status.items():
        setattr(user.status, name, value)
    user.status.save()
