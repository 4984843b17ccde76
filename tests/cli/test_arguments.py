"""What a command line may say, and the one sentence that answers what it may not."""

import pytest

from alignment.cli.arguments import COMMANDS, OPTIONS, Request, help_text, read_request
from alignment.errors import UsageError


@pytest.mark.parametrize("words", [
    "check f.yaml --format json --fail-on soft -o out.json --quiet --stage agreed",
    "--format json --fail-on soft -o out.json --quiet --stage agreed check f.yaml",
    "--format json check --fail-on soft f.yaml -o out.json --stage agreed --quiet",
    "check --format=json --fail-on=soft f.yaml --output=out.json --stage=agreed --quiet",
])  # fmt: skip
def test_options_stand_before_or_after_the_command(words):
    assert read_request(words.split()) == Request(
        "check", "f.yaml", format="json", fail_on="soft", output="out.json", quiet=True, stage="agreed"
    )


def test_options_of_one_command():
    assert read_request(["why", "f", "--item", "-5"]).item == "-5"
    assert read_request(["why", "f", "--item=--x"]).item == "--x"
    assert read_request(["check", "f", "--complete-within", "1.5"]).complete_within == 1.5
    assert read_request(["repair", "f", "--conflict", "c-1", "--option", "2"]).option == 2
    assert read_request(["schema"]) == Request("schema")


@pytest.mark.parametrize(("words", "said"), [
    ("", "name a command: validate, check, why, stress, map, export, repair and schema; --help says what they do"),
    ("chek f", "there is no command 'chek'; did you mean 'check'? "
               "commands are validate, check, why, stress, map, export, repair and schema"),
    ("guard f", "there is no command 'guard'; "
                "commands are validate, check, why, stress, map, export, repair and schema"),
    ("check", "check needs an initiative file, as in: check initiative.yaml"),
    ("check a b", "check takes one file; 'b' is too much"),
    ("schema a", "schema takes no file; 'a' is too much"),
    ("check f --format xml", "--format 'xml' is not known; choose text, json, sarif or junit"),
    ("check f --fail-on always", "--fail-on 'always' is not known; choose hard, soft or never"),
    ("why f --item 1 --format sarif", "why answers as text or json, not as sarif"),
    ("check f --item 3", "--item is not an option of check, but of why"),
    ("validate f --complete-within 3", "--complete-within is not an option of validate, but of check"),
    ("check f --decisions d", "--decisions is not an option of check, but of validate, map and export"),
    ("why f", "why needs --item KEY, the item to explain"),
    ("repair f --conflict c", "repair needs --option N, which of its repairs"),
    ("repair f --conflict c --option 0", "--option takes the number of a repair, from 1 on, not '0'"),
    ("repair f --conflict c --option x", "--option takes the number of a repair, from 1 on, not 'x'"),
    ("check f --complete-within 0", "--complete-within takes a number of seconds above 0, not '0'"),
    ("check f --complete-within nan", "--complete-within takes a number of seconds above 0, not 'nan'"),
    ("check f --complete-within inf", "--complete-within takes a number of seconds above 0, not 'inf'"),
    ("check f --colour", "there is no option --colour; --help lists them"),
    ("check f --form json", "there is no option --form; --help lists them"),
    ("check f -o", "-o needs a value"),
    ("check f --format", "--format needs a value"),
])  # fmt: skip
def test_what_does_not_fit_is_answered_in_one_sentence(words, said):
    with pytest.raises(UsageError) as error:
        read_request(words.split())
    assert str(error.value) == said


def test_help_lists_every_command_and_each_command_its_options():
    text = read_request(["--help"])
    assert all(f"\n  {name} " in text for name in COMMANDS)
    for name, command in COMMANDS.items():
        own = read_request([name, "--help"])
        assert own == help_text(name)
        assert all("--" + option.replace("_", "-") in own for option in command.own)


def test_every_option_is_some_commands():
    used = {option for command in COMMANDS.values() for option in command.own}
    assert used | {"format", "fail_on", "output", "quiet", "stage"} == set(OPTIONS)
