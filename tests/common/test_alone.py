"""One of many that fails stops none of the others, and says nothing of whom it was about."""

from structlog.testing import capture_logs

from govapp.common.alone import tried


def _halved(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is the salary of Ada Lovelace")
    return number // 2


def test_the_others_are_done_and_the_line_holds_no_word_of_the_error() -> None:
    with capture_logs() as logs:
        done = [tried("salary.not_halved", _halved, number=number) for number in (4, 5, 6)]

    assert done == [2, None, 3]
    assert logs == [
        {"event": "salary.not_halved", "error": "ValueError", "number": "5", "log_level": "error"}
    ]
