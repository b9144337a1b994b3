"""What there is to choose from, without a database."""

from tenants.offers import Offer, with_patterns


def test_what_covers_several_categories_leads_them() -> None:
    rows = [("crm.contact.delete", "Delete"), ("crm.note", "Note"), ("ping", "Ping")]
    assert [(each.ref, each.name) for each in with_patterns(rows)] == [
        ("crm.*", "Every category under crm"),
        ("crm.contact.delete", "Delete"),
        ("crm.note", "Note"),
        ("ping", "Ping"),
    ]


def test_every_word_has_to_be_in_it() -> None:
    offer = Offer("acme-bank", "Acme Bank", "owned by Olivia")
    found = ["", "BANK", "olivia acme", "acme-b", "bank carl", "%"]
    assert [offer.has(words) for words in found] == [True, True, True, True, False, False]
