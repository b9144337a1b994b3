"""What the detectors make of the labelled examples, held as a literal table."""

from tests.approvals.guardrails.measuring import measure, read_examples

# Detector → (found, missed, found although it should not be). `examples/README.md` says where the
# examples come from; a figure that changes is changed here, for the better or with a reason.
TABLE = {
    "bidirectional": (3, [], []),
    "birth": (0, ["pii-41"], []),  # only a field's name tells a date of birth
    "card": (7, ["pii-14"], []),  # no blank between Japanese and the number
    "confusable": (4, [], []),
    "control": (3, [], []),
    "email": (6, ["pii-38", "pii-40"], []),  # written in words; with a quoted name
    "exfiltration": (8, ["injection-45"], []),  # asked in other words
    "iban": (9, [], []),
    "impersonation": (7, ["injection-31"], []),  # asked in other words
    "invisible": (10, ["hidden_text-17"], []),  # hidden by style, not by characters
    "markup": (6, [], []),
    "mentioned": (8, ["topic-8"], []),  # the words in another order
    "national_id": (9, ["pii-33", "pii-43"], []),  # passports and Dutch numbers: not known
    # Korean and Swedish: not known; other words; digits for letters. Wrong: a quotation.
    "override": (
        20,
        ["injection-20", "injection-21", "injection-22", "injection-23"],
        ["near_misses-31"],
    ),
    "phone": (6, ["pii-23"], ["pii-19"]),  # no country; a number that films use
    "pressure": (9, ["injection-54"], ["near_misses-32"]),  # other words; a rule that forbids it
    "private_key": (3, [], []),
    # In plain words; in other languages; a key with neither name nor prefix.
    "secret": (16, ["secret-19", "secret-20", "secret-21", "secret-23"], []),
    "token": (1, [], []),
}
# The same as shares: (precision, recall), in hundredths.
SHARES = {
    "bidirectional": (100, 100), "birth": (100, 0), "card": (100, 88), "confusable": (100, 100),
    "control": (100, 100), "email": (100, 75), "exfiltration": (100, 89), "iban": (100, 100),
    "impersonation": (100, 88), "invisible": (100, 91), "markup": (100, 100),
    "mentioned": (100, 89), "national_id": (100, 82), "override": (95, 83), "phone": (86, 86),
    "pressure": (90, 90), "private_key": (100, 100), "secret": (100, 80), "token": (100, 100),
}  # fmt: skip


def test_every_detector_finds_what_the_table_says_and_misses_what_it_lists() -> None:
    measured = {
        name: (count.found, sorted(count.missed), sorted(count.wrong))
        for name, count in measure().items()
    }
    assert measured == TABLE


def test_precision_and_recall_are_those_of_the_table() -> None:
    shares = {
        name: (round(count.precision * 100), round(count.recall * 100))
        for name, count in measure().items()
    }
    assert shares == SHARES


def test_the_examples_are_many_in_many_languages_and_each_has_its_own_name() -> None:
    examples = list(read_examples())
    assert len({each.id for each in examples}) == len(examples) == 214
    assert len({each.lang for each in examples}) == 18
