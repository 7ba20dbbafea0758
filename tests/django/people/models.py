"""The models of the original server."""
import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models


def user_key():
    if settings.USER_KEY == "uuid":
        return models.UUIDField(primary_key=True, default=uuid.uuid4, serialize=False)
    return models.AutoField(primary_key=True, serialize=False)


class Institution(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=200)
    city = models.CharField(max_length=100)
    state = models.CharField(max_length=100, null=True)
    country = models.CharField(max_length=100)

    class Meta:
        unique_together = ("name", "city", "country")

    def __str__(self):
        return ", ".join((self.name, self.city, self.country))


class ResearchField(models.Model):
    id = models.IntegerField(primary_key=True)
    field = models.CharField(max_length=100)
    subfield = models.CharField(max_length=100)

    class Meta:
        unique_together = ("field", "subfield")


class CustomUser(AbstractUser):
    id = user_key()
    email = models.EmailField(max_length=255, verbose_name="email", unique=True)
    username = models.CharField(max_length=100, unique=True)
    first_name = models.CharField(max_length=25, blank=True)
    last_name = models.CharField(max_length=25, blank=True)
    academic_title = models.CharField(
        max_length=10, blank=True, choices=[("PROF", "Prof."), ("DR", "Dr.")]
    )
    working_group = models.ForeignKey(
        "WorkingGroup", null=True, blank=True, on_delete=models.SET_NULL
    )
    is_representative = models.BooleanField(default=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []


class WorkingGroup(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=200)
    institution = models.ForeignKey(Institution, null=True, on_delete=models.PROTECT)
    representative = models.OneToOneField(
        CustomUser, null=True, on_delete=models.PROTECT
    )
    n_employees = models.IntegerField(null=True, blank=True)
    field = models.ForeignKey(ResearchField, on_delete=models.PROTECT)
    is_public = models.BooleanField(default=False)

    class Meta:
        unique_together = ("name", "institution")

    def __str__(self):
        return "%s, %s" % (self.name, self.institution)

    def clean(self):
        current = self.representative.working_group
        if current is not None and current != self:
            raise ValidationError(
                "This user cannot become the group representative, since they are"
                " not a member of this working group.",
                code="invalid",
            )
        super().clean()

    def save(self, *args, **kwargs):
        self.full_clean()
        super().save(*args, **kwargs)


class WorkingGroupJoinRequest(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(CustomUser, on_delete=models.CASCADE)
    working_group = models.ForeignKey(WorkingGroup, on_delete=models.CASCADE)
    timestamp = models.DateTimeField(auto_now_add=True)
    status = models.CharField(
        max_length=50,
        choices=[
            ("Pending", "pending"),
            ("Approved", "approved"),
            ("Declined", "declined"),
        ],
    )
