"""The settings of the original server, as pledge4future ran it. Variables of the environment name what differs between sites:

SITE_DATA               the folder of the SQLite file and of the mails
SITE_SECRET_KEY         SECRET_KEY
SITE_POSTGRES           the URL of a PostgreSQL database that replaces the SQLite file
SITE_USER_KEY           "uuid" if the keys of users are UUIDs; they are whole numbers by default
SITE_PBKDF2_ITERATIONS  the cost of a new password hash, by default that of Django 3.1
"""
import os
from datetime import timedelta
from pathlib import Path

DATA = Path(os.environ["SITE_DATA"])
MAIL_DIR = DATA / "mail"
USER_KEY = os.environ.get("SITE_USER_KEY", "number")

SECRET_KEY = os.environ["SITE_SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"

INSTALLED_APPS = [
    "people",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "graphene_django",
    "graphql_jwt.refresh_token.apps.RefreshTokenConfig",
    "graphql_auth",
    "django_filters",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

if "SITE_POSTGRES" in os.environ:
    from psycopg2.extensions import parse_dsn

    _url = parse_dsn(os.environ["SITE_POSTGRES"])
    _names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            **{name: _url.get(key, "") for name, key in _names.items()},
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(DATA / "django.sqlite3"),
            "OPTIONS": {"timeout": 30},
        }
    }

AUTH_USER_MODEL = "people.CustomUser"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation." + name}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = [
    "graphql_auth.backends.GraphQLAuthBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# The defaults of Django 3.1, where Argon2id is accepted beside Argon2i.
PASSWORD_HASHERS = [
    "people.pbkdf2.ConfiguredPBKDF2PasswordHasher",
    "people.hashers.Argon2idPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
]
PBKDF2_ITERATIONS = int(os.environ.get("SITE_PBKDF2_ITERATIONS", 216000))

TIME_ZONE = "UTC"
USE_I18N = True
USE_L10N = True
USE_TZ = True

GRAPHENE = {
    "SCHEMA": "people.schema.schema",
    "MIDDLEWARE": ["graphql_jwt.middleware.JSONWebTokenMiddleware"],
}

# Mutations that never look at the Authorization header.
_OPEN = (
    "Register",
    "VerifyAccount",
    "ResendActivationEmail",
    "SendPasswordResetEmail",
    "PasswordReset",
    "ObtainJSONWebToken",
    "VerifyToken",
    "RefreshToken",
    "RevokeToken",
    "VerifySecondaryEmail",
)

GRAPHQL_JWT = {
    "JWT_AUTH_HEADER_PREFIX": "JWT",
    "JWT_VERIFY_EXPIRATION": True,
    "JWT_EXPIRATION_DELTA": timedelta(hours=24),
    "JWT_REFRESH_EXPIRATION_DELTA": timedelta(days=7),
    "JWT_LONG_RUNNING_REFRESH_TOKEN": True,
    "JWT_ALLOW_ANY_CLASSES": ["graphql_auth.mutations." + name for name in _OPEN],
}

GRAPHQL_AUTH = {
    "LOGIN_ALLOWED_FIELDS": ["email"],
    "REGISTER_MUTATION_FIELDS": ["email", "username"],
    "REGISTER_MUTATION_FIELDS_OPTIONAL": ["first_name", "last_name", "academic_title"],
    "UPDATE_MUTATION_FIELDS": ["first_name", "last_name", "academic_title"],
    "ALLOW_LOGIN_NOT_VERIFIED": False,
    "ALLOW_DELETE_ACCOUNT": True,
    "SEND_ACTIVATION_EMAIL": True,
    "EMAIL_FROM": "no-reply@pledge4future.org",
}

EMAIL_BACKEND = "people.mailbox.FolderBackend"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "ERROR"},
}
