"""Parameters as CloudFormation treats them."""

import pytest

from localaws.template_parameters import as_text, violation


@pytest.mark.parametrize(
    ("value", "text"), [(900, "900"), (0.5, "0.5"), (True, "true"), ("x", "x"), (0, "0")]
)
def test_hands_defaults_on_as_text(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("parameter", "value", "why"),
    [
        ({"Type": "Number", "AllowedValues": [1, 3, 5]}, "3", None),
        ({"Type": "Number", "AllowedValues": [1, 3, 5]}, "4", "AllowedValues"),
        ({"Type": "String", "AllowedPattern": "nat-[0-9a-f]+"}, "nat-0a1", None),
        ({"Type": "String", "AllowedPattern": "nat-[0-9a-f]+"}, "nat-0a1 x", "must match pattern"),
        (
            {"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "must be an a"},
            "b",
            "failed to satisfy constraint: must be an a",
        ),
        ({"Type": "Number", "MinValue": 60}, "60", None),
        ({"Type": "Number", "MinValue": 60}, "59", "not less than 60"),
        ({"Type": "Number", "MaxValue": 10}, "11", "not greater than 10"),
        ({"Type": "String", "MinLength": 2}, "a", "at least 2 characters"),
        ({"Type": "String", "MaxLength": 2}, "abc", "at most 2 characters"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]"}, "a, b", None),
    ],
)
def test_says_which_constraint_a_value_breaks(parameter, value, why):
    said = violation("Name", parameter, value)
    if why is None:
        assert said is None
    else:
        assert said.startswith("Parameter 'Name' ")
        assert why in said
