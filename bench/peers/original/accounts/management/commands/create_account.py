from django.core.management.base import BaseCommand

from accounts.models import CustomUser


class Command(BaseCommand):
    help = "Creates a verified account."

    def add_arguments(self, parser):
        parser.add_argument("email")
        parser.add_argument("password")

    def handle(self, email, password, **_):
        user = CustomUser.objects.create_user(
            username=email.split("@")[0], email=email, password=password, first_name="Ada", last_name="Lovelace"
        )
        user.status.verified = True
        user.status.save()
