"""A mail backend that writes each mail to a folder, as a file that ends with .eml."""
import itertools
import os
import time

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

_serial = itertools.count()


class FolderBackend(BaseEmailBackend):
    def send_messages(self, messages):
        settings.MAIL_DIR.mkdir(parents=True, exist_ok=True)
        for message in messages:
            name = "%020d-%06d-%05d.eml" % (time.time_ns(), os.getpid(), next(_serial))
            scratch = settings.MAIL_DIR / ("." + name)
            scratch.write_bytes(message.message().as_bytes(linesep="\r\n"))
            scratch.rename(settings.MAIL_DIR / name)
        return len(messages)
