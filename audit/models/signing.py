"""With which certificate this installation signs its reports, when it was given none."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import new_id


class SigningCertificate(models.Model):
    """A self-made certificate and its key, sealed. Of the installation, and so of no tenant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.TextField(unique=True)  # one for each purpose, whoever is first
    certificate = models.BinaryField()  # X.509, DER
    private_key_sealed = models.BinaryField()  # PKCS #8, DER
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.purpose
